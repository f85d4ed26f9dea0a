"""What the bodies of several calls are made of: ids, words, days, places, pages."""

import re
import unicodedata
from datetime import date
from typing import Any

from marshmallow import ValidationError, fields, validate

from tem.dates import FIRST_DATE, LAST_DATE
from tem.http.wire import IDENTIFIER, QueryNumber, Strict

MAX_BATCH, MAX_INDEX = 2**32 - 1, 2**24 - 1
_ID_OR_NONE = re.compile(r"[A-Za-z0-9._:/-]{0,64}\Z", re.ASCII)
LONG_TEXT = 400  # from this limit on a text may have several lines
_DIRECTIONS = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
_BLANKS = frozenset("\u115f\u1160\u2800\u3164\uffa0")  # letters and symbols that show nothing
DERIVED = "worked out by the registry; ignored when sent"


class Id(fields.String):
    """An opaque identifier."""

    def __init__(self, **options: Any) -> None:
        super().__init__(validate=IDENTIFIER, **options)


class Words(fields.String):
    """Text for people: something to see, at most ``limit`` characters, nothing that hides.

    It is shown to the public, so control characters and those that turn the direction of text
    are refused; texts of 400 characters and more may have line breaks and tabs.
    """

    def __init__(self, limit: int = 500, **options: Any) -> None:
        self._breaks = "\t\r\n" if limit >= LONG_TEXT else ""
        super().__init__(validate=[validate.Length(1, limit), self._readable], **options)

    def _deserialize(self, value: Any, *args: Any, **options: Any) -> str:
        return str(super()._deserialize(value, *args, **options)).strip()

    def _readable(self, text: str) -> None:
        for place, letter in enumerate(text, start=1):
            if letter not in self._breaks and unreadable(letter):
                raise ValidationError(
                    f"Character {place} (U+{ord(letter):04X}) is invisible, or turns the direction "
                    "of what follows: take it out."
                )
        if text and not any(map(visible, text)):
            raise ValidationError("There is nothing to see in it: write some words.")


def unreadable(letter: str) -> bool:
    """Control characters, line separators, and what changes the direction of text (UAX #9)."""
    return unicodedata.category(letter) in ("Cc", "Zl", "Zp", "Cs") or letter in _DIRECTIONS


def visible(letter: str) -> bool:
    """Whether a character leaves a mark by itself."""
    return unicodedata.category(letter)[0] in "LNPS" and letter not in _BLANKS


class Flag(fields.Boolean):
    """true or false, and no word or number that might mean it."""

    def _deserialize(self, value: Any, attr: Any, data: Any, **options: Any) -> bool:
        if not isinstance(value, bool):
            raise self.make_error("invalid", input=value)
        return value


class Day(fields.Field[str]):
    """A calendar date, ISO 8601, kept as text; no time part, within the years we keep."""

    def _deserialize(self, value: Any, attr: Any, data: Any, **_: Any) -> str:
        if not isinstance(value, str) or not re.fullmatch(r"\d{4}-\d\d-\d\d", value, re.ASCII):
            raise ValidationError("Not a date like 2026-11-20.")
        try:
            day = date.fromisoformat(value)
        except ValueError as error:
            raise ValidationError("There is no such day.") from error
        if not FIRST_DATE <= day <= LAST_DATE:
            raise ValidationError(f"Years {FIRST_DATE.year} to {LAST_DATE.year} only.")
        return value


class DayOrMonth(Day):
    """A date, or a month (``2026-12``) where the label gives no day."""

    def _deserialize(self, value: Any, attr: Any, data: Any, **options: Any) -> str:
        if isinstance(value, str) and re.fullmatch(r"\d{4}-\d\d", value, re.ASCII):
            super()._deserialize(f"{value}-01", attr, data, **options)
            return value
        return super()._deserialize(value, attr, data, **options)


class Gps(Strict):
    """A place, WGS84 degrees."""

    lat = fields.Float(required=True, validate=validate.Range(-90, 90))
    lon = fields.Float(required=True, validate=validate.Range(-180, 180))
    datum = fields.String(validate=validate.OneOf(["WGS84"]))
    source = Words(200)


class Page(Strict):
    """Query of a list: what comes after an id, at most ``limit`` rows."""

    after = fields.String(load_default="", validate=validate.Regexp(_ID_OR_NONE))
    limit = QueryNumber(load_default=100, validate=validate.Range(1, 500))
