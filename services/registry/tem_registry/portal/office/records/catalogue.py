"""What the forms of producers, points of sale and contracts ask; names as in ``shared/sample``."""

from tem_registry.portal.office.records.fields import Field, Group

_PHONE = Field(
    "phone",
    "Điện thoại",
    "Telephone",
    hint=("Ví dụ 0239 385 5555", "Such as 0239 385 5555"),
    most=40,
)
ADDRESS = (
    Field(
        "address.line",
        "Số nhà, thôn, tổ dân phố",
        "House, hamlet",
        hint=("Ví dụ: Tổ dân phố Tam Hải", "Such as Tổ dân phố Tam Hải"),
    ),
    Field(
        "address.commune_code",
        "Xã, phường",
        "Commune or ward",
        "choice",
        choices="communes",
        hint=(
            "Tên từ 01/07/2025. Để trống nếu ở tỉnh khác.",
            "As named since 01/07/2025. Leave it out for another province.",
        ),
    ),
    Field(
        "address.full",
        "Địa chỉ đầy đủ như trên nhãn",
        "The whole address as on the label",
        hint=(
            "Chỉ ghi khi nhãn viết khác, hoặc ở tỉnh khác; để trống thì ghép từ hai dòng trên.",
            "Only if the label has it otherwise, or elsewhere in the country; left out, it is made "
            "of the two above.",
        ),
        most=400,
    ),
)
GPS = Group(
    "Tọa độ",
    "Coordinates",
    (
        Field("gps.lat", "Vĩ độ", "Latitude", "decimal", hint=("Ví dụ 18.342", "Such as 18.342")),
        Field(
            "gps.lon", "Kinh độ", "Longitude", "decimal", hint=("Ví dụ 105.905", "Such as 105.905")
        ),
        Field(
            "gps.source",
            "Lấy từ đâu",
            "Where from",
            hint=("Ví dụ: điện thoại, tại cơ sở", "Such as: telephone, on the spot"),
        ),
    ),
    ("WGS84, đơn vị độ, như điện thoại hiển thị.", "WGS84, in degrees, as telephones show them."),
)

# --- producers ---

_PRODUCER = Group(
    "Cơ sở",
    "Producer",
    (
        Field("name", "Tên cơ sở", "Name", required=True),
        Field(
            "producer_type", "Loại hình", "Kind", "choice", required=True, choices="producer_type"
        ),
        Field(
            "representative",
            "Người đại diện",
            "Representative",
            hint=(
                "Chỉ công bố khi người đó đồng ý (trang Đồng ý công bố)",
                "Published only with that person’s consent (see the page of consents)",
            ),
        ),
        Field(
            "tax_code", "Mã số thuế", "Tax code", hint=("10, 12 hoặc 13 số", "10, 12 or 13 digits")
        ),
        Field(
            "gln", "Mã địa điểm GS1 (GLN)", "GS1 location number (GLN)", hint=("13 số", "13 digits")
        ),
    ),
)
_CONTACT = Group(
    "Liên hệ",
    "Contact",
    (
        _PHONE,
        Field("email", "Email", "E-mail"),
        Field(
            "website",
            "Trang web",
            "Web site",
            hint=("Bắt đầu bằng https://", "Begins with https://"),
        ),
    ),
)
PRODUCER = (_PRODUCER, _CONTACT, GPS)
NEW_PRODUCER = (_PRODUCER, Group("Địa chỉ", "Address", ADDRESS), _CONTACT, GPS)
CONSENT = (
    Group(
        "Người đó đồng ý công bố",
        "The person agrees to publishing",
        (
            Field(
                "consent.representative", "Tên người đại diện", "The representative’s name", "tick"
            ),
            Field(
                "consent.contact",
                "Điện thoại, email và tọa độ của hộ kinh doanh",
                "Telephone, e-mail and coordinates of a household business",
                "tick",
                hint=(
                    "Với hợp tác xã, công ty: đây là thông tin của đơn vị, không cần đồng ý.",
                    "Those of a cooperative or company are its own and need no consent.",
                ),
            ),
            Field("consent.given_on", "Đồng ý ngày", "Given on", "date"),
            Field(
                "consent.evidence",
                "Phiếu đồng ý lưu ở đâu",
                "Where the proof is kept",
                hint=("Ví dụ: Hồ sơ số 12/2026", "Such as file no. 12/2026"),
                most=500,
            ),
            Field(
                "consent.withdrawn_on",
                "Rút lại đồng ý ngày",
                "Withdrawn on",
                "date",
                hint=(
                    "Khi người đó rút lại: ghi ngày, giữ nguyên các ô trên",
                    "When the person withdraws it: give the day and leave the rest as it is",
                ),
            ),
        ),
    ),
)

# --- points of sale, contracts ---

_POINT = Group(
    "Điểm bán",
    "Point of sale",
    (
        Field("name", "Tên điểm bán", "Name", required=True),
        Field("pos_type", "Loại", "Kind", "choice", required=True, choices="pos_type"),
        _PHONE,
        Field(
            "opening_hours",
            "Giờ mở cửa",
            "Opening hours",
            hint=("Ví dụ 07:30–20:30", "Such as 07:30–20:30"),
            most=100,
        ),
        Field("status", "Tình trạng", "State", "choice", required=True, choices="pos_status"),
    ),
)
_CERTIFIED = Group(
    "Chứng nhận điểm bán",
    "Certification",
    (
        Field("certified_no", "Số chứng nhận", "Number", required=True, most=100),
        Field("certified_on", "Ngày chứng nhận", "Certified on", "date", required=True),
        Field("certified_until", "Đến hết ngày", "Until, included", "date"),
    ),
)
POINT_OF_SALE = (_POINT, _CERTIFIED, GPS)
NEW_POINT_OF_SALE = (_POINT, Group("Địa chỉ", "Address", ADDRESS), _CERTIFIED, GPS)
CONTRACT_WITH = Field(
    "pos_id", "Điểm bán", "Point of sale", "choice", required=True, choices="points_of_sale"
)
CONTRACT = (
    Field("contract_no", "Số hợp đồng", "Number", most=100),
    Field("signed_on", "Ngày ký", "Signed on", "date", required=True),
    Field("valid_until", "Hiệu lực đến hết ngày", "Valid until, included", "date", required=True),
    Field(
        "product_ids",
        "Sản phẩm được phân phối",
        "Products",
        "several",
        required=True,
        choices="products",
    ),
)
