"""Between the office's store and the producer's: hand-over and return."""

from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, update

from tem.dates import vietnam_day
from tem.errors import Conflict
from tem.trail import audit
from tem.vocabulary import StampState
from tem_registry import tables
from tem_registry.batches.shortfall import open_short
from tem_registry.intervals import Interval, joined
from tem_registry.stamps import stamps


def deliver(
    connection: Connection, now: datetime, actor: str, number: int, receipt: str | None
) -> stamps.Batch:
    """Whatever lies at the office goes to its producer, against a receipt.

    That is the whole batch the first time, and what was returned since after that. Raises
    NotFound, or Conflict when nothing is left to hand over.
    """
    batch = stamps.lock(connection, number, None)
    before = stamps.intervals(connection, number)
    ready = [one for one in before if one.state is StampState.ISSUED]
    if not ready:
        raise _nothing_to_deliver(batch)
    after = [
        replace(one, state=StampState.DELIVERED) if one.state is StampState.ISSUED else one
        for one in before
    ]
    stamps.write(connection, number, joined(after))
    handed = {
        "delivered_on": vietnam_day(now),
        "receipt": receipt,
        "delivered_quantity": sum(one.stamps for one in ready),
        "received_on": None,
        "received_quantity": None,
        "receipt_note": None,
        "short_before": open_short(batch, before),
        "lost_since": 0,
    }
    connection.execute(
        update(tables.stamp_batch).where(tables.stamp_batch.c.number == number).values(**handed)
    )
    order = tables.stamp_order.c
    ordered = update(tables.stamp_order).where(order.id == batch.order_id)
    connection.execute(ordered.values(state="delivered"))
    stamps.publish(connection, now, number, joined(after))
    details = {
        "receipt": receipt,
        "delivered_on": vietnam_day(now).isoformat(),
        "ranges": [[one.first, one.last] for one in ready],
    }
    audit.record(connection, now, actor, "batch.delivered", f"batch:{number}", details)
    return stamps.find(connection, number)


def _nothing_to_deliver(batch: stamps.Batch) -> Conflict:
    if batch.delivered_on is not None:
        return Conflict("already_delivered", f"Delivered on {batch.delivered_on} already.")
    return Conflict("nothing_to_deliver", "Every stamp of this batch is void or revoked.")


def take_back(
    connection: Connection,
    now: datetime,
    actor: str,
    number: int,
    first: int,
    last: int,
    reason: str,
) -> dict[str, Any]:
    """Delivered stamps come back into the office's store, to be handed over again later."""

    def act(part: Interval) -> Interval:
        return replace(part, state=StampState.ISSUED)

    batch = stamps.lock(connection, number, None)
    after = stamps.move(connection, batch, first, last, StampState.ISSUED, act)
    stamps.publish(connection, now, number, after)
    details = {"first": first, "last": last, "reason": reason}
    audit.record(connection, now, actor, "stamps.returned", f"batch:{number}", details)
    return stamps.done(number, first, last, StampState.ISSUED, reason)
