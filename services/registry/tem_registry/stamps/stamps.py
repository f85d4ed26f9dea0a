"""The stamps of a batch, as ranges, and what every act on them goes through.

Every act begins by raising the revision of the batch's row. That UPDATE carries the owner in
its WHERE clause, locks the batch against concurrent acts, and finds nothing for somebody else.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, bindparam, delete, select, update

from tem.errors import Conflict, Invalid, NotFound
from tem.vocabulary import StampState
from tem_registry import publication, tables
from tem_registry.intervals import Interval, change, clip
from tem_registry.stamps.moves import RangeRefusal, range_refusals


@dataclass(frozen=True, slots=True)
class Batch:
    """A batch on record."""

    number: int
    order_id: str
    product_id: str
    producer_id: str
    quantity: int
    issued_on: date
    printed_on: date | None
    printed_quantity: int | None
    printer: str | None
    misprinted: int
    delivered_on: date | None
    receipt: str | None
    delivered_quantity: int | None
    received_on: date | None
    received_quantity: int | None
    receipt_note: str | None
    short_before: int
    lost_since: int


_c = tables.stamp_batch.c
_i = tables.stamp_interval.c
_WITHIN = (
    _i.batch == bindparam("number"),
    _i.first <= bindparam("until"),
    _i.last >= bindparam("since"),
)
# Every act begins with this, so it is put together once.
_INTERVALS = (
    select(_i.first, _i.last, _i.state, _i.lot_id, _i.reason, _i.revoked_on)
    .where(*_WITHIN)
    .order_by(_i.first)
)
_REPLACED = delete(tables.stamp_interval).where(*_WITHIN)
_STATES = {str(state): state for state in StampState}
_COLUMNS = tuple(_c[name] for name in Batch.__slots__)


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
    connection: Connection,
    after: int,
    limit: int,
    *where: ColumnElement[bool],
    downwards: bool = False,
) -> list[Batch]:
    """Batches with a number above ``after``, in order; ``downwards`` from it, or from the top."""
    query = select(*_COLUMNS).where(*where).limit(limit)
    if downwards:
        query = query.where(_c.number < after) if after else query
        query = query.order_by(_c.number.desc())
    else:
        query = query.where(_c.number > after).order_by(_c.number)
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
    where = {"number": number, "since": first, "until": last}
    return [
        Interval(start, end, _STATES[state], *rest)
        for start, end, state, *rest in connection.execute(_INTERVALS, where)
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
    refuse(range_refusals(clip(before, first, last), to), f"{first}..{last} cannot become {to}")
    after = change(before, first, last, act)
    write(connection, batch.number, after)
    return after


def refuse(found: list[RangeRefusal], what: str) -> None:
    """Raises Conflict with every part of a range that an act may not touch, if there is any."""
    if found:
        raise Conflict(
            "range_refused",
            f"Nothing was changed: {len(found)} part(s) of {what}.",
            ranges=[
                {"first": one.first, "last": one.last, "state": one.state, "code": one.code}
                for one in found
            ],
        )


def publish(connection: Connection, now: datetime, number: int, after: list[Interval]) -> int:
    """What a range has become is public; gives the change number."""
    change_number = publication.next_change(connection, now)
    publication.replace_intervals(connection, change_number, number, after)
    return change_number


def write(connection: Connection, number: int, after: list[Interval]) -> None:
    """Store intervals that cover exactly what the rows they overlap had covered."""
    where = {"number": number, "since": after[0].first, "until": after[-1].last}
    connection.execute(_REPLACED, where)
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


def done(number: int, first: int, last: int, state: StampState, reason: str) -> dict[str, Any]:
    """The answer of an act on a range."""
    return {
        "batch": number,
        "first": first,
        "last": last,
        "state": str(state),
        "stamps": last - first + 1,
        "reason": reason,
    }


def set_issued_on(connection: Connection, number: int, day: date) -> None:
    """The day of issue that a taken-over record gives."""
    connection.execute(update(tables.stamp_batch).where(_c.number == number).values(issued_on=day))
