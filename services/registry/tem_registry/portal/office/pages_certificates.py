"""The office's pages of recognitions: list, one, add, change, withdraw."""

from typing import Any

from flask import Response, request

from tem.http.inside import Refused
from tem.vocabulary import Role
from tem_registry.portal.office.records import catalogue_made, choices, fields, forms
from tem_registry.portal.office.records.forms import Sheet
from tem_registry.portal.office.records.lists import listed
from tem_registry.portal.office.records.shown import again, show
from tem_registry.portal.portal import Portal
from tem_registry.portal.visits import Visit

READERS = (Role.OFFICE, Role.AUDITOR)
PAGE, CALL = "/office/certificates", "/v1/certificates"
_ALL = ("Giấy chứng nhận", "Certificates")


def add(portal: Portal) -> None:
    """Add the pages."""

    @portal.page(PAGE, *READERS)
    def certificates(at: Visit) -> Response:
        products = choices.products(at)
        return show(
            at,
            "office/certificates.html",
            listed=listed(at, CALL, "product", "status"),
            products=products,
            names=choices.names_of(products),
            statuses=choices.of_words(at, "certificate"),
        )

    @portal.form(f"{PAGE}/new", Role.OFFICE)
    def new(at: Visit) -> Response:
        title = ("Thêm giấy chứng nhận", "Add a certificate")
        groups = (catalogue_made.CERTIFICATE_OF, *catalogue_made.CERTIFICATE)
        sheet = Sheet(CALL, PAGE, title, PAGE, _ALL, groups, _lists(at, products=True))
        return forms.add(at, sheet, "certificate_id", {"product_id": request.args.get("product")})

    @portal.page(f"{PAGE}/<id:id>", *READERS)
    def certificate(at: Visit, id: str) -> Response:
        found = at.api.get(f"{CALL}/{id}")
        product = at.api.get(f"/v1/products/{found['product_id']}")
        return show(at, "office/certificate.html", certificate=found, product=product)

    @portal.form(f"{PAGE}/<id:id>/edit", Role.OFFICE)
    def edit(at: Visit, id: str) -> Response:
        title, page = ("Sửa giấy chứng nhận", "Change a certificate"), f"{PAGE}/{id}"
        back = ("Giấy chứng nhận", "The certificate")
        groups, lists = catalogue_made.CERTIFICATE_ON_RECORD, _lists(at)
        return forms.change(at, Sheet(f"{CALL}/{id}", page, title, page, back, groups, lists))

    @portal.form(f"{PAGE}/<id:id>/withdrawal", Role.OFFICE)
    def withdrawal(at: Visit, id: str) -> Response:
        return _withdraw(at, id)


def _lists(at: Visit, *, products: bool = False) -> dict[str, list[choices.Choice]]:
    lists = {"stars": choices.of_words(at, "stars")}
    return {**lists, "products": choices.products(at)} if products else lists


def _withdraw(at: Visit, id: str) -> Response:
    form = at.form()
    if request.method == "POST":
        day = fields.day_of(form, "revoked_on")
        if not form.ticked("understood"):
            form.fault(
                "understood",
                "Hãy đọc phần “Điều sẽ xảy ra” rồi đánh dấu ô này.",
                "Read what will happen, then tick this box.",
            )
        if not form.is_refused:
            body = form.body("decision_no", "reason", revoked_on=day)
            try:
                done = at.api.post(f"{CALL}/{id}/withdrawal", body, key=form.key)
            except Refused as refused:
                form.refuse(refused)
            else:
                return show(at, "office/certificate_withdrawn.html", done=done)
    return again(at, "office/certificate_withdrawal.html", form, **_effects(at, id))


def _effects(at: Visit, id: str) -> dict[str, Any]:
    """What a withdrawal would do today, in numbers."""
    found = at.api.get(f"{CALL}/{id}")
    product_id = found["product_id"]
    in_force = at.api.every(CALL, product=product_id, status="valid", limit=200)
    counts = [
        one["counts"] for one in at.api.every("/v1/batches", product_id=product_id, limit=200)
    ]
    return {
        "certificate": found,
        "product": at.api.get(f"/v1/products/{product_id}"),
        "others": [one for one in in_force if one["certificate_id"] != id],
        "unused": sum(one["issued"] + one["delivered"] for one in counts),
        "activated": sum(one["activated"] for one in counts),
    }
