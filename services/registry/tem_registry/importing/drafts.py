"""Drafts of imports: a spreadsheet that was read and shown with its faults, then taken over or not.

The steps of taking over, in one transaction: lock the draft; keep the records as they are; take
each row over by the ordinary act; compare what each came to with what was shown; record. What
differs undoes everything. The cells are forgotten once a draft has ended: they may be about people.
"""

import json
import secrets
from dataclasses import asdict, dataclass
from datetime import timedelta
from typing import Any

from sqlalchemy import Connection, Row, select, update

from tem.dates import VIETNAM, rfc3339
from tem.errors import Conflict, Invalid, NotFound
from tem.trail import audit
from tem_registry import tables
from tem_registry.importing import row_checks, spreadsheets
from tem_registry.importing.row_checks import CHANGED, FAULTY
from tem_registry.importing.sheet_acts import Context
from tem_registry.importing.spreadsheets import Spreadsheet

OPEN, APPLIED, DROPPED = "open", "applied", "dropped"
STATES = (OPEN, APPLIED, DROPPED)
KEPT_OPEN = timedelta(days=30)
SWEEP = "sweep"  # who drops what nobody came back to: not the one whose file came next
_t = tables.import_draft
_c = _t.c
Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Opened:
    """An open draft: the row of its table, the sheets as read, and what was told of each row."""

    row: Row[Any]
    read: Spreadsheet
    checks: list[Json]


def make(
    connection: Connection, context: Context, read: Spreadsheet, kind: str, title: str
) -> Json:
    """Keep a spreadsheet as a draft, checked. Raises Invalid for one without rows, Unavailable."""
    if not any(sheet.rows for sheet in read.sheets):
        raise Invalid("no_rows", "There is no row under the headings.")
    _forget(connection, context)
    id = f"NK-{context.now.astimezone(VIETNAM):%Y%m%d-%H%M%S}-{secrets.token_hex(3)}"
    content, outcome = _checked(connection, context, read)
    connection.execute(
        _t.insert().values(
            id=id,
            kind=kind,
            title=title,
            content=content,
            state=OPEN,
            made_at=context.now,
            made_by=context.actor,
            outcome=outcome,
        )
    )
    audit.record(
        connection,
        context.now,
        context.actor,
        "import.read",
        f"import:{id}",
        json.loads(outcome)["counts"],
    )
    return summary(_found(connection, id))


def check(connection: Connection, context: Context, id: str) -> Json:
    """Check a draft anew, by the records of now. Raises NotFound, Conflict, Unavailable."""
    draft = opened(connection, id, locked=True)
    content, outcome = _checked(connection, context, draft.read)
    connection.execute(update(_t).where(_c.id == id).values(content=content, outcome=outcome))
    return summary(_found(connection, id))


def _checked(connection: Connection, context: Context, read: Spreadsheet) -> tuple[str, str]:
    """The content and the outcome of a draft after a check."""
    found = row_checks.check(connection, context, read.sheets)
    kept = {**spreadsheets.as_json(read), "checks": [asdict(one) for one in found]}
    faults = sum(len(sheet.faults) for sheet in read.sheets)
    faults += sum(one.fault is not None for sheet in read.sheets for one in sheet.headings)
    told = {
        "counts": {**row_checks.counts(found), "sheet_faults": faults},
        "checked_at": rfc3339(context.now),
    }
    return spreadsheets.text_of(kept), json.dumps(told)


def apply(connection: Connection, context: Context, id: str, accept_changes: bool) -> Json:
    """Take over all rows of a draft; those that change a record only if changes are accepted.

    Raises NotFound; Conflict for faults, for a draft that was dropped, and where a row would now
    come to something else than was shown; Unavailable. Taken over before: that answer.
    """
    row = _found(connection, id, locked=True)
    if row.state == APPLIED:
        return summary(row)
    draft = of_row(row)
    told = json.loads(row.outcome)
    counts = told["counts"]
    if counts[FAULTY] or counts["sheet_faults"]:
        raise Conflict(
            "import_has_faults",
            "Nothing is taken over while a cell is wrong: mend the file and send it again.",
        )
    row_checks.hold(connection)
    found = list(row_checks.take(connection, context, draft.read.sheets, changes=accept_changes))
    _require_same(draft.checks, json.loads(json.dumps([asdict(one) for one in found])))
    left = 0 if accept_changes else counts[CHANGED]
    told["taken_over"] = {
        "new": counts["new"],
        "changed": counts[CHANGED] - left,
        "same": counts["same"],
        "left": left,
    }
    _end(connection, context, id, APPLIED, json.dumps(told))
    audit.record(
        connection, context.now, context.actor, "import.applied", f"import:{id}", told["taken_over"]
    )
    return summary(_found(connection, id))


def _require_same(shown: list[Json], found: list[Json]) -> None:
    """Raises Conflict naming the first rows that came to something else than was shown."""
    other = [new for old, new in zip(shown, found, strict=True) if old != new]
    if other:
        raise Conflict(
            "import_stale",
            "The records have changed since it was shown, or a row rests on a change that was not "
            "accepted: POST …/check, look at it again, then decide.",
            rows=[{"sheet": one["sheet"], "row": one["row"]} for one in other[:20]],
        )


def drop(connection: Connection, context: Context, id: str) -> Json:
    """Give a draft up; one that was dropped stays so. Raises NotFound, Conflict if taken over."""
    row = _found(connection, id, locked=True)
    if row.state == APPLIED:
        raise Conflict("import_applied", "It has been taken over: change the records themselves.")
    if row.state == OPEN:
        _end(connection, context, id, DROPPED, row.outcome)
        audit.record(connection, context.now, context.actor, "import.dropped", f"import:{id}", {})
    return summary(_found(connection, id))


def _end(connection: Connection, context: Context, id: str, state: str, outcome: str) -> None:
    values = {"state": state, "content": "{}", "ended_at": context.now, "outcome": outcome}
    connection.execute(update(_t).where(_c.id == id).values(**values))


def _forget(connection: Connection, context: Context) -> None:
    """Drafts that nobody came back to are dropped: they may be about people."""
    old = select(_c.id, _c.outcome).where(_c.state == OPEN, _c.made_at < context.now - KEPT_OPEN)
    for row in connection.execute(old.order_by(_c.id).with_for_update()).all():
        _end(connection, context, row.id, DROPPED, row.outcome)
        after = {"after_days": KEPT_OPEN.days}
        audit.record(connection, context.now, SWEEP, "import.dropped", f"import:{row.id}", after)


# --- reading ---


def _found(connection: Connection, id: str, *, locked: bool = False) -> Row[Any]:
    query = select(*_c).where(_c.id == id)
    row = connection.execute(query.with_for_update() if locked else query).first()
    if row is None:
        raise NotFound("no_such_import", f"There is no import {id}.")
    return row


def opened(connection: Connection, id: str, *, locked: bool = False) -> Opened:
    """An open draft. Raises NotFound, or Conflict for one that has ended."""
    return of_row(_found(connection, id, locked=locked))


def of_row(row: Row[Any]) -> Opened:
    """The open draft of a row of the table. Raises Conflict for one that has ended."""
    if row.state != OPEN:
        raise Conflict(f"import_{row.state}", f"The import has ended: it is {row.state}.")
    kept = json.loads(row.content)
    return Opened(row, spreadsheets.from_json(kept), kept["checks"])


def find(connection: Connection, id: str) -> Row[Any]:
    """A draft's row, whatever its state. Raises NotFound."""
    return _found(connection, id)


def page(
    connection: Connection, after: str, limit: int, state: str | None, order: str = "id"
) -> list[Json]:
    """Drafts in the order in which they were made, or the ``newest`` first; at most ``limit``."""
    columns = [column for column in _c if column.name != "content"]
    query = select(*columns).limit(limit)
    if order == "newest":
        query = query.order_by(_c.id.desc())
        query = query.where(_c.id < after) if after else query
    else:
        query = query.where(_c.id > after).order_by(_c.id)
    if state is not None:
        query = query.where(_c.state == state)
    return [summary(row) for row in connection.execute(query)]


def summary(row: Row[Any]) -> Json:
    """A draft without its cells."""
    told = json.loads(row.outcome)
    return {
        "import_id": row.id,
        "kind": row.kind,
        "title": row.title,
        "state": row.state,
        "made_at": rfc3339(row.made_at),
        "made_by": row.made_by,
        "checked_at": told["checked_at"],
        "ended_at": rfc3339(row.ended_at) if row.ended_at else None,
        "counts": told["counts"],
        "taken_over": told.get("taken_over"),
    }
