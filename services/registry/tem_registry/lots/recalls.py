"""Which lots are under recall: the one reading of the record that all acts share.

A recall is over from the instant it was lifted. One whose end lies ahead (a date taken over by an
import counts to the end of its day) is not over, and neither is one that has yet to begin.
"""

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import ColumnElement, Connection, or_, select

from tem_registry import tables


def not_over(now: datetime) -> ColumnElement[bool]:
    """The condition on rows of ``tables.recall``."""
    lifted_at = tables.recall.c.lifted_at
    return or_(lifted_at.is_(None), lifted_at > now)


def under_recall(connection: Connection, lot_ids: Collection[str], now: datetime) -> set[str]:
    """Those of some lots that are under recall at an instant."""
    c = tables.recall.c
    found = select(c.lot_id).where(c.lot_id.in_(lot_ids), not_over(now))
    return set(connection.execute(found).scalars())


def of_product(connection: Connection, product_id: str, now: datetime) -> set[str]:
    """The lots of a product that are under recall at an instant."""
    c, lot = tables.recall.c, tables.lot.c
    found = select(c.lot_id).join(tables.lot, lot.id == c.lot_id)
    return set(
        connection.execute(found.where(lot.product_id == product_id, not_over(now))).scalars()
    )
