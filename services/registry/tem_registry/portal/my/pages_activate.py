"""The producer's pages of activation: which stamps, which lot, what will happen, done.

The steps before the last are addresses, so going back works and nothing has to be kept here. The
last sends everything once more, under one key: it can be sent again until an answer comes.
"""

from dataclasses import dataclass
from datetime import date
from typing import Any
from urllib.parse import quote

from flask import Response, request

from tem.dates import vietnam_day
from tem.http.inside import Refused
from tem.vocabulary import Role
from tem_registry.portal import forms, typed_range
from tem_registry.portal.forms import Form
from tem_registry.portal.my import activation_steps as steps
from tem_registry.portal.my import typed_lot
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
        ask = _read(at, form, today())
        return ask if isinstance(ask, Response) else _third(at, form, ask, today())

    @portal.act("/my/activate/confirm", Role.PRODUCER)
    def confirm(at: Visit) -> Response:
        form = at.form()
        ask = _read(at, form, today())
        if isinstance(ask, Response):
            return ask
        try:
            if ask.lot is not None and steps.is_refused_before(at, ask.stamps, ask.lot):
                return _third(at, form, ask, today())
            lot_id = form.text("lot") if ask.lot is None else _record(at, form, ask.lot)
            path = f"/v1/lots/{quote(lot_id, safe='')}/activations"
            at.api.post(path, ask.stamps.body, key=form.key)
        except Refused as refused:
            if refused.status in (429, *range(500, 600)):
                raise  # it is sent again, as it is
            form.refuse(refused)
            return _third(at, form, ask, today())
        told: dict[str, Any] = {"lot": lot_id, **ask.stamps.body}
        return at.go("/my/activate/done", **told)

    @portal.act("/my/activate/record", Role.PRODUCER)
    def record(at: Visit) -> Response:
        form = at.form()
        ask = _read(at, form, today())
        if isinstance(ask, Response):
            return ask
        lot_id = form.text("lot") if ask.lot is None else _record(at, form, ask.lot)
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


@dataclass(frozen=True, slots=True)
class Ask:
    """What is asked for: stamps, and the body of a new lot; ``lot`` is None for one on record."""

    stamps: Range
    lot: dict[str, Any] | None
    choices: typed_lot.Choices


def _read(at: Visit, form: Form, today: date) -> Ask | Response:
    """What a form asks for, or the step at which something is to be mended."""
    stamps = typed_range.read(at, form)
    if stamps is None:
        return steps.first(at, form)
    lot, choices = None, typed_lot.Choices()
    if form.text("lot") == steps.NEW:
        lot, choices = typed_lot.read(at, form, stamps.product_id)
    elif not form.text("lot"):
        form.fault("lot", "Hãy chọn một lô, hoặc lô mới.", "Choose a lot, or a new one.")
    if form.is_refused:
        return steps.second(at, form, stamps, today, choices)
    return Ask(stamps, lot, choices)


def _third(at: Visit, form: Form, ask: Ask, today: date) -> Response:
    """The last step, or the one before it where a field of the new lot is not as the API wants."""
    try:
        return steps.third(at, form, ask.stamps, ask.lot)
    except Refused as refused:
        if refused.status != 422:
            raise
        form.refuse(refused)
        return steps.second(at, form, ask.stamps, today, ask.choices)


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
