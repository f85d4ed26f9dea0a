"""The office's page of stamps whose look-ups are worth a look, with the evidence in words."""

from typing import Any

from flask import Response, request

from tem.http.inside import Refused
from tem.vocabulary import Noticed, Role
from tem_registry.portal import paging
from tem_registry.portal.forms import Form
from tem_registry.portal.office import not_known, noticed_words
from tem_registry.portal.portal import Portal
from tem_registry.portal.visits import Visit

READERS = (Role.OFFICE, Role.AUDITOR)
ROWS, UNPROCESSABLE = 30, 422


def add(portal: Portal) -> None:
    """Add the page."""

    @portal.page("/office/suspicious", *READERS)
    def suspicious(at: Visit) -> Response:
        chosen = paging.filters("kind", "days")
        form = at.form({"days": "30", **chosen})
        found, why_not = _found(at, form)
        kinds = [(word, _said(at, one.seen)) for word, one in noticed_words.WORDS.items()]
        return at.again(
            "office/suspicious.html",
            form,
            stamps=[_shown(at, one) for one in found["items"]],
            as_of=found.get("as_of"),
            why_not=why_not,
            kinds=kinds,
            more=paging.next_page(chosen, found),
            is_first=not request.args.get("after"),
        )


def _found(at: Visit, form: Form) -> tuple[dict[str, Any], str]:
    """A page of stamps, none where the form is refused; and why they are not known now."""
    asked = {"days": form.text("days"), "kind": form.text("kind")}
    after = request.args.get("after")
    try:
        return at.api.get("/v1/lookups/noticed", limit=ROWS, after=after, **asked), ""
    except Refused as refused:
        if refused.status != UNPROCESSABLE:
            return {"items": []}, not_known.why(at, refused)
        form.refuse(refused)
        return {"items": []}, ""


def _said(at: Visit, both: noticed_words.Both) -> str:
    return noticed_words.said(at.lang, both)


def _shown(at: Visit, stamp: dict[str, Any]) -> dict[str, Any]:
    """A stamp with what was seen of it, what that may mean, and what to do."""
    evidence = [noticed_words.WORDS[Noticed(kind)] for kind in stamp["kinds"]]
    return {
        **stamp,
        "seen": [_said(at, one.seen) for one in evidence],
        "may_mean": [_said(at, one.may_mean) for one in evidence],
        "to_do": [_said(at, one.to_do) for one in evidence],
    }
