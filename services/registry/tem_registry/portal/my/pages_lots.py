"""The producer's pages of its lots."""

from typing import Any

from flask import Response, request

from tem.http.inside import Refused
from tem.vocabulary import Role
from tem_registry.portal.portal import Portal
from tem_registry.portal.visits import Visit


def add(portal: Portal) -> None:
    """Add the pages."""

    @portal.page("/my/lots", Role.PRODUCER)
    def lots(at: Visit) -> Response:
        form = at.form(request.args.to_dict())
        asked = {name: form.text(name) for name in ("product", "q", "after")}
        page = at.api.get("/v1/lots", **asked, order="newest", limit=30)
        products = at.api.every("/v1/products", limit=200)
        names = {one["product_id"]: one["name"] for one in products}
        kinds = {one["product_id"]: one["date_kind"] for one in products}
        more: dict[str, Any] = {"products": products, "names": names, "kinds": kinds}
        return at.show("my/lots.html", form=form, page=page, **more)

    @portal.page("/my/lots/<id:id>", Role.PRODUCER)
    def lot(at: Visit, id: str) -> Response:
        found = at.api.get(f"/v1/lots/{id}")
        return at.show(
            "my/lot.html",
            lot=found,
            product=at.api.get(f"/v1/products/{found['product_id']}"),
            recalls=[one for one in found["recalls"] if one["lifted_at"] is None],
            lifted=[one for one in found["recalls"] if one["lifted_at"] is not None],
            lookups=_lookups(at, id),
        )


def _lookups(at: Visit, id: str) -> dict[str, Any] | None:
    """How often a lot's stamps were looked up; None while the verifier cannot be asked."""
    try:
        found: dict[str, Any] = at.api.get(f"/v1/lots/{id}/lookups")
    except Refused as refused:
        if refused.status != 503:
            raise
        return None
    return found
