"""The public card of a lot: its dates and its recalls."""

from typing import Any

from sqlalchemy import Connection, select

from tem.dates import rfc3339
from tem_registry import publication, tables

Card = dict[str, Any]


def publish(connection: Connection, change: int, lot_id: str) -> None:
    """Publish the card of a lot."""
    publication.put_card(connection, change, "lot", lot_id, lot(connection, lot_id))


def lot(connection: Connection, id: str) -> Card:
    """A lot's public dates and its recalls."""
    c = tables.lot.c
    columns = (
        c.product_id,
        c.lot_code,
        c.production_date,
        c.production_date_kind,
        c.best_before,
        c.info_expires_on,
        c.window_ends_on,
    )
    row = connection.execute(select(*columns).where(c.id == id)).one()
    return {
        "lot_id": id,
        "product_id": row.product_id,
        "code": row.lot_code,
        "production_date": row.production_date.isoformat(),
        "production_date_kind": row.production_date_kind,
        "best_before": row.best_before.isoformat() if row.best_before else None,
        "info_expires_on": row.info_expires_on.isoformat() if row.info_expires_on else None,
        "window_ends_on": row.window_ends_on.isoformat(),
        "recalls": _recalls(connection, id),
    }


def _recalls(connection: Connection, lot_id: str) -> list[Card]:
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
