"""The producer asks the office to correct a wrong activation, follows it, takes it back."""

import re
from typing import Any

from flask import Response, request

from tem.http.inside import Refused
from tem.vocabulary import Role
from tem_registry.portal import paging, typed_range
from tem_registry.portal.forms import Form
from tem_registry.portal.my import range_address
from tem_registry.portal.portal import Portal
from tem_registry.portal.visits import Visit

ROWS = 30
MOST_LOTS = 200
TO_LOT, TO_NONE = "lot", "none"
_ID = re.compile(r"[\w.:-]{1,64}", re.ASCII)  # it becomes a part of a path


def add(portal: Portal) -> None:
    """Add the pages."""

    @portal.page("/my/corrections", Role.PRODUCER)
    def corrections(at: Visit) -> Response:
        chosen = paging.filters("state")
        asked = {**chosen, "after": request.args.get("after")}
        found = at.api.get("/v1/correction-requests", **asked, order="newest", limit=ROWS)
        return at.show(
            "my/corrections.html",
            requests=found["items"],
            chosen=at.form(chosen),
            more=paging.next_page(chosen, found),
        )

    @portal.form("/my/corrections/new", Role.PRODUCER, camera=True)
    def new(at: Visit) -> Response:
        wrong = request.args.get("lot", "")
        form = at.form({**range_address.proposed(request.args), "wrong": wrong})
        if request.method == "POST":
            try:
                sent = _sent(at, form)
                if sent is not None:
                    return at.go(f"/my/corrections/{sent['request_id']}", done="correction_asked")
            except Refused as refused:
                form.refuse(refused, {"/lot_id": "lot_id"})
        return at.again("my/correction_new.html", form, **_lots(at, form.text("wrong")))

    @portal.page("/my/corrections/<id:id>", Role.PRODUCER)
    def correction(at: Visit, id: str) -> Response:
        found = at.api.get(f"/v1/correction-requests/{id}")
        lot = at.api.get(f"/v1/lots/{found['lot_id']}") if found["lot_id"] else None
        return at.show("my/correction.html", request=found, lot=lot)

    @portal.act("/my/corrections/<id:id>/withdrawal", Role.PRODUCER)
    def withdraw(at: Visit, id: str) -> Response:
        at.api.post(f"/v1/correction-requests/{id}/withdrawal", key=at.form().key)
        return at.go(f"/my/corrections/{id}", done="correction_withdrawn")


def _sent(at: Visit, form: Form) -> dict[str, Any] | None:
    """The request as recorded; None where the form itself is not whole."""
    if not form.text("last"):
        form.values["last"] = form.text("first")
    stamps = typed_range.read(at, form)
    to = form.text("to")
    if to not in (TO_LOT, TO_NONE):
        form.fault("to", "Hãy chọn cách đính chính.", "Choose how it is to be corrected.")
    elif to == TO_LOT and not form.text("lot_id"):
        form.fault("lot_id", "Hãy chọn lô đúng.", "Choose the right lot.")
    if stamps is None or form.is_refused:
        return None
    body = {
        **form.body("reason"),
        "first": stamps.first,
        "last": stamps.last,
        "lot_id": form.text("lot_id") if to == TO_LOT else None,
    }
    path = f"/v1/batches/{stamps.batch}/correction-requests"
    made: dict[str, Any] = at.api.post(path, body, key=form.key)
    return made


def _lots(at: Visit, wrong: str) -> dict[str, Any]:
    """The lot that the stamps are tied to, if the page was opened from it, and the others that
    may be the right one: of the same product, with units left, newest first."""
    lot = None
    if _ID.fullmatch(wrong):
        lot = at.api.get(f"/v1/lots/{wrong}")
    product = lot["product_id"] if lot else None
    found = at.api.every("/v1/lots", MOST_LOTS, product=product, order="newest", limit=MOST_LOTS)
    names = {one["product_id"]: one["name"] for one in at.api.every("/v1/products", limit=200)}
    fit = (one for one in found if one["units_left"] and not one["recalled"])
    others = [one for one in fit if one["lot_id"] != wrong]
    return {"lot": lot, "lots": others, "names": names}
