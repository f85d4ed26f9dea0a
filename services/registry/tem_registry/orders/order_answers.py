"""Orders as JSON: with their batch's days, their approvals, and what the office must look at."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, select

from tem.dates import rfc3339
from tem.vocabulary import Role
from tem_registry import tables
from tem_registry.catalogue import catalogue
from tem_registry.orders import declared_output
from tem_registry.orders.order_rules import approvals_required
from tem_registry.orders.orders import Order

_DAYS = ("printed_on", "delivered_on", "received_on")


def shown(
    connection: Connection,
    now: datetime,
    order: Order,
    two_person_quantity: int,
    own: str | None = None,
) -> dict[str, Any]:
    """One order; ``batch`` is null until the issuer reserved a number.

    ``own`` is the producer that asks: it is told that the office approved, and not who.
    """
    return shown_all(connection, now, [order], two_person_quantity, own)[0]


def shown_all(
    connection: Connection,
    now: datetime,
    orders: Sequence[Order],
    two_person_quantity: int,
    own: str | None = None,
) -> list[dict[str, Any]]:
    """Orders of a page, with one query for all their batches and one for their approvals."""
    batches = _batches(connection, orders)
    approvals = _approvals(connection, orders, names=own is None)
    return [
        {
            **_shown(order, two_person_quantity),
            "approvals": approvals[order.id],
            **(batches.get(order.id) or dict.fromkeys((*_DAYS, "receipt"))),
            **_beyond(connection, now, order),
        }
        for order in orders
    ]


def _shown(order: Order, two_person_quantity: int) -> dict[str, Any]:
    out: dict[str, Any] = {
        "order_id": order.id,
        "state": order.state,
        "batch": order.batch,
        "product_id": order.product_id,
        "producer_id": order.producer_id,
        "quantity": order.quantity,
        "unit_fee_vnd": order.unit_fee_vnd,
        "fee_vnd": order.unit_fee_vnd * order.quantity,
        "unit_subsidy_vnd": order.unit_subsidy_vnd,
        "subsidy_vnd": order.unit_subsidy_vnd * order.quantity,
        "requested_at": rfc3339(order.requested_at),
        "approvals_required": approvals_required(order.quantity, two_person_quantity),
    }
    if order.override_reason is not None:
        out["override_reason"] = order.override_reason
    if order.failure is not None:
        out["failure" if order.state == "failed" else "reason"] = order.failure
    return out


def _beyond(connection: Connection, now: datetime, order: Order) -> dict[str, Any]:
    """The numbers of a waiting order that is beyond its product's declared output."""
    if order.state != "requested":
        return {}
    product = catalogue.product_for_rules(connection, order.product_id)
    named = (order.id, order.requested_at)
    found = declared_output.excess(connection, now, product, order.quantity, named)
    return {"beyond_declared_output": found.shown()} if found else {}


def _batches(connection: Connection, orders: Sequence[Order]) -> dict[str, dict[str, Any]]:
    b = tables.stamp_batch.c
    query = select(b.order_id, b.receipt, *(b[name] for name in _DAYS))
    rows = connection.execute(query.where(b.order_id.in_([order.id for order in orders])))
    return {
        row.order_id: {
            **{name: day.isoformat() if (day := getattr(row, name)) else None for name in _DAYS},
            "receipt": row.receipt,
        }
        for row in rows
    }


def _approvals(
    connection: Connection, orders: Sequence[Order], *, names: bool
) -> defaultdict[str, list[dict[str, str]]]:
    a = tables.approval.c
    query = select(a.order_id, a.approver, a.at).order_by(a.at, a.approver)
    found: defaultdict[str, list[dict[str, str]]] = defaultdict(list)
    for row in connection.execute(query.where(a.order_id.in_([order.id for order in orders]))):
        by = row.approver if names else str(Role.OFFICE)
        found[row.order_id].append({"by": by, "at": rfc3339(row.at)})
    return found
