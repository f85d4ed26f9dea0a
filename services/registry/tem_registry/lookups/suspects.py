"""Stamps that show signs of being copied: what the verifier tells, beside what the office decided.

The verifier's word decides nothing: it brings a stamp before somebody, who decides.
"""

import re
from typing import Any

from sqlalchemy import Connection

from tem.errors import NotFound
from tem_registry.fields import MAX_BATCH, MAX_INDEX
from tem_registry.lookups import answers, stamps_on_record, suspect_decisions
from tem_registry.lookups.answers_suspects import SuspectPageSaid
from tem_registry.lookups.verifier_client import VerifierClient

OPEN = "open"
STATES = (OPEN, *suspect_decisions.DECISIONS)
_NAME = re.compile(r"([1-9][0-9]{0,9})-([1-9][0-9]{0,7})", re.ASCII)
Json = dict[str, Any]


def told(verifier: VerifierClient, after: str | None, limit: int) -> Json:
    """A page of suspects as the verifier has them. Raises Unavailable, Invalid for ``after``."""
    said = verifier.get("/v1/suspects", {"after": after, "limit": limit})
    return answers.checked(SuspectPageSaid, said)


def waiting(connection: Connection, suspects: list[Json]) -> list[Json]:
    """Those on record of which something was told since the office decided, if it ever did."""
    known = stamps_on_record.known(connection, suspects, canaries=True)
    decided = suspect_decisions.newest(connection, [(s["batch"], s["index"]) for s in known])
    found = []
    for one in known:
        before = decided.get((one["batch"], one["index"]))
        if before is None:
            found.append(one)
        elif one["last_at"] > before["told_until"]:
            found.append({**one, "decided": before})
    return found


def decided(connection: Connection, state: str, after: str | None, limit: int) -> Json:
    """A page of stamps that the office decided about, with the names of today."""
    page = suspect_decisions.page(connection, state, after, limit)
    items = stamps_on_record.known(connection, page, canaries=True)
    more = {"next": page[-1]["decided"]["decision_id"]} if len(page) == limit else {}
    return {"items": items, **more}


def find(verifier: VerifierClient, name: str) -> Json:
    """The suspect ``batch-index`` as the verifier has it now. Raises NotFound or Unavailable."""
    found = _NAME.fullmatch(name)
    batch, index = (int(found[1]), int(found[2])) if found else (0, 0)
    if 0 < batch <= MAX_BATCH and 0 < index < MAX_INDEX:
        items = told(verifier, f"{batch}-{index + 1}", 1)["items"]
        if items and (items[0]["batch"], items[0]["index"]) == (batch, index):
            suspect: Json = items[0]
            return suspect
    raise NotFound(
        "no_such_suspect",
        f"Stamp {name} shows no signs of being copied at present: see the list anew.",
    )


def on_record(connection: Connection, suspect: Json) -> Json:
    """A suspect with names and state, and what was decided. Raises NotFound if not of ours."""
    known = stamps_on_record.known(connection, [suspect], canaries=True)
    if not known:
        raise NotFound("no_such_batch", f"There is no batch {suspect['batch']}.")
    name = (suspect["batch"], suspect["index"])
    before = suspect_decisions.newest(connection, [name]).get(name)
    return known[0] if before is None else {**known[0], "decided": before}
