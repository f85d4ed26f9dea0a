"""What an act on a range would find, part by part, and what refuses it. Reads, changes nothing."""

from typing import Any

from sqlalchemy import Connection, select

from tem.stampcode import serial
from tem.vocabulary import StampState
from tem_registry import tables
from tem_registry.intervals import Interval, clip
from tem_registry.stamps import stamps
from tem_registry.stamps.moves import RangeRefusal, range_refusals

# What to do about stamps that an act may not touch, by the code of the refusal.
TO_DO = {
    "not_delivered": "They lie at the office already: leave them out.",
    "already_activated": "They are tied to a lot: correct the activation first, or leave them out.",
    "not_activated": "They are tied to no lot: leave them out.",
    "void": "They are void and stay so: leave them out.",
    "already_void": "They are void already: leave them out.",
    "revoked": "They are revoked and stay so: leave them out.",
    "already_revoked": "They are revoked already: leave them out.",
    "same_lot": "They are tied to this very lot: leave them out.",
    "lot_recalled": "Their lot is under recall, and they stay with it: leave them out.",
    "lot_purged": "The record of their lot was destroyed: leave them out.",
    "reason_too_short": "They were activated long ago: give a reason of 20 characters or more.",
}


def of_move(
    connection: Connection, number: int, first: int, last: int, to: StampState
) -> dict[str, Any]:
    """What moving a range to a state would find. Raises NotFound, or Invalid for the numbers."""
    batch = stamps.find(connection, number)
    stamps.check_range(batch, first, last)
    parts = clip(stamps.intervals(connection, number, first, last), first, last)
    return told(connection, number, parts, to, range_refusals(parts, to))


def told(
    connection: Connection,
    number: int,
    parts: list[Interval],
    to: StampState,
    refused: list[RangeRefusal],
) -> dict[str, Any]:
    """A preview as JSON: the parts of a range as they are, the state to come, the refusals."""
    first, last = parts[0].first, parts[-1].last
    codes = _lot_codes(connection, parts)
    return {
        "batch": number,
        "first": first,
        "last": last,
        "stamps": last - first + 1,
        "first_serial": serial(number, first),
        "last_serial": serial(number, last),
        "to": str(to),
        "parts": [_part(one, codes) for one in parts],
        "refusals": [
            {
                "first": one.first,
                "last": one.last,
                "state": str(one.state),
                "code": one.code,
                "detail": TO_DO[one.code],
            }
            for one in refused
        ],
    }


def _part(one: Interval, codes: dict[str, str | None]) -> dict[str, Any]:
    shown = {"first": one.first, "last": one.last, "stamps": one.stamps, "state": str(one.state)}
    if one.lot_id is None:
        return shown
    return {**shown, "lot": {"lot_id": one.lot_id, "lot_code": codes.get(one.lot_id)}}


def _lot_codes(connection: Connection, parts: list[Interval]) -> dict[str, str | None]:
    ids = {one.lot_id for one in parts if one.lot_id is not None}
    c = tables.lot.c
    rows = connection.execute(select(c.id, c.lot_code).where(c.id.in_(ids)))
    return {row.id: row.lot_code for row in rows}
