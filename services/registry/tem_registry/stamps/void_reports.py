"""Producers report stamps that are damaged, misprinted, lost or stolen; the office decides.

Nothing happens to the stamps until the office confirms the report, which voids them.
"""

import secrets
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, select, update

from tem.dates import rfc3339, vietnam_day
from tem.errors import Conflict, Invalid, NotFound
from tem.trail import audit
from tem_registry import tables
from tem_registry.intervals import clip
from tem_registry.stamps import endings, stamps
from tem_registry.stamps.moves import NOT_REPORTABLE, RangeRefusal, refusals

_c = tables.void_report.c
OPEN, CONFIRMED, DISMISSED = "open", "confirmed", "dismissed"


def add(
    connection: Connection,
    now: datetime,
    actor: str,
    number: int,
    own: str,
    *,
    first: int,
    last: int,
    kind: str,
    reason: str,
    photo: str | None = None,
) -> dict[str, Any]:
    """A producer reports stamps of its own, delivered or activated.

    Raises NotFound, Invalid for numbers outside the batch or a photo it has not sent, Conflict
    with the sub-ranges that cannot be reported and why.
    """
    batch = stamps.lock(connection, number, own)
    stamps.check_range(batch, first, last)
    parts = clip(stamps.intervals(connection, number, first, last), first, last)
    refused = [*refusals(parts, NOT_REPORTABLE), *_reported(connection, number, first, last)]
    refused.sort(key=lambda one: one.first)
    stamps.refuse(refused, f"{first}..{last} cannot be reported")
    if photo is not None:
        _check_photo(connection, photo, own)
    row = {
        "id": f"VR-{vietnam_day(now):%Y%m%d}-{secrets.token_hex(6)}",
        "batch": number,
        "producer_id": own,
        "first": first,
        "last": last,
        "kind": kind,
        "reason": reason,
        "photo": photo,
        "state": OPEN,
        "reported_at": now,
        "reported_by": actor,
    }
    connection.execute(tables.void_report.insert().values(**row))
    details = {"batch": number, "first": first, "last": last, "kind": kind, "photo": photo}
    audit.record(connection, now, actor, "void_report.added", f"void_report:{row['id']}", details)
    return find(connection, str(row["id"]), own)


def _reported(connection: Connection, number: int, first: int, last: int) -> list[RangeRefusal]:
    """The parts that an open report names already."""
    query = select(_c.first, _c.last).where(
        _c.batch == number, _c.state == OPEN, _c.first <= last, _c.last >= first
    )
    out = []
    for row in connection.execute(query.order_by(_c.first)):
        start, end = max(first, row.first), min(last, row.last)
        out += [
            RangeRefusal(part.first, part.last, part.state, "already_reported")
            for part in clip(stamps.intervals(connection, number, start, end), start, end)
            if part.state not in NOT_REPORTABLE
        ]
    return out


def _check_photo(connection: Connection, photo: str, own: str) -> None:
    sent = tables.file_sender.c
    mine = select(sent.file_id).where(sent.file_id == photo, sent.producer_id == own)
    if connection.execute(mine).first() is None:
        raise Invalid("no_such_file", f"Send the photo first: you have no file {photo}.")


def _query(*where: Any) -> Any:
    return select(
        _c.id,
        _c.batch,
        _c.producer_id,
        _c.first,
        _c.last,
        _c.kind,
        _c.reason,
        _c.photo,
        _c.state,
        _c.reported_at,
        _c.reported_by,
        _c.decided_at,
        _c.decided_by,
        _c.decision_note,
    ).where(*where)


def find(connection: Connection, id: str, own: str | None = None) -> dict[str, Any]:
    """A report as JSON, with names for the office (``own`` is None).

    Raises NotFound, also for another producer's when one is given.
    """
    mine = [_c.producer_id == own] if own is not None else []
    row = connection.execute(_query(_c.id == id, *mine)).first()
    if row is None:
        raise NotFound("no_such_report", f"There is no report {id}.")
    return _shown(row, names=own is None)


def page(
    connection: Connection,
    after: str,
    limit: int,
    *,
    own: str | None = None,
    state: str | None = None,
    batch: int | None = None,
    order: str = "id",
) -> list[dict[str, Any]]:
    """Reports with an id above ``after``, oldest day first, that fit every filter given; with
    ``newest`` those below it, latest day first."""
    wanted = ((_c.producer_id, own), (_c.state, state), (_c.batch, batch))
    where = [column == value for column, value in wanted if value is not None]
    if order == "newest":
        where += [_c.id < after] if after else []
    else:
        where.append(_c.id > after)
    place = _c.id.desc() if order == "newest" else _c.id
    rows = connection.execute(_query(*where).order_by(place).limit(limit))
    return [_shown(row, names=own is None) for row in rows]


def confirm(connection: Connection, now: datetime, actor: str, id: str) -> dict[str, Any]:
    """The office agrees: all stamps of the report become void, or none and the report stays.

    Raises NotFound, or Conflict when it was decided before or with the sub-ranges that refuse.
    """
    report = find(connection, id)
    stamps.lock(connection, report["batch"], None)
    _decide(connection, now, actor, id, CONFIRMED, None)
    endings.void(
        connection,
        now,
        actor,
        report["batch"],
        report["first"],
        report["last"],
        report["reason"],
        kind=report["kind"],
        report=id,
    )
    _record(connection, now, actor, report, CONFIRMED)
    return find(connection, id)


def dismiss(
    connection: Connection, now: datetime, actor: str, id: str, note: str
) -> dict[str, Any]:
    """The office does not agree, and says why. Raises NotFound, or Conflict."""
    report = find(connection, id)
    stamps.lock(connection, report["batch"], None)
    _decide(connection, now, actor, id, DISMISSED, note)
    _record(connection, now, actor, report, DISMISSED)
    return find(connection, id)


def _decide(
    connection: Connection, now: datetime, actor: str, id: str, state: str, note: str | None
) -> None:
    decided = connection.execute(
        update(tables.void_report)
        .where(_c.id == id, _c.state == OPEN)
        .values(state=state, decided_at=now, decided_by=actor, decision_note=note)
    )
    if decided.rowcount == 0:
        raise Conflict("report_decided", f"Report {id} was decided already.")


def _record(
    connection: Connection, now: datetime, actor: str, report: dict[str, Any], state: str
) -> None:
    details = {name: report[name] for name in ("batch", "first", "last", "kind")}
    object = f"void_report:{report['report_id']}"
    audit.record(connection, now, actor, f"void_report.{state}", object, details)


def _shown(row: Any, *, names: bool) -> dict[str, Any]:
    """A report as JSON; what does not apply is absent."""
    out = {
        "report_id": row.id,
        "batch": row.batch,
        "producer_id": row.producer_id,
        "first": row.first,
        "last": row.last,
        "stamps": row.last - row.first + 1,
        "kind": row.kind,
        "reason": row.reason,
        "photo": row.photo,
        "state": row.state,
        "reported_at": rfc3339(row.reported_at),
        "decided_at": rfc3339(row.decided_at) if row.decided_at else None,
        "decision_note": row.decision_note,
        "reported_by": row.reported_by if names else None,
        "decided_by": row.decided_by if names else None,
    }
    return {name: value for name, value in out.items() if value is not None}
