"""Forgetting, step two: a lot's record is destroyed once nobody has to keep it any longer.

An explicit act of the office (Circular 17/2021/TT-BNNPTNT says how long a record is kept). What
stays is the skeleton that INFO_EXPIRED needs: the lot's id, its product, the end of its window;
its stamps stay tied to it and the statistics stay as they are. The audit trail stays too: it
tells who recorded, recalled and purged the lot, and the notices of its recalls.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import Connection, delete, select, update

from tem.dates import rfc3339, vietnam_day
from tem.http import idempotency
from tem.trail import audit
from tem_registry import public_events, publication, tables
from tem_registry.lots import lot_cards, lot_rules, lots
from tem_registry.settings import Settings

# What a purge destroys of a lot's row.
FACTS = (
    "lot_code",
    "production_date",
    "production_date_kind",
    "best_before",
    "info_expires_on",
    "best_before_basis",
    "precision",
    "quantity",
    "unit",
    "beyond_approved_by",
)
_PAGE = 200


@dataclass(frozen=True, slots=True)
class Due:
    """A lot whose record need not be kept any longer."""

    id: str
    product_id: str
    record_ends_on: date


def due(connection: Connection, config: Settings, until: date, now: datetime) -> Iterator[Due]:
    """Lots whose record period ended on a day or before, in order of their id.

    Those under recall are left out.
    """
    c, after = tables.lot.c, ""
    while True:
        query = select(c.id).where(c.purged_at.is_(None), c.window_ends_on <= until, c.id > after)
        found = list(connection.execute(query.order_by(c.id).limit(_PAGE)).scalars())
        for id in found:
            lot = lots.find(connection, id)
            ends_on = lots.record_ends_on(connection, lot, config)
            if ends_on <= until and not lots.recalled(connection, id, now):
                yield Due(id, lot.product_id, ends_on)
        if len(found) < _PAGE:
            return
        after = found[-1]


def purge(
    connection: Connection, now: datetime, actor: str, config: Settings, id: str
) -> dict[str, Any]:
    """Destroy the record of a lot; only the skeleton is left.

    Raises NotFound; Gone if that was done before; Conflict while the record must be kept
    (``record_period_runs``) or a recall is not over (``lot_recalled``).
    """
    lot = lots.find(connection, id, locked=True)
    ends_on = lots.record_ends_on(connection, lot, config)
    lot_rules.check_purge(ends_on, vietnam_day(now), lots.recalled(connection, id, now))
    c = tables.lot.c
    nothing = dict.fromkeys(FACTS)
    connection.execute(update(tables.lot).where(c.id == id).values(**nothing, purged_at=now))
    connection.execute(delete(tables.recall).where(tables.recall.c.lot_id == id))
    _forget_answers(connection, id)
    if publication.card(connection, "lot", id) is not None:
        lot_cards.publish(connection, publication.next_change(connection, now), id, now)
        public_events.forget(connection, [id])
    details = {"record_ended_on": ends_on.isoformat()}
    audit.record(connection, now, actor, "lot.purged", f"lot:{id}", details)
    return {"lot_id": id, "purged_at": rfc3339(now)}


def _forget_answers(connection: Connection, id: str) -> None:
    """Delete stored answers that tell of the lot: a retry after so long finds it gone anyway."""
    table = idempotency.idempotency_table
    names_it = table.c.answer.contains(f'lot_id": {json.dumps(id)}', autoescape=True)
    connection.execute(delete(table).where(names_it))
