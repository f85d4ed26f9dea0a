"""The office's pages of what shoppers reported: read it, look at the photo, say what was done."""

from typing import Any

from flask import Response, request

from tem.http.inside import Refused
from tem.vocabulary import Role
from tem_registry.portal import paging
from tem_registry.portal.office import not_known, noticed_words
from tem_registry.portal.portal import Portal
from tem_registry.portal.visits import Visit

STATES = ("open", "closed")
ROWS = 20
_PATH = "/office/suspicious/reports"


def add(portal: Portal) -> None:
    """Add the pages."""

    @portal.page(_PATH, Role.OFFICE)
    def reports(at: Visit) -> Response:
        state = request.args.get("state", "")
        state = state if state in STATES else STATES[0]
        found: dict[str, Any] = {"items": []}
        why_not = ""
        try:
            after = request.args.get("after")
            found = at.api.get("/v1/shopper-reports", state=state, after=after, limit=ROWS)
        except Refused as refused:
            why_not = not_known.why(at, refused)
        return at.show(
            "office/shopper_reports.html",
            why_not=why_not,
            reports=[_shown(at, one) for one in found["items"]],
            state=state,
            more=paging.next_page({"state": state}, found),
            is_first=not request.args.get("after"),
        )

    @portal.form(f"{_PATH}/<id:id>", Role.OFFICE)
    def report(at: Visit, id: str) -> Response:
        form = at.form()
        if request.method == "POST":
            try:
                body = form.body("note")
                at.api.post(f"/v1/shopper-reports/{id}/handling", body, key=form.key)
                return at.go(_PATH, done="shopper_report_handled")
            except Refused as refused:
                form.refuse(refused)
        found = at.api.get(f"/v1/shopper-reports/{id}")
        return at.again("office/shopper_report.html", form, report=_shown(at, found))

    @portal.page("/office/shopper-reports/<id:id>/photo", Role.OFFICE)
    def photo(at: Visit, id: str) -> Response:
        answer = at.api.ask("GET", f"/v1/shopper-reports/{id}/photo")
        kept = ("Content-Type", "Content-Security-Policy", "Cache-Control")
        return Response(answer.content, headers={name: answer.headers[name] for name in kept})


def _shown(at: Visit, report: dict[str, Any]) -> dict[str, Any]:
    """A report with words for its codes."""
    return {
        **report,
        "kind_words": noticed_words.named(at.lang, noticed_words.REPORT_KINDS, report["kind"]),
        "verdict_words": noticed_words.named(
            at.lang, noticed_words.VERDICTS, report.get("verdict", "")
        ),
    }
