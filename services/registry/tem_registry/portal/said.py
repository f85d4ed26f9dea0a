"""What a page says at its top after an act: a word in the address, a sentence here."""

from tem.language import Lang

# word -> (Vietnamese, English). A word that is not here says nothing.
SENTENCES: dict[str, tuple[str, str]] = {
    "signed_out": ("Bạn đã đăng xuất.", "You are signed out."),
    "password_changed": (
        "Mật khẩu đã được đổi. Các thiết bị khác đã bị đăng xuất.",
        "The password is changed. Other devices are signed out.",
    ),
    "lot_recorded": (
        "Lô đã được ghi. Văn phòng duyệt hạn xong thì kích hoạt tem được.",
        "The lot is recorded. Once the office accepts its date, stamps can be activated.",
    ),
    "record_added": ("Đã thêm vào sổ.", "It is on record."),
    "record_saved": ("Đã lưu. Hồ sơ đúng như bạn ghi.", "Saved. The record is as you wrote it."),
    "lot_corrected": (
        "Đã sửa lô. Trang của tem đổi theo trong vòng một giây.",
        "The lot is corrected. Its stamps’ pages follow within a second.",
    ),
    "lot_date_approved": (
        "Đã duyệt hạn của lô. Cơ sở kích hoạt tem được.",
        "The date is approved. Stamps can be activated for the lot.",
    ),
    "lot_recalled": (
        "Đã công bố thu hồi lô. Hãy gọi các điểm bán và cơ sở.",
        "The recall of the lot is published. Call the points of sale and the producer.",
    ),
    "recall_lifted": (
        "Đã kết thúc thu hồi lô. Trang của tem thôi hiện thông báo.",
        "The recall of the lot is lifted. Its stamps’ pages no longer show the notice.",
    ),
    "account_disabled": ("Tài khoản đã bị khóa.", "The account is disabled."),
    "order_made": (
        "Đơn đã được ghi nhận và chờ duyệt.",
        "The order is on record and waits for approval.",
    ),
    "order_approved": (
        "Đã duyệt. Tem đang được ký.",
        "Approved. The stamps are being signed.",
    ),
    "order_half_approved": (
        "Bạn đã duyệt. Cần thêm một người khác duyệt.",
        "You have approved. Somebody else must approve as well.",
    ),
    "order_rejected": (
        "Đơn đã bị từ chối, cơ sở đọc được lý do.",
        "The order is rejected; its producer reads the reason.",
    ),
    "print_reported": (
        "Kết quả in đã được ghi nhận.",
        "The print run is on record.",
    ),
    "print_confirmed": (
        "Đã xác nhận in xong. Mã của đợt tem này đã bị hủy vĩnh viễn ở bộ phận phát hành.",
        "The print is confirmed. The issuer has destroyed the codes of this batch for good.",
    ),
    "batch_delivered": (
        "Đã ghi nhận giao tem cho cơ sở.",
        "The hand-over is on record.",
    ),
    "batch_received": (
        "Đã ghi nhận số tem cơ sở nhận được.",
        "What arrived is on record.",
    ),
    "stamps_void": ("Các tem này đã bị hủy.", "These stamps are void."),
    "stamps_revoked": ("Các tem này đã bị thu hồi.", "These stamps are revoked."),
    "stamps_returned": (
        "Các tem này đã về lại kho Văn phòng.",
        "These stamps are back at the office.",
    ),
    "stamps_corrected": (
        "Việc kích hoạt nhầm đã được đính chính.",
        "The wrong activation is corrected.",
    ),
    "report_confirmed": (
        "Đã xác nhận báo cáo, các tem này đã bị hủy.",
        "The report is confirmed and its stamps are void.",
    ),
    "report_dismissed": (
        "Đã bác báo cáo, tem giữ nguyên.",
        "The report is dismissed; its stamps stay as they were.",
    ),
    "correction_accepted": (
        "Đã chấp nhận đề nghị, tem đã được đính chính.",
        "The request is accepted and the stamps are corrected.",
    ),
    "correction_refused": (
        "Đã từ chối đề nghị, tem giữ nguyên.",
        "The request is refused; the stamps stay as they were.",
    ),
    "import_checked": (
        "Đã kiểm tra lại theo hồ sơ hiện có.",
        "Checked anew, by the records of now.",
    ),
    "import_applied": (
        "Đã nhận vào. Mỗi thay đổi được ghi trong nhật ký.",
        "Taken over. Each change stands in the audit trail.",
    ),
    "import_dropped": (
        "Đã bỏ bảng tính. Không có gì thay đổi.",
        "The spreadsheet is dropped. Nothing was changed.",
    ),
    "my_order_made": (
        "Đã gửi đơn đặt tem. Văn phòng sẽ duyệt.",
        "Your order is sent. The office will decide on it.",
    ),
    "order_cancelled": ("Đã hủy đơn.", "The order is cancelled."),
    "receipt_confirmed": ("Đã xác nhận nhận đủ tem.", "You confirmed that all stamps arrived."),
    "receipt_confirmed_short": (
        "Đã ghi số tem bạn đếm được. Văn phòng sẽ xem phần thiếu.",
        "Your count is on record. The office will look into what is missing.",
    ),
    "report_sent": (
        "Đã gửi báo cáo. Văn phòng xác nhận thì tem mới bị hủy.",
        "Your report is sent. The stamps are void once the office confirms it.",
    ),
    "correction_asked": (
        "Đã gửi đề nghị đính chính. Văn phòng sẽ xem xét.",
        "Your request is sent. The office will decide on it.",
    ),
    "correction_withdrawn": ("Đã rút lại đề nghị.", "The request is taken back."),
    "account_enabled": ("Tài khoản đã được mở lại.", "The account is enabled again."),
    "suspect_decided": (
        "Đã ghi kết luận về con tem.",
        "What you found about the stamp is on record.",
    ),
    "shopper_report_handled": (
        "Đã ghi kết quả và đóng phản ánh.",
        "What came of it is recorded, and the report closed.",
    ),
}


def sentence(lang: Lang, word: str) -> str:
    """The sentence of a word, or nothing."""
    both = SENTENCES.get(word)
    return "" if both is None else both[0 if lang == "vi" else 1]
