"""The three steps of an activation as pages: which stamps, which lot, what will happen."""

from datetime import date
from typing import Any
from urllib.parse import quote, urlencode

from flask import Response

from tem_registry.portal import foresight, forms, typed_lot
from tem_registry.portal.foresight import Foresight
from tem_registry.portal.forms import Form
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
    _propose(form, lots, found, chosen, f"{today:L%y%m%d}", f"{today:%d/%m/%Y}")
    more = {"chosen": chosen, "product": product, "lots": lots, "choices": choices or {}}
    return at.again("my/activate_lot.html", form, **more)


def _propose(
    form: Form, lots: list[Any], found: list[Any], chosen: Range, code: str, today: str
) -> None:
    """Fill in what is most often meant, where nothing was typed yet."""
    bare = next((one["lot_id"] for one in lots if not one["stamps_activated"]), NEW)
    taken = {one["lot_code"] for one in found}
    number = next(n for n in range(1, len(taken) + 2) if f"{code}-{n}" not in taken)
    proposed = {
        "lot": bare,
        "lot_code": f"{code}-{number}",
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
    lot = form.text("lot")
    foreseen = (
        foresight.of_lot(at, chosen, lot)
        if body is None
        else foresight.of_new_lot(at, chosen, body)
    )
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
        mend=_mend(form),
        narrowed=_narrowed(form, foreseen, chosen),
    )


def _mend(form: Form) -> str:
    """The query of the steps before, as it was typed."""
    kept = {n: v for n, v in form.values.items() if n not in (forms.KEY_FIELD, "lang") and v}
    return urlencode(kept)


def _narrowed(form: Form, foreseen: Foresight, chosen: Range) -> list[tuple[Range, str]]:
    """The parts that would do, each with the address that proposes it."""
    out = []
    for first, last in foreseen.proposed:
        part = Range(chosen.batch, first, last, chosen.product_id)
        kept = {n: v for n, v in form.values.items() if n not in (forms.KEY_FIELD, "lang") and v}
        out.append((part, f"/my/activate/check?{urlencode({**kept, **part.serials})}"))
    return out
