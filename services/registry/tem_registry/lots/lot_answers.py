"""A lot as JSON: what its record tells, what is counted of it, its recalls and its stamps."""

from datetime import datetime
from typing import Any

from sqlalchemy import Connection, func, select

from tem_registry import tables
from tem_registry.lots import lot_cards, lots, recalls
from tem_registry.lots.lots import Lot
from tem_registry.settings import Settings


def shown(connection: Connection, lot: Lot, now: datetime) -> dict[str, Any]:
    """A lot as JSON, at an instant."""
    return shown_all(connection, [lot], now)[0]


def shown_all(connection: Connection, found: list[Lot], now: datetime) -> list[dict[str, Any]]:
    """Lots as JSON, at an instant, with what is counted of them."""
    ids = [lot.id for lot in found]
    taken = lots.units_taken_of(connection, tables.lot.c.id.in_(ids))
    under_recall = recalls.under_recall(connection, ids, now)
    c = tables.stamp_interval.c
    summed = select(c.lot_id, func.sum(c.last - c.first + 1)).where(c.lot_id.in_(ids))
    tied = {row[0]: int(row[1]) for row in connection.execute(summed.group_by(c.lot_id))}
    return [
        {
            **recorded(lot),
            "stamps_activated": tied.get(lot.id, 0),
            "units_left": lot.quantity - taken.get(lot.id, 0),
            "needs_date_approval": lot.beyond_shelf_life and lot.beyond_approved_by is None,
            "recalled": lot.id in under_recall,
        }
        for lot in found
    ]


def recorded(lot: Lot) -> dict[str, Any]:
    """What its record tells of a lot, as JSON."""
    return {
        "lot_id": lot.id,
        "product_id": lot.product_id,
        "producer_id": lot.producer_id,
        "lot_code": lot.lot_code,
        "production_date": lot.production_date.isoformat(),
        "production_date_kind": lot.production_date_kind,
        "best_before": lot.best_before.isoformat() if lot.best_before else None,
        "best_before_basis": lot.best_before_basis,
        "precision": lot.precision,
        "info_expires_on": lot.info_expires_on.isoformat() if lot.info_expires_on else None,
        "quantity": lot.quantity,
        "unit": lot.unit,
    }


def shown_in_full(
    connection: Connection, lot: Lot, config: Settings, now: datetime
) -> dict[str, Any]:
    """A lot as JSON with its stamps, its recalls, and how long its record must be kept."""
    return {
        **shown(connection, lot, now),
        "record_ends_on": lots.record_ends_on(connection, lot, config).isoformat(),
        "recalls": lot_cards.recalls(connection, lot.id),
        "stamps_tied": _tied(connection, lot.id),
    }


def _tied(connection: Connection, id: str) -> list[dict[str, Any]]:
    i = tables.stamp_interval.c
    query = select(i.batch, i.first, i.last, i.state).where(i.lot_id == id)
    found = connection.execute(query.order_by(i.batch, i.first))
    return [dict(row._mapping) for row in found]
