"""The stamps of a batch, as ranges, and the acts that end them: void and revoke.

Every act begins by raising the revision of the batch's row. That UPDATE carries the owner in
its WHERE clause, locks the batch against concurrent acts, and finds nothing for somebody else.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, bindparam, delete, select, update

from tem.dates import vietnam_day
from tem.errors import Conflict, Invalid, NotFound
from tem.trail import audit
from tem.vocabulary import StampState
from tem_registry import publication, tables
from tem_registry.intervals import Interval, change, clip, joined
from tem_registry.stamps.moves import RangeRefusal, range_refusals

MISPRINTED, LOST = "misprinted", ("lost", "stolen")  # kinds of voids that are counted


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


def publish(connection: Connection, now: datetime, number: int, after: list[Interval]) -> None:
    """What a range has become is public."""
    change_number = publication.next_change(connection, now)
    publication.replace_intervals(connection, change_number, number, after)


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


def void(
    connection: Connection,
    now: datetime,
    actor: str,
    number: int,
    first: int,
    last: int,
    reason: str,
    kind: str | None = None,
    **more: Any,
) -> dict[str, Any]:
    """Stamps that were damaged, misprinted, lost or stolen will never be valid again.

    ``more`` are members of the audit entry's details, such as the report it follows.
    """

    parts: list[Interval] = []

    def act(part: Interval) -> Interval:
        parts.append(part)
        return replace(part, state=StampState.VOID, reason=reason)

    told = {"kind": kind} if kind is not None else {}
    ended = _end(
        connection, now, actor, number, first, last, StampState.VOID, act, reason, {**told, **more}
    )
    _count_void(connection, number, parts, kind or reason)
    return {**ended, **told}


def _count_void(connection: Connection, number: int, parts: list[Interval], what: str) -> None:
    """Misprints belong to the print run; lost stamps explain what came short on arrival."""
    batch = find(connection, number)
    values = {}
    if what == MISPRINTED:
        values["misprinted"] = batch.misprinted + sum(one.stamps for one in parts)
    elif what in LOST:
        lost = sum(one.stamps for one in parts if one.state is StampState.DELIVERED)
        before = min(lost, batch.short_before)
        values["short_before"] = batch.short_before - before
        values["lost_since"] = batch.lost_since + lost - before
    if values:
        connection.execute(update(tables.stamp_batch).where(_c.number == number).values(values))


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

    return _end(connection, now, actor, number, first, last, StampState.REVOKED, act, reason, {})


def redate(
    connection: Connection,
    now: datetime,
    actor: str,
    number: int,
    because: Callable[[str], bool],
    revoked_on: date,
) -> None:
    """Stamps of a locked batch whose reason of revocation fits are revoked as of another day."""
    before = intervals(connection, number)
    moved = [
        one
        for one in before
        if one.state is StampState.REVOKED
        and one.revoked_on != revoked_on
        and because(one.reason or "")
    ]
    if not moved:
        return
    after = joined(replace(one, revoked_on=revoked_on) if one in moved else one for one in before)
    write(connection, number, after)
    publish(connection, now, number, after)
    ranges = [[one.first, one.last] for one in moved]
    details = {"ranges": ranges, "revoked_on": revoked_on.isoformat()}
    audit.record(connection, now, actor, "stamps.redated", f"batch:{number}", details)


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
    more: dict[str, Any],
) -> dict[str, Any]:
    batch = lock(connection, number, None)
    after = move(connection, batch, first, last, to, act)
    publish(connection, now, number, after)
    details = {"first": first, "last": last, "reason": reason, **more}
    audit.record(connection, now, actor, f"stamps.{to}", f"batch:{number}", details)
    return done(number, first, last, to, reason)


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
