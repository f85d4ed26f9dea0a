"""The office's pages of prints: files from the issuer with a person's own key, run, confirmation.

The registry's own key may not read codes (docs/adr, "The print key stays with the person"): the
key that is typed here goes to the issuer with this one request and is kept nowhere.
"""

from typing import Any

from flask import Response, request

from tem.errors import TemError
from tem.http.inside import Refused
from tem.vocabulary import Role
from tem_registry.orders.print_client import Download, PrintClient
from tem_registry.portal import wording
from tem_registry.portal.forms import Form
from tem_registry.portal.office import print_forms
from tem_registry.portal.portal import Portal
from tem_registry.portal.visits import Visit


def add(portal: Portal, issuer_url: str) -> None:
    """Add the pages; ``issuer_url`` is where a person's key is taken to."""
    issuer = PrintClient(issuer_url)

    @portal.form("/office/batches/<number:number>/print", Role.OFFICE)
    def files(at: Visit, number: int) -> Response:
        form = at.form(print_forms.START)
        if request.method == "POST":
            try:
                path, query = print_forms.wanted(form, number)
                return _passed_on(issuer.download(form.text("issuer_key"), path, query))
            except TemError as refused:
                _refuse(form, refused, "first")
        return at.again("office/print.html", form, **_told(at, number))

    @portal.form("/office/batches/<number:number>/print-run", Role.OFFICE)
    def run(at: Visit, number: int) -> Response:
        batch = at.api.get(f"/v1/batches/{number}")
        form = at.form({"printed": batch["quantity"]})
        if request.method == "POST":
            try:
                body = print_forms.run_body(form)
                at.api.post(f"/v1/batches/{number}/print-run", body, key=form.key)
                return at.go(f"/office/batches/{number}/print", done="print_reported")
            except Refused as refused:
                form.refuse(refused)
            except TemError as refused:
                _refuse(form, refused, "spoiled")
        return at.again("office/print_run.html", form, batch=batch)

    @portal.form("/office/batches/<number:number>/print/confirmation", Role.OFFICE)
    def confirm(at: Visit, number: int) -> Response:
        form = at.form()
        if request.method == "POST":
            try:
                print_forms.check_typed(form, number)
                issuer.confirm_print(form.text("issuer_key"), number, form.key)
                return at.go(f"/office/batches/{number}/print", done="print_confirmed")
            except TemError as refused:
                _refuse(form, refused, "typed")
        return at.again("office/print_confirmation.html", form, **_told(at, number))


def _told(at: Visit, number: int) -> dict[str, Any]:
    """A batch, and whether the issuer still has its codes; None if it does not say."""
    batch = at.api.get(f"/v1/batches/{number}")
    try:
        progress = at.api.get(f"/v1/orders/{batch['batch_id']}/progress")
    except Refused:
        progress = None
    parts = print_forms.parts(batch["quantity"])
    product = at.api.get(f"/v1/products/{batch['product_id']}")
    return {"batch": batch, "progress": progress, "parts": parts, "product": product}


def _passed_on(file: Download) -> Response:
    """The issuer's file as it comes; nothing on the way keeps a copy."""
    response = Response(file.pieces, headers=dict(file.headers))
    response.headers["Cache-Control"] = "no-store"
    response.headers["X-Accel-Buffering"] = "no"  # nginx would put large ones on its disk
    response.call_on_close(file.close.close)
    return response


def _refuse(form: Form, refused: TemError, field: str = "") -> None:
    """Show a refusal, at the field it is about: the key's if the issuer does not take the key."""
    told = wording.refusal(form.lang, refused.code, refused.detail, refused.extra)
    at_fault = "issuer_key" if refused.code == "print_key_refused" else field
    if at_fault and refused.code in print_forms.AT_A_FIELD:
        form.faults[at_fault] = told
    else:
        form.code, form.refusal = refused.code, told
