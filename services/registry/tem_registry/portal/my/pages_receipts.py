"""The producer confirms how many stamps of a hand-over arrived."""

from flask import Response, request

from tem.http.inside import Refused
from tem.vocabulary import Role
from tem_registry.portal.portal import Portal
from tem_registry.portal.visits import Visit


def add(portal: Portal) -> None:
    """Add the page."""

    @portal.form("/my/receipts/<number:number>", Role.PRODUCER)
    def receipt(at: Visit, number: int) -> Response:
        form = at.form()
        batch = at.api.get(f"/v1/batches/{number}")
        if request.method == "POST":
            is_whole = form.text("arrived") == "all"
            counted = batch["delivered_quantity"] if is_whole else form.number("quantity")
            body = form.body("note", quantity=counted)
            try:
                at.api.post(f"/v1/batches/{number}/receipt", body, key=form.key)
                short = "" if is_whole else "_short"
                return at.go(f"/my/receipts/{number}", done=f"receipt_confirmed{short}")
            except Refused as refused:
                form.refuse(refused)
        product = at.api.get(f"/v1/products/{batch['product_id']}")
        return at.again("my/receipt.html", form, batch=batch, product=product)
