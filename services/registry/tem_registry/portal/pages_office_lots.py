"""The office's pages of lots: list, one with its stamps and look-ups, corrected dates, approval."""

from typing import Any

from flask import Response, request

from tem.http.inside import Refused
from tem.vocabulary import Role
from tem_registry.portal.forms import Form
from tem_registry.portal.portal import Portal
from tem_registry.portal.records import choices, forms, label_days
from tem_registry.portal.records.label_days import LabelDay
from tem_registry.portal.records.lists import listed
from tem_registry.portal.records.shown import again, show
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
            stamps=stamps_of(at, found),
            lookups=lookups_of(at, id),
        )

    @portal.form(f"{PAGE}/<id:id>/correction", Role.OFFICE)
    def correction(at: Visit, id: str) -> Response:
        return _correct(at, id)

    @portal.act(f"{PAGE}/<id:id>/date-approval", Role.OFFICE)
    def approve(at: Visit, id: str) -> Response:
        at.api.post(f"{CALL}/{id}/date-approval", key=at.form().key)
        return at.go(f"{PAGE}/{id}", done="lot_date_approved")


def stamps_of(at: Visit, lot: Record) -> list[Record]:
    """The ranges of stamps that are tied to a lot, by batch, each with its state."""
    if not lot["stamps_activated"]:
        return []
    found = []
    for batch in at.api.every("/v1/batches", product_id=lot["product_id"], limit=200):
        counts = batch["counts"]
        if counts["activated"] + counts["void"] + counts["revoked"] == 0:
            continue
        ranges = at.api.get(f"/v1/batches/{batch['number']}")["ranges"]
        found += [
            {**one, "batch": batch["number"]}
            for one in ranges
            if one.get("lot_id") == lot["lot_id"]
        ]
    return found


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
    made = LabelDay("production_date", "production")
    ends = LabelDay("best_before", "expiry")
    if request.method == "POST" and form.text("step") != "again":
        made = label_days.read(at, form, made, _shown(lot)["production_date"])
        produced = made.chosen or lot["production_date"]
        ends = label_days.read(at, form, ends, _shown(lot)["best_before"], produced=produced)
        changed = _changed(form, lot, made, ends)
        if not form.is_refused and not changed:
            return at.go(f"{PAGE}/{id}", done="record_saved")
        if not form.is_refused and form.text("step") == "confirm" and made.clear and ends.clear:
            told = changed | form.body("reason")
            try:
                forms.send(at, f"{CALL}/{id}", told, form)
            except Refused as refused:
                form.refuse(refused)
            else:
                return at.go(f"{PAGE}/{id}", done="lot_corrected")
        elif not form.is_refused:
            if form.text("step") == "confirm":
                form.fault(made.name if not made.clear else ends.name, "Hãy chọn.", "Choose one.")
            return show(
                at,
                "office/lot_correction_check.html",
                form=form,
                lot=lot,
                made=made,
                ends=ends,
                changed=changed,
            )
    product = at.api.get(f"/v1/products/{lot['product_id']}")
    return again(
        at,
        "office/lot_correction.html",
        form,
        lot=lot,
        product=product,
        meanwhile=_meanwhile(at, form, lot, found.etag),
    )


def _meanwhile(at: Visit, form: Form, lot: Record, etag: str) -> list[tuple[str, str, str]] | None:
    """What was typed and what is now on record, where somebody was faster; then it counts."""
    if form.code != "precondition_failed":
        return None
    form.values["etag"] = etag
    now = _shown(lot)
    return [
        (at.t(*_LABELS[name]), form.text(name), now[name])
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
    if made.is_new:
        changed["production_date"] = made.chosen
    if ends.is_new:
        changed["best_before"] = ends.chosen
    return changed
