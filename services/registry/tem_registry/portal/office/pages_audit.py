"""The office's page of the audit trail: who did what to which object, and when, in words."""

import json
from typing import Any
from urllib.parse import urlencode

from flask import Response, request

from tem.http.inside import Refused
from tem.vocabulary import Role
from tem_registry.portal import written
from tem_registry.portal.office import audit_asked, audit_members, audit_terms, audit_words
from tem_registry.portal.portal import Portal
from tem_registry.portal.visits import Visit
from tem_registry.reports import csv_tables
from tem_registry.reports.csv_answers import download

READERS = (Role.OFFICE, Role.AUDITOR)
ROWS, AT_ONCE, MOST_ROWS = 30, 500, 5000
_MORE = ("request_id", "details", "hash")
Entry = dict[str, Any]


def add(portal: Portal) -> None:
    """Add the pages."""

    @portal.page("/office/audit", *READERS)
    def audit(at: Visit) -> Response:
        chosen = audit_asked.filters()
        form = at.form(chosen)
        asked = audit_asked.query(form)
        found: dict[str, Any] = {"items": []}
        if not form.is_refused:
            before = request.args.get("before")
            try:
                found = at.api.get("/v1/audit", order="desc", limit=ROWS, before=before, **asked)
            except Refused as refused:
                form.refuse(refused, {"/object": "id"})
        accounts, more = at.api.every("/v1/accounts", limit=200), found.get("next")
        names = _names(accounts)
        return at.again(
            "office/audit.html",
            form,
            entries=[_shown(at, one, names) for one in found["items"]],
            kinds=[(word, at.t(one.vi, one.en)) for word, one in audit_terms.KINDS.items()],
            actors=_actors(at, accounts, form.text("actor")),
            checkpoint=_checkpoint(at),
            more=f"/office/audit?{urlencode({**chosen, 'before': more})}" if more else "",
            chosen=urlencode(chosen),
            is_filtered=bool(chosen),
            most=MOST_ROWS,
        )

    @portal.page("/office/audit/entries.csv", *READERS)
    def as_csv(at: Visit) -> Response:
        names = _names(at.api.every("/v1/accounts", limit=200))
        head = ("seq", "at", "who", "what", "actor", "action", "object", *_MORE)
        rows = [_row(at, one, names) for one in _every(at)]
        return download(csv_tables.written(head, rows), "audit.csv")

    @portal.page("/office/audit/entries.json", *READERS)
    def as_json(at: Visit) -> Response:
        text = json.dumps({"items": _every(at)}, ensure_ascii=False, indent=1)
        headers = {"Content-Disposition": 'attachment; filename="audit.json"'}
        return Response(text, content_type="application/json", headers=headers)

    @portal.page("/office/audit/checkpoint.txt", *READERS)
    def checkpoint(at: Visit) -> Response:
        found = at.api.get("/v1/audit/checkpoint")
        name = f"checkpoint-{found['size']}.txt"
        headers = {"Content-Disposition": f'attachment; filename="{name}"'}
        return Response(found["note"], content_type="text/plain; charset=utf-8", headers=headers)


def _every(at: Visit) -> list[Entry]:
    """What the filters choose, the newest first, as far as a download goes."""
    form = at.form(audit_asked.filters())
    asked = audit_asked.query(form)
    if form.is_refused:
        asked = {"object": "none:none"}  # the page said what is wrong; a file says nothing else
    entries: list[Entry] = []
    before = None
    while len(entries) < MOST_ROWS:
        page = at.api.get("/v1/audit", order="desc", limit=AT_ONCE, before=before, **asked)
        entries += page["items"]
        before = page.get("next")
        if before is None:
            break
    return entries


def _shown(at: Visit, entry: Entry, names: dict[str, str]) -> Entry:
    """An entry in the reader's words, with what it was made of."""
    kind, _, id = entry["object"].partition(":")
    details = {name: value for name, value in entry["details"].items() if value is not None}
    return {
        **entry,
        "who": audit_terms.actor(at.lang, entry["actor"], names),
        "said": audit_words.sentence(at.lang, entry["action"], entry["details"]),
        "kind": audit_terms.kind(at.lang, kind),
        "name": "" if kind in audit_terms.NAMELESS else names.get(id) or id,
        "page": audit_terms.page_of(entry["object"], at.person.role),
        "details": [
            (audit_members.label(at.lang, name), audit_members.told(at.lang, name, value))
            for name, value in details.items()
            if name not in ("before", "after")
        ],
        "changes": _changes(at, details),
    }


def _changes(at: Visit, details: Entry) -> list[tuple[str, str, str]]:
    """What stood where before a change, and after it."""
    before, after = details.get("before") or {}, details.get("after") or {}
    found = []
    for name in sorted({*before, *after}):
        old, new = (audit_members.told(at.lang, name, side.get(name)) for side in (before, after))
        found.append((audit_members.label(at.lang, name), old, new))
    return found


def _row(at: Visit, entry: Entry, names: dict[str, str]) -> list[str | int]:
    return [
        entry["seq"],
        written.moment(entry["at"]),
        audit_terms.actor(at.lang, entry["actor"], names),
        audit_words.sentence(at.lang, entry["action"], entry["details"]),
        *(entry[name] for name in ("actor", "action", "object", "request_id")),
        json.dumps(entry["details"], ensure_ascii=False),
        entry["hash"],
    ]


def _names(accounts: list[dict[str, Any]]) -> dict[str, str]:
    """The people with accounts, by the accounts' ids."""
    return {one["account_id"]: one["name"] for one in accounts}


def _actors(at: Visit, accounts: list[dict[str, Any]], chosen: str) -> list[tuple[str, str]]:
    """Who may be asked for: people, parts of the system, and whoever is asked for now."""
    people = [
        (f"{one['role']}:{one['login']}", f"{one['name']} ({one['login']})") for one in accounts
    ]
    system = [(word, at.t(*both)) for word, both in audit_terms.ACTORS.items()]
    found = [*people, *system]
    if chosen and chosen not in dict(found):
        found.append((chosen, audit_terms.actor(at.lang, chosen, _names(accounts))))
    return found


def _checkpoint(at: Visit) -> dict[str, Any] | None:
    """How the trail stands; None where the key that signs it cannot be read."""
    try:
        found: dict[str, Any] = at.api.get("/v1/audit/checkpoint")
    except Refused:
        return None
    return found
