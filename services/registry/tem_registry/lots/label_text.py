"""The text of a date on a label, taken apart: which date, in which order, and the rest. Pure.

Case and accents count for nothing, so composed and decomposed letters read alike, and so does
what a phone without Vietnamese letters types.
"""

import re
import unicodedata
from dataclasses import dataclass
from itertools import permutations

from tem.errors import Invalid

LONGEST = 100
EXAMPLES = "02/10/2028, 021028, 12/2026 or 30 tháng kể từ NSX"
DAY, MONTH, YEAR = "day", "month", "year"
PRODUCTION, EXPIRY = "production", "expiry"

_PRODUCTION = "|".join(
    ("nsx", "ngay san xuat", "san xuat ngay", "ngay dong goi", "mfg date", "mfg", "packed on")
)
_EXPIRY = "|".join(
    (
        *(
            "hsd",
            "hd",
            "han su dung",
            "han dung",
            "su dung den ngay",
            "su dung tot nhat truoc ngay",
        ),
        *("su dung tot nhat truoc", "expiry date", "expiry", "exp date", "exp", "use by"),
        *("best before end", "best before", "bbe", "bb"),
    )
)
_PREFIX = re.compile(rf"(?:(?P<production>{_PRODUCTION})|(?P<expiry>{_EXPIRY}))(?![a-z])[ :.]*")
_DAYS, _MONTHS, _YEARS = ("ngay", "dd"), ("thang", "mm"), ("nam", "yyyy", "yy")
_NAMES = dict.fromkeys(_DAYS, DAY) | dict.fromkeys(_MONTHS, MONTH) | dict.fromkeys(_YEARS, YEAR)
_NAME = "|".join(sorted(_NAMES, key=len, reverse=True))
_EXPLAINED = re.compile(rf" ?\(?((?:{_NAME})(?: ?[/.-] ?(?:{_NAME})){{1,2}})\)?$")
_ORDERS = {*permutations((DAY, MONTH, YEAR)), (MONTH, YEAR), (YEAR, MONTH)}


@dataclass(frozen=True, slots=True)
class Text:
    """A label's words: the date itself, which date it says it is, and the order it explains."""

    rest: str
    says: str | None = None
    order: tuple[str, ...] | None = None


def unreadable() -> Invalid:
    """What to say of a text in which no date is found."""
    return Invalid("label_date_unreadable", f"Write one date as {EXAMPLES}.")


def take_apart(text: str) -> Text:
    """The words of a label. Raises Invalid for digits other than 0-9, or too long a text."""
    if len(text) > LONGEST:
        raise unreadable()
    if any(one.isnumeric() and not one.isascii() for one in text):
        raise Invalid("digits_not_plain", "Write the digits 0 to 9 as a plain keyboard has them.")
    rest = _folded(text)
    says = None
    if found := _PREFIX.match(rest):
        says, rest = found.lastgroup, rest[found.end() :]
    order = None
    if found := _EXPLAINED.search(rest):
        order = tuple(_NAMES[name] for name in re.findall(_NAME, found[1]))
        rest = rest[: found.start()]
        if order not in _ORDERS:
            raise Invalid("order_unclear", "Explain the order as ngày/tháng/năm or năm/tháng/ngày.")
    return Text(rest.strip(" ."), says, order)


def _folded(text: str) -> str:
    """Small letters without accents, one space between words."""
    letters = unicodedata.normalize("NFD", text.casefold()).replace("đ", "d")
    bare = "".join(one for one in letters if unicodedata.category(one) != "Mn")
    return " ".join(bare.split())
