"""One stamp, and all that happened to it: what an inspector asks for (seed 3.04)."""

import json
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, or_, select

from tem.dates import rfc3339
from tem.errors import NotFound
from tem.stampcode import serial
from tem.trail import audit
from tem_registry import tables
from tem_registry.batches import batches
from tem_registry.lots import lots
from tem_registry.stamps import stamps

_TOLD = ("reason", "receipt")


def of_stamp(
    connection: Connection, now: datetime, number: int, index: int, own: str | None = None
) -> dict[str, Any]:
    """A stamp's state, its lot and its history, oldest first.

    ``own`` limits a producer to its stamps and tells it of others by their role only. Raises
    NotFound, also for canaries and numbers that never were.
    """
    batch = stamps.find(connection, number, own)
    if not 1 <= index <= batch.quantity:
        raise NotFound("no_such_stamp", f"Batch {number} has the stamps 1 to {batch.quantity}.")
    (found,) = stamps.intervals(connection, number, index, index)
    (shown,) = batches.shown_intervals([found])
    kept: dict[str, Any] = {
        name: shown[name] for name in ("state", "reason", "revoked_on") if name in shown
    }
    return {
        "serial": serial(number, index),
        "batch": number,
        "index": index,
        **kept,
        "product_id": batch.product_id,
        "producer_id": batch.producer_id,
        "issued_on": batch.issued_on.isoformat(),
        "lot": _lot(connection, found.lot_id, now) if found.lot_id else None,
        "history": history(connection, number, index, names=own is None),
    }


def _lot(connection: Connection, id: str, now: datetime) -> dict[str, Any]:
    """A lot in short, also a purged one, of which little is left."""
    c = tables.lot.c
    columns = (c.lot_code, c.production_date, c.best_before)
    row = connection.execute(select(*columns).where(c.id == id)).one()
    return {
        "lot_id": id,
        "lot_code": row.lot_code,
        "production_date": row.production_date.isoformat() if row.production_date else None,
        "best_before": row.best_before.isoformat() if row.best_before else None,
        "recalled": lots.recalled(connection, id, now),
    }


def history(
    connection: Connection, number: int, index: int, *, names: bool
) -> list[dict[str, Any]]:
    """What the audit trail tells of one stamp; ``names`` tells who, else only in which role."""
    a, e = tables.activation.c, audit.entry_table.c
    tied = select(a.lot_id).where(a.batch == number, a.first <= index, a.last >= index)
    ids = {id for id in connection.execute(tied).scalars() if id is not None}
    told_of = [e.object == f"batch:{number}"]
    if ids:
        of_lots = e.object.in_([f"lot:{id}" for id in ids])
        told_of.append(of_lots & (e.action == "stamps.activated"))
    query = select(e.at, e.actor, e.action, e.object, e.details).where(or_(*told_of))
    out = []
    for row in connection.execute(query.order_by(e.seq)):
        details = json.loads(row.details)
        if _concerns(details, number, index):
            out.append(_event(row, details, names))
    return out


def _concerns(details: dict[str, Any], number: int, index: int) -> bool:
    """Whether an entry about a batch or a lot is about this stamp too."""
    if details.get("batch", number) != number:
        return False
    if "ranges" in details:
        return any(first <= index <= last for first, last in details["ranges"])
    return bool(details.get("first", index) <= index <= details.get("last", index))


def _event(row: Any, details: dict[str, Any], names: bool) -> dict[str, Any]:
    event: dict[str, Any] = {
        "at": rfc3339(row.at),
        "action": row.action,
        "by": row.actor if names else row.actor.partition(":")[0],
    }
    if row.action == "stamps.activated":
        event["lot_id"] = row.object.removeprefix("lot:")
    elif row.action == "stamps.corrected":
        event["lot_id"] = details["lot_id"]
    return event | {name: details[name] for name in _TOLD if details.get(name) is not None}
