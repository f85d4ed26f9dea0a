"""The office's page of stamps whose look-ups are worth a look, with the evidence in words."""

from typing import Any

from flask import Response, request

from tem.http.inside import Refused
from tem.vocabulary import Noticed, Role
from tem_registry.portal import noticed_words, paging
from tem_registry.portal.portal import Portal
from tem_registry.portal.visits import Visit

READERS = (Role.OFFICE, Role.AUDITOR)
ROWS = 30


def add(portal: Portal) -> None:
    """Add the page."""

    @portal.page("/office/suspicious", *READERS)
    def suspicious(at: Visit) -> Response:
        chosen = paging.filters("kind", "days")
        form = at.form({"days": "30", **chosen})
        found: dict[str, Any] = {"items": []}
        try:
            after = request.args.get("after")
            asked = {"days": form.text("days"), "kind": form.text("kind"), "after": after}
            found = at.api.get("/v1/lookups/noticed", limit=ROWS, **asked)
        except Refused as refused:
            form.refuse(refused)
        kinds = [(word, _said(at, one.seen)) for word, one in noticed_words.WORDS.items()]
        return at.again(
            "office/suspicious.html",
            form,
            stamps=[_shown(at, one) for one in found["items"]],
            as_of=found.get("as_of"),
            kinds=kinds,
            more=paging.next_page(chosen, found),
            is_first=not request.args.get("after"),
        )


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
        "state_words": noticed_words.named(at.lang, noticed_words.STATES, stamp["state"]),
    }
