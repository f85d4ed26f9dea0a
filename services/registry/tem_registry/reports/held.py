"""What lapses hold back (giữ lại): unused stamps without a certificate, and terms that end soon.

Nothing of it is stored: it is worked out on the day it is asked for, and a new certificate
makes the stamps usable again by being there.
"""

import json
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import Connection, func, select

from tem.dates import vietnam_day
from tem.verdict import CertificateFacts, certificate_at
from tem_registry import tables
from tem_registry.activation.activation_rules import LotForActivation, activation_refusals
from tem_registry.catalogue import catalogue
from tem_registry.certificates.certificate_rules import is_lapsing
from tem_registry.lots import lots, recalls
from tem_registry.stamps.moves import USABLE

Item = dict[str, Any]


def stamps(
    connection: Connection, now: datetime, after: int, limit: int, producer_id: str | None = None
) -> list[Item]:
    """Batches with usable stamps and no certificate in force, above a number, in order."""
    b, i = tables.stamp_batch.c, tables.stamp_interval.c
    usable = func.sum(i.last - i.first + 1).label("usable")
    query = (
        select(b.number, b.product_id, b.producer_id, usable)
        .join(tables.stamp_interval, i.batch == b.number)
        .where(i.state.in_([str(state) for state in USABLE]), b.number > after)
        .group_by(b.number, b.product_id, b.producer_id)
        .order_by(b.number)
    )
    if producer_id is not None:
        query = query.where(b.producer_id == producer_id)
    found: list[Item] = []
    known: dict[str, Item | None] = {}
    for row in connection.execute(query):
        if row.product_id not in known:
            known[row.product_id] = _held(connection, row.product_id, row.producer_id, now)
        why = known[row.product_id]
        if why is not None:
            own = {"product_id": row.product_id, "producer_id": row.producer_id}
            found.append({"batch": row.number, **own, "usable": int(row.usable), **why})
        if len(found) == limit:
            break
    return found


def _held(connection: Connection, product_id: str, producer_id: str, now: datetime) -> Item | None:
    """Since when a product has no certificate, and the lots made before; None if it has one."""
    today = vietnam_day(now)
    named = [
        (catalogue.certificate_facts(record), record["certificate_id"])
        for record in _records(connection, product_id)
    ]
    terms = tuple(facts for facts, _ in named)
    if certificate_at(terms, today) is not None:
        return None
    ended = [(_last_day(facts), id) for facts, id in named if _last_day(facts) < today]
    last, certificate_id = max(ended) if ended else (None, None)
    return {
        "certificate_id": certificate_id,
        "held_since": last + timedelta(days=1) if last else None,
        "lots": _activable(connection, product_id, producer_id, terms, now),
    }


def _last_day(term: CertificateFacts) -> date:
    """The last day a certificate stood; a withdrawal counts from its own day."""
    if term.revoked_on is None:
        return term.valid_until
    return min(term.valid_until, term.revoked_on - timedelta(days=1))


def _activable(
    connection: Connection,
    product_id: str,
    producer_id: str,
    terms: tuple[CertificateFacts, ...],
    now: datetime,
) -> list[Item]:
    """The lots of a product to which at least one stamp may be tied today."""
    today = vietnam_day(now)
    product = catalogue.product_for_rules(connection, product_id)
    statuses = catalogue.statuses_of(connection, producer_id)
    c = tables.lot.c
    query = (
        select(
            c.id,
            c.lot_code,
            c.production_date,
            c.best_before,
            c.window_ends_on,
            c.quantity,
            c.beyond_shelf_life,
            c.beyond_approved_by,
        )
        .where(c.product_id == product_id, c.purged_at.is_(None))
        .where(c.best_before.is_(None) | (c.best_before >= today))
        .order_by(c.production_date, c.id)
    )
    taken = lots.units_taken_of(connection, c.product_id == product_id)
    recalled = recalls.of_product(connection, product_id, now)
    found = []
    for row in connection.execute(query).all():
        units = taken.get(row.id, 0)
        lot = LotForActivation(
            product=product,
            production_date=row.production_date,
            best_before=row.best_before,
            window_ends_on=row.window_ends_on,
            beyond_shelf_life_unapproved=row.beyond_shelf_life and not row.beyond_approved_by,
            quantity=row.quantity,
            stamps=units,
            recalled=row.id in recalled,
        )
        if not activation_refusals(lot, terms, statuses, 1, today):
            found.append(
                {
                    "lot_id": row.id,
                    "lot_code": row.lot_code,
                    "production_date": row.production_date,
                    "best_before": row.best_before,
                    "units_left": row.quantity - units,
                }
            )
    return found


def lapsing(
    connection: Connection,
    today: date,
    days: int,
    after: str,
    limit: int,
    producer_id: str | None = None,
) -> list[Item]:
    """Certificates in force that end within ``days`` days with none to follow, above an id."""
    found = all_lapsing(connection, today, days, producer_id)
    return [one for one in found if one["certificate_id"] > after][:limit]


def all_lapsing(
    connection: Connection, today: date, days: int, producer_id: str | None = None
) -> list[Item]:
    """All of them in order of their ids, by one query."""
    c, p = tables.certificate.c, tables.product.c
    query = select(c.record)
    if producer_id is not None:
        query = query.join(tables.product, p.id == c.product_id)
        query = query.where(p.producer_id == producer_id)
    records = [json.loads(text) for text in connection.execute(query).scalars()]
    terms: dict[str, list[CertificateFacts]] = {}
    for record in records:
        facts = catalogue.certificate_facts(record)
        terms.setdefault(record["product_id"], []).append(facts)
    found = []
    for record in records:
        facts = catalogue.certificate_facts(record)
        if not facts.in_force_on(today) or not is_lapsing(facts.valid_until, today, days):
            continue
        others = tuple(terms[record["product_id"]])
        if certificate_at(others, facts.valid_until + timedelta(days=1)) is None:
            shown = ("certificate_id", "product_id", "stars", "decision_no", "valid_until")
            left = (facts.valid_until - today).days
            found.append({**{name: record[name] for name in shown}, "days_left": left})
    return sorted(found, key=lambda one: str(one["certificate_id"]))


def _records(connection: Connection, product_id: str) -> list[Item]:
    c = tables.certificate.c
    query = select(c.record).where(c.product_id == product_id).order_by(c.id)
    return [json.loads(text) for text in connection.execute(query).scalars()]
