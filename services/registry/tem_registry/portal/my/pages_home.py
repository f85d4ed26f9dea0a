"""The producer's home: what needs it, its stamps, its latest lots."""

from typing import Any

from flask import Response

from tem.vocabulary import Role
from tem_registry.portal.portal import Portal
from tem_registry.portal.visits import Visit

ITEMS_SHOWN = 4


def add(portal: Portal) -> None:
    """Add the page."""

    @portal.page("/my", Role.PRODUCER)
    def home(at: Visit) -> Response:
        work = at.api.get("/v1/worklist")
        products = at.api.every("/v1/products", limit=200)
        batches = at.api.every("/v1/batches", usable="true", limit=200)
        return at.show(
            "my/home.html",
            groups=[one for one in work["groups"] if one["count"]],
            products=products,
            left=stamps_left(batches),
            names={one["product_id"]: one["name"] for one in products},
            kinds={one["product_id"]: one["date_kind"] for one in products},
            lots=at.api.get("/v1/lots", order="newest", limit=5)["items"],
            items_shown=ITEMS_SHOWN,
        )


def stamps_left(batches: list[dict[str, Any]]) -> dict[str, dict[str, int]]:
    """By product: stamps that may be activated, and those still at the office."""
    found: dict[str, dict[str, int]] = {}
    for one in batches:
        of = found.setdefault(one["product_id"], {"delivered": 0, "issued": 0})
        for state in of:
            of[state] += one["counts"][state]
    return found
