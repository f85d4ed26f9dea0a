"""Which row of a sheet is its heading, and which field each column stands for. Pure."""

import difflib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

from tem_registry.catalogue.names import folded
from tem_registry.importing.sheet_cells import Cell
from tem_registry.importing.sheet_columns import Column
from tem_registry.importing.sheet_faults import Told, told
from tem_registry.importing.sheet_kinds import KINDS, SheetKind

LOOKED_AT = 20  # rows of a sheet among which its heading is looked for: titles may stand above it
# Columns of offices' tables that say nothing of a record.
_LEFT_ASIDE = {"stt", "tt", "so thu tu", "no", "ghi chu", "note", "notes", "remark", "remarks"}
_NOT_A_LETTER = re.compile(r"[\W_]+")


@dataclass(frozen=True, slots=True)
class Heading:
    """A column of a sheet: ``place`` counts from 0; ``column`` is None where no field is meant."""

    place: int
    text: str
    column: Column | None
    fault: Told | None = None


def plain(text: str) -> str:
    """A heading for comparing: no case, accents, marks or doubled blanks."""
    return " ".join(_NOT_A_LETTER.sub(" ", folded(text)).split())


@cache
def _known(kind: str) -> dict[str, Column]:
    """Every heading of a kind as :func:`plain` has it; names of fields and templates win."""
    columns = KINDS[kind].columns
    leaves = [one.pointer.rpartition("/")[2] for one in columns]
    found: dict[str, Column] = {}
    for one in columns:
        leaf = one.pointer.rpartition("/")[2]
        names = [one.name, *([leaf] if leaves.count(leaf) == 1 else []), one.vi, one.en]
        for name in names:
            found.setdefault(plain(name), one)
    for one in columns:
        for name in one.also:
            found.setdefault(plain(name), one)
    return found


def meant(kind: str, text: str) -> Column | None:
    """The column that a heading stands for; one of two languages may stand on a line of its own."""
    known = _known(kind)
    for part in (text, *text.splitlines(), *text.split(" / ")):
        found = known.get(plain(part))
        if found is not None:
            return found
    return None


def heading_row(kind: str, rows: Sequence[Sequence[Cell]]) -> int | None:
    """Which of the first rows has the most headings of a kind; None where none has any."""
    counts = [
        sum(meant(kind, cell.text) is not None for cell in row if cell.text)
        for row in rows[:LOOKED_AT]
    ]
    most = max(counts, default=0)
    return counts.index(most) if most else None


def read(kind: SheetKind, row: Sequence[Cell]) -> list[Heading]:
    """What the columns stand for, with what is wrong about it; empty ones are left out."""
    found: list[Heading] = []
    for place, cell in enumerate(row):
        if cell.text:
            column = meant(kind.name, cell.text)
            twice = column is not None and any(one.column is column for one in found)
            fault = _fault(kind, cell.text, column, twice)
            found.append(Heading(place, cell.text, None if twice else column, fault))
    return found


def _fault(kind: SheetKind, text: str, column: Column | None, twice: bool) -> Told | None:
    if twice:
        return told("column_twice", heading=text)
    if column is not None or is_left_aside(text):
        return None
    close = difflib.get_close_matches(plain(text)[:60], _known(kind.name), 1)
    near = _known(kind.name)[close[0]] if close else None
    return told(
        "column_unknown",
        heading=text,
        near=f" Is it “{near.en}”?" if near else "",
        near_vi=f" Có phải “{near.vi}”?" if near else "",
    )


def is_left_aside(text: str) -> bool:
    """Whether a column is for the reader alone: its number in the list, a remark."""
    return plain(text) in _LEFT_ASIDE


def repeats(headings: Sequence[Heading], row: Sequence[Cell], kind: str) -> bool:
    """Whether a row says the headings again, in the other language: no record."""
    texts = [(one, row[one.place].text) for one in headings if one.place < len(row)]
    written = [(one, text) for one, text in texts if text]
    return len(written) > 1 and all(
        one.column is not None and meant(kind, text) is one.column for one, text in written
    )
