"""A range of stamps in a page's address, by its numbers: ``?batch=87&first=1&last=500``. Pure."""

from collections.abc import Mapping

from tem.stampcode import serial

_MOST_BATCH, _MOST_INDEX = 2**32 - 1, 2**24 - 1


def proposed(query: Mapping[str, str]) -> dict[str, str]:
    """Both ends as serials for the fields ``first`` and ``last``; nothing where it names none."""
    batch, first, last = (_number(query.get(name, "")) for name in ("batch", "first", "last"))
    if not (0 < batch <= _MOST_BATCH and 0 < first <= last <= _MOST_INDEX):
        return {}
    return {"first": serial(batch, first), "last": serial(batch, last)}


def _number(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) <= 10 else 0
