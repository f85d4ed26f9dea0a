"""Templates to fill in: the headings in both languages, an example, and what each column holds.

All cells are text where zeros matter or days are written, so that no spreadsheet rewrites them.
"""

import io
from typing import Any

from openpyxl import Workbook
from openpyxl.styles import Alignment, Font
from openpyxl.utils import get_column_letter

from tem.errors import Invalid
from tem_registry.importing.sheet_cells import Form
from tem_registry.importing.sheet_columns import Column
from tem_registry.importing.sheet_kinds import KINDS, WORKBOOK, SheetKind
from tem_registry.reports import csv_tables

GUIDE = "Hướng dẫn - Guide"
_NUMBERS = (Form.WHOLE, Form.DECIMAL)
_ROWS_AS_TEXT = 500  # rows in which empty cells are text already
_GUIDE_HEADING = ("Trang", "Cột", "Column", "Bắt buộc / Needed", "Cách ghi", "What to write")
_YES = "có / yes"


def csv(kind: str) -> bytes:
    """A template of one kind as CSV. Raises Invalid for a workbook, which has several tables."""
    if kind == WORKBOOK:
        raise Invalid("workbook_not_csv", "A CSV is one table: name its kind, or ask for xlsx.")
    columns = KINDS[kind].columns
    rows = [[one.en for one in columns], [one.example for one in columns]]
    return csv_tables.written([one.vi for one in columns], rows)


def xlsx(kind: str) -> bytes:
    """A template as XLSX: a sheet of the kind, or one of each for a workbook, and a guide."""
    kinds = list(KINDS.values()) if kind == WORKBOOK else [KINDS[kind]]
    workbook = Workbook()
    workbook.remove(workbook.active)
    for one in kinds:
        _fill(workbook.create_sheet(one.vi), one)
    _guide(workbook.create_sheet(GUIDE), kinds)
    file = io.BytesIO()
    workbook.save(file)
    return file.getvalue()


def _fill(sheet: Any, kind: SheetKind) -> None:
    sheet.append([one.vi for one in kind.columns])
    sheet.append([one.en for one in kind.columns])
    sheet.append([one.example or None for one in kind.columns])
    for place, column in enumerate(kind.columns, start=1):
        _form(sheet, place, column)
    sheet.freeze_panes = "A3"


def _form(sheet: Any, place: int, column: Column) -> None:
    sheet.column_dimensions[get_column_letter(place)].width = max(14, len(column.vi) + 3)
    sheet.cell(1, place).font = Font(bold=True)
    sheet.cell(2, place).font = Font(italic=True)
    number_format = "General" if column.holds.form in _NUMBERS else "@"
    for row in range(3, _ROWS_AS_TEXT + 1):
        sheet.cell(row, place).number_format = number_format


def _guide(sheet: Any, kinds: list[SheetKind]) -> None:
    sheet.append(_GUIDE_HEADING)
    for kind in kinds:
        for one in kind.columns:
            needed = _YES if one.needed else None
            sheet.append([kind.vi, one.vi, one.en, needed, one.hint_vi, one.hint_en])
    for place, width in enumerate((16, 28, 28, 18, 60, 60), start=1):
        sheet.column_dimensions[get_column_letter(place)].width = width
        sheet.cell(1, place).font = Font(bold=True)
        sheet.cell(1, place).alignment = Alignment(wrap_text=True)
    sheet.freeze_panes = "A2"
