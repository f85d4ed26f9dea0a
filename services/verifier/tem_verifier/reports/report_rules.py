"""What a report is, and what is wrong with one: pure rules.

A form's fields arrive as texts of strangers. Nothing here asks who sent them.
"""

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Final

from tem_verifier.filters import clean

# What can be wrong, in the order of the form.
KINDS: Final = ("mismatch", "tampered", "repeated", "lookalike", "on_sale", "goods", "other")
LONGEST_TEXT, LONGEST_PLACE = 1000, 200
PHOTO_BYTES = 8 * 1024 * 1024
# Of all shoppers together on a day of Vietnam's calendar: at 300 kB a photo 300 MB, and more than
# an office of six reads.
MOST_A_DAY = 1000
# Of those, reports that name no stamp on record: anybody can send them, so that they must not use
# up the day for who holds a stamp in hand.
MOST_UNNAMED = 700
# About 110 m: which market it was, and not at which door.
DECIMALS = 3
# What a page says of a code that nobody can look up again from a form without it.
FOUND: Final = ("UNKNOWN", "MALFORMED")
_TOKEN = re.compile(r"[0-9a-f]{32}", re.ASCII)
_DEGREES = re.compile(r"-?[0-9]{1,3}(?:\.[0-9]{1,20})?", re.ASCII)
_NUMBER = re.compile(r"[0-9]{6}-[0-9A-HJKMNP-TV-Z]{5}", re.ASCII)
_LETTERS = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"  # Crockford's: none is taken for another
Position = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Draft:
    """A form as it was filled in, fit to be shown again. ``position`` is rounded."""

    kind: str = ""
    text: str = ""
    place: str = ""
    position: Position | None = None
    found: str = ""
    token: str = ""


def draft_of(fields: Mapping[str, str]) -> Draft:
    """What was filled in, without characters that disturb; what nobody could choose is left out."""
    kind, token, found = (fields.get(name, "") for name in ("kind", "token", "found"))
    return Draft(
        kind=kind if kind in KINDS else "",
        text=_text(fields.get("text", "")),
        place=" ".join(_text(fields.get("place", "")).split()),
        position=_position(fields.get("lat", ""), fields.get("lng", "")),
        found=found if found in FOUND else "",
        token=token if _TOKEN.fullmatch(token) else "",
    )


def faults_of(draft: Draft) -> dict[str, str]:
    """What is wrong, by field: ``kind_missing``, ``text_missing`` (of what is "other"),
    ``text_too_long``, ``place_too_long``, ``token_missing``."""
    found = {
        "kind": "" if draft.kind else "kind_missing",
        "text": _fault_of_text(draft),
        "place": "place_too_long" if len(draft.place) > LONGEST_PLACE else "",
        "token": "" if draft.token else "token_missing",
    }
    return {field: fault for field, fault in found.items() if fault}


def _fault_of_text(draft: Draft) -> str:
    if len(draft.text) > LONGEST_TEXT:
        return "text_too_long"
    return "text_missing" if draft.kind == "other" and not draft.text else ""


def is_full(taken: int, unnamed: int, *, names_stamp: bool) -> bool:
    """Whether the day has room for no more reports of a kind. ``taken`` counts today's, ``unnamed``
    those among them that name no stamp on record."""
    return taken >= MOST_A_DAY or (not names_stamp and unnamed >= MOST_UNNAMED)


def number_of(day: date, chance: int) -> str:
    """The number of a report, such as ``261122-K7QF3``: the day in Vietnam, and five letters out
    of ``chance`` (25 bits), so that it tells nobody how many there are."""
    letters = "".join(_LETTERS[chance >> shift & 31] for shift in range(0, 25, 5))
    return f"{day:%y%m%d}-{letters}"


def is_number(text: str) -> bool:
    """Whether a text is spelled as a report's number."""
    return _NUMBER.fullmatch(text) is not None


def _text(sent: str) -> str:
    """Text of others in one spelling: line ends as one character, accents composed."""
    lines = sent.replace("\r\n", "\n").replace("\r", "\n")
    return unicodedata.normalize("NFC", clean(lines)).strip()


def _position(lat: str, lng: str) -> Position | None:
    """A place on Earth in degrees, rounded; None for anything else."""
    if not (_DEGREES.fullmatch(lat) and _DEGREES.fullmatch(lng)):
        return None
    north, east = round(float(lat), DECIMALS), round(float(lng), DECIMALS)
    return (north, east) if -90 <= north <= 90 and -180 <= east <= 180 else None
