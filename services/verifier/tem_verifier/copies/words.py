"""Each sign in words, Vietnamese and English. Pure.

The stamp is judged, never the goods: its code shows signs of being on more than one package.
"""

from tem_verifier.copies.trace import Evidence, Sign

WORDS: dict[Sign, tuple[str, str]] = {
    Sign.ANOTHER_CHAIN: (
        "Cùng một mã tem được bán ở {stores} cửa hàng thuộc {chains} chuỗi, không có lần trả hàng "
        "nào ở giữa.",
        "The same code was sold in {stores} stores of {chains} chains, with no return between.",
    ),
    Sign.ANOTHER_STORE: (
        "Cùng một mã tem được bán ở {stores} cửa hàng của một chuỗi, không có lần trả hàng nào ở "
        "giữa. Cũng có thể hàng trả lại không được ghi nhận.",
        "The same code was sold in {stores} stores of one chain, with no return between. A return "
        "may not have been recorded.",
    ),
    Sign.TOO_SOON: (
        "Hai lần bán ở hai cửa hàng chỉ cách nhau {minutes}.",
        "Two stores sold it {minutes} apart.",
    ),
    Sign.AGAIN_IN_STORE: (
        "Mã tem lại được bán tại cửa hàng đã bán, vào {days} ngày khác nhau. Thường là hàng trả "
        "lại không được ghi nhận, hoặc một gói để ở quầy được quét thay cho các gói khác.",
        "It was sold again in a store that had sold it, on {days}. Mostly a return that was "
        "not recorded, or one package scanned in place of others.",
    ),
    Sign.AFTER_RETURN: (
        "Sau khi trả hàng, mã tem được bán ở một chuỗi khác ({times} lần).",
        "After a return it was sold by another chain ({times}).",
    ),
    Sign.SOLD_VOID: (
        "Tem nay đã hủy mà từng được bán.",
        "The stamp is void now, and yet it was sold.",
    ),
    Sign.SOLD_REVOKED: (
        "Tem nay đã bị thu hồi; hàng có thể còn trên kệ.",
        "The stamp is revoked now; goods may still be on a shelf.",
    ),
    Sign.SCANNED_WIDELY: (
        "Sau ngày bán, mã tem được tra cứu từ khoảng {origins} nơi truy cập khác nhau, trong "
        "{days} ngày. Riêng điều này chưa nói lên gì.",
        "After the day of sale it was looked up from about {origins} networks, on {days}. "
        "By itself this says nothing.",
    ),
    Sign.SCANNED_EARLY: (
        "Mã tem được tra cứu trong {days} ngày trước khi lô được sản xuất, từ {origins} nơi truy "
        "cập.",
        "It was looked up on {days} before its lot was made, from {origins} networks.",
    ),
    Sign.DOUBLE_SCAN: (
        "{times} lần quét lại tại cùng một quầy trong vài phút: không tính.",
        "{scans} at the same till within minutes: not counted.",
    ),
    Sign.RETURN_BETWEEN: (
        "Có {times} lần trả hàng được ghi nhận: bán lại sau đó là bình thường.",
        "On record: {returns}. Being sold again after one is normal.",
    ),
    Sign.CANARY: (
        "Có người tra cứu một mã chưa bao giờ được in ra ({times} lần): danh sách mã của đợt tem "
        "này có thể đã bị lộ.",
        "Somebody looked up a code that was never printed ({times}): codes of this batch may "
        "have leaked.",
    ),
}


# English counts one apart; (one, more) by the name that a sentence has for it, and its number.
_COUNTED = {
    "days": ("days", "{} day", "{} days"),
    "times": ("times", "once", "{} times"),
    "minutes": ("minutes", "only {} minute", "only {} minutes"),
    "scans": ("times", "{} more scan", "{} more scans"),
    "returns": ("times", "{} return", "{} returns"),
}


def said(evidence: Evidence) -> dict[str, str]:
    """Evidence in both languages."""
    vi, en = WORDS[evidence.sign]
    values = evidence.values
    minutes = values.get("minutes")
    vi_minutes = f"{minutes} phút" if minutes else "chưa đầy một phút"
    counted = {
        name: (one if values[of] == 1 else more).format(values[of])
        for name, (of, one, more) in _COUNTED.items()
        if of in values
    }
    if minutes == 0:
        counted["minutes"] = "less than a minute"
    return {
        "vi": vi.format(**{**values, "minutes": vi_minutes}),
        "en": en.format(**{**values, **counted}),
    }
