"""Orders of stamps: asked for, found, moved on; the fee stays as it was that day.

Lock order: the product's row (orders of one product wait for each other), then the order's.
Every move of a state is an UPDATE that names the state it leaves.
"""

import secrets
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, and_, or_, select, update

from tem.databases.database import insert_or_ignore
from tem.dates import vietnam_day
from tem.errors import Conflict, Forbidden, Invalid, NotFound
from tem.trail import audit
from tem_registry import tables
from tem_registry.catalogue import catalogue
from tem_registry.orders import declared_output
from tem_registry.orders.declared_output import Excess
from tem_registry.orders.order_rules import order_refusals
from tem_registry.rules import Product, refuse

_c = tables.stamp_order.c


@dataclass(frozen=True, slots=True)
class Order:
    """An order: ``requested → approved → issuing → issued → printed → delivered``.

    Or it ends ``rejected``, ``cancelled`` or ``failed``; ``failure`` says why. ``sent`` is
    written before the issuer is first asked for its batch.
    """

    id: str
    product_id: str
    producer_id: str
    quantity: int
    unit_fee_vnd: int
    unit_subsidy_vnd: int
    override_reason: str | None
    state: str
    requested_at: datetime
    requested_by: str
    sent: bool
    batch: int | None
    failure: str | None


_COLUMNS = tuple(_c[name] for name in Order.__slots__)


def request(
    connection: Connection,
    now: datetime,
    actor: str,
    *,
    product_id: str,
    quantity: int,
    unit_fee_vnd: int,
    unit_subsidy_vnd: int = 0,
    producer_id: str | None = None,
    own: str | None = None,
    id: str | None = None,
    override_reason: str | None = None,
) -> Order:
    """Ask for stamps of one product. ``own`` limits a producer to its own products.

    Beyond the product's declared output the office needs an ``override_reason``, which is kept
    where it was needed; a producer's request is accepted and waits for the office to give one.
    Raises NotFound, Invalid, Forbidden, or Conflict when the product may not be stamped now.
    """
    if own is not None and override_reason is not None:
        raise Forbidden("override_is_the_offices", "Only the office gives an override_reason.")
    product = orderable(connection, product_id, now, own)
    if producer_id not in (None, product.producer_id):
        raise Invalid("not_the_producer", f"{product_id} is made by {product.producer_id}.")
    beyond = declared_output.excess(connection, now, product, quantity)
    if own is None:
        refuse_excess(beyond, override_reason)
    row = {
        "id": id or f"DH-{secrets.token_hex(6)}",
        "product_id": product.id,
        "producer_id": product.producer_id,
        "quantity": quantity,
        "unit_fee_vnd": unit_fee_vnd,
        "unit_subsidy_vnd": unit_subsidy_vnd,
        "override_reason": override_reason if beyond else None,
        "state": "requested",
        "requested_at": now,
        "requested_by": actor,
    }
    if not insert_or_ignore(connection, tables.stamp_order, row):
        raise Conflict("id_taken", f"There is an order {row['id']} already.")
    told = ("product_id", "quantity", "unit_fee_vnd", "unit_subsidy_vnd")
    details = {**{name: row[name] for name in told}, **overridden(beyond, override_reason)}
    audit.record(connection, now, actor, "order.requested", f"order:{row['id']}", details)
    return find(connection, str(row["id"]))


def orderable(
    connection: Connection, product_id: str, now: datetime, own: str | None = None
) -> Product:
    """A product that may be ordered for today, locked. Raises NotFound or Conflict."""
    declared_output.lock_product(connection, product_id)
    product = catalogue.product_for_rules(connection, product_id, own)
    found = order_refusals(
        product,
        catalogue.certificates_of(connection, product_id),
        catalogue.statuses_of(connection, product.producer_id),
        vietnam_day(now),
    )
    refuse("order", found)
    return product


def refuse_excess(beyond: Excess | None, override_reason: str | None) -> None:
    """Raises Conflict with the numbers for an order beyond the output that nobody explained."""
    if beyond is not None and override_reason is None:
        raise Conflict(beyond.refusal.code, beyond.refusal.detail, **beyond.shown())


def overridden(beyond: Excess | None, override_reason: str | None) -> dict[str, Any]:
    """What the audit trail tells of an order beyond the declared output."""
    if beyond is None:
        return {}
    reason = {} if override_reason is None else {"override_reason": override_reason}
    return {"beyond_declared_output": beyond.shown(), **reason}


def find(connection: Connection, id: str, producer_id: str | None = None) -> Order:
    """One order. Raises NotFound, also for another producer's when one is given."""
    query = select(*_COLUMNS).where(_c.id == id)
    if producer_id is not None:
        query = query.where(_c.producer_id == producer_id)
    row = connection.execute(query).first()
    if row is None:
        raise NotFound("no_such_order", f"There is no order {id}.")
    return Order(**row._mapping)


def page(
    connection: Connection,
    after: str,
    limit: int,
    own: str | None = None,
    *,
    state: str | None = None,
    producer_id: str | None = None,
    product_id: str | None = None,
    order: str = "id",
) -> list[Order]:
    """Orders with an id above ``after``, in order of their ids, or those asked for before it
    (``newest``); of ``own`` only, if given."""
    query = select(*_COLUMNS).limit(limit)
    if order == "newest":
        query = query.order_by(_c.requested_at.desc(), _c.id.desc())
        query = query.where(_asked_before(after)) if after else query
    else:
        query = query.where(_c.id > after).order_by(_c.id)
    wanted = (
        (_c.producer_id, own),
        (_c.state, state),
        (_c.producer_id, producer_id),
        (_c.product_id, product_id),
    )
    query = query.where(*(column == value for column, value in wanted if value is not None))
    return [Order(**row._mapping) for row in connection.execute(query)]


def _asked_before(id: str) -> ColumnElement[bool]:
    """Which orders come after one in the order of the newest first."""
    at = select(_c.requested_at).where(_c.id == id).scalar_subquery()
    return or_(_c.requested_at < at, and_(_c.requested_at == at, _c.id < id))


def open_orders(connection: Connection) -> list[Order]:
    """Orders that are approved and not yet issued."""
    query = select(*_COLUMNS).where(_c.state.in_(["approved", "issuing"]))
    rows = connection.execute(query.order_by(_c.requested_at, _c.id))
    return [Order(**row._mapping) for row in rows]


def send(connection: Connection, id: str) -> bool:
    """Write down that the issuer is about to be asked; False if the order is no longer approved.

    From here on the order cannot be rejected: the issuer may have a batch for it.
    """
    moved = update(tables.stamp_order).where(_c.id == id, _c.state == "approved")
    return connection.execute(moved.values(sent=True)).rowcount == 1


def send_later(connection: Connection, id: str) -> None:
    """The issuer refused for now and has nothing of the order."""
    moved = update(tables.stamp_order).where(_c.id == id, _c.state == "approved")
    connection.execute(moved.values(sent=False))


def set_state(connection: Connection, id: str, before: str, after: str, **values: Any) -> bool:
    """Move an order on, if it still is where the caller saw it."""
    changed = connection.execute(
        update(tables.stamp_order)
        .where(_c.id == id, _c.state == before)
        .values(state=after, **values)
    )
    return changed.rowcount == 1
