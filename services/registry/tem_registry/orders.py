"""Orders of stamps: requested, approved, issued, delivered; the fee stays as it was that day."""

import secrets
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, func, select, update

from tem import audit
from tem.database import insert_or_ignore
from tem.dates import rfc3339, vietnam_day
from tem.errors import Conflict, Invalid, NotFound
from tem_registry import catalogue, tables
from tem_registry.order_rules import order_refusals
from tem_registry.rules import Refusal

_c = tables.stamp_order.c
_COLUMNS = (
    _c.id,
    _c.product_id,
    _c.producer_id,
    _c.quantity,
    _c.unit_fee_vnd,
    _c.state,
    _c.requested_at,
    _c.requested_by,
    _c.batch,
    _c.failure,
)


@dataclass(frozen=True, slots=True)
class Order:
    """An order: ``requested → approved → issuing → issued → delivered``, or ``failed``."""

    id: str
    product_id: str
    producer_id: str
    quantity: int
    unit_fee_vnd: int
    state: str
    requested_at: datetime
    requested_by: str
    batch: int | None
    failure: str | None


def refuse(code: str, found: list[Refusal]) -> None:
    """Raises Conflict naming every reason, if there is any; ``code`` is the first one's."""
    if found:
        raise Conflict(
            found[0].code,
            " ".join(one.detail for one in found),
            reasons=[{"code": one.code, "detail": one.detail} for one in found],
            act=code,
        )


def request(
    connection: Connection,
    now: datetime,
    actor: str,
    *,
    product_id: str,
    quantity: int,
    unit_fee_vnd: int,
    producer_id: str | None = None,
    own: str | None = None,
    id: str | None = None,
) -> Order:
    """Ask for stamps of one product. ``own`` limits a producer to its own products.

    Raises NotFound, Invalid, or Conflict when the product may not be stamped now.
    """
    product = catalogue.product_for_rules(connection, product_id, own)
    if producer_id not in (None, product.producer_id):
        raise Invalid("not_the_producer", f"{product_id} is made by {product.producer_id}.")
    _check(connection, product_id, now, own)
    row = {
        "id": id or f"DH-{secrets.token_hex(6)}",
        "product_id": product.id,
        "producer_id": product.producer_id,
        "quantity": quantity,
        "unit_fee_vnd": unit_fee_vnd,
        "unit_subsidy_vnd": 0,
        "state": "requested",
        "requested_at": now,
        "requested_by": actor,
    }
    if not insert_or_ignore(connection, tables.stamp_order, row):
        raise Conflict("id_taken", f"There is an order {row['id']} already.")
    details = {"product_id": product.id, "quantity": quantity, "unit_fee_vnd": unit_fee_vnd}
    audit.record(connection, now, actor, "order.requested", f"order:{row['id']}", details)
    return find(connection, str(row["id"]))


def _check(connection: Connection, product_id: str, now: datetime, own: str | None = None) -> None:
    product = catalogue.product_for_rules(connection, product_id, own)
    found = order_refusals(
        product,
        catalogue.certificates_of(connection, product_id),
        catalogue.statuses_of(connection, product.producer_id),
        vietnam_day(now),
    )
    refuse("order", found)


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
    connection: Connection, after: str, limit: int, producer_id: str | None = None
) -> list[Order]:
    """Orders with an id above ``after``, in order of their ids."""
    query = select(*_COLUMNS).where(_c.id > after).order_by(_c.id).limit(limit)
    if producer_id is not None:
        query = query.where(_c.producer_id == producer_id)
    return [Order(**row._mapping) for row in connection.execute(query)]


def open_orders(connection: Connection) -> list[Order]:
    """Orders that are approved and not yet issued."""
    query = select(*_COLUMNS).where(_c.state.in_(["approved", "issuing"]))
    rows = connection.execute(query.order_by(_c.requested_at, _c.id))
    return [Order(**row._mapping) for row in rows]


def approvals_required(quantity: int, two_person_quantity: int) -> int:
    """Two different people above the threshold, else one."""
    return 2 if quantity > two_person_quantity else 1


def approve(
    connection: Connection,
    now: datetime,
    actor: str,
    id: str,
    two_person_quantity: int,
    *,
    person: str,
) -> Order:
    """One person's approval; the last one needed lets the issuer begin.

    ``person`` is the name on the key, so that two keys of one person count once. Raises
    NotFound, or Conflict if the order is past approval, this person has approved it, or the
    product may no longer be stamped.
    """
    locked = update(tables.stamp_order).where(_c.id == id, _c.state == "requested")
    if connection.execute(locked.values(state="requested")).rowcount == 0:
        order = find(connection, id)
        raise Conflict("not_awaiting_approval", f"Order {id} is {order.state} already.")
    order = find(connection, id)
    _check(connection, order.product_id, now)
    row = {"order_id": id, "approver": person, "at": now}
    if not insert_or_ignore(connection, tables.approval, row):
        raise Conflict(
            "approved_by_you", "You have approved it: the second approval is another person's."
        )
    a = tables.approval.c
    count = connection.execute(
        select(func.count()).select_from(tables.approval).where(a.order_id == id)
    ).scalar_one()
    audit.record(connection, now, actor, "order.approved", f"order:{id}", {"approvals": count})
    if count >= approvals_required(order.quantity, two_person_quantity):
        set_state(connection, id, "requested", "approved")
    return find(connection, id)


def set_state(connection: Connection, id: str, before: str, after: str, **values: Any) -> bool:
    """Move an order on, if it still is where the caller saw it."""
    changed = connection.execute(
        update(tables.stamp_order)
        .where(_c.id == id, _c.state == before)
        .values(state=after, **values)
    )
    return changed.rowcount == 1


def shown(connection: Connection, order: Order, two_person_quantity: int) -> dict[str, Any]:
    """An order as JSON; ``batch`` is null until the issuer reserved a number."""
    a = tables.approval.c
    approvals = connection.execute(
        select(a.approver, a.at).where(a.order_id == order.id).order_by(a.at, a.approver)
    )
    out: dict[str, Any] = {
        "order_id": order.id,
        "state": order.state,
        "batch": order.batch,
        "product_id": order.product_id,
        "producer_id": order.producer_id,
        "quantity": order.quantity,
        "unit_fee_vnd": order.unit_fee_vnd,
        "fee_vnd": order.unit_fee_vnd * order.quantity,
        "requested_at": rfc3339(order.requested_at),
        "approvals_required": approvals_required(order.quantity, two_person_quantity),
        "approvals": [{"by": row.approver, "at": rfc3339(row.at)} for row in approvals],
    }
    if order.failure is not None:
        out["failure"] = order.failure
    return out
