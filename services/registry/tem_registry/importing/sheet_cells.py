"""A cell of a spreadsheet, and what it says in a column of a given form. Pure.

Nothing is guessed: what may have lost zeros, been rounded or swapped day and month is a fault.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from typing import Any

from tem_registry.catalogue.names import folded
from tem_registry.importing.sheet_faults import CellFault


class CellType(StrEnum):
    """What the file says a cell is; CSV knows text alone."""

    TEXT = "text"
    NUMBER = "number"
    DATE = "date"  # its text is ISO 8601
    MONTH = "month"  # a date of which only month and year are shown
    MOMENT = "moment"  # a date with a time of day, or a time alone
    FLAG = "flag"
    FORMULA = "formula"  # without a stored result
    ERROR = "error"
    MERGED = "merged"


@dataclass(frozen=True, slots=True)
class Cell:
    """A cell as read; an empty one has no text."""

    text: str
    type: CellType = CellType.TEXT

    @property
    def is_empty(self) -> bool:
        """Whether nothing stands in it; a formula without result is something."""
        return not self.text and self.type in (CellType.TEXT, CellType.MERGED)

    @property
    def shown(self) -> str:
        """As a person reads it: days as dd/mm/yyyy."""
        if self.type is CellType.DATE:
            return date.fromisoformat(self.text).strftime("%d/%m/%Y")
        return self.text


EMPTY = Cell("")


class Form(StrEnum):
    """What the cells of a column hold."""

    WORDS = "words"
    CODE = "code"  # an id, a number of a paper: a zero at its beginning matters
    DIGITS = "digits"  # nothing but digits; its width, where it is fixed
    PHONE = "phone"
    CODES = "codes"  # several, divided by commas, semicolons or line breaks
    WHOLE = "whole"
    DECIMAL = "decimal"
    DAY = "day"
    DAY_OR_MONTH = "day_or_month"
    FLAG = "flag"
    CHOICE = "choice"


@dataclass(frozen=True, slots=True)
class Holds:
    """The form of a column with what narrows it.

    ``choices`` are folded words and what each stands for; ``words`` those to tell a person.
    """

    form: Form
    width: int = 0
    choices: Mapping[str, Any] = field(default_factory=dict)
    words: tuple[str, ...] = ()


_SCIENTIFIC = re.compile(r"[0-9]+([.,][0-9]+)?E[+-]?[0-9]+", re.IGNORECASE | re.ASCII)
_VIETNAMESE_DAY = re.compile(r"([0-9]{2})/([0-9]{2})/([0-9]{4})", re.ASCII)
_ISO_DAY = re.compile(r"([0-9]{4})-([0-9]{2})-([0-9]{2})", re.ASCII)
_MONTH = re.compile(r"(?:([0-9]{4})-([0-9]{2})|([0-9]{2})/([0-9]{4}))", re.ASCII)
_DECIMAL = re.compile(r"-?[0-9]{1,15}([.,][0-9]{1,15})?", re.ASCII)
_WHOLE = re.compile(r"[0-9]{1,15}", re.ASCII)
_FLAGS = {"co": True, "yes": True, "true": True, "khong": False, "no": False, "false": False}
_BROKEN = {
    CellType.FORMULA: "formula_without_value",
    CellType.ERROR: "cell_error",
    CellType.MERGED: "merged_cell",
}
_DATED = (CellType.DATE, CellType.MONTH, CellType.MOMENT)


def value(holds: Holds, cell: Cell) -> Any:
    """What a cell that is not empty says, as JSON has it. Raises CellFault with what to write."""
    if cell.type in _BROKEN:
        raise CellFault(_BROKEN[cell.type], text=cell.text)
    match holds.form:
        case Form.DAY:
            return _day(cell)
        case Form.DAY_OR_MONTH:
            return _month(cell) or _day(cell)
        case Form.WHOLE:
            return _whole(cell)
        case Form.DECIMAL:
            return _decimal(cell)
        case Form.FLAG:
            return _flag(cell)
        case Form.CHOICE:
            return _choice(holds, cell)
        case Form.CODES:
            return [part.strip() for part in re.split(r"[,;\n]", _code(cell)) if part.strip()]
        case Form.CODE | Form.DIGITS | Form.PHONE:
            return _code(cell, holds)
    return _text(cell)


def _text(cell: Cell) -> str:
    if cell.type in _DATED:
        raise CellFault("not_text")
    return cell.text


def _code(cell: Cell, holds: Holds = Holds(Form.CODE)) -> str:
    """Text in which each letter counts; a number only where its width shows that none is lost."""
    text = _text(cell)
    if cell.type is CellType.NUMBER and not (holds.width and len(text) == holds.width):
        raise CellFault("number_not_text")
    if _SCIENTIFIC.fullmatch(text):
        raise CellFault("scientific_notation", text=text)
    if holds.form is Form.PHONE and not text.startswith(("0", "+", "(0", "(+", "1800", "1900")):
        raise CellFault("leading_zero_lost")
    return text


def _day(cell: Cell) -> str:
    if cell.type is CellType.DATE:
        return cell.text
    if cell.type is CellType.MOMENT:
        raise CellFault("date_with_time")
    if cell.type is CellType.MONTH:
        raise CellFault("month_form")
    found = _VIETNAMESE_DAY.fullmatch(cell.text)
    parts = found.groups()[::-1] if found else None
    if parts is None and (iso := _ISO_DAY.fullmatch(cell.text)):
        parts = iso.groups()
    if parts is None or cell.type is not CellType.TEXT:
        raise CellFault("date_form")
    try:
        return date(*map(int, parts)).isoformat()
    except ValueError as error:
        raise CellFault("no_such_day") from error


def _month(cell: Cell) -> str | None:
    """A month as text has it: ``2027-12``; a month that a spreadsheet shows of a day is none."""
    found = _MONTH.fullmatch(cell.text) if cell.type is CellType.TEXT else None
    if found is None:
        return None
    year, month = found[1] or found[4], found[2] or found[3]
    if not 1 <= int(month) <= 12:
        raise CellFault("no_such_day")
    return f"{year}-{month}"


def _whole(cell: Cell) -> int:
    if cell.type in _DATED:
        raise CellFault("not_text")
    if not _WHOLE.fullmatch(cell.text):
        raise CellFault("whole_number_form")
    return int(cell.text)


def _decimal(cell: Cell) -> float:
    if cell.type in _DATED:
        raise CellFault("not_text")
    if not _DECIMAL.fullmatch(cell.text):
        raise CellFault("decimal_form")
    return float(cell.text.replace(",", "."))


def _flag(cell: Cell) -> bool:
    found = _FLAGS.get(folded(cell.text))
    if found is None or cell.type not in (CellType.TEXT, CellType.FLAG):
        raise CellFault("flag_form")
    return found


def _choice(holds: Holds, cell: Cell) -> Any:
    found = holds.choices.get(folded(_text(cell)))
    if found is None:
        raise CellFault("choice_form", choices=", ".join(holds.words))
    return found
