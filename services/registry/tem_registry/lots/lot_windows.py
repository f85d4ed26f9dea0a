"""Until when lots without a declared date are public: worked out anew when what decides changes.

The months follow the product's category and the office's setting. A change of either reaches the
lots on record: of the category with the product's change, of the setting with the next sweep.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Engine, select, update

from tem.databases.database import reading, writing
from tem.trail import audit
from tem_registry import publication, tables
from tem_registry.catalogue import catalogue
from tem_registry.catalogue.catalogue import Kind, Record
from tem_registry.lots import lot_cards, lot_rules
from tem_registry.months import Months

ACTOR = "sweep"
_c = tables.lot.c
_LIVING = (_c.undated, _c.purged_at.is_(None))


def change_product(
    months: Months,
    connection: Connection,
    now: datetime,
    actor: str,
    kind: Kind,
    id: str,
    fields: Record,
    **options: Any,
) -> Record:
    """Change a product as the catalogue does, and the windows that its category decides.

    The lots are locked before the product, as every act does.
    """
    held = _lock(connection, id) if "category_code" in fields else []
    record = catalogue.change(connection, now, actor, kind, id, fields, **options)
    _renew(connection, now, actor, months, id, held)
    return record


def renew_all(engine: Engine, now: datetime, months: Months) -> int:
    """Work out every such window anew, a product a transaction, and give how many were others."""
    with reading(engine) as connection:
        query = select(_c.product_id).where(*_LIVING).distinct().order_by(_c.product_id)
        products = list(connection.execute(query).scalars())
    total = 0
    for id in products:
        with reading(engine) as connection:
            stale = _stale(connection, id, months)
        if stale:
            with writing(engine) as connection:
                total += _renew(connection, now, ACTOR, months, id, _lock(connection, id))
    return total


def _lock(connection: Connection, product_id: str) -> list[str]:
    query = select(_c.id).where(_c.product_id == product_id, *_LIVING).order_by(_c.id)
    return list(connection.execute(query.with_for_update(key_share=True)).scalars())


def _stale(connection: Connection, product_id: str, months: Months) -> dict[str, Any]:
    """Lots of a product whose window ends on another day by now, and that day."""
    category = catalogue.product_for_rules(connection, product_id).category_code
    query = select(_c.id, _c.production_date, _c.window_ends_on)
    rows = connection.execute(query.where(_c.product_id == product_id, *_LIVING).order_by(_c.id))
    right = {
        row.id: (row, lot_rules.window_ends_on(None, row.production_date, months.of(category)))
        for row in rows
    }
    return {id: until for id, (row, until) in right.items() if until != row.window_ends_on}


def _renew(
    connection: Connection,
    now: datetime,
    actor: str,
    months: Months,
    product_id: str,
    held: Sequence[str],
) -> int:
    """Write the windows of locked lots that are others now, publish, record."""
    stale = _stale(connection, product_id, months) if held else {}
    stale = {id: until for id, until in stale.items() if id in set(held)}
    if not stale:
        return 0
    for id, until in stale.items():
        connection.execute(update(tables.lot).where(_c.id == id).values(window_ends_on=until))
    change = publication.next_change(connection, now)
    for id in stale:
        if publication.card(connection, "lot", id) is not None:
            lot_cards.publish(connection, change, id, now)
    details = {"lots": len(stale)}
    audit.record(connection, now, actor, "lots.window_changed", f"product:{product_id}", details)
    return len(stale)
