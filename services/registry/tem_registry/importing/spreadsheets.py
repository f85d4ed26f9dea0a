"""A spreadsheet as it was sent becomes sheets: headings understood, rows with their numbers."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from tem.errors import Invalid, TooLarge
from tem_registry.importing import sheet_csv, sheet_headings
from tem_registry.importing.sheet_cells import EMPTY, Cell, CellType
from tem_registry.importing.sheet_faults import Told, told
from tem_registry.importing.sheet_headings import Heading
from tem_registry.importing.sheet_kinds import KINDS, WORKBOOK, SheetKind

CSV = "text/csv"
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
TYPES = (CSV, XLSX)
MAX_BYTES = 5 * 1024 * 1024
# Others wait while they are gone through in one transaction: seconds, not minutes.
MAX_ROWS, MAX_COLUMNS = 1_000, 60
_ABOVE = sheet_headings.LOOKED_AT + 2  # rows that are no records: titles, headings twice

Rows = Sequence[tuple[int, Sequence[Cell]]]


@dataclass(frozen=True, slots=True)
class Sheet:
    """A table of one kind; ``rows`` are its records, each with its number in the file.

    ``faults`` are those of cells without a heading.
    """

    kind: SheetKind
    title: str
    headings: list[Heading]
    rows: list[tuple[int, list[Cell]]]
    faults: list[Told]


@dataclass(frozen=True, slots=True)
class Spreadsheet:
    """What was sent; ``left_aside`` are titles of sheets that hold no kind of record."""

    sheets: list[Sheet]
    left_aside: list[str]


def read(content: bytes, media_type: str, kind: str) -> Spreadsheet:
    """The sheets of a file, in the order in which their kinds name each other.

    ``kind`` is one of :data:`KINDS`, or ``workbook``: a sheet of each kind, told by its title.
    Raises Invalid or TooLarge with what to do.
    """
    if (media_type == XLSX) != content.startswith((b"PK", b"\xd0\xcf\x11\xe0")):
        raise Invalid("file_type_differs", "Send CSV as text/csv, an .xlsx under its own type.")
    if media_type == XLSX:
        found = _workbook(content, kind)
    elif kind == WORKBOOK:
        raise Invalid("workbook_not_csv", "A CSV is one table: name its kind, or send an .xlsx.")
    else:
        found = Spreadsheet([_sheet(KINDS[kind], "", _csv_rows(content, kind))], [])
    if sum(len(sheet.rows) for sheet in found.sheets) > MAX_ROWS:
        raise _too_many_rows()
    return found


def _too_many_rows() -> TooLarge:
    return TooLarge(
        "too_many_rows", f"At most {MAX_ROWS} records in a file: divide it into several."
    )


def _csv_rows(content: bytes, kind: str) -> Rows:
    """The rows under the divider that gives the most headings."""
    tables = sheet_csv.tables(sheet_csv.decoded(content))
    counted = [(_headings_in(kind, table), table) for table in tables]
    best = max(counted, key=lambda one: one[0])[1]
    rows = [(number, row) for number, row in enumerate(best, start=1) if any(c.text for c in row)]
    if len(rows) > MAX_ROWS + _ABOVE:
        raise _too_many_rows()
    for _, row in rows:
        if any(cell.text for cell in row[MAX_COLUMNS:]):
            raise TooLarge("too_many_columns", "Too many columns: keep those of the template.")
    return rows


def _headings_in(kind: str, table: Sequence[Sequence[Cell]]) -> int:
    row = sheet_headings.heading_row(kind, table)
    if row is None:
        return 0
    return sum(sheet_headings.meant(kind, cell.text) is not None for cell in table[row])


def _workbook(content: bytes, kind: str) -> Spreadsheet:
    from tem_registry.importing import sheet_xlsx  # half a second, not of every start

    read = sheet_xlsx.read(content, MAX_ROWS + 50 * _ABOVE, MAX_COLUMNS)
    filled = [sheet for sheet in read if sheet.rows]
    if kind == WORKBOOK:
        meant = [(kind_of(sheet.title), sheet) for sheet in filled]
        if not any(known for known, _ in meant):
            titles = ", ".join(one.vi for one in KINDS.values())
            raise Invalid("sheets_not_found", f"Call the sheets as they are meant: {titles}.")
    else:
        titled = [one for one in filled if kind_of(one.title) is KINDS[kind]] or filled[:1]
        meant = [(KINDS[kind] if one is titled[0] else None, one) for one in filled]
    sheets = [_sheet(known, one.title, one.rows) for known, one in meant if known]
    order = list(KINDS.values())
    sheets.sort(key=lambda one: order.index(one.kind))
    if not sheets:
        raise Invalid("file_empty", "There is nothing in any sheet of it that is shown.")
    return Spreadsheet(sheets, [one.title for known, one in meant if not known])


def kind_of(title: str) -> SheetKind | None:
    """The kind that a sheet's title names."""
    wanted = sheet_headings.plain(title)
    for one in KINDS.values():
        if wanted in map(sheet_headings.plain, (one.vi, one.en, one.name, *one.also)):
            return one
    return None


def _sheet(kind: SheetKind, title: str, rows: Rows) -> Sheet:
    place = sheet_headings.heading_row(kind.name, [row for _, row in rows])
    if place is None:
        names = ", ".join(one.vi for one in kind.columns if one.needed)
        raise Invalid(
            "headings_not_found",
            f"No row of headings was found: see /v1/imports/template?kind={kind.name} ({names}).",
        )
    headings = sheet_headings.read(kind, rows[place][1])
    records = [
        (number, list(row))
        for number, row in rows[place + 1 :]
        if not sheet_headings.repeats(headings, row, kind.name)
    ]
    return Sheet(kind, title, headings, records, _astray(headings, records))


def _astray(headings: list[Heading], rows: Rows) -> list[Told]:
    """A fault for each column in which cells stand under no heading."""
    named = {one.place for one in headings}
    filled = {place for _, row in rows for place, cell in enumerate(row) if cell.text} - named
    return [told("column_without_heading", letter=_letter(place)) for place in sorted(filled)]


def _letter(place: int) -> str:
    """How a spreadsheet calls a column: 0 is A, 26 is AA."""
    first, last = divmod(place, 26)
    return (chr(64 + first) if first else "") + chr(65 + last)


# --- kept as JSON until somebody takes the rows over ---


def as_json(read: Spreadsheet) -> dict[str, Any]:
    """A spreadsheet as JSON has it: cells are text, or text and type; headings alone are read."""
    return {
        "left_aside": read.left_aside,
        "sheets": [
            {
                "kind": sheet.kind.name,
                "title": sheet.title,
                "headings": [[one.place, one.text] for one in sheet.headings],
                "rows": [[number, [_kept(cell) for cell in row]] for number, row in sheet.rows],
            }
            for sheet in read.sheets
        ],
    }


def from_json(kept: dict[str, Any]) -> Spreadsheet:
    """The spreadsheet that was kept, its headings understood anew."""
    sheets = []
    for one in kept["sheets"]:
        kind = KINDS[one["kind"]]
        places = dict(one["headings"])
        line = [Cell(places.get(place, "")) for place in range(max(places, default=-1) + 1)]
        rows = [(number, [_cell(cell) for cell in row]) for number, row in one["rows"]]
        headings = sheet_headings.read(kind, line)
        sheets.append(Sheet(kind, one["title"], headings, rows, _astray(headings, rows)))
    return Spreadsheet(sheets, kept["left_aside"])


def _kept(cell: Cell) -> str | list[str]:
    return cell.text if cell.type is CellType.TEXT else [cell.text, str(cell.type)]


def _cell(kept: str | list[str]) -> Cell:
    if isinstance(kept, str):
        return Cell(kept) if kept else EMPTY
    return Cell(kept[0], CellType(kept[1]))


def text_of(kept: dict[str, Any]) -> str:
    """JSON that any database keeps: half characters and the like are escaped."""
    return json.dumps(kept, ensure_ascii=True, separators=(",", ":"))
