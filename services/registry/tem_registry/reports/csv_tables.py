"""Tables for spreadsheets: CSV (RFC 4180) that Excel reads as UTF-8 and never runs.

UTF-8 with a byte order mark, CRLF at every line's end, commas, one header row; text stands in
quotes, numbers do not. Pure.
"""

import csv
import io
import re
import unicodedata
from collections.abc import Iterable, Sequence

Cell = str | int | None
# What a spreadsheet may take for a formula or a link to a program, full-width forms included
# (OWASP, "CSV injection").
_FORMULA = frozenset("=+-@\t\r\n＝＋－＠")
# Where a cell may begin anew: Excel divides by semicolons in Vietnam, and pasted text by tabs.
_BEGINS = re.compile(r"[;\t]")


def written(header: Sequence[str], rows: Iterable[Sequence[Cell]]) -> bytes:
    """A table as a CSV file. Numbers stay numbers; what is absent is an empty cell."""
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\r\n", quoting=csv.QUOTE_NONNUMERIC)
    writer.writerow([safe(name) for name in header])
    writer.writerows([safe(cell) for cell in row] for row in rows)
    return text.getvalue().encode("utf-8-sig")


def safe(cell: Cell) -> str | int:
    """A cell that no spreadsheet runs: what could be a formula gets an apostrophe before it."""
    if cell is None:
        return ""
    if isinstance(cell, int):
        return cell
    starts = [0, *(found.end() for found in _BEGINS.finditer(cell))]
    parts = [cell[a:b] for a, b in zip(starts, [*starts[1:], None], strict=True)]
    first, *others = parts
    return _defused(first) + "".join(map(_defused_within, others))


def _defused(part: str) -> str:
    """The beginning of a cell: also a tab or a line break there is an attempt."""
    return f"'{part}" if _seen_first(part) in _FORMULA else part


def _defused_within(part: str) -> str:
    """What follows a semicolon or a tab: more of them are no formula, a sign is."""
    first = _seen_first(part)
    return f"'{part}" if first in _FORMULA and first not in "\t\r\n" else part


def _seen_first(part: str) -> str:
    """The first character that is not skipped in silence; a blank where there is none."""
    return next((one for one in part if one in "\t\r\n" or not _is_invisible(one)), " ")


def _is_invisible(letter: str) -> bool:
    return unicodedata.category(letter)[0] in "ZCM"
