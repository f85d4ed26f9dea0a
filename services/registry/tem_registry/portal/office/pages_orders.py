"""The office's pages of orders: who wants stamps, approval, refusal, and the way to a batch."""

from typing import Any

from flask import Response, jsonify, request

from tem.http.inside import Refused
from tem.vocabulary import Role
from tem_registry.portal import order_progress, paging
from tem_registry.portal.forms import Form
from tem_registry.portal.office.names import Names
from tem_registry.portal.portal import Portal
from tem_registry.portal.visits import Visit

READERS = (Role.OFFICE, Role.AUDITOR)
ROWS = 30


def add(portal: Portal) -> None:
    """Add the pages."""

    @portal.page("/office/orders", *READERS)
    def orders(at: Visit) -> Response:
        chosen = paging.filters("state", "producer_id", "product_id")
        after = request.args.get("after")
        found = at.api.get("/v1/orders", **chosen, after=after, order="newest", limit=ROWS)
        names = Names(at.api)
        names.all_products()
        producers = paging.choices(names.all_producers(), "producer_id")
        return at.show(
            "office/orders.html",
            orders=found["items"],
            names=names,
            chosen=at.form(chosen),
            more=paging.next_page(chosen, found),
            producers=producers,
            is_first=not after,
        )

    @portal.page("/office/orders/<id:id>", *READERS)
    def order(at: Visit, id: str) -> Response:
        return at.show("office/order.html", **_told(at, id), form=at.form())

    @portal.form("/office/orders/<id:id>/approval", Role.OFFICE)
    def approve(at: Visit, id: str) -> Response:
        form = at.form()
        if request.method == "POST":
            try:
                return _approved(at, id, form)
            except Refused as refused:
                form.refuse(refused)
        return at.again("office/order_approval.html", form, **_told(at, id))

    @portal.form("/office/orders/<id:id>/rejection", Role.OFFICE)
    def reject(at: Visit, id: str) -> Response:
        form = at.form()
        if request.method == "POST":
            try:
                at.api.post(f"/v1/orders/{id}/rejection", form.body("reason"), key=form.key)
                return at.go(f"/office/orders/{id}", done="order_rejected")
            except Refused as refused:
                form.refuse(refused)
        return at.again("office/order_rejection.html", form, **_told(at, id))

    @portal.page("/office/orders/<id:id>/progress", *READERS)
    def progress(at: Visit, id: str) -> Response:
        """For the script of the order's page; a person without it sees the order."""
        if not at.wants_json:
            return at.go(f"/office/orders/{id}")
        return jsonify(at.api.get(f"/v1/orders/{id}/progress"))

    @portal.form("/office/orders/new", Role.OFFICE)
    def new(at: Visit) -> Response:
        form = at.form({"product_id": request.args.get("product")})
        if request.method == "POST":
            body = form.body("product_id", "override_reason", quantity=form.number("quantity"))
            try:
                made = at.api.post("/v1/orders", body, key=form.key)
                return at.go(f"/office/orders/{made['order_id']}", done="order_made")
            except Refused as refused:
                form.refuse(refused)
        return at.again("office/order_new.html", form, products=_stampable(at))


def _approved(at: Visit, id: str, form: Form) -> Response:
    body = form.body("override_reason")
    order = at.api.post(f"/v1/orders/{id}/approvals", body, key=form.key)
    done = "order_half_approved" if order["state"] == "requested" else "order_approved"
    return at.go(f"/office/orders/{id}", done=done)


def _told(at: Visit, id: str) -> dict[str, Any]:
    """An order with its product, producer and certificate, and how far the issuer is."""
    order = at.api.get(f"/v1/orders/{id}")
    product = at.api.get(f"/v1/products/{order['product_id']}")
    certificates = at.api.every("/v1/certificates", product=order["product_id"])
    return {
        "order": order,
        "product": product,
        "producer": at.api.get(f"/v1/producers/{order['producer_id']}"),
        "certificates": sorted(certificates, key=lambda one: one["valid_until"], reverse=True),
        "progress": order_progress.progress(at, order),
        "failure": order_progress.failure(at, order) or order.get("failure", ""),
        "approved_before": any(one["by"] == at.person.login for one in order["approvals"]),
    }


def _stampable(at: Visit) -> list[tuple[str, str]]:
    products = at.api.every("/v1/products", stampable="true", limit=500)
    return paging.choices(products, "product_id")
