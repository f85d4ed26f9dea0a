"""The office's pages of acts on ranges: void, revoke, take back, correct. Told first, then done."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from flask import Response, request

from tem.errors import Invalid
from tem.http.inside import Refused
from tem.vocabulary import Role
from tem_registry.portal import wording
from tem_registry.portal.forms import Form
from tem_registry.portal.office import print_forms, range_forms
from tem_registry.portal.office.names import Names
from tem_registry.portal.portal import Portal
from tem_registry.portal.visits import Visit

PREFILLED = ("first", "last", "kind", "reason", "lot_id")


@dataclass(frozen=True, slots=True)
class Act:
    """An act on a range: its page's word, its call, what is said when it is done, its body."""

    name: str
    call: str
    done: str
    body: Callable[[Form, int], dict[str, Any]]
    foreseen: Callable[[Form, int], dict[str, Any]]  # the body of its preview


ACTS = (
    Act("void", "voids", "stamps_void", range_forms.void_body, range_forms.span),
    Act("revocation", "revocations", "stamps_revoked", range_forms.reasoned, range_forms.span),
    Act("return", "returns", "stamps_returned", range_forms.reasoned, range_forms.span),
    Act(
        *("correction", "corrections", "stamps_corrected"),
        range_forms.correction_body,
        range_forms.correction_body,
    ),
)


def add(portal: Portal) -> None:
    """Add a page for each act."""
    for act in ACTS:
        _page(portal, act)


def _page(portal: Portal, act: Act) -> None:
    def view(at: Visit, number: int) -> Response:
        form = at.form({name: request.args.get(name) for name in PREFILLED})
        seen: dict[str, Any] | None = None
        if request.method == "POST" and form.text("step") != "edit":
            try:
                if form.text("step") == "confirm":
                    return _done(at, act, number, form)
                seen = _foreseen(at, act, number, form)
            except Refused as refused:
                form.refuse(refused)
            except Invalid as refused:
                _mark(form, refused, number)
        return _shown(at, act, number, form, seen)

    view.__name__ = f"{act.name}_stamps"
    portal.form(f"/office/batches/<number:number>/{act.name}", Role.OFFICE)(view)


def _done(at: Visit, act: Act, number: int, form: Form) -> Response:
    body = act.body(form, number)
    at.api.post(f"/v1/batches/{number}/{act.call}", body, key=form.key)
    return at.go(f"/office/batches/{number}", done=act.done)


def _foreseen(at: Visit, act: Act, number: int, form: Form) -> dict[str, Any]:
    """What it would do; what refuses it is marked in the form."""
    act.body(form, number)  # whatever cannot be read is said before all else
    seen: dict[str, Any] = at.api.post(
        f"/v1/batches/{number}/{act.call}/preview", act.foreseen(form, number)
    )
    if seen["refusals"]:
        form.refusal = at.t(
            "Chưa làm gì: có tem không làm như vậy được.",
            "Nothing was done: some stamps cannot be treated so.",
        )
    rest = range_forms.left_over(seen["first"], seen["last"], seen["refusals"])
    typed = {name: form.text(name) for name in PREFILLED if form.text(name)}
    return {
        **seen,
        "stops": stops(at, seen),
        "rest": [(a, b, urlencode({**typed, "first": a, "last": b})) for a, b in rest],
    }


def stops(at: Visit, seen: dict[str, Any]) -> list[dict[str, Any]]:
    """The refusals of a preview with a sentence each."""
    return [
        {**one, "sentence": wording.refusal(at.lang, one["code"], one["detail"], one)}
        for one in seen["refusals"]
    ]


def _mark(form: Form, refused: Invalid, number: int) -> None:
    """Say at the field what could not be read there."""
    told = wording.refusal(form.lang, refused.code, refused.detail, refused.extra)
    for name in ("first", "last"):
        try:
            print_forms.stamp(form.text(name), number)
        except Invalid:
            form.faults.setdefault(name, told)
    if not form.faults:
        form.faults[str(refused.extra.get("field", "first"))] = told


def _shown(at: Visit, act: Act, number: int, form: Form, seen: dict[str, Any] | None) -> Response:
    batch = at.api.get(f"/v1/batches/{number}")
    names = Names(at.api)
    lots: list[dict[str, Any]] = []
    if act.name == "correction":
        query = {"product": batch["product_id"], "order": "newest", "limit": 200}
        lots = at.api.get("/v1/lots", **query)["items"]
    values = {"act": act.name, "batch": batch, "names": names, "lots": lots, "seen": seen}
    return at.again("office/range_act.html", form, **values)
