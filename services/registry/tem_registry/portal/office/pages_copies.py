"""The office's pages of stamps that show signs of being copied: the evidence, and the decision."""

from typing import Any

from flask import Response, request

from tem.http.inside import Refused
from tem.vocabulary import Role
from tem_registry.portal import paging
from tem_registry.portal.office import copies_words, not_known
from tem_registry.portal.portal import Portal
from tem_registry.portal.visits import Visit

READERS = (Role.OFFICE, Role.AUDITOR)
ROWS = 20
_PATH = "/office/suspicious/copies"


def add(portal: Portal) -> None:
    """Add the pages."""

    @portal.page(_PATH, *READERS)
    def copies(at: Visit) -> Response:
        state = request.args.get("state", "")
        state = state if state in copies_words.DECISIONS else "open"
        found: dict[str, Any] = {"items": [], "counts": None}
        why_not = ""
        try:
            after = request.args.get("after")
            found = at.api.get("/v1/suspects", state=state, after=after, limit=ROWS)
        except Refused as refused:
            why_not = not_known.why(at, refused)
        counts = found["counts"]
        return at.show(
            "office/copies.html",
            suspects=[_shown(at, one) for one in found["items"]],
            state=state,
            states=[
                (f"{_PATH}?state={code}", copies_words.said(at.lang, words), code == state)
                for code, words in copies_words.DECISIONS.items()
            ],
            counts=counts,
            correct=None if counts is None else copies_words.correct(counts),
            why_not=why_not,
            more=paging.next_page({"state": state}, found),
            is_first=not request.args.get("after"),
        )

    @portal.form(f"{_PATH}/<id:id>", Role.OFFICE)
    def copy(at: Visit, id: str) -> Response:
        form = at.form()
        if request.method == "POST":
            try:
                body = form.body("decision", "note")
                at.api.post(f"/v1/suspects/{id}/decision", body, key=form.key)
                copied = body["decision"] == "confirmed"  # what is left to do stands on its page
                return at.go(f"{_PATH}/{id}" if copied else _PATH, done="suspect_decided")
            except Refused as refused:
                form.refuse(refused)
        found = at.api.get(f"/v1/suspects/{id}")
        return at.again("office/copy.html", form, suspect=_shown(at, found))


def _shown(at: Visit, suspect: dict[str, Any]) -> dict[str, Any]:
    """A suspect with words for its codes."""
    codes = [one["code"] for one in suspect["evidence"]]
    decided = suspect.get("decided")
    return {
        **suspect,
        "seen": [one["words"][at.lang] for one in suspect["evidence"]],
        "told": [{**one, "kind_words": _kind(at, one["kind"])} for one in suspect["events"]],
        "to_do": copies_words.said(at.lang, copies_words.to_do(codes)),
        "decided_words": _decision(at, decided["decision"]) if decided else "",
    }


def _kind(at: Visit, kind: str) -> str:
    return copies_words.said(at.lang, copies_words.KINDS.get(kind, (kind, kind)))


def _decision(at: Visit, decision: str) -> str:
    return copies_words.said(at.lang, copies_words.DECISIONS[decision])
