"""The public card of a lot: its dates and its recalls, and a tombstone once they are forgotten."""

from datetime import date, datetime
from typing import Any

from sqlalchemy import Connection, select

from tem.dates import rfc3339
from tem_registry import publication, tables
from tem_registry.lots import lot_rules

Card = dict[str, Any]

# How the JSON of a tombstone begins, and that of no full card: its keys are sorted.
TOMBSTONE = '{"closed": true'


def publish(connection: Connection, change: int, lot_id: str, now: datetime) -> None:
    """Publish the card that is right for a lot at an instant."""
    publication.put_card(connection, change, "lot", lot_id, lot(connection, lot_id, now))


def lot(connection: Connection, id: str, now: datetime) -> Card:
    """The card that is right at an instant: the one function that decides which.

    A tombstone from the end of the information window on, unless a recall is not over.
    """
    recalls = tables.recall.c
    lifted = connection.execute(select(recalls.lifted_at).where(recalls.lot_id == id)).scalars()
    c = tables.lot.c
    window_ends_on = connection.execute(select(c.window_ends_on).where(c.id == id)).scalar_one()
    if lot_rules.is_forgotten(window_ends_on, lifted, now):
        return tombstone(connection, id)
    return in_full(connection, id)


def tombstone(connection: Connection, id: str) -> Card:
    """All that INFO_EXPIRED needs; the window's end only where the answer tells it."""
    c = tables.lot.c
    row = connection.execute(select(c.undated, c.window_ends_on).where(c.id == id)).one()
    card: Card = {"closed": True, "lot_id": id, "undated": row.undated}
    return card | ({"window_ends_on": row.window_ends_on.isoformat()} if row.undated else {})


def in_full(connection: Connection, id: str) -> Card:
    """A lot's public dates and its recalls, out of the office's record; of a purged lot only
    the tombstone is left."""
    c = tables.lot.c
    columns = (
        c.product_id,
        c.lot_code,
        c.production_date,
        c.production_date_kind,
        c.best_before,
        c.precision,
        c.info_expires_on,
        c.window_ends_on,
        c.purged_at,
    )
    row = connection.execute(select(*columns).where(c.id == id)).one()
    if row.purged_at is not None:
        return tombstone(connection, id)
    return {
        "lot_id": id,
        "product_id": row.product_id,
        "code": row.lot_code,
        "production_date": _day(row.production_date),
        "production_date_kind": row.production_date_kind,
        "best_before": _day(row.best_before),
        "precision": row.precision,
        "info_expires_on": _day(row.info_expires_on),
        "window_ends_on": row.window_ends_on.isoformat(),
        "recalls": recalls(connection, id),
    }


def _day(day: date | None) -> str | None:
    return None if day is None else day.isoformat()


def recalls(connection: Connection, lot_id: str) -> list[Card]:
    """The recalls of a lot, oldest first; ``lifted_at`` is None while nobody has lifted one."""
    c = tables.recall.c
    columns = (c.kind, c.ordered_on, c.ordered_by, c.decision_no, c.reason_public, c.lifted_at)
    rows = connection.execute(select(*columns).where(c.lot_id == lot_id).order_by(c.id))
    return [
        {
            "kind": row.kind,
            "ordered_on": row.ordered_on.isoformat(),
            "ordered_by": row.ordered_by,
            "decision_no": row.decision_no,
            "reason_public": row.reason_public,
            "lifted_at": rfc3339(row.lifted_at) if row.lifted_at else None,
        }
        for row in rows
    ]
