"""The producer's orders: ask for stamps, follow them until they are here, cancel an order."""

from flask import Response, request

from tem.http.inside import Refused
from tem.vocabulary import Role
from tem_registry.portal import order_progress, paging
from tem_registry.portal.forms import Form
from tem_registry.portal.portal import Portal
from tem_registry.portal.visits import Visit

ROWS = 30
# Seconds until the page asks anew: while stamps are signed, while people decide. Else never.
AGAIN = {"approved": 2, "issuing": 2, "requested": 20, "issued": 60, "printed": 60}


def add(portal: Portal) -> None:
    """Add the pages."""

    @portal.page("/my/orders", Role.PRODUCER)
    def orders(at: Visit) -> Response:
        chosen = paging.filters("state")
        after = request.args.get("after")
        found = at.api.get("/v1/orders", **chosen, after=after, order="newest", limit=ROWS)
        return at.show(
            "my/orders.html",
            orders=found["items"],
            names=_names(at),
            chosen=at.form(chosen),
            more=paging.next_page(chosen, found),
        )

    @portal.form("/my/orders/new", Role.PRODUCER)
    def new(at: Visit) -> Response:
        form = at.form(
            {"product_id": request.args.get("product"), "quantity": request.args.get("quantity")}
        )
        if request.method == "POST":
            try:
                return _sent(at, form) if form.ticked("seen") else _foreseen(at, form)
            except Refused as refused:
                form.refuse(refused)
        return _asked(at, form)

    @portal.page("/my/orders/<id:id>", Role.PRODUCER)
    def order(at: Visit, id: str) -> Response:
        found = at.api.get(f"/v1/orders/{id}")
        return at.show(
            "my/order.html",
            order=found,
            product=at.api.get(f"/v1/products/{found['product_id']}"),
            progress=order_progress.progress(at, found),
            failure=order_progress.failure(at, found)
            or at.t("Bộ phận phát hành không ký được đợt tem.", "The issuer could not sign it."),
            again=AGAIN.get(found["state"]),
        )

    @portal.form("/my/orders/<id:id>/cancellation", Role.PRODUCER)
    def cancel(at: Visit, id: str) -> Response:
        form = at.form()
        if request.method == "POST":
            try:
                at.api.post(f"/v1/orders/{id}/cancellation", form.body("reason"), key=form.key)
                return at.go(f"/my/orders/{id}", done="order_cancelled")
            except Refused as refused:
                form.refuse(refused)
        found = at.api.get(f"/v1/orders/{id}")
        product = at.api.get(f"/v1/products/{found['product_id']}")
        return at.again("my/order_cancellation.html", form, order=found, product=product)


def _asked(at: Visit, form: Form) -> Response:
    found = at.api.every("/v1/products", stampable="true", limit=200)
    return at.again("my/order_new.html", form, products=paging.choices(found, "product_id"))


def _foreseen(at: Visit, form: Form) -> Response:
    """What the order will come to, to be confirmed; or the form again with all that refuses it."""
    body = form.body("product_id", quantity=form.number("quantity"))
    told = at.api.post("/v1/orders/preview", body)
    if told["refusals"]:
        form.code = told["refusals"][0]["code"]
        form.problem = {"reasons": told["refusals"]}
        form.refusal = form.reasons[0]
        return _asked(at, form)
    product = at.api.get(f"/v1/products/{told['product_id']}")
    return at.show("my/order_check.html", form=form, told=told, product=product)


def _sent(at: Visit, form: Form) -> Response:
    body = form.body("product_id", quantity=form.number("quantity"))
    made = at.api.post("/v1/orders", body, key=form.key)
    return at.go(f"/my/orders/{made['order_id']}", done="my_order_made")


def _names(at: Visit) -> dict[str, str]:
    found = at.api.every("/v1/products", limit=200)
    return {one["product_id"]: one["name"] for one in found}
