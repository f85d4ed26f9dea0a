"""The office's pages of what producers report and ask for: void reports, correction requests."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from flask import Response, request

from tem.http.inside import Refused
from tem.vocabulary import Role
from tem_registry.portal import paging
from tem_registry.portal.office import audit_terms
from tem_registry.portal.office.names import Names
from tem_registry.portal.office.pages_ranges import stops
from tem_registry.portal.portal import Portal
from tem_registry.portal.visits import Visit

READERS = (Role.OFFICE, Role.AUDITOR)
ROWS = 50


@dataclass(frozen=True, slots=True)
class Decision:
    """A call, the word for what it did, and the page that asks for it with what the page tells."""

    call: str
    done: str
    template: str
    told: Callable[[Visit, str], dict[str, Any]]


def add(portal: Portal) -> None:
    """Add the pages."""
    _reports(portal)
    _requests(portal)


def _reports(portal: Portal) -> None:
    @portal.page("/office/void-reports", *READERS)
    def reports(at: Visit) -> Response:
        return _listed(at, "/v1/void-reports", "office/void_reports.html")

    @portal.page("/office/void-reports/<id:id>", *READERS)
    def report(at: Visit, id: str) -> Response:
        return at.show("office/void_report.html", **_report(at, id), form=at.form())

    _decision(
        portal,
        "/office/void-reports/<id:id>/confirmation",
        Decision("/v1/void-reports/{}/confirmation", "report_confirmed", "void_report", _report),
    )
    _decision(
        portal,
        "/office/void-reports/<id:id>/dismissal",
        Decision("/v1/void-reports/{}/dismissal", "report_dismissed", "void_dismissal", _report),
    )


def _requests(portal: Portal) -> None:
    @portal.page("/office/correction-requests", *READERS)
    def requests(at: Visit) -> Response:
        return _listed(at, "/v1/correction-requests", "office/correction_requests.html")

    @portal.page("/office/correction-requests/<id:id>", *READERS)
    def asked(at: Visit, id: str) -> Response:
        return at.show("office/correction_request.html", **_request(at, id), form=at.form())

    call = "/v1/correction-requests/{}"
    _decision(
        portal,
        "/office/correction-requests/<id:id>/acceptance",
        Decision(f"{call}/acceptance", "correction_accepted", "correction_request", _request),
    )
    _decision(
        portal,
        "/office/correction-requests/<id:id>/refusal",
        Decision(f"{call}/refusal", "correction_refused", "correction_refusal", _request),
    )


def _decision(portal: Portal, rule: str, decision: Decision) -> None:
    """A page that decides by one call, perhaps with a ``note``; then back to what it was about."""

    def view(at: Visit, id: str) -> Response:
        form = at.form()
        if request.method == "POST":
            try:
                at.api.post(decision.call.format(id), form.body("note"), key=form.key)
                back = rule.replace("<id:id>", id).rpartition("/")[0]
                return at.go(back, done=decision.done)
            except Refused as refused:
                form.refuse(refused)
        return at.again(f"office/{decision.template}.html", form, **decision.told(at, id))

    view.__name__ = decision.done
    portal.form(rule, Role.OFFICE)(view)


def _listed(at: Visit, call: str, template: str) -> Response:
    chosen = paging.filters("state", "batch")
    found = at.api.get(call, **chosen, after=request.args.get("after"), limit=ROWS)
    more = paging.next_page(chosen, found)
    names = Names(at.api)
    names.all_producers()
    return at.show(template, items=found["items"], names=names, chosen=at.form(chosen), more=more)


def _report(at: Visit, id: str) -> dict[str, Any]:
    """A report, its batch, and what voiding its stamps would do, while it is open."""
    report = at.api.get(f"/v1/void-reports/{id}")
    span = {"first": report["first"], "last": report["last"]}
    path = f"/v1/batches/{report['batch']}/voids/preview"
    seen = _foreseen(at, path, span) if report["state"] == "open" else None
    return {"report": report, "seen": seen, **_around(at, report["batch"])}


def _request(at: Visit, id: str) -> dict[str, Any]:
    """A request, its batch, and what accepting it would do, while it is open."""
    asked = at.api.get(f"/v1/correction-requests/{id}")
    body = {name: asked[name] for name in ("first", "last", "lot_id", "reason")}
    path = f"/v1/batches/{asked['batch']}/corrections/preview"
    seen = _foreseen(at, path, body) if asked["state"] == "open" else None
    return {"asked": asked, "seen": seen, **_around(at, asked["batch"])}


def _foreseen(at: Visit, path: str, body: dict[str, Any]) -> dict[str, Any] | None:
    """What a decision would do; None for who may not decide."""
    if at.person.role is not Role.OFFICE:
        return None
    seen: dict[str, Any] = at.api.post(path, body)
    return {**seen, "stops": stops(at, seen)}


def _around(at: Visit, number: int) -> dict[str, Any]:
    batch = at.api.get(f"/v1/batches/{number}")
    return {"batch": batch, "names": Names(at.api), "who": _who(at)}


def _who(at: Visit) -> Callable[[str], str]:
    """Who acted, in words."""
    return lambda actor: audit_terms.actor(at.lang, actor, {})
