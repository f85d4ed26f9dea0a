"""The producer's products: what the office has on record, the certificate, what is missing."""

from datetime import date
from typing import Any

from flask import Response

from tem.dates import vietnam_day
from tem.vocabulary import Role
from tem_registry.portal.portal import Portal
from tem_registry.portal.visits import Visit

Certificate = dict[str, Any]


def add(portal: Portal) -> None:
    """Add the pages."""
    wiring = portal.wiring

    @portal.page("/my/products", Role.PRODUCER)
    def products(at: Visit) -> Response:
        certificates = at.api.every("/v1/certificates", limit=200)
        return at.show(
            "my/products.html",
            products=at.api.every("/v1/products", limit=200),
            newest=newest(certificates),
            today=vietnam_day(wiring.clock()),
            days_left=days_left,
        )

    @portal.page("/my/products/<id:id>", Role.PRODUCER)
    def product(at: Visit, id: str) -> Response:
        found = at.api.every("/v1/certificates", product=id, limit=200)
        shown = at.api.get(f"/v1/products/{id}")
        return at.show(
            "my/product.html",
            product=shown,
            category=_category(at, shown["category_code"]),
            certificates=sorted(found, key=lambda one: str(one["valid_until"]), reverse=True),
            today=vietnam_day(wiring.clock()),
            days_left=days_left,
        )


def newest(certificates: list[Certificate]) -> dict[str, Certificate]:
    """By product the certificate that lasts longest; a revoked one only for want of others."""
    found: dict[str, Certificate] = {}
    for one in sorted(certificates, key=lambda c: (not c.get("revoked_on"), str(c["valid_until"]))):
        found[one["product_id"]] = one
    return found


def days_left(certificate: Certificate, today: date) -> int:
    """Days until its last one; 0 on that day itself, negative afterwards."""
    return (date.fromisoformat(certificate["valid_until"]) - today).days


def _category(at: Visit, code: str) -> str:
    """What a category is called; its code if nobody knows."""
    found = at.api.every("/v1/categories", limit=200)
    return next((str(one[f"name_{at.lang}"]) for one in found if one["code"] == code), code)
