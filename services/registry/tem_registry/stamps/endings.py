"""How stamps end: void and revoke. Tills are told of both, never of the reason."""

from collections.abc import Callable
from dataclasses import replace
from datetime import date, datetime
from typing import Any

from sqlalchemy import Connection, update

from tem.dates import vietnam_day
from tem.trail import audit
from tem.vocabulary import EventType, StampState
from tem_registry import public_events, tables
from tem_registry.intervals import Interval, joined
from tem_registry.stamps import stamps

MISPRINTED, LOST = "misprinted", ("lost", "stolen")  # kinds of voids that are counted
_EVENTS = {
    StampState.VOID: EventType.STAMPS_VOIDED,
    StampState.REVOKED: EventType.STAMPS_REVOKED,
}
_c = tables.stamp_batch.c


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
    batch = stamps.find(connection, number)
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
    before = stamps.intervals(connection, number)
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
    stamps.write(connection, number, after)
    stamps.publish(connection, now, number, after)
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
    batch = stamps.lock(connection, number, None)
    after = stamps.move(connection, batch, first, last, to, act)
    change = stamps.publish(connection, now, number, after)
    # Why, in the office's own words, stays in its record.
    told = {"ranges": [{"batch": number, "first": first, "last": last}]}
    public_events.tell(connection, change, now, _EVENTS[to], told)
    details = {"first": first, "last": last, "reason": reason, **more}
    audit.record(connection, now, actor, f"stamps.{to}", f"batch:{number}", details)
    return stamps.done(number, first, last, to, reason)
