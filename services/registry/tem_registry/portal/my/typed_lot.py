"""A new lot as a producer types it. Dates are read in every way a label may write them; where
there are several, the person chooses (Decree 37/2026, Annex III)."""

from typing import Any

from tem.http.inside import Refused
from tem_registry.portal import wording
from tem_registry.portal.forms import Form
from tem_registry.portal.visits import Visit

DATES = ("production_date", "best_before")
Choices = dict[str, list[dict[str, Any]]]


def read(at: Visit, form: Form, product_id: str) -> tuple[dict[str, Any] | None, Choices]:
    """The body of ``POST /v1/lots``, or None with the form's fields marked; and for each date that
    can be read in several ways its readings, to be chosen from as ``<field>_is``."""
    choices: Choices = {}
    if not form.text("lot_code"):
        form.fault("lot_code", "Hãy ghi số lô in trên bao bì.", "Write the lot number on the pack.")
    if not form.text("quantity"):
        form.fault("quantity", "Hãy ghi số sản phẩm của lô.", "Write how many units the lot has.")
    produced = _date(at, form, "production_date", choices, kind="production")
    if not form.text("production_date"):
        form.fault("production_date", "Hãy ghi ngày sản xuất.", "Write the production date.")
    best_before = _date(at, form, "best_before", choices, kind="expiry", produced=produced)
    if form.faults:
        return None, choices
    body = form.body(
        *("lot_code", "unit"),
        product_id=product_id,
        production_date=produced,
        best_before=best_before,
        quantity=form.number("quantity"),
    )
    return body, choices


def _date(at: Visit, form: Form, name: str, choices: Choices, **known: str | None) -> str | None:
    """The date of a field as the API takes it; None if it is empty, or its fault is told."""
    if not form.text(name):
        return None
    try:
        readings = at.api.get("/v1/label-dates", text=form.text(name), **known)["readings"]
    except Refused as refused:
        if refused.status >= 500:
            raise
        if refused.code == "production_date_needed" and "production_date" in form.faults:
            return None  # it is asked for already, and is counted from then
        told = wording.refusal(at.lang, refused.code, refused.detail, refused.problem)
        form.faults[name] = told
        return None
    values = [one["value"] for one in readings]
    if len(values) == 1:
        return str(values[0])
    choices[name] = readings
    if form.text(f"{name}_is") in values:
        return form.text(f"{name}_is")
    form.fault(
        name,
        f"“{form.text(name)}” hiểu được nhiều cách. Hãy chọn ngày đúng.",
        f"“{form.text(name)}” can be read in several ways. Choose the right date.",
    )
    return None
