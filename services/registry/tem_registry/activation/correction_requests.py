"""A producer asks the office to correct a wrong activation; the office accepts or refuses.

Nothing happens to the stamps until the office accepts, which is the correction itself, in the
same transaction and under the producer's reason.
"""

import secrets
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, select, update

from tem.dates import rfc3339, vietnam_day
from tem.errors import Conflict, NotFound
from tem.trail import audit
from tem_registry import tables
from tem_registry.activation import corrections
from tem_registry.activation.correction_request_rules import (
    ACCEPTED,
    OPEN,
    REFUSED,
    WITHDRAWN,
    already_requested,
    check_reason,
)
from tem_registry.activation.correction_rules import Terms
from tem_registry.intervals import Interval, clip
from tem_registry.lots import lots
from tem_registry.stamps import stamps
from tem_registry.stamps.moves import RangeRefusal

_c = tables.correction_request.c


def add(
    connection: Connection,
    now: datetime,
    actor: str,
    days: int,
    number: int,
    own: str | None = None,
    *,
    first: int,
    last: int,
    lot_id: str | None,
    reason: str,
) -> dict[str, Any]:
    """Ask that activated stamps be tied to another lot of the product, or to none.

    ``own`` is the producer that asks; the office (None) may take it down for one. Refused now is
    what a correction would refuse now. Raises NotFound, Invalid for numbers outside the batch or
    a short reason, Conflict with the sub-ranges that refuse, or with why the lot may not have them.
    """
    check_reason(reason)
    batch = stamps.lock(connection, number, own)
    stamps.check_range(batch, first, last)
    if lot_id is not None:
        lots.find(connection, lot_id, own)
    parts = clip(stamps.intervals(connection, number, first, last), first, last)
    terms = Terms(lot_id, reason, vietnam_day(now), days)
    refused = corrections.refused_parts(connection, number, parts, terms, now)
    refused += _open_ones(connection, number, parts)
    refused.sort(key=lambda one: one.first)
    stamps.refuse(refused, f"{first}..{last} cannot be corrected so")
    corrections.check_target(connection, batch, lot_id, last - first + 1, now)
    row = {
        "id": f"CR-{vietnam_day(now):%Y%m%d}-{secrets.token_hex(6)}",
        "batch": number,
        "producer_id": batch.producer_id,
        "first": first,
        "last": last,
        "lot_id": lot_id,
        "reason": reason,
        "state": OPEN,
        "requested_at": now,
        "requested_by": actor,
    }
    connection.execute(tables.correction_request.insert().values(**row))
    made = find(connection, str(row["id"]), own)
    _record(connection, now, actor, made, "added")
    return made


def _open_ones(connection: Connection, number: int, parts: list[Interval]) -> list[RangeRefusal]:
    query = select(_c.first, _c.last).where(_c.batch == number, _c.state == OPEN)
    rows = connection.execute(query.order_by(_c.first))
    return already_requested(parts, [(row.first, row.last) for row in rows])


def find(connection: Connection, id: str, own: str | None = None) -> dict[str, Any]:
    """A request as JSON, with names for the office (``own`` is None).

    Raises NotFound, also for another producer's when one is given.
    """
    query = select(*_c).where(_c.id == id, *_owned(own))
    row = connection.execute(query).first()
    if row is None:
        raise NotFound("no_such_request", f"There is no request {id}.")
    return _shown(row, names=own is None)


def _owned(own: str | None) -> list[Any]:
    return [_c.producer_id == own] if own is not None else []


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
    """Requests with an id above ``after``, oldest day first, that fit every filter given; with
    ``newest`` those below it, latest day first."""
    wanted = ((_c.state, state), (_c.batch, batch))
    where = [column == value for column, value in wanted if value is not None]
    if order == "newest":
        where += [_c.id < after] if after else []
    else:
        where.append(_c.id > after)
    place = _c.id.desc() if order == "newest" else _c.id
    query = select(*_c).where(*where, *_owned(own)).order_by(place).limit(limit)
    return [_shown(row, names=own is None) for row in connection.execute(query)]


def withdraw(
    connection: Connection, now: datetime, actor: str, id: str, own: str
) -> dict[str, Any]:
    """Its producer takes a request back. Raises NotFound, or Conflict if it was decided."""
    return _decided(connection, now, actor, id, WITHDRAWN, None, own)


def refuse(connection: Connection, now: datetime, actor: str, id: str, note: str) -> dict[str, Any]:
    """The office does not agree, and says why. Raises NotFound, or Conflict if it was decided."""
    return _decided(connection, now, actor, id, REFUSED, note)


def accept(
    connection: Connection, now: datetime, actor: str, days: int, id: str, note: str | None = None
) -> dict[str, Any]:
    """The office agrees: the stamps are corrected, or nothing is and the request stays open.

    Lots and batch are locked before the request, as every act does; whoever decided meanwhile is
    found when it is closed. Raises NotFound, Conflict if it was decided, and whatever the
    correction raises.
    """
    asked = find(connection, id)
    if asked["state"] != OPEN:
        raise _decided_before(asked)
    where = {name: asked[name] for name in ("first", "last", "lot_id", "reason")}
    corrections.correct(connection, now, actor, days, asked["batch"], **where)
    return _decided(connection, now, actor, id, ACCEPTED, note)


def _decided(
    connection: Connection,
    now: datetime,
    actor: str,
    id: str,
    state: str,
    note: str | None,
    own: str | None = None,
) -> dict[str, Any]:
    """Close an open request, and give it as it is then."""
    closing = (
        update(tables.correction_request)
        .where(_c.id == id, _c.state == OPEN, *_owned(own))
        .values(state=state, decided_at=now, decided_by=actor, decision_note=note)
    )
    closed = connection.execute(closing).rowcount
    made = find(connection, id, own)
    if closed == 0:
        raise _decided_before(made)
    _record(connection, now, actor, made, state)
    return made


def _decided_before(made: dict[str, Any]) -> Conflict:
    told = f"Request {made['request_id']} is {made['state']} already: make a new one if need be."
    return Conflict("request_decided", told)


def _record(
    connection: Connection, now: datetime, actor: str, made: dict[str, Any], what: str
) -> None:
    details = {name: made[name] for name in ("batch", "first", "last", "lot_id")}
    object = f"correction_request:{made['request_id']}"
    audit.record(connection, now, actor, f"correction_request.{what}", object, details)


def _shown(row: Any, *, names: bool) -> dict[str, Any]:
    """A request as JSON; what does not apply is absent, but for a lot of None: to no lot."""
    out = {
        "request_id": row.id,
        "batch": row.batch,
        "producer_id": row.producer_id,
        "first": row.first,
        "last": row.last,
        "stamps": row.last - row.first + 1,
        "reason": row.reason,
        "state": row.state,
        "requested_at": rfc3339(row.requested_at),
        "decided_at": rfc3339(row.decided_at) if row.decided_at else None,
        "decision_note": row.decision_note,
        "requested_by": row.requested_by if names else None,
        "decided_by": row.decided_by if names else None,
    }
    return {"lot_id": row.lot_id} | {name: v for name, v in out.items() if v is not None}
