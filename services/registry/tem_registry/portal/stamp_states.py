"""States of stamps on the pages of producers and of the office alike: words, counts. Pure."""

from collections.abc import Iterable
from typing import Any, NamedTuple


class Word(NamedTuple):
    """A code in words; ``look`` is good, wait, bad, or nothing."""

    vi: str
    en: str
    look: str = ""


WORDS: dict[str, Word] = {
    "issued": Word("Ở Văn phòng", "At the office"),
    "delivered": Word("Đã giao, chưa kích hoạt", "Handed over, not activated", "wait"),
    "activated": Word("Đã kích hoạt", "Activated", "good"),
    "void": Word("Đã hủy tem", "Void", "bad"),
    "revoked": Word("Đã thu hồi tem", "Revoked", "bad"),
}


def counts(ranges: Iterable[dict[str, Any]]) -> dict[str, int]:
    """Stamps by state, of every state; ``ranges`` as the API tells them of a batch."""
    found = dict.fromkeys(WORDS, 0)
    for one in ranges:
        found[one["state"]] += one["last"] - one["first"] + 1
    return found
