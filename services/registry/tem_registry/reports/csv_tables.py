"""Tables for spreadsheets: CSV (RFC 4180) that Excel reads as UTF-8 and never runs.

UTF-8 with a byte order mark, CRLF at every line's end, commas, one header row. Pure.
"""

import csv
import io
from collections.abc import Iterable, Sequence

Cell = str | int | None
# What a spreadsheet may take for a formula or a link to a program, full-width forms included
# (OWASP, "CSV injection").
_FORMULA = tuple("=+-@\t\r\n＝＋－＠")


def written(header: Sequence[str], rows: Iterable[Sequence[Cell]]) -> bytes:
    """A table as a CSV file. Numbers stay numbers; what is absent is an empty cell."""
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow([safe(name) for name in header])
    writer.writerows([safe(cell) for cell in row] for row in rows)
    return text.getvalue().encode("utf-8-sig")


def safe(cell: Cell) -> str | int:
    """A cell that no spreadsheet runs: text that could be a formula gets an apostrophe first."""
    if cell is None:
        return ""
    if isinstance(cell, int):
        return cell
    looked_at = cell.lstrip(" \u00a0\ufeff")
    return f"'{cell}" if looked_at.startswith(_FORMULA) else cell
