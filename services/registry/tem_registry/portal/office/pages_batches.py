"""The office's pages of batches: what became of their stamps, hand-over, receipt."""

from typing import Any

from flask import Response, request

from tem.http.inside import Refused
from tem.vocabulary import Role
from tem_registry.portal import paging, stamp_states
from tem_registry.portal.office import range_bar
from tem_registry.portal.office.names import Names
from tem_registry.portal.portal import Portal
from tem_registry.portal.visits import Visit

READERS = (Role.OFFICE, Role.AUDITOR)
ROWS = 30
RANGES = 60  # of a batch on one page


def add(portal: Portal) -> None:
    """Add the pages."""

    @portal.page("/office/batches", *READERS)
    def batches(at: Visit) -> Response:
        if asked := request.args.get("number", "").strip():
            known = asked.isascii() and asked.isdigit()
            return at.go(f"/office/batches/{asked}" if known else "/office/batches")
        chosen = paging.filters("state", "producer_id", "product_id")
        after = request.args.get("after")
        found = at.api.get("/v1/batches", **chosen, after=after, order="newest", limit=ROWS)
        names = Names(at.api)
        names.all_products()
        producers = paging.choices(names.all_producers(), "producer_id")
        return at.show(
            "office/batches.html",
            batches=found["items"],
            names=names,
            chosen=at.form(chosen),
            more=paging.next_page(chosen, found),
            producers=producers,
            is_first=not after,
        )

    @portal.page("/office/batches/<number:number>", *READERS)
    def batch(at: Visit, number: int) -> Response:
        found = at.api.get(f"/v1/batches/{number}")
        since = request.args.get("from", "")[:8]
        ranges, more = _shown(found["ranges"], int(since) if since.isdecimal() else 1)
        return at.show(
            "office/batch.html",
            **_told(at, found),
            ranges=ranges,
            more=more,
            is_first=ranges[:1] == found["ranges"][:1],
            count=len(found["ranges"]),
            sums=at.api.get(f"/v1/batches/{number}/reconciliation"),
            reports=at.api.get("/v1/void-reports", batch=number, state="open")["items"],
            requests=at.api.get("/v1/correction-requests", batch=number, state="open")["items"],
        )

    @portal.form("/office/batches/<number:number>/delivery", Role.OFFICE)
    def deliver(at: Visit, number: int) -> Response:
        form = at.form()
        if request.method == "POST":
            try:
                body = form.body("receipt")
                at.api.post(f"/v1/batches/{number}/delivery", body, key=form.key)
                return at.go(f"/office/batches/{number}", done="batch_delivered")
            except Refused as refused:
                form.refuse(refused)
        found = at.api.get(f"/v1/batches/{number}")
        return at.again("office/batch_delivery.html", form, **_told(at, found))

    @portal.form("/office/batches/<number:number>/receipt", Role.OFFICE)
    def receive(at: Visit, number: int) -> Response:
        found = at.api.get(f"/v1/batches/{number}")
        form = at.form({"quantity": found["received_quantity"], "note": found.get("receipt_note")})
        if request.method == "POST":
            try:
                body = form.body("note", quantity=form.number("quantity"))
                at.api.post(f"/v1/batches/{number}/receipt", body, key=form.key)
                return at.go(f"/office/batches/{number}", done="batch_received")
            except Refused as refused:
                form.refuse(refused)
        return at.again("office/batch_receipt.html", form, **_told(at, found))


def _told(at: Visit, batch: dict[str, Any]) -> dict[str, Any]:
    return {
        "batch": batch,
        "names": Names(at.api),
        "bar": range_bar.pieces(batch["ranges"], batch["quantity"]),
        "counts": stamp_states.counts(batch["ranges"]),
    }


def _shown(ranges: list[dict[str, Any]], since: int) -> tuple[list[dict[str, Any]], int | None]:
    """The ranges of a page from a stamp on, and the stamp with which the next page begins."""
    left = [one for one in ranges if one["last"] >= since]
    return left[:RANGES], left[RANGES]["first"] if len(left) > RANGES else None
