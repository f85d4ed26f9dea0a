"""Batches and the acts on ranges of their stamps: deliver, void, revoke.

Every act begins by raising the revision of the batch's row. That UPDATE carries the owner in
its WHERE clause, locks the batch against concurrent acts, and finds nothing for somebody else.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any

from sqlalchemy import Connection, delete, select, update

from tem import audit
from tem.dates import vietnam_day
from tem.errors import Conflict, Invalid, NotFound
from tem.vocabulary import StampState
from tem_registry import publication, tables
from tem_registry.intervals import Interval, change, clip
from tem_registry.moves import RangeRefusal, range_refusals


@dataclass(frozen=True, slots=True)
class Batch:
    """A batch on record."""

    number: int
    order_id: str
    product_id: str
    producer_id: str
    quantity: int
    issued_on: date
    delivered_on: date | None
    receipt: str | None


_c = tables.stamp_batch.c
_COLUMNS = (
    _c.number,
    _c.order_id,
    _c.product_id,
    _c.producer_id,
    _c.quantity,
    _c.issued_on,
    _c.delivered_on,
    _c.receipt,
)


def find(connection: Connection, number: int, producer_id: str | None = None) -> Batch:
    """A batch. Raises NotFound, also for another producer's when one is given."""
    query = select(*_COLUMNS).where(_c.number == number)
    if producer_id is not None:
        query = query.where(_c.producer_id == producer_id)
    row = connection.execute(query).first()
    if row is None:
        raise NotFound("no_such_batch", f"There is no batch {number}.")
    return Batch(**row._mapping)


def page(
    connection: Connection, after: int, limit: int, producer_id: str | None = None
) -> list[Batch]:
    """Batches with a number above ``after``, in order."""
    query = select(*_COLUMNS).where(_c.number > after).order_by(_c.number).limit(limit)
    if producer_id is not None:
        query = query.where(_c.producer_id == producer_id)
    return [Batch(**row._mapping) for row in connection.execute(query)]


def lock(connection: Connection, number: int, producer_id: str | None) -> Batch:
    """Lock a batch for an act of its producer, or of the office (None). Raises NotFound."""
    mine = [_c.number == number]
    if producer_id is not None:
        mine.append(_c.producer_id == producer_id)
    locked = update(tables.stamp_batch).where(*mine).values(revision=_c.revision + 1)
    row = connection.execute(locked.returning(*_COLUMNS)).first()
    if row is None:
        raise NotFound("no_such_batch", f"There is no batch {number} of yours.")
    return Batch(**row._mapping)


def intervals(
    connection: Connection, number: int, first: int = 1, last: int = 2**24
) -> list[Interval]:
    """The intervals that overlap a range, in order."""
    c = tables.stamp_interval.c
    query = (
        select(c.first, c.last, c.state, c.lot_id, c.reason, c.revoked_on)
        .where(c.batch == number, c.first <= last, c.last >= first)
        .order_by(c.first)
    )
    return [
        Interval(**{**row._mapping, "state": StampState(row.state)})
        for row in connection.execute(query)
    ]


def check_range(batch: Batch, first: int, last: int) -> None:
    """Raises Invalid unless these are stamps of the batch."""
    if not 1 <= first <= last <= batch.quantity:
        raise Invalid(
            "no_such_stamps",
            f"Batch {batch.number} has the stamps 1 to {batch.quantity}.",
            quantity=batch.quantity,
        )


def move(
    connection: Connection,
    batch: Batch,
    first: int,
    last: int,
    to: StampState,
    act: Callable[[Interval], Interval],
) -> list[Interval]:
    """Move a range of a locked batch to a state, all of it or nothing.

    Returns the intervals written, neighbours included. Raises Conflict with the sub-ranges
    that may not move and the reason for each.
    """
    check_range(batch, first, last)
    before = intervals(connection, batch.number, first - 1, last + 1)
    refused = range_refusals(clip(before, first, last), to)
    if refused:
        raise Conflict(
            "range_refused",
            f"Nothing was changed: {len(refused)} part(s) of {first}..{last} cannot become {to}.",
            ranges=[shown_refusal(part) for part in refused],
        )
    after = change(before, first, last, act)
    write(connection, batch.number, after)
    return after


def shown_refusal(part: RangeRefusal) -> dict[str, Any]:
    """A refused part as JSON."""
    return {"first": part.first, "last": part.last, "state": part.state, "code": part.code}


def write(connection: Connection, number: int, after: list[Interval]) -> None:
    """Store intervals that cover exactly what the rows they overlap had covered."""
    c = tables.stamp_interval.c
    connection.execute(
        delete(tables.stamp_interval).where(
            c.batch == number, c.first <= after[-1].last, c.last >= after[0].first
        )
    )
    rows = [
        {
            "batch": number,
            "first": one.first,
            "last": one.last,
            "state": str(one.state),
            "lot_id": one.lot_id,
            "reason": one.reason,
            "revoked_on": one.revoked_on,
        }
        for one in after
    ]
    connection.execute(tables.stamp_interval.insert(), rows)


def deliver(
    connection: Connection, now: datetime, actor: str, number: int, receipt: str | None
) -> Batch:
    """The whole batch goes to its producer, against a receipt. Raises NotFound or Conflict."""
    batch = lock(connection, number, None)
    if batch.delivered_on is not None:
        raise Conflict("already_delivered", f"Delivered on {batch.delivered_on} already.")
    day = vietnam_day(now)
    connection.execute(
        update(tables.stamp_batch)
        .where(_c.number == number)
        .values(delivered_on=day, receipt=receipt)
    )
    after = [
        replace(one, state=StampState.DELIVERED) if one.state is StampState.ISSUED else one
        for one in intervals(connection, number)
    ]
    write(connection, number, after)
    publication.replace_intervals(
        connection, publication.next_change(connection, now), number, after
    )
    details = {"receipt": receipt, "delivered_on": day.isoformat()}
    audit.record(connection, now, actor, "batch.delivered", f"batch:{number}", details)
    connection.execute(
        update(tables.stamp_order)
        .where(tables.stamp_order.c.id == batch.order_id)
        .values(state="delivered")
    )
    return replace(batch, delivered_on=day, receipt=receipt)


def void(
    connection: Connection,
    now: datetime,
    actor: str,
    number: int,
    first: int,
    last: int,
    reason: str,
) -> dict[str, Any]:
    """Stamps that were damaged, misprinted, lost or stolen will never be valid again."""

    def act(part: Interval) -> Interval:
        return replace(part, state=StampState.VOID, reason=reason)

    return _end(connection, now, actor, number, first, last, StampState.VOID, act, reason)


def revoke(
    connection: Connection,
    now: datetime,
    actor: str,
    number: int,
    first: int,
    last: int,
    reason: str,
    revoked_on: date | None = None,
) -> dict[str, Any]:
    """The office withdraws stamps; ``revoked_on`` is today unless a record says otherwise."""
    day = revoked_on or vietnam_day(now)

    def act(part: Interval) -> Interval:
        return replace(part, state=StampState.REVOKED, reason=reason, revoked_on=day)

    return _end(connection, now, actor, number, first, last, StampState.REVOKED, act, reason)


def _end(
    connection: Connection,
    now: datetime,
    actor: str,
    number: int,
    first: int,
    last: int,
    to: StampState,
    act: Callable[[Interval], Interval],
    reason: str,
) -> dict[str, Any]:
    batch = lock(connection, number, None)
    after = move(connection, batch, first, last, to, act)
    publication.replace_intervals(
        connection, publication.next_change(connection, now), number, after
    )
    done = {"batch": number, "first": first, "last": last, "state": str(to)}
    details = {"first": first, "last": last, "reason": reason}
    audit.record(connection, now, actor, f"stamps.{to}", f"batch:{number}", details)
    return {**done, "stamps": last - first + 1, "reason": reason}


def shown(batch: Batch) -> dict[str, Any]:
    """A batch as JSON."""
    out: dict[str, Any] = {
        "number": batch.number,
        "batch_id": batch.order_id,
        "product_id": batch.product_id,
        "producer_id": batch.producer_id,
        "quantity": batch.quantity,
        "issued_on": batch.issued_on.isoformat(),
        "delivered_on": batch.delivered_on.isoformat() if batch.delivered_on else None,
    }
    if batch.receipt is not None:
        out["receipt"] = batch.receipt
    return out


def shown_intervals(found: list[Interval]) -> list[dict[str, Any]]:
    """Intervals as JSON; what does not apply is absent."""
    out = []
    for one in found:
        item: dict[str, Any] = {"first": one.first, "last": one.last, "state": str(one.state)}
        for name in ("lot_id", "reason"):
            if getattr(one, name) is not None:
                item[name] = getattr(one, name)
        if one.revoked_on is not None:
            item["revoked_on"] = one.revoked_on.isoformat()
        out.append(item)
    return out


def set_issued_on(connection: Connection, number: int, day: date) -> None:
    """The day of issue that a taken-over record gives."""
    connection.execute(update(tables.stamp_batch).where(_c.number == number).values(issued_on=day))
