"""What a stamp's look-ups show: what was seen, what it may mean, what to do. Pure.

The stamp is judged, never the goods: most of these have a harmless reason.
"""

from typing import NamedTuple

from tem.language import Lang
from tem.vocabulary import Noticed

Both = tuple[str, str]  # Vietnamese, English


class Evidence(NamedTuple):
    """A reason to look at a stamp."""

    seen: Both
    may_mean: Both
    to_do: Both


WORDS: dict[Noticed, Evidence] = {
    Noticed.SCANNED_NOT_ACTIVATED: Evidence(
        (
            "Tem chưa kích hoạt mà đã có người tra cứu",
            "Looked up though it was never activated",
        ),
        (
            "Thường là cơ sở đã dán tem, giao hàng rồi mà quên kích hoạt; cũng có thể tem bị "
            "thất lạc.",
            "Mostly the producer stuck it on and sold the goods without activating; or stamps "
            "went astray.",
        ),
        (
            "Gọi cơ sở. Nếu hàng đã bán: kích hoạt tem cho đúng lô. Nếu tem bị mất: hủy tem với "
            "lý do mất hoặc bị lấy cắp.",
            "Call the producer. If the goods are sold: activate the stamps for their lot. If the "
            "stamps are gone: void them as lost or stolen.",
        ),
    ),
    Noticed.SCANNED_VOID: Evidence(
        ("Tem đã hủy mà vẫn có người tra cứu", "Looked up though it is void"),
        (
            "Tem hủy có thể chưa được tiêu hủy, hoặc đã được dán lên hàng trước khi báo hỏng, "
            "báo mất.",
            "It may not have been destroyed, or was stuck on goods before it was reported.",
        ),
        (
            "Hỏi cơ sở đã xử lý các tem hủy này thế nào; nếu còn tiếp diễn thì kiểm tra nơi bán.",
            "Ask the producer what became of these stamps; if it goes on, visit where they are "
            "sold.",
        ),
    ),
    Noticed.SCANNED_REVOKED: Evidence(
        ("Tem đã bị thu hồi mà vẫn có người tra cứu", "Looked up though the stamp is revoked"),
        (
            "Tem thuộc diện thu hồi tem có thể vẫn còn trên hàng đang bán.",
            "Stamps that were revoked may still be on goods for sale.",
        ),
        (
            "Nhắc cơ sở nộp lại số tem còn giữ; kiểm tra nơi bán nếu lượt tra cứu còn tăng.",
            "Ask the producer to hand the stamps in; visit where they are sold if look-ups go on.",
        ),
    ),
    Noticed.MANY_SCANS: Evidence(
        ("Một con tem được tra cứu nhiều hơn hẳn bình thường", "One stamp is looked up very often"),
        (
            "Có thể là hàng trưng bày ở hội chợ, cửa hàng; cũng có thể mã của tem này bị chép "
            "lên nhiều gói hàng.",
            "It may be on display at a fair or in a shop; or its code may have been copied onto "
            "several packages.",
        ),
        (
            "Xem phản ánh của người mua, hỏi cơ sở và nơi bán: số sê-ri này có ở mấy gói hàng?",
            "Read the shoppers' reports, ask producer and shop: on how many packages is this "
            "serial?",
        ),
    ),
}
REPORT_KINDS: dict[str, Both] = {
    "mismatch": ("Trang tra cứu không khớp với bao bì", "The page does not match the package"),
    "tampered": ("Tem bị bóc, dán chồng hoặc sửa", "The stamp was peeled off or altered"),
    "repeated": ("Cùng một mã trên nhiều sản phẩm", "The same code is on several products"),
    "lookalike": ("Mã QR mở ra một trang lạ", "The QR code opens another site"),
    "on_sale": (
        "Lô quá hạn hoặc đang có thông báo thu hồi sản phẩm vẫn được bán",
        "A lot past its date or under recall is still on sale",
    ),
    "goods": ("Chất lượng, an toàn của sản phẩm", "Quality or safety of the product"),
    "other": ("Điều khác", "Something else"),
}
VERDICTS: dict[str, Both] = {
    "OK": ("Tem hợp lệ", "The stamp is in order"),
    "NOT_ACTIVATED": ("Tem chưa kích hoạt", "Not activated"),
    "UNKNOWN": ("Không tìm thấy mã tem", "Code not found"),
    "MALFORMED": ("Mã không đúng định dạng", "Not the form of a code"),
    "RECALLED": ("Lô đang có thông báo thu hồi sản phẩm", "The lot is under recall"),
    "VOID": ("Tem đã hủy", "The stamp is void"),
    "STAMP_REVOKED": ("Tem đã bị thu hồi", "The stamp is revoked"),
    "INFO_EXPIRED": ("Thông tin trên tem đã hết thời hạn", "The stamp's information has ended"),
    "PAST_DATE": ("Đã quá hạn ghi trên lô", "Past its date"),
    "UNAVAILABLE": ("Lúc đó chưa tra cứu được", "Could not be looked up then"),
}


def said(lang: Lang, both: Both) -> str:
    """The words in the reader's language."""
    return both[0 if lang == "vi" else 1]


def named(lang: Lang, words: dict[str, Both], code: str) -> str:
    """A code in words; one that has none by itself."""
    return said(lang, words.get(code, (code, code)))
