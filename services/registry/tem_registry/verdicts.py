"""What a scan would say, asked inside the registry: the same cards and the same function.

Only the lot's card comes from the office's record: what the public may no longer see still
decides what a scan would have said at an earlier instant.
"""

import json
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, select

from tem.answer import Subject, answer, plain
from tem.databases import published
from tem.dates import rfc3339
from tem.stampcode import serial
from tem.verdict import UNAVAILABLE, UNKNOWN
from tem.vocabulary import StampState
from tem_registry import publication, tables
from tem_registry.lots import lot_cards


def batch_number(connection: Connection, name: str) -> int | None:
    """A batch by its number, or by the id its order was imported or placed under."""
    c = tables.stamp_order.c
    imported = connection.execute(select(c.batch).where(c.id == name)).scalar()
    if imported is not None:
        return int(imported)
    return int(name) if name.isascii() and name.isdigit() and len(name) <= 10 else None


def ask(connection: Connection, name: str, index: int, at: datetime) -> dict[str, Any]:
    """The answer of a look-up at an instant, with ``facts`` that say why."""
    return of_stamp(connection, batch_number(connection, name), index, at)


def of_stamp(
    connection: Connection, number: int | None, index: int, at: datetime
) -> dict[str, Any]:
    """The same of a batch by its number; without one nothing is on record."""
    try:
        subject = _subject(connection, number, index)
    except LookupError:  # a card is missing: what the verifier says of such a stamp
        return plain(UNAVAILABLE, at)
    if subject is None:
        return plain(UNKNOWN, at)
    lot = subject.lot or {}
    facts = {
        "serial": serial(subject.batch, subject.index),
        "at": rfc3339(at),
        "state": str(subject.state),
        "lot_id": lot.get("lot_id"),
        "best_before": lot.get("best_before"),
        "information_until": lot.get("window_ends_on"),
        "recalls": lot.get("recalls", []),
        "certificates": [
            {
                name: c[name]
                for name in ("certificate_id", "valid_from", "valid_until", "revoked_on")
            }
            for c in subject.product["certificates"]
        ],
        "producer_statuses": subject.producer["statuses"],
    }
    return {**answer(subject, at, at), "facts": facts}


def _subject(connection: Connection, number: int | None, index: int) -> Subject | None:
    """The stamp with its cards, None if it is not on record. Raises LookupError for a hole."""
    i, b = published.interval.c, published.batch.c
    row = connection.execute(
        select(i.state, i.lot_id, i.revoked_on, b.product_id, b.producer_id)
        .join(published.batch, b.number == i.batch)
        .where(i.batch == number, i.first <= index, i.last >= index)
    ).first()
    if row is None or number is None:
        return None
    product = _card(connection, "product", row.product_id)
    return Subject(
        batch=number,
        index=index,
        state=StampState(row.state),
        product=product,
        producer=_card(connection, "producer", row.producer_id),
        lot=lot_cards.in_full(connection, row.lot_id) if row.lot_id else None,
        revoked_on=row.revoked_on,
        points_of_sale=_points_of_sale(connection, product),
    )


def _card(connection: Connection, kind: str, id: str) -> dict[str, Any]:
    found = publication.card(connection, kind, id)
    if found is None:
        raise LookupError(f"the published card of {kind} {id} is missing")
    return found


def _points_of_sale(connection: Connection, product: dict[str, Any]) -> dict[str, Any]:
    c = published.card.c
    ids = {sale["pos_id"] for sale in product["points_of_sale"]}
    query = select(c.id, c.body).where(c.kind == "pos", c.id.in_(ids))
    return {row.id: json.loads(row.body) for row in connection.execute(query)}
