"""Tables in XLSX, read a row at a time: values alone, never a formula, nothing from elsewhere.

The archive was looked at by :mod:`~tem_registry.importing.sheet_zip`. External links, macros,
pictures and comments are not read. Rows come one by one out of the parser that openpyxl reads
read-only workbooks with; its sheets fill gaps with empty cells, millions of them where told to.
"""

import re
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from itertools import islice
from typing import Any

from openpyxl.reader.excel import ExcelReader
from openpyxl.styles.numbers import BUILTIN_FORMATS, BUILTIN_FORMATS_MAX_SIZE
from openpyxl.styles.stylesheet import apply_stylesheet
from openpyxl.utils import range_boundaries
from openpyxl.worksheet._reader import FORMULA_TAG, ROW_TAG, WorkSheetParser
from openpyxl.xml.constants import SHARED_STRINGS, SHEET_MAIN_NS
from openpyxl.xml.functions import iterparse

from tem.errors import Invalid, TemError, TooLarge
from tem_registry.importing import sheet_zip
from tem_registry.importing.sheet_cells import EMPTY, Cell, CellType

MAX_SHEETS = 50
MAX_CELLS_IN_ROW = 16_384  # XLSX has no more
MAX_MERGED = 20_000
_MERGED_TAG = f"{{{SHEET_MAIN_NS}}}mergeCell"
_CELL_TAG = f"{{{SHEET_MAIN_NS}}}c"
_DATA_TAG = f"{{{SHEET_MAIN_NS}}}sheetData"
_STRING_TAG, _TEXT_TAG = f"{{{SHEET_MAIN_NS}}}si", f"{{{SHEET_MAIN_NS}}}t"
_READING_TAG = f"{{{SHEET_MAIN_NS}}}rPh"  # how it is pronounced: no part of the text
_NOT_THE_FORM = re.compile(r'"[^"]*"|\[[^\]]*\]|\\.')

# number of the row as a person sees it, its cells from the first column on
Row = tuple[int, list[Cell]]


@dataclass(frozen=True, slots=True)
class XlsxSheet:
    """A sheet by its title; ``rows`` without the empty ones."""

    title: str
    rows: list[Row]


def read(content: bytes, most_rows: int, most_columns: int) -> list[XlsxSheet]:
    """The visible sheets of a workbook. Raises Invalid or TooLarge, and nothing else.

    ``most_rows`` are counted where something stands, over all sheets.
    """
    archive = sheet_zip.opened(content)
    try:
        return list(_sheets(archive, most_rows, most_columns))
    except TemError:
        raise
    except Exception as error:  # the parser has no exceptions of its own for what is malformed
        raise Invalid(
            "xlsx_unreadable", "It is no XLSX that can be read: open it, save it anew, send that."
        ) from error


def _sheets(archive: zipfile.ZipFile, most_rows: int, most_columns: int) -> Iterator[XlsxSheet]:
    reader = ExcelReader(archive.fp, read_only=True, data_only=True, keep_links=False)
    reader.read_manifest()
    reader.read_workbook()
    apply_stylesheet(archive, reader.wb)
    part = reader.package.find(SHARED_STRINGS)
    strings = _strings(archive, part.PartName[1:]) if part is not None else []
    left = most_rows
    for sheet, relation in islice(reader.parser.find_sheets(), MAX_SHEETS):
        if sheet.state != "visible" or not relation.Type.endswith("/worksheet"):
            continue
        with archive.open(relation.target) as source:
            parser = _Parser(source, strings, reader.wb)
            rows = list(_rows(parser, left, most_columns))
        left -= len(rows)
        yield XlsxSheet(sheet.name, _merged(rows, parser.merged))


def _strings(archive: zipfile.ZipFile, name: str) -> list[str]:
    """The texts that cells share, without their formats."""
    found = []
    with archive.open(name) as source:
        for _, element in iterparse(source):
            if element.tag == _READING_TAG:
                element.clear()
            elif element.tag == _STRING_TAG:
                found.append("".join(text.text or "" for text in element.iter(_TEXT_TAG)))
                element.clear()
    return found


class _Parser(WorkSheetParser):  # type: ignore[misc]  # openpyxl has no types
    """Rows and merged ranges of a sheet, holding one row in memory."""

    def __init__(self, source: Any, strings: list[str], workbook: Any) -> None:
        super().__init__(
            source,
            strings,
            True,
            workbook.epoch,
            workbook._date_formats,
            workbook._timedelta_formats,
        )
        self.merged: list[str] = []
        self._months = _month_styles(workbook)

    def rows(self) -> Iterator[tuple[int, list[dict[str, Any]]]]:
        """Each row's number and the cells it names. Raises TooLarge."""
        sheet_data, in_row = None, 0
        for event, element in iterparse(self.source, events=("start", "end")):
            tag = element.tag
            if event == "start":
                sheet_data = element if tag == _DATA_TAG else sheet_data
                in_row = 0 if tag == ROW_TAG else in_row + (tag == _CELL_TAG)
                if in_row > MAX_CELLS_IN_ROW:
                    raise _too_wide()
            elif tag == ROW_TAG:
                yield self.parse_row(element)
                if sheet_data is not None:
                    sheet_data.clear()
            elif tag == _MERGED_TAG:
                self.merged.append(element.get("ref"))
                if len(self.merged) > MAX_MERGED:
                    raise TooLarge("too_many_merged", "Too many merged cells: unmerge them all.")

    def parse_cell(self, element: Any) -> dict[str, Any]:
        """A cell as openpyxl reads it; a formula without result, a month without day are told."""
        cell: dict[str, Any] = super().parse_cell(element)
        if cell["value"] is None and element.find(FORMULA_TAG) is not None:
            cell["data_type"] = "f"
        elif cell["data_type"] == "d" and cell["style_id"] in self._months:
            cell["data_type"] = "m"
        return cell


def _month_styles(workbook: Any) -> set[int]:
    """The styles of dates that do not show the day."""
    found = set()
    for style in workbook._date_formats:
        number = workbook._cell_styles[style].numFmtId
        own = number - BUILTIN_FORMATS_MAX_SIZE
        code = workbook._number_formats[own] if own >= 0 else BUILTIN_FORMATS.get(number, "")
        letters = _NOT_THE_FORM.sub("", code).lower()
        if "y" in letters and "d" not in letters:
            found.add(style)
    return found


def _rows(parser: _Parser, most: int, most_columns: int) -> Iterator[Row]:
    for number, named in parser.rows():
        cells = {one["column"]: _cell(one) for one in named}
        places = [place for place, cell in cells.items() if not cell.is_empty]
        if not places:
            continue
        if max(places) > most_columns:
            raise _too_wide()
        if most <= 0:
            raise TooLarge("too_many_rows", "Too many rows: divide the table into several files.")
        most -= 1
        yield number, [cells.get(place, EMPTY) for place in range(1, max(places) + 1)]


def _too_wide() -> TooLarge:
    return TooLarge("too_many_columns", "Too many columns: keep those of the template.")


def _cell(found: dict[str, Any]) -> Cell:
    value, kind = found["value"], found["data_type"]
    if kind == "f":
        return Cell("", CellType.FORMULA)
    if value is None:
        return EMPTY
    if kind == "e":
        return Cell(str(value), CellType.ERROR)
    if kind in ("d", "m"):
        return _dated(value, kind)
    if isinstance(value, bool):
        return Cell("true" if value else "false", CellType.FLAG)
    if isinstance(value, int | float):
        return Cell(_digits(value), CellType.NUMBER)
    text = str(value).encode("utf-8", "replace").decode().strip()
    return Cell(text) if text else EMPTY


def _dated(value: Any, kind: str) -> Cell:
    whole = isinstance(value, datetime) and value.time() == datetime.min.time()
    if whole or (isinstance(value, date) and not isinstance(value, datetime)):
        day = value.date() if isinstance(value, datetime) else value
        if kind == "m":
            return Cell(day.strftime("%m/%Y"), CellType.MONTH)
        return Cell(day.isoformat(), CellType.DATE)
    return Cell(str(value), CellType.MOMENT)


def _digits(value: float) -> str:
    """A number without what binary fractions add to it: 72.9, not 72.90000000000001."""
    if isinstance(value, int):
        return str(value)
    return str(int(value)) if value.is_integer() and abs(value) < 1e15 else f"{value:.15g}"


def _merged(rows: list[Row], ranges: list[str]) -> list[Row]:
    """The rows with each cell of a merged range told as such."""
    boxes = [range_boundaries(one) for one in ranges]
    if not boxes:
        return rows
    marked = []
    for number, cells in rows:
        across = [(box[0], box[2]) for box in boxes if box[1] <= number <= box[3]]
        width = min(max([len(cells), *(last for _, last in across)]), len(cells) + 60)
        wide = [*cells, *[EMPTY] * (width - len(cells))]
        for first, last in across:
            for place in range(first - 1, min(last, width)):
                wide[place] = Cell(wide[place].text, CellType.MERGED)
        marked.append((number, wide))
    return marked
