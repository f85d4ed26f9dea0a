"""The producer's pages of activation: which stamps, which lot, what will happen, done.

The steps before the last are addresses, so going back works and nothing has to be kept here. The
last sends everything once more, under one key: it can be sent again until an answer comes.
"""

from datetime import date
from typing import Any
from urllib.parse import quote

from flask import Response, request

from tem.dates import vietnam_day
from tem.http.inside import Refused
from tem.vocabulary import Role
from tem_registry.portal import activation_steps as steps
from tem_registry.portal import forms, typed_lot, typed_range
from tem_registry.portal.forms import Form
from tem_registry.portal.portal import Portal
from tem_registry.portal.typed_range import Range
from tem_registry.portal.visits import Visit


def add(portal: Portal) -> None:
    """Add the pages."""

    def today() -> date:
        return vietnam_day(portal.wiring.clock())

    @portal.page("/my/activate", Role.PRODUCER, camera=True)
    def stamps(at: Visit) -> Response:
        return steps.first(at, _asked(at))

    @portal.page("/my/activate/lot", Role.PRODUCER, camera=True)
    def lot(at: Visit) -> Response:
        form = _asked(at)
        chosen = typed_range.read(at, form)
        return steps.first(at, form) if chosen is None else steps.second(at, form, chosen, today())

    @portal.page("/my/activate/check", Role.PRODUCER, camera=True)
    def check(at: Visit) -> Response:
        form = _asked(at)
        chosen = typed_range.read(at, form)
        if chosen is None:
            return steps.first(at, form)
        body, choices = _lot_of(at, form, chosen)
        if form.is_refused:
            return steps.second(at, form, chosen, today(), choices)
        return steps.third(at, form, chosen, body)

    @portal.act("/my/activate/confirm", Role.PRODUCER)
    def confirm(at: Visit) -> Response:
        form = at.form()
        chosen = typed_range.read(at, form)
        if chosen is None:
            return steps.first(at, form)
        body, choices = _lot_of(at, form, chosen)
        if form.is_refused:
            return steps.second(at, form, chosen, today(), choices)
        try:
            lot_id = form.text("lot") if body is None else _record(at, form, body)
            path = f"/v1/lots/{quote(lot_id, safe='')}/activations"
            at.api.post(path, chosen.body, key=form.key)
        except Refused as refused:
            if refused.status in (429, *range(500, 600)):
                raise  # it is sent again, as it is
            form.refuse(refused)
            return steps.third(at, form, chosen, body)
        told: dict[str, Any] = {"lot": lot_id, **chosen.body}
        return at.go("/my/activate/done", **told)

    @portal.act("/my/activate/record", Role.PRODUCER)
    def record(at: Visit) -> Response:
        form = at.form()
        body, choices = typed_lot.read(at, form, form.text("product_id"))
        if body is None:
            chosen = typed_range.read(at, form)
            return (
                steps.second(at, form, chosen, today(), choices)
                if chosen
                else steps.first(at, form)
            )
        lot_id = _record(at, form, body)
        return at.go(f"/my/lots/{lot_id}", done="lot_recorded")

    @portal.page("/my/activate/done", Role.PRODUCER)
    def done(at: Visit) -> Response:
        form = _asked(at)
        lot = at.api.get(f"/v1/lots/{quote(form.text('lot'), safe='')}")
        stood = _standing(lot, *(form.number(name) for name in ("batch", *steps.STAMPS)))
        product = at.api.get(f"/v1/products/{lot['product_id']}")
        return at.show("my/activate_done.html", lot=lot, product=product, stood=stood)


def _asked(at: Visit) -> Form:
    """What the address holds, as a form to be filled in further."""
    return forms.fresh(at.lang, request.args.to_dict())


def _lot_of(
    at: Visit, form: Form, chosen: Range
) -> tuple[dict[str, Any] | None, typed_lot.Choices]:
    """The body of the new lot, None for one on record; the form is marked where it is wrong."""
    if form.text("lot") == steps.NEW:
        return typed_lot.read(at, form, chosen.product_id)
    if not form.text("lot"):
        form.fault("lot", "Hãy chọn một lô, hoặc lô mới.", "Choose a lot, or a new one.")
    return None, {}


def _record(at: Visit, form: Form, body: dict[str, Any]) -> str:
    """The lot's id; with a key of its own, so that it is recorded once however often it is sent."""
    return str(at.api.post("/v1/lots", body, key=f"{form.key}-lot")["lot_id"])


def _standing(lot: dict[str, Any], batch: Any, first: Any, last: Any) -> Range | None:
    """The stamps of an address, if each of them is tied to the lot and activated now."""
    ends = [one for one in (batch, first, last) if isinstance(one, int)]
    if len(ends) < 3 or first > last:
        return None
    held = [
        (one["first"], one["last"])
        for one in lot["stamps_tied"]
        if one["batch"] == batch and one["state"] == "activated"
    ]
    covered = sum(max(0, min(last, high) - max(first, low) + 1) for low, high in held)
    return Range(batch, first, last, lot["product_id"]) if covered == last - first + 1 else None
