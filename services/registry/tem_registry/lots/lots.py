"""Production lots: recorded once, dates by the rule; found again, and their stamps counted."""

import secrets
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, and_, exists, func, or_, select, update

from tem.databases.database import insert_or_ignore
from tem.dates import vietnam_day
from tem.errors import Conflict, Gone, NotFound
from tem.trail import audit
from tem.vocabulary import StampState
from tem_registry import tables
from tem_registry.catalogue import catalogue
from tem_registry.lots import lot_rules, new_lot, recalls
from tem_registry.settings import Settings

_c = tables.lot.c


@dataclass(frozen=True, slots=True)
class Lot:
    """A living lot on record, not purged; ``best_before`` is None where the label declares none."""

    id: str
    product_id: str
    producer_id: str
    lot_code: str
    production_date: date
    production_date_kind: str
    best_before: date | None
    info_expires_on: date | None
    window_ends_on: date
    best_before_basis: str
    precision: str
    quantity: int
    unit: str
    beyond_shelf_life: bool
    beyond_approved_by: str | None


_COLUMNS = (
    _c.id,
    _c.product_id,
    _c.producer_id,
    _c.lot_code,
    _c.production_date,
    _c.production_date_kind,
    _c.best_before,
    _c.info_expires_on,
    _c.window_ends_on,
    _c.best_before_basis,
    _c.precision,
    _c.quantity,
    _c.unit,
    _c.beyond_shelf_life,
    _c.beyond_approved_by,
)


def find(
    connection: Connection, id: str, producer_id: str | None = None, *, locked: bool = False
) -> Lot:
    """A lot. Raises NotFound, also for another producer's when one is given; Gone if purged.

    The lock is the one an UPDATE takes: others may go on writing ranges that name the lot.
    """
    query = select(*_COLUMNS, _c.purged_at).where(_c.id == id)
    if producer_id is not None:
        query = query.where(_c.producer_id == producer_id)
    row = connection.execute(query.with_for_update(key_share=True) if locked else query).first()
    if row is None:
        raise NotFound("no_such_lot", f"There is no lot {id} of yours.")
    if row.purged_at is not None:
        day = vietnam_day(row.purged_at)
        raise Gone("lot_purged", f"The record of lot {id} was destroyed on {day}; see its stamps.")
    return Lot(**{column.name: row._mapping[column.name] for column in _COLUMNS})


def page(
    connection: Connection,
    after: str,
    limit: int,
    producer_id: str | None = None,
    *,
    now: datetime,
    product: str | None = None,
    recalled: bool | None = None,
    q: str | None = None,
    order: str = "id",
) -> list[Lot]:
    """Living lots with an id above ``after``, in order, or those recorded before it (``newest``).

    Of one product, with or without a recall in force, their code beginning with ``q``.
    """
    query = select(*_COLUMNS).where(_c.purged_at.is_(None)).limit(limit)
    if order == "newest":
        query = query.order_by(_c.created_at.desc(), _c.id.desc())
        query = query.where(_recorded_before(after)) if after else query
    else:
        query = query.where(_c.id > after).order_by(_c.id)
    if producer_id is not None:
        query = query.where(_c.producer_id == producer_id)
    if product is not None:
        query = query.where(_c.product_id == product)
    if recalled is not None:
        r = tables.recall.c
        under_recall = exists().where(r.lot_id == _c.id, recalls.not_over(now))
        query = query.where(under_recall if recalled else ~under_recall)
    if q is not None:  # LIKE would tell upper from lower case on one engine only
        query = query.where(func.substr(_c.lot_code, 1, len(q)) == q)
    return [Lot(**row._mapping) for row in connection.execute(query)]


def _recorded_before(id: str) -> ColumnElement[bool]:
    """Which lots come after one in the order of the newest first."""
    at = select(_c.created_at).where(_c.id == id).scalar_subquery()
    return or_(_c.created_at < at, and_(_c.created_at == at, _c.id < id))


def add(
    connection: Connection,
    now: datetime,
    actor: str,
    config: Settings,
    body: dict[str, Any],
    own: str | None = None,
    approve_beyond: bool = False,
) -> Lot:
    """Record a lot. ``own`` limits a producer to its own products.

    Raises NotFound, Invalid for dates that contradict, Conflict for a lot code used before.
    """
    product = catalogue.product_for_rules(connection, body["product_id"], own)
    new_lot.check_producer(product, body)
    dates = new_lot.dates_of(product, body)
    row = {
        "id": body.get("lot_id") or f"L-{secrets.token_hex(6)}",
        **new_lot.row_of(connection, config, product, dates, body),
        "beyond_approved_by": actor if dates.beyond_shelf_life and approve_beyond else None,
        "created_at": now,
    }
    if not insert_or_ignore(connection, tables.lot, row):
        raise new_lot.taken(product.id, body["lot_code"])
    # What a purge destroys must not be in the audit trail, which nothing can be taken out of.
    details = {"product_id": product.id, "beyond_shelf_life": dates.beyond_shelf_life}
    audit.record(connection, now, actor, "lot.added", f"lot:{row['id']}", details)
    return find(connection, str(row["id"]))


def approve_date(connection: Connection, now: datetime, actor: str, id: str) -> Lot:
    """The office accepts a date beyond the shelf life. Raises NotFound, or Conflict."""
    lot = find(connection, id, locked=True)
    if not lot.beyond_shelf_life or lot.beyond_approved_by:
        raise Conflict("nothing_to_approve", f"The date of lot {id} needs no approval.")
    connection.execute(update(tables.lot).where(_c.id == id).values(beyond_approved_by=actor))
    audit.record(connection, now, actor, "lot.date_approved", f"lot:{id}")
    return find(connection, id)


def stamps_of(connection: Connection, lot_id: str) -> int:
    """How many stamps are tied to a lot, those voided or revoked since included."""
    c = tables.stamp_interval.c
    total = select(func.coalesce(func.sum(c.last - c.first + 1), 0)).where(c.lot_id == lot_id)
    return int(connection.execute(total).scalar_one())


def units_taken(connection: Connection, lot_id: str) -> int:
    """How many units of a lot have a stamp: a void one was torn, its unit may get another."""
    return units_taken_of(connection, _c.id == lot_id).get(lot_id, 0)


def units_taken_of(connection: Connection, which: ColumnElement[bool]) -> dict[str, int]:
    """The same for all lots that meet a condition; one of which no unit has a stamp is absent."""
    c = tables.stamp_interval.c
    total = select(c.lot_id, func.sum(c.last - c.first + 1)).join(tables.lot, _c.id == c.lot_id)
    standing = total.where(which, c.state != StampState.VOID).group_by(c.lot_id)
    return {row[0]: int(row[1]) for row in connection.execute(standing)}


def recalled(connection: Connection, lot_id: str, now: datetime) -> bool:
    """Whether a recall of the lot is not over at an instant."""
    return bool(recalls.under_recall(connection, [lot_id], now))


def record_ends_on(connection: Connection, lot: Lot, config: Settings) -> date:
    """The last day on which the office must keep the record of a lot."""
    category = catalogue.product_for_rules(connection, lot.product_id).category_code
    return lot_rules.record_ends_on(
        lot.best_before, lot.production_date, lot.window_ends_on, category, config.record_months
    )
