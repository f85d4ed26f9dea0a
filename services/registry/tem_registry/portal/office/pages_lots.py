"""The office's pages of lots: list, one with its stamps and look-ups, corrected dates, approval."""

from typing import Any

from flask import Response, request

from tem.http.inside import Refused
from tem.vocabulary import Role
from tem_registry.portal.forms import Form
from tem_registry.portal.office.records import choices, forms, label_days
from tem_registry.portal.office.records.label_days import LabelDay
from tem_registry.portal.office.records.lists import listed
from tem_registry.portal.office.records.shown import again, show
from tem_registry.portal.portal import Portal
from tem_registry.portal.visits import Visit

READERS = (Role.OFFICE, Role.AUDITOR)
PAGE, CALL = "/office/lots", "/v1/lots"
Record = dict[str, Any]
_LABELS = {
    "lot_code": ("Số lô", "Lot code"),
    "production_date": ("Ngày sản xuất, đóng gói", "Production or packing date"),
    "best_before": ("Hạn trên nhãn", "Date on the label"),
    "quantity": ("Số lượng", "Quantity"),
    "unit": ("Đơn vị tính", "Unit"),
}


def add(portal: Portal) -> None:
    """Add the pages."""

    @portal.page(PAGE, *READERS)
    def lots(at: Visit) -> Response:
        products = choices.products(at)
        return show(
            at,
            "office/lots.html",
            listed=listed(at, CALL, "q", "product", "recalled", order="newest"),
            products=products,
            names=choices.names_of(products),
            recalls=choices.of_words(at, "lot_recall"),
        )

    @portal.page(f"{PAGE}/<id:id>", *READERS)
    def lot(at: Visit, id: str) -> Response:
        found = at.api.get(f"{CALL}/{id}")
        return show(
            at,
            "office/lot.html",
            lot=found,
            product=at.api.get(f"/v1/products/{found['product_id']}"),
            producer=at.api.get(f"/v1/producers/{found['producer_id']}"),
            lookups=lookups_of(at, id),
        )

    @portal.form(f"{PAGE}/<id:id>/correction", Role.OFFICE)
    def correction(at: Visit, id: str) -> Response:
        return _correct(at, id)

    @portal.act(f"{PAGE}/<id:id>/date-approval", Role.OFFICE)
    def approve(at: Visit, id: str) -> Response:
        at.api.post(f"{CALL}/{id}/date-approval", key=at.form().key)
        return at.go(f"{PAGE}/{id}", done="lot_date_approved")


def lookups_of(at: Visit, id: str) -> Record:
    """How often its stamps were looked up; ``refused`` is the code where nobody can tell now."""
    try:
        return {"refused": "", **at.api.get(f"{CALL}/{id}/lookups")}
    except Refused as refused:
        if refused.status != 503:
            raise
        return {"refused": refused.code, "total": None}


def _correct(at: Visit, id: str) -> Response:
    """Three steps: the form, the dates as read and all that changes, and the correction itself."""
    found = at.api.ask("GET", f"{CALL}/{id}")
    lot = found.json
    form = at.form({**_shown(lot), "etag": found.etag})
    if request.method == "POST" and form.text("step") != "again":
        next_step = _next_step(at, form, lot)
        if next_step is not None:
            return next_step
    return again(
        at,
        "office/lot_correction.html",
        form,
        lot=lot,
        product=at.api.get(f"/v1/products/{lot['product_id']}"),
        meanwhile=_meanwhile(at, form, lot, found.etag),
    )


def _next_step(at: Visit, form: Form, lot: Record) -> Response | None:
    """What comes after a form that was sent; None where it is to be mended."""
    made, ends = _days(at, form, lot)
    changed = _changed(form, lot, made, ends)
    if form.is_refused:
        return None
    if not changed:
        return at.go(f"{PAGE}/{lot['lot_id']}", done="record_saved")
    if form.text("step") == "confirm":
        if made.clear and ends.clear:
            return _recorded(at, form, lot, changed)
        form.fault(ends.name if made.clear else made.name, "Hãy chọn.", "Choose one.")
    template = "office/lot_correction_check.html"
    return show(at, template, form=form, lot=lot, made=made, ends=ends, changed=changed)


def _days(at: Visit, form: Form, lot: Record) -> tuple[LabelDay, LabelDay]:
    """Both dates of a lot as they were typed."""
    shown = _shown(lot)
    made = LabelDay("production_date", "production")
    made = label_days.read(at, form, made, shown["production_date"])
    produced = made.chosen or lot["production_date"]
    ends = LabelDay("best_before", "expiry")
    return made, label_days.read(at, form, ends, shown["best_before"], produced=produced)


def _recorded(at: Visit, form: Form, lot: Record, changed: dict[str, Any]) -> Response | None:
    call, told = f"{CALL}/{lot['lot_id']}", changed | form.body("reason")
    try:
        forms.send(at, call, told, form)
    except Refused as refused:
        form.refuse(refused)
        return None
    return at.go(f"{PAGE}/{lot['lot_id']}", done="lot_corrected")


def _meanwhile(
    at: Visit, form: Form, lot: Record, etag: str
) -> list[tuple[str, str, str, bool]] | None:
    """What was typed and what is now on record, where somebody was faster; then it counts."""
    if form.code != "precondition_failed":
        return None
    form.values["etag"] = etag
    now = _shown(lot)
    return [
        (at.t(*_LABELS[name]), form.text(name), now[name], False)
        for name in _LABELS
        if form.text(name) != now[name]
    ]


def _shown(lot: Record) -> dict[str, str]:
    """What the form shows of a lot; a month as the label has it."""
    ends = lot["best_before"] or ""
    month = lot["precision"] == "month"
    return {
        "lot_code": lot["lot_code"],
        "production_date": label_days.written(lot["production_date"]),
        "best_before": label_days.written(ends[:7] if month else ends),
        "quantity": str(lot["quantity"]),
        "unit": lot["unit"],
    }


def _changed(form: Form, lot: Record, made: LabelDay, ends: LabelDay) -> dict[str, Any]:
    """What would be otherwise, as the API takes it."""
    told: dict[str, Any] = {
        "lot_code": form.text("lot_code"),
        "quantity": form.number("quantity"),
        "unit": form.text("unit"),
    }
    changed = {name: value for name, value in told.items() if value != lot[name]}
    for day in (made, ends):
        if day.is_new and (day.chosen != lot[day.name] or not day.clear):
            changed[day.name] = day.chosen
    return changed
