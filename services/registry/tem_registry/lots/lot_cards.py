"""The public card of a lot: its dates and its recalls, and a tombstone once they are forgotten."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from sqlalchemy import Connection, Row, select

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
    """The card that is right at an instant."""
    return right(_facts_of(connection, id), now)


def in_full(connection: Connection, id: str) -> Card:
    """A lot's public dates and its recalls, out of the office's record; of a purged lot only
    the tombstone is left."""
    return full(_facts_of(connection, id))


@dataclass(frozen=True, slots=True)
class Facts:
    """What a card is made of: a lot's row, and its recalls with when each ends."""

    row: Row[Any]
    recalls: list[Card] = field(default_factory=list)
    lifted: list[datetime | None] = field(default_factory=list)


def facts(connection: Connection, ids: Collection[str]) -> dict[str, Facts]:
    """The facts of some lots, a few hundred at most, of those that are there."""
    c = tables.lot.c
    columns: tuple[Any, ...] = (
        c.id,
        c.product_id,
        c.lot_code,
        c.production_date,
        c.production_date_kind,
        c.best_before,
        c.precision,
        c.info_expires_on,
        c.window_ends_on,
        c.undated,
        c.purged_at,
    )
    rows = connection.execute(select(*columns).where(c.id.in_(ids)).order_by(c.id))
    found = {row.id: Facts(row) for row in rows}
    for row in _recalls(connection, ids):
        found[row.lot_id].recalls.append(_recall(row))
        found[row.lot_id].lifted.append(row.lifted_at)
    return found


def _facts_of(connection: Connection, id: str) -> Facts:
    return facts(connection, [id])[id]


def right(facts: Facts, now: datetime) -> Card:
    """The card that is right at an instant: the one function that decides which.

    A tombstone from the end of the information window on, unless a recall is not over.
    """
    if lot_rules.is_forgotten(facts.row.window_ends_on, facts.lifted, now):
        return tombstone(facts)
    return full(facts)


def tombstone(facts: Facts) -> Card:
    """All that INFO_EXPIRED needs; the window's end only where the answer tells it."""
    row = facts.row
    card: Card = {"closed": True, "lot_id": row.id, "undated": row.undated}
    return card | ({"window_ends_on": row.window_ends_on.isoformat()} if row.undated else {})


def full(facts: Facts) -> Card:
    """Dates and recalls; a tombstone if the lot was purged."""
    row = facts.row
    if row.purged_at is not None:
        return tombstone(facts)
    return {
        "lot_id": row.id,
        "product_id": row.product_id,
        "code": row.lot_code,
        "production_date": _day(row.production_date),
        "production_date_kind": row.production_date_kind,
        "best_before": _day(row.best_before),
        "precision": row.precision,
        "info_expires_on": _day(row.info_expires_on),
        "window_ends_on": row.window_ends_on.isoformat(),
        "recalls": facts.recalls,
    }


def _day(day: date | None) -> str | None:
    return None if day is None else day.isoformat()


def recalls(connection: Connection, lot_id: str) -> list[Card]:
    """The recalls of a lot, oldest first; ``lifted_at`` is None while nobody has lifted one."""
    return [_recall(row) for row in _recalls(connection, [lot_id])]


def _recalls(connection: Connection, ids: Collection[str]) -> Sequence[Any]:
    c = tables.recall.c
    columns: tuple[Any, ...] = (
        c.lot_id,
        c.kind,
        c.ordered_on,
        c.ordered_by,
        c.decision_no,
        c.reason_public,
    )
    query = select(*columns, c.lifted_at).where(c.lot_id.in_(ids)).order_by(c.id)
    return connection.execute(query).all()


def _recall(row: Row[Any]) -> Card:
    return {
        "kind": row.kind,
        "ordered_on": row.ordered_on.isoformat(),
        "ordered_by": row.ordered_by,
        "decision_no": row.decision_no,
        "reason_public": row.reason_public,
        "lifted_at": rfc3339(row.lifted_at) if row.lifted_at else None,
    }
