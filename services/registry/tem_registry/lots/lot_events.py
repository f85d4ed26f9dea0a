"""What tills are told of a lot: which one, what is public of it, and which stamps it concerns."""

from datetime import datetime
from typing import Any

from sqlalchemy import Connection, select

from tem.vocabulary import EventType
from tem_registry import public_events, tables
from tem_registry.lots import lot_cards

_SHOWN = ("lot_id", "product_id", "code", "production_date", "best_before", "info_expires_on")


def tell(connection: Connection, change: int, now: datetime, type: EventType, lot_id: str) -> None:
    """Tell that something happened to a lot, as it is after it; its newest recall if it is one."""
    card = lot_cards.in_full(connection, lot_id)
    body = {name: card[name] for name in _SHOWN}
    if type is not EventType.LOT_CORRECTED:
        body["recall"] = card["recalls"][-1]
    public_events.tell(
        connection, change, now, type, {**body, "ranges": _ranges(connection, lot_id)}
    )
    if "closed" in lot_cards.lot(connection, lot_id, now):  # its window closed during the recall
        public_events.forget(connection, [lot_id])


def _ranges(connection: Connection, lot_id: str) -> list[dict[str, Any]]:
    """All stamps tied to a lot, those that ended since included, neighbours in one."""
    c = tables.stamp_interval.c
    query = select(c.batch, c.first, c.last).where(c.lot_id == lot_id).order_by(c.batch, c.first)
    found: list[dict[str, Any]] = []
    for batch, first, last in connection.execute(query):
        if found and (found[-1]["batch"], found[-1]["last"] + 1) == (batch, first):
            found[-1]["last"] = last
        else:
            found.append({"batch": batch, "first": first, "last": last})
    return found
