"""The producer's pages of its stamps: which are left, and what became of each."""

from typing import Any

from flask import Response, request

from tem.vocabulary import Role
from tem_registry.portal import stamp_states
from tem_registry.portal.portal import Portal
from tem_registry.portal.visits import Visit

RANGES_SHOWN = 200


def add(portal: Portal) -> None:
    """Add the pages."""

    @portal.page("/my/stamps", Role.PRODUCER)
    def stamps(at: Visit) -> Response:
        form = at.form(request.args.to_dict())
        asked = {"product_id": form.text("product"), "usable": form.text("usable")}
        page = at.api.get(
            "/v1/batches", **asked, order="newest", limit=30, after=form.text("after")
        )
        products = at.api.every("/v1/products", limit=200)
        return at.show(
            "my/stamps.html",
            form=form,
            page=page,
            products=products,
            names={one["product_id"]: one["name"] for one in products},
        )

    @portal.page("/my/stamps/<number:number>", Role.PRODUCER)
    def batch(at: Visit, number: int) -> Response:
        found = at.api.get(f"/v1/batches/{number}")
        after = at.form(request.args.to_dict()).number("after")
        begin = after if isinstance(after, int) else 0
        left = [one for one in found["ranges"] if one["first"] > begin]
        return at.show(
            "my/stamps_batch.html",
            batch=found,
            product=at.api.get(f"/v1/products/{found['product_id']}"),
            counts=stamp_states.counts(found["ranges"]),
            ranges=left[:RANGES_SHOWN],
            next=left[RANGES_SHOWN - 1]["first"] if len(left) > RANGES_SHOWN else None,
            lot_codes=_lot_codes(at, found["product_id"], left[:RANGES_SHOWN]),
        )


def _lot_codes(at: Visit, product_id: str, ranges: list[dict[str, Any]]) -> dict[str, str]:
    """Codes of the lots that ranges are tied to; a purged lot is not among them."""
    wanted = {one["lot_id"] for one in ranges if "lot_id" in one}
    if not wanted:
        return {}
    listed = at.api.every("/v1/lots", product=product_id, limit=500)
    return {one["lot_id"]: one["lot_code"] for one in listed if one["lot_id"] in wanted}
