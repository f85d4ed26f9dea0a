"""What is said about stamps that show signs of being copied: what was told, what to do. Pure."""

from tem.language import Lang

Both = tuple[str, str]  # Vietnamese, English

KINDS: dict[str, Both] = {
    "sale": ("bán", "sold"),
    "return": ("trả hàng", "returned"),
    "refused_sale": ("bán lần nữa, quầy đã được báo", "sold again; the till was told"),
}
CANARY = "canary_looked_up"
TO_DO: Both = (
    "Gọi các cửa hàng có tên: còn gói hàng mang số sê-ri này không, lấy từ đâu, hai gói có khác "
    "nhau không. Nếu mã nằm trên nhiều gói: kết luận “đúng là bị sao chép”, thu hồi con tem này và "
    "báo cơ sở. Nếu là hàng trả lại hay quét nhầm: kết luận “báo động nhầm”.",
    "Call the stores named: is a package with this serial there, where did it come from, do two "
    "differ? If the code is on several packages, decide “copied”, revoke this stamp and tell the "
    "producer. If it was a return or a slip at the till, decide “false alarm”.",
)
TO_DO_CANARY: Both = (
    "Mã này chưa bao giờ được in: hỏi nhà in và người đã tải tệp mã của đợt tem (xem Nhật ký). Nếu "
    "danh sách mã bị lộ, thu hồi những con tem chưa dán của đợt.",
    "This code was never printed: ask the printing house and whoever downloaded the batch's codes "
    "(see the audit trail). If the codes leaked, revoke what is not on goods yet.",
)
DECISIONS: dict[str, Both] = {
    "open": ("Chờ kết luận", "To decide"),
    "confirmed": ("Đúng là bị sao chép", "Copied"),
    "false_alarm": ("Báo động nhầm", "False alarm"),
}


def to_do(codes: list[str]) -> Both:
    """What to do about a stamp with these signs."""
    return TO_DO_CANARY if CANARY in codes else TO_DO


def said(lang: Lang, both: Both) -> str:
    """The words in the reader's language."""
    return both[0 if lang == "vi" else 1]


def correct(counts: dict[str, int]) -> int | None:
    """Of a hundred alarms decided, how many were copies; None while nothing was decided."""
    decided = counts["confirmed"] + counts["false_alarm"]
    return round(100 * counts["confirmed"] / decided) if decided else None
