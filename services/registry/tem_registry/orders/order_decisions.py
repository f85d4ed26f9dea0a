"""What is decided about an order: approved, rejected by the office, cancelled by its producer."""

from datetime import datetime

from sqlalchemy import Connection, and_, false, func, or_, select, update

from tem.databases.database import insert_or_ignore
from tem.errors import Conflict
from tem.trail import audit
from tem_registry import tables
from tem_registry.orders import declared_output, orders
from tem_registry.orders.order_rules import approvals_required
from tem_registry.orders.orders import Order
from tem_registry.rules import Product

_c = tables.stamp_order.c


def approve(
    connection: Connection,
    now: datetime,
    actor: str,
    id: str,
    two_person_quantity: int,
    *,
    person: str,
    override_reason: str | None = None,
) -> Order:
    """One person's approval; the last one needed lets the issuer begin.

    ``person`` is the name on the key, so that two keys of one person count once. Raises
    NotFound, or Conflict if the order is past approval, this person has approved it, the
    product may no longer be stamped, or the order is beyond the declared output and neither
    this approval nor an earlier act gave a reason.
    """
    product = _orderable_for(connection, id, now)
    order = _locked(connection, id)
    beyond = declared_output.excess(
        connection, now, product, order.quantity, (order.id, order.requested_at)
    )
    reason = override_reason or order.override_reason
    orders.refuse_excess(beyond, reason)
    row = {"order_id": id, "approver": person, "at": now}
    if not insert_or_ignore(connection, tables.approval, row):
        raise Conflict(
            "approved_by_you", "You have approved it: the second approval is another person's."
        )
    if beyond is not None:
        kept = update(tables.stamp_order).where(_c.id == id)
        connection.execute(kept.values(override_reason=reason))
    count = _approvals(connection, id)
    if count >= approvals_required(order.quantity, two_person_quantity):
        orders.set_state(connection, id, "requested", "approved")
    details = {"approvals": count, **orders.overridden(beyond, reason)}
    audit.record(connection, now, actor, "order.approved", f"order:{id}", details)
    return orders.find(connection, id)


def _orderable_for(connection: Connection, id: str, now: datetime) -> Product:
    order = orders.find(connection, id)
    if order.state != "requested":
        raise Conflict("not_awaiting_approval", f"Order {id} is {order.state} already.")
    return orders.orderable(connection, order.product_id, now)


def _locked(connection: Connection, id: str) -> Order:
    """A requested order that nobody else moves meanwhile. Raises Conflict if it moved on."""
    if not orders.set_state(connection, id, "requested", "requested"):
        order = orders.find(connection, id)
        raise Conflict("not_awaiting_approval", f"Order {id} is {order.state} already.")
    return orders.find(connection, id)


def _approvals(connection: Connection, id: str) -> int:
    a = tables.approval.c
    query = select(func.count()).select_from(tables.approval).where(a.order_id == id)
    return int(connection.execute(query).scalar_one())


def reject(connection: Connection, now: datetime, actor: str, id: str, reason: str) -> Order:
    """The office refuses an order that was not yet taken to the issuer.

    Raises NotFound, or Conflict when it is too late: then its stamps can be revoked.
    """
    open_still = or_(_c.state == "requested", and_(_c.state == "approved", _c.sent == false()))
    moved = update(tables.stamp_order).where(_c.id == id, open_still)
    if connection.execute(moved.values(state="rejected", failure=reason)).rowcount == 0:
        order = orders.find(connection, id)
        told = f"Order {id} is {order.state}" + (" and at the issuer." if order.sent else ".")
        raise Conflict("not_rejectable", f"{told} Stamps that are issued can be revoked.")
    audit.record(connection, now, actor, "order.rejected", f"order:{id}", {"reason": reason})
    return orders.find(connection, id)


def cancel(
    connection: Connection,
    now: datetime,
    actor: str,
    id: str,
    reason: str | None = None,
    own: str | None = None,
) -> Order:
    """Its producer, or the office, takes back an order that is not approved yet.

    Raises NotFound, also for another producer's, or Conflict once it is approved.
    """
    mine = [_c.id == id, _c.state == "requested"]
    if own is not None:
        mine.append(_c.producer_id == own)
    moved = update(tables.stamp_order).where(*mine)
    if connection.execute(moved.values(state="cancelled", failure=reason)).rowcount == 0:
        order = orders.find(connection, id, own)
        raise Conflict("not_cancellable", f"Order {id} is {order.state}: the office can tell more.")
    audit.record(connection, now, actor, "order.cancelled", f"order:{id}", {"reason": reason})
    return orders.find(connection, id)
