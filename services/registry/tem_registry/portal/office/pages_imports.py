"""The office's pages of spreadsheets: sent, looked at cell by cell, taken over or dropped."""

import re
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import urlencode

from flask import Response, request

from tem.http.inside import Refused
from tem.vocabulary import Role
from tem_registry.portal import paging, wording, written
from tem_registry.portal.forms import Form
from tem_registry.portal.portal import FORM_BYTES, Portal
from tem_registry.portal.visits import Visit

MOST_BYTES = 5 * 1024 * 1024 + FORM_BYTES
MOST_TITLE = 120
DRAFTS, ROWS, FAULTS_LISTED = 30, 50, 50
CSV = "text/csv"
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
# How an .xlsx begins, and an old or a locked workbook, which the API tells apart.
_WORKBOOKS = (b"PK", b"\xd0\xcf\x11\xe0")
KINDS = {  # as the API calls them: (Vietnamese, English)
    "workbook": ("Nhiều bảng trong một tệp Excel", "Several tables in one workbook"),
    "producer": ("Cơ sở", "Producers"),
    "product": ("Sản phẩm", "Products"),
    "certificate": ("Giấy chứng nhận", "Certificates"),
    "point_of_sale": ("Điểm bán", "Points of sale"),
    "contract": ("Hợp đồng", "Contracts"),
    "lot": ("Lô sản xuất", "Lots"),
}
OUTCOMES = ("faulty", "new", "changed", "same")
Json = dict[str, Any]


def add(portal: Portal) -> None:
    """Add the pages."""

    @portal.page("/office/imports", Role.OFFICE)
    def imports(at: Visit) -> Response:
        chosen = paging.filters("state")
        after = request.args.get("after")
        found = at.api.get("/v1/imports", **chosen, after=after, order="newest", limit=DRAFTS)
        return at.show(
            "office/imports.html",
            imports=found["items"],
            kinds=_kinds(at),
            chosen=at.form(chosen),
            more=paging.next_page(chosen, found),
            is_first=not after,
        )

    @portal.form("/office/imports/new", Role.OFFICE, most_bytes=MOST_BYTES)
    def new_import(at: Visit) -> Response:
        form = at.form({"kind": request.args.get("kind", "workbook")})
        if request.method == "POST":
            try:
                return _sent(at, form)
            except Refused as refused:
                form.refuse(refused)
        return at.again("office/import_new.html", form, kinds=_kinds(at))

    @portal.page("/office/imports/template", Role.OFFICE)
    def template(at: Visit) -> Response:
        """A table to fill in, as the API makes it."""
        asked = {name: request.args.get(name, "") for name in ("kind", "format")}
        made = at.api.ask("GET", f"/v1/imports/template?{urlencode(asked)}")
        kept = ("Content-Type", "Content-Disposition")
        return Response(made.content, headers={name: made.headers[name] for name in kept})

    @portal.form("/office/imports/<id:id>", Role.OFFICE)
    def preview(at: Visit, id: str) -> Response:
        form = at.form()
        if request.method == "POST":
            try:
                return _taken_over(at, id, form)
            except Refused as refused:
                form.refuse(refused)
        return at.again("office/import.html", form, **_shown(at, id))

    @portal.act("/office/imports/<id:id>/check", Role.OFFICE)
    def check(at: Visit, id: str) -> Response:
        at.api.post(f"/v1/imports/{id}/check", key=at.form().key)
        return at.go(f"/office/imports/{id}", done="import_checked")

    @portal.act("/office/imports/<id:id>/dropping", Role.OFFICE)
    def drop(at: Visit, id: str) -> Response:
        at.api.post(f"/v1/imports/{id}/dropping", key=at.form().key)
        return at.go("/office/imports", done="import_dropped")


def _kinds(at: Visit) -> dict[str, str]:
    return {kind: at.t(*words) for kind, words in KINDS.items()}


def _sent(at: Visit, form: Form) -> Response:
    """To the preview of a file just sent, its wrong rows first."""
    file = request.files.get("file")
    content = file.read() if file else b""
    if file is None or not content:
        form.fault("file", "Hãy chọn một tệp có nội dung.", "Choose a file that is not empty.")
        return at.again("office/import_new.html", form, kinds=_kinds(at))
    query = {"kind": form.text("kind"), "title": _title(file.filename)}
    media_type = XLSX if content.startswith(_WORKBOOKS) else CSV
    made = at.api.send(f"/v1/imports?{urlencode(query)}", content, media_type, key=form.key)
    wrong = "faulty" if made["counts"]["faulty"] else None
    return at.go(f"/office/imports/{made['import_id']}", outcome=wrong)


def _title(name: str | None) -> str:
    """A file's name, of what can be seen of it."""
    seen = "".join(letter for letter in name or "" if letter.isprintable())
    return seen.strip()[:MOST_TITLE] or "bang-tinh"


def _taken_over(at: Visit, id: str, form: Form) -> Response:
    """Take all rows over; what to do with records that would change is asked, never guessed."""
    decided = {"yes": True, "no": False}.get(form.text("accept_changes"))
    if decided is None:
        told = "Hãy chọn một trong hai cách nhận.", "Choose one of the two ways."
        form.fault("accept_changes", *told)
        return at.again("office/import.html", form, **_shown(at, id))
    body = {"accept_changes": decided}
    at.api.post(f"/v1/imports/{id}/application", body, key=form.key)
    return at.go(f"/office/imports/{id}", done="import_applied")


def _shown(at: Visit, id: str) -> Json:
    """What the preview's template needs: the import, and its rows gathered under their sheets."""
    outcome = request.args.get("outcome", "")
    chosen = {"outcome": outcome} if outcome in OUTCOMES else {}
    after = request.args.get("after")
    shown = at.api.get(f"/v1/imports/{id}", **chosen, after=after, limit=ROWS)
    sheets = [_sheet(at, one, shown["rows"]) for one in shown["sheets"]]
    faults = [fault for sheet in sheets for row in sheet["rows"] for fault in row["places"]]
    return {
        "draft": shown,
        "kinds": _kinds(at),
        "sheets": [one for one in sheets if one["rows"] or one["faults"]],
        "chosen": outcome if chosen else "",
        "faults": faults[:FAULTS_LISTED],
        "more_faults": max(0, len(faults) - FAULTS_LISTED),
        "more": paging.next_page(chosen, shown),
        "is_first": not after,
        "outcomes": OUTCOMES,
    }


def _sheet(at: Visit, sheet: Json, rows: list[Json]) -> Json:
    """A sheet with those of its rows that are shown, sentences in the reader's language."""
    columns = [_with_sentence(at, one) for one in sheet["columns"]]
    names = {one["column"]: one["heading"] for one in columns}
    labels = {one["field"]: at.t(one["label_vi"], one["label"]) for one in columns if one["field"]}
    return {
        **sheet,
        "columns": columns,
        "faults": [_sentence(at, one) for one in sheet["faults"]]
        + [one["sentence"] for one in columns if one["sentence"]],
        "rows": [_row(at, one, names, labels) for one in rows if one["sheet"] == sheet["sheet"]],
    }


def _row(at: Visit, row: Json, names: dict[int, str], labels: dict[str, str]) -> Json:
    """A row; ``places`` are its faults with where in the page they stand."""
    cells = [_with_sentence(at, one) for one in row["cells"]]
    whole = [_sentence(at, one) for one in row["faults"]]
    places = [{"id": f"o-{row['place']}", "row": row["row"], "told": one} for one in whole] + [
        {
            "id": f"o-{row['place']}-{one['column']}",
            "row": row["row"],
            "heading": names[one["column"]],
            "told": one["sentence"],
        }
        for one in cells
        if one["sentence"]
    ]
    changes = [
        {
            "label": labels.get(one["field"], one["field"]),
            "before": _value(at.t, one["before"]),
            "after": _value(at.t, one["after"]),
        }
        for one in row["changes"]
    ]
    return {**row, "cells": cells, "faults": whole, "changes": changes, "places": places}


def _with_sentence(at: Visit, told: Json) -> Json:
    """A cell or a column with what is wrong with it in words, or an empty sentence."""
    return {**told, "sentence": _sentence(at, told["fault"]) if told["fault"] else ""}


def _sentence(at: Visit, fault: Json) -> str:
    """The portal's own words of a rule, or the spreadsheet's, which name the column."""
    said = fault["detail_vi"] if at.lang == "vi" else fault["detail"]
    return wording.refusal(at.lang, fault["code"], said, fault)


def _value(t: Callable[[str, str], str], value: Any) -> str:
    """A field's value for the eye: days as people write them, groups by their parts."""
    if value is None or value == "":
        return t("(trống)", "(empty)")
    if isinstance(value, bool):
        return t("có", "yes") if value else t("không", "no")
    if isinstance(value, dict | list):
        return "; ".join(_parts(t, value))
    return written.day(value) if re.fullmatch(r"\d{4}-\d\d-\d\d", str(value)) else str(value)


def _parts(t: Callable[[str, str], str], group: Any) -> Iterator[str]:
    named = group.items() if isinstance(group, dict) else (("", one) for one in group)
    for name, value in named:
        yield f"{name}: {_value(t, value)}" if name else _value(t, value)
