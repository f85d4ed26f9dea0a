"""The three steps of an activation as pages: which stamps, which lot, what will happen."""

from collections.abc import Mapping
from datetime import date
from typing import Any
from urllib.parse import quote, urlencode

from flask import Response, request

from tem.stampcode import serial
from tem_registry.portal import forms, written
from tem_registry.portal.forms import Form
from tem_registry.portal.my import foresight, typed_lot
from tem_registry.portal.my.foresight import Foresight
from tem_registry.portal.typed_range import Range
from tem_registry.portal.visits import Visit

NEW = "new"
LOTS_SHOWN = 6
STAMPS = ("first", "last")
LOT = ("lot_code", "production_date", "best_before", "quantity", "unit")


def first(at: Visit, form: Form) -> Response:
    """Which stamps: scanned, typed, or a range that is left."""
    batches = at.api.every("/v1/batches", usable="true", order="newest", limit=50, most=50)
    ready = [one for one in batches if one["counts"]["delivered"]]
    names = {one["product_id"]: one["name"] for one in at.api.every("/v1/products", limit=200)}
    kept = form.text("lot") if form.text("lot") != NEW else ""
    lot = at.api.get(f"/v1/lots/{quote(kept, safe='')}") if kept else None
    if lot is not None:
        ready = [one for one in ready if one["product_id"] == lot["product_id"]]
    return at.again("my/activate.html", form, ready=ready, names=names, lot=lot)


def second(
    at: Visit, form: Form, chosen: Range, today: date, choices: typed_lot.Choices | None = None
) -> Response:
    """Which lot: one on record, or a new one with what is most often meant filled in."""
    product = at.api.get(f"/v1/products/{chosen.product_id}")
    found = at.api.get("/v1/lots", product=chosen.product_id, order="newest", limit=50)["items"]
    lots = [one for one in found if _may_have_stamps(one, today.isoformat())][:LOTS_SHOWN]
    kept = form.text("lot")
    if kept not in ("", NEW) and kept not in [one["lot_id"] for one in lots]:
        lots.insert(0, at.api.get(f"/v1/lots/{quote(kept, safe='')}"))
    shown = written.day(today)
    _propose(form, lots, chosen, shown)
    more = {"chosen": chosen, "product": product, "lots": lots, "choices": choices or {}}
    example = f"{today:L%y%m%d}-1"
    return at.again("my/activate_lot.html", form, **more, today=shown, example=example)


def _propose(form: Form, lots: list[Any], chosen: Range, today: str) -> None:
    """Fill in what is most often meant, where nothing was typed yet: the number of a new lot never,
    it is what the pack says."""
    bare = next((one["lot_id"] for one in lots if not one["stamps_activated"]), NEW)
    proposed = {
        "lot": bare,
        "production_date": today,
        "quantity": str(chosen.count),
    }
    if "lot_code" in form.values:
        proposed = {"lot": NEW}
    for name, value in proposed.items():
        form.values.setdefault(name, value)


def _may_have_stamps(lot: dict[str, Any], today: str) -> bool:
    dated = lot["best_before"] is None or lot["best_before"] >= today
    return bool(dated and lot["units_left"] and not lot["recalled"])


def third(at: Visit, form: Form, chosen: Range, body: dict[str, Any] | None) -> Response:
    """What will happen, or all that stands against it; ``body`` is a new lot's."""
    foreseen, same = _foresee(at, form, chosen, body)
    beyond = body if foreseen.is_beyond_shelf_life else None
    if request.method == "POST" and foreseen.refusals:
        form.code = foreseen.refusals[0]["code"]
        form.refusal = " ".join(_sentence(chosen, one) for one in foreseen.refusals)
    product = at.api.get(f"/v1/products/{chosen.product_id}")
    typed = {name: form.text(name) for name in (*STAMPS, "lot", *(LOT if body else ()))}
    typed |= {name: value for name, value in (body or {}).items() if name != "product_id"}
    return at.again(
        "my/activate_check.html",
        form,
        chosen=chosen,
        foreseen=foreseen,
        product=product,
        typed=typed,
        new_lot=body,
        latest=foresight.latest_best_before(at, beyond) if beyond else None,
        mend=urlencode(_kept(form) | _settled(form, body or {})),
        same=_check({**chosen.serials, "lot": same}) if same else None,
        narrowed=_narrowed(form, foreseen, chosen),
    )


def is_refused_before(at: Visit, chosen: Range, body: dict[str, Any]) -> bool:
    """Whether anything stands against an activation whose lot is not on record yet: then nothing
    is recorded. Where it is, an earlier try was here, and sending again gives its answer."""
    codes = [one["code"] for one in foresight.of_new_lot(at, chosen, body).refusals]
    return bool(codes) and "lot_exists" not in codes


def _foresee(
    at: Visit, form: Form, chosen: Range, body: dict[str, Any] | None
) -> tuple[Foresight, str | None]:
    """What will happen; and the lot that has the new one's code already, if there is one."""
    same = None
    if body is None:
        foreseen = foresight.of_lot(at, chosen, form.text("lot"))
    else:
        foreseen = foresight.of_new_lot(at, chosen, body)
        if any(one["code"] == "lot_exists" for one in foreseen.refusals):
            same = _of_that_code(at, chosen, body["lot_code"])
    if same is not None:
        on_record = foresight.of_lot(at, chosen, same)
        # Who goes back after it was done reads that it was.
        foreseen = on_record if on_record.already else foreseen
    return foreseen, same


def _sentence(chosen: Range, refusal: Mapping[str, Any]) -> str:
    """A refusal with the serials that it is about."""
    if "first" not in refusal:
        return str(refusal["sentence"])
    ends = dict.fromkeys(serial(chosen.batch, refusal[end]) for end in STAMPS)
    return f"{' → '.join(ends)}: {refusal['sentence']}"


def _kept(form: Form) -> dict[str, str]:
    """The query of the steps before, as it was typed."""
    return {n: v for n, v in form.values.items() if n not in (forms.KEY_FIELD, "lang") and v}


def _settled(form: Form, body: Mapping[str, Any]) -> dict[str, str]:
    """Dates that were chosen from several readings (or come back as the API has them) as they are
    shown, so that nobody is asked for them again. Pure."""
    chosen = [name for name in typed_lot.DATES if name in body and _is_settled(form, name, body)]
    return {name: written.day_or_month(body[name]) for name in chosen}


def _is_settled(form: Form, name: str, body: Mapping[str, Any]) -> bool:
    return body[name] in (form.text(f"{name}_is"), form.text(name))


def _narrowed(form: Form, foreseen: Foresight, chosen: Range) -> list[tuple[Range, str]]:
    """The parts that would do, each with the address that proposes it."""
    parts = [Range(chosen.batch, *ends, chosen.product_id) for ends in foreseen.proposed]
    return [(part, _check(_kept(form) | part.serials)) for part in parts]


def _check(query: dict[str, str]) -> str:
    return f"/my/activate/check?{urlencode(query)}"


def _of_that_code(at: Visit, chosen: Range, code: str) -> str | None:
    """The id of the product's lot that has this code already."""
    found = at.api.every("/v1/lots", product=chosen.product_id, q=code, limit=100)
    return next((str(one["lot_id"]) for one in found if one["lot_code"] == code), None)
