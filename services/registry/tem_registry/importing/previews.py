"""A draft as a person looks at it: its columns, and its rows a page at a time.

Each cell has its text and its fault; each row what would become of it.
"""

from itertools import islice
from typing import Any

from sqlalchemy import Row

from tem_registry.importing import drafts, sheet_headings
from tem_registry.importing.sheet_faults import Told
from tem_registry.importing.sheet_headings import Heading
from tem_registry.importing.sheet_records import at
from tem_registry.importing.spreadsheets import Sheet

Json = dict[str, Any]


def shown(
    row: Row[Any], *, outcome: str | None = None, sheet: int | None = None, after: int, limit: int
) -> Json:
    """A draft with its sheets and a page of its rows; one that has ended has neither any more.

    ``after`` is the ``place`` of a row, which counts from 1 through all sheets.
    """
    told = drafts.summary(row)
    if row.state != drafts.OPEN:
        return {**told, "left_aside": [], "sheets": [], "rows": []}
    draft = drafts.of_row(row)
    sheets = draft.read.sheets
    cells = (cells for one in sheets for _, cells in one.rows)
    wanted = (
        _row(place, check, sheets[check["sheet"]].headings, row_cells)
        for place, (check, row_cells) in enumerate(zip(draft.checks, cells, strict=True), start=1)
        if place > after and outcome in (None, check["outcome"]) and sheet in (None, check["sheet"])
    )
    rows = list(islice(wanted, limit))
    more = {"next": rows[-1]["place"]} if len(rows) == limit else {}
    return {
        **told,
        "left_aside": draft.read.left_aside,
        "sheets": [_sheet(place, one) for place, one in enumerate(sheets)],
        "rows": rows,
        **more,
    }


def _row(place: int, check: Json, headings: list[Heading], cells: list[Any]) -> Json:
    of_cells = {one["column"]: one for one in check["faults"]}
    return {
        "place": place,
        "sheet": check["sheet"],
        "row": check["row"],
        "outcome": check["outcome"],
        "id": check["id"],
        "cells": [
            {
                "column": one.place,
                "text": at(cells, one.place).shown,
                "fault": _without_column(of_cells.get(one.place)),
            }
            for one in headings
        ],
        "faults": [_without_column(one) for one in check["faults"] if one["column"] is None],
        "changes": check["changes"],
    }


def _without_column(fault: Json | None) -> Json | None:
    if fault is None:
        return None
    return {name: value for name, value in fault.items() if name != "column"}


def _sheet(place: int, sheet: Sheet) -> Json:
    return {
        "sheet": place,
        "kind": sheet.kind.name,
        "title": sheet.title,
        "rows": len(sheet.rows),
        "columns": [_column(one) for one in sheet.headings],
        "faults": [_fault(one) for one in sheet.faults],
    }


def _column(heading: Heading) -> Json:
    """A column with what its cells are to hold, in both languages."""
    column = heading.column
    return {
        "column": heading.place,
        "heading": heading.text,
        "field": column.name if column else None,
        "label": column.en if column else None,
        "label_vi": column.vi if column else None,
        "hint": column.hint_en if column else None,
        "hint_vi": column.hint_vi if column else None,
        "left_aside": sheet_headings.is_left_aside(heading.text),
        "fault": _fault(heading.fault) if heading.fault else None,
    }


def _fault(told: Told) -> Json:
    return {"code": told.code, "detail": told.detail, "detail_vi": told.detail_vi}
