"""What the forms of products and certificates ask; names as in ``shared/sample``."""

from dataclasses import replace

from tem_registry.portal.office.records.fields import Field, Group

PRODUCT_OF = Group(
    "Cơ sở",
    "Producer",
    (
        Field(
            "producer_id",
            "Cơ sở sản xuất",
            "Producer",
            "choice",
            required=True,
            choices="producers",
        ),
    ),
    ("Sau này không đổi được.", "It cannot be changed later."),
)
_TEXT = 4000
PRODUCT = (
    Group(
        "Sản phẩm",
        "Product",
        (
            Field("name", "Tên sản phẩm", "Name", required=True, most=300),
            Field("brand", "Nhãn hiệu", "Brand", most=100),
            Field("model", "Kiểu, loại", "Model", most=100),
            Field(
                "category_code",
                "Nhóm sản phẩm",
                "Category",
                "choice",
                required=True,
                choices="categories",
            ),
            Field(
                "packaging",
                "Quy cách đóng gói",
                "Packaging",
                hint=("Ví dụ: chai thủy tinh 500 ml", "Such as a glass bottle of 500 ml"),
            ),
            Field(
                "unit",
                "Đơn vị tính",
                "Unit",
                hint=("Ví dụ: chai, hũ, túi", "Such as chai (bottle), túi (bag)"),
                most=40,
            ),
            Field(
                "gtin",
                "Mã vạch (GTIN)",
                "Bar code (GTIN)",
                hint=(
                    "8, 12, 13 hoặc 14 số; không có thì để trống",
                    "8, 12, 13 or 14 digits; leave it out if there is none",
                ),
                most=20,
            ),
            Field("declared_standard", "Tiêu chuẩn công bố (TCCS)", "Declared standard"),
            Field("stampable", "Sản phẩm được dán tem", "The product may carry stamps", "tick"),
        ),
    ),
    Group(
        "Ngày trên nhãn",
        "Dates on the label",
        (
            Field(
                "date_kind",
                "Nhãn ghi hạn thế nào",
                "What the label says",
                "choice",
                required=True,
                choices="date_kind",
                hint=("Không đổi được khi đã có lô", "Fixed once there are lots"),
            ),
            Field(
                "shelf_life.value",
                "Thời hạn sử dụng",
                "Shelf life",
                "number",
                hint=(
                    "Chỉ ghi số; hạn của lô được tính từ đây",
                    "A number; the dates of lots are worked out from it",
                ),
            ),
            Field("shelf_life.unit", "Tính bằng", "Counted in", "choice", choices="unit_of_time"),
            Field(
                "production_date_kind",
                "Tính từ",
                "Counted from",
                "choice",
                required=True,
                choices="production_date_kind",
            ),
        ),
    ),
    Group(
        "Sản lượng cơ sở khai báo",
        "Declared output",
        (
            Field(
                "declared_output.quantity",
                "Số đơn vị một năm",
                "Units a year",
                "number",
                hint=("Đơn đặt tem được so với số này", "Orders are measured against it"),
            ),
            Field("declared_output.declared_on", "Đăng ký ngày", "Declared on", "date"),
        ),
    ),
    Group(
        "Nội dung công bố",
        "What is published",
        (
            Field(
                "raw_material_source",
                "Nguồn nguyên liệu",
                "Source of raw material",
                "area",
                most=_TEXT,
            ),
            Field("process", "Quy trình chế biến", "Process", "area", most=_TEXT),
            Field("preservation", "Bảo quản", "Storage", "area", most=_TEXT),
            Field("usage", "Cách dùng", "Directions for use", "area", most=_TEXT),
            Field("story", "Câu chuyện sản phẩm", "Product story", "area", most=8000),
        ),
    ),
)
QUALITY_TEST = (
    Field("report_no", "Số phiếu kiểm nghiệm", "Report number", required=True, most=100),
    Field("lab", "Phòng thử nghiệm", "Laboratory"),
    Field("tested_on", "Ngày kiểm nghiệm", "Tested on", "date"),
)

# --- certificates ---

CERTIFICATE_OF = Group(
    "Sản phẩm",
    "Product",
    (Field("product_id", "Sản phẩm", "Product", "choice", required=True, choices="products"),),
)
CERTIFICATE = (
    Group(
        "Quyết định công nhận",
        "Decision",
        (
            Field(
                "decision_no",
                "Số quyết định",
                "Decision number",
                required=True,
                hint=("Ví dụ 2394/QĐ-UBND", "Such as 2394/QĐ-UBND"),
                most=100,
            ),
            Field(
                "decision_date", "Ngày quyết định", "Date of the decision", "date", required=True
            ),
            Field(
                "score",
                "Điểm của Hội đồng",
                "Score of the council",
                "decimal",
                hint=("0 đến 100, ví dụ 72,9", "0 to 100, such as 72.9"),
            ),
            Field(
                "stars",
                "Hạng sao",
                "Stars",
                "number_choice",
                choices="stars",
                hint=("Để trống thì theo điểm", "Left out, it follows from the score"),
            ),
        ),
    ),
    Group(
        "In trên giấy chứng nhận",
        "Printed on the certificate",
        (
            Field(
                "issuing_authority",
                "Cơ quan công nhận",
                "Authority",
                hint=(
                    "Ghi đúng như in. Để trống thì theo quy định vào ngày quyết định.",
                    "As printed. Left out, it follows from the rules on the date of the decision.",
                ),
            ),
            Field("legal_basis", "Căn cứ", "Legal basis"),
            Field(
                "valid_from",
                "Hiệu lực từ ngày",
                "Valid from",
                "date",
                hint=("Để trống: từ ngày quyết định", "Left out: the date of the decision"),
            ),
            Field(
                "valid_until",
                "Hiệu lực đến hết ngày",
                "Valid until, included",
                "date",
                hint=("Để trống: 36 tháng sau", "Left out: 36 months later"),
            ),
            Field("lab_report", "Số phiếu kiểm nghiệm", "Number of the test report"),
        ),
    ),
)
# Left out of a new certificate, these follow from the others; on record they stand as printed.
_FILLED_IN = ("stars", "issuing_authority", "valid_from", "valid_until")
CERTIFICATE_ON_RECORD = tuple(
    replace(
        group,
        fields=tuple(
            replace(one, required=True, hint=("", "")) if one.name in _FILLED_IN else one
            for one in group.fields
        ),
    )
    for group in CERTIFICATE
)
