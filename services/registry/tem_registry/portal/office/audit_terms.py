"""What the audit trail's objects, actors, codes and members are called, in both languages. Pure."""

from typing import NamedTuple

from tem.language import Lang
from tem.vocabulary import Role

Both = tuple[str, str]  # Vietnamese, English


class Kind(NamedTuple):
    """A kind of object: its name, where its page is (``{}`` for the id), if it has one, and
    whether an auditor may not open it."""

    vi: str
    en: str
    page: str = ""
    office_alone: bool = False


KINDS = {
    "order": Kind("Đơn đặt tem", "Order", "/office/orders/{}"),
    "batch": Kind("Đợt tem", "Batch", "/office/batches/{}"),
    "lot": Kind("Lô", "Lot", "/office/lots/{}"),
    "producer": Kind("Cơ sở", "Producer", "/office/producers/{}"),
    "product": Kind("Sản phẩm", "Product", "/office/products/{}"),
    "certificate": Kind("Giấy chứng nhận", "Certificate", "/office/certificates/{}"),
    "point_of_sale": Kind("Điểm bán", "Point of sale", "/office/points-of-sale/{}"),
    "contract": Kind("Hợp đồng phân phối", "Contract", "/office/contracts/{}"),
    "council_result": Kind("Kết quả đánh giá", "Council's result"),
    "void_report": Kind("Báo hỏng, báo mất tem", "Report of stamps", "/office/void-reports/{}"),
    "correction_request": Kind(
        "Đề nghị đính chính", "Correction request", "/office/correction-requests/{}"
    ),
    "suspect": Kind(
        "Mã tem có dấu hiệu bị sao chép",
        "Code that shows signs of being copied",
        "/office/suspicious/copies/{}",
        office_alone=True,
    ),
    "shopper_report": Kind(
        "Phản ánh của người mua",
        "Shopper's report",
        "/office/suspicious/reports/{}",
        office_alone=True,
    ),
    "import": Kind("Bảng tính", "Spreadsheet", "/office/imports/{}", office_alone=True),
    "file": Kind("Tệp", "File"),
    "account": Kind("Tài khoản", "Account", "/office/accounts/{}"),
    "key": Kind("Khóa API", "API key"),
    "audit-key": Kind("Khóa ký nhật ký", "Key of the audit trail"),
    "published": Kind("Thông tin công khai về các lô", "What is published of lots"),
    "registry": Kind("Sổ đăng ký tem", "The registry"),
}
NAMELESS = ("published", "registry")  # of which there is one each
# Who acts without being anybody: parts of the system, and its commands.
ACTORS: dict[str, Both] = {
    "follower": ("Hệ thống (theo dõi phát hành)", "The system (follows the issuer)"),
    "sweep": ("Hệ thống (dọn định kỳ)", "The system (regular clearing)"),
    "import": ("Nhập dữ liệu ban đầu", "Import of records"),
    "first-start": ("Hệ thống (khởi động lần đầu)", "The system (first start)"),
    "command-line": ("Người vận hành (dòng lệnh)", "The operator (command line)"),
    "tem registry purge": ("Hệ thống (hủy hồ sơ hết hạn lưu)", "The system (ends records)"),
}
ROLES: dict[str, Both] = {
    "office": ("Văn phòng", "Office"),
    "producer": ("Cơ sở", "Producer"),
    "auditor": ("Kiểm tra", "Auditor"),
    "service": ("Hệ thống", "Service"),
}
CODES: dict[str, Both] = {
    **ROLES,
    "damaged": ("tem hỏng", "damaged"),
    "misprinted": ("in lỗi", "misprinted"),
    "misprint": ("in lỗi", "misprinted"),
    "lost": ("tem mất", "lost"),
    "stolen": ("tem bị lấy cắp", "stolen"),
    "other": ("lý do khác", "another reason"),
    "voluntary": ("cơ sở tự nguyện", "voluntary"),
    "mandatory": ("bắt buộc", "mandatory"),
    "taken over as revoked": ("nhận từ hệ thống trước, đã thu hồi tem", "taken over as revoked"),
    "active": ("đang hoạt động", "active"),
    "suspended": ("tạm dừng", "suspended"),
    "ceased": ("đã ngừng", "ceased"),
}
MEMBERS: dict[str, Both] = {
    "address": ("Địa chỉ", "Address"),
    "after": ("Sau khi sửa", "After"),
    "after_days": ("Sau số ngày", "After days"),
    "approvals": ("Số người đã duyệt", "Approvals"),
    "batch": ("Đợt tem", "Batch"),
    "before": ("Trước khi sửa", "Before"),
    "beyond_shelf_life": ("Vượt thời hạn bảo quản", "Beyond the shelf life"),
    "category_code": ("Nhóm sản phẩm", "Product group"),
    "certificate_id": ("Giấy chứng nhận", "Certificate"),
    "commune": ("Xã, phường", "Commune"),
    "commune_code": ("Mã xã, phường", "Commune code"),
    "contract_id": ("Hợp đồng", "Contract"),
    "decision_no": ("Quyết định số", "Decision"),
    "delivered": ("Số tem đã giao", "Handed over"),
    "delivered_on": ("Ngày giao", "Handed over on"),
    "fields": ("Các mục", "Members"),
    "file": ("Tệp", "File"),
    "first": ("Từ tem số", "First stamp"),
    "from": ("Từ lô", "From lots"),
    "gps": ("Tọa độ", "Coordinates"),
    "image": ("Ảnh", "Picture"),
    "kind": ("Loại", "Kind"),
    "last": ("Đến tem số", "Last stamp"),
    "lat": ("Vĩ độ", "Latitude"),
    "line": ("Số nhà, thôn, xóm", "Street or village"),
    "login": ("Tên đăng nhập", "Login"),
    "lon": ("Kinh độ", "Longitude"),
    "lot_id": ("Lô", "Lot"),
    "lots": ("Số lô", "Lots"),
    "name": ("Tên", "Name"),
    "note": ("Ghi chú", "Note"),
    "order": ("Đơn đặt tem", "Order"),
    "ordered_by": ("Người yêu cầu", "Ordered by"),
    "ordered_on": ("Ngày yêu cầu", "Ordered on"),
    "override_reason": ("Lý do vượt sản lượng", "Reason for the excess"),
    "photo": ("Ảnh", "Photo"),
    "pos_id": ("Điểm bán", "Point of sale"),
    "printed": ("Số tem in tốt", "Printed well"),
    "printed_on": ("Ngày in", "Printed on"),
    "printer": ("Nơi in", "Printer"),
    "producer_id": ("Cơ sở", "Producer"),
    "product_id": ("Sản phẩm", "Product"),
    "public_key": ("Khóa công khai", "Public key"),
    "quality_test": ("Kiểm nghiệm", "Quality test"),
    "quantity": ("Số lượng", "Quantity"),
    "ranges": ("Tem số", "Stamps"),
    "reason": ("Lý do", "Reason"),
    "reason_public": ("Lý do công bố", "Public reason"),
    "receipt": ("Biên nhận", "Receipt"),
    "record_ended_on": ("Hết thời hạn lưu ngày", "Record ended on"),
    "revocation_decision_no": (
        "Quyết định thu hồi công nhận số",
        "Decision to withdraw the recognition",
    ),
    "revoked_on": ("Có hiệu lực từ ngày", "As of"),
    "role": ("Vai trò", "Role"),
    "shelf_life": ("Thời hạn bảo quản", "Shelf life"),
    "since": ("Từ ngày", "Since"),
    "spoiled": ("Tem in hỏng", "Spoiled in print"),
    "stamps_revoked": ("Số tem bị thu hồi", "Stamps revoked"),
    "status": ("Tình trạng", "Status"),
    "status_since": ("Tình trạng từ ngày", "Status since"),
    "statuses": ("Tình trạng theo thời gian", "Status over time"),
    "still_recognised": ("Sản phẩm vẫn được công nhận", "Still recognised"),
    "unit": ("Đơn vị", "Unit"),
    "unit_fee_vnd": ("Giá phôi tem (đồng)", "Fee a stamp (VND)"),
    "unit_subsidy_vnd": ("Hỗ trợ mỗi tem (đồng)", "Subsidy a stamp (VND)"),
    "value": ("Giá trị", "Value"),
    "why": ("Vì sao", "Why"),
    "withheld": ("Mục không ghi nội dung (dữ liệu cá nhân)", "Not told (personal)"),
}


def kind(lang: Lang, word: str) -> str:
    """What a kind of object is called."""
    found = KINDS.get(word)
    return word if found is None else found.vi if lang == "vi" else found.en


def page_of(object: str, role: Role) -> str:
    """Where an object (``kind:id``) has its page; empty where there is none for that role."""
    word, _, id = object.partition(":")
    found = KINDS.get(word)
    if found is None or (found.office_alone and role is not Role.OFFICE):
        return ""
    return found.page.format(id)


def actor(lang: Lang, who: str, names: dict[str, str]) -> str:
    """Who acted: an account by its person's name (``names``, by id), a key by its own name."""
    both = ACTORS.get(who)
    if both is not None:
        return both[0 if lang == "vi" else 1]
    role, _, rest = who.partition(":")
    name, _, id = rest.partition("#")
    called = names.get(id) or name or who
    words = ROLES.get(role)
    return called if words is None else f"{called} ({words[0 if lang == 'vi' else 1]})"
