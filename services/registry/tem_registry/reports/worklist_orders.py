"""Orders of the list of work."""

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, exists, func, select

from tem_registry import tables
from tem_registry.reports.worklist_parts import Part, mine, of

FAILED_DAYS = 60  # an order that failed longer ago is history
_o = tables.stamp_order.c


def _orders(own: str | None, *where: ColumnElement[bool]) -> Select[Any]:
    return (
        select(
            _o.id,
            _o.requested_at.label("since"),
            _o.product_id,
            _o.producer_id,
            _o.quantity,
            _o.batch,
            _o.state,
            _o.failure.label("note"),
        )
        .where(*where, *mine(_o.producer_id, own))
        .order_by(_o.requested_at, _o.id)
    )


def orders_to_approve(connection: Connection) -> Part:
    """Orders nobody has approved."""
    nobody = ~exists().where(tables.approval.c.order_id == _o.id)
    return of(connection, _orders(None, _o.state == "requested", nobody))


def orders_for_second_approval(connection: Connection) -> Part:
    """Orders that one person has approved and another one must (``approved_by``: who has)."""
    a = tables.approval.c
    by = select(func.min(a.approver)).where(a.order_id == _o.id).scalar_subquery()
    somebody = exists().where(a.order_id == _o.id)
    query = _orders(None, _o.state == "requested", somebody)
    return of(connection, query.add_columns(by.label("approved_by")))


def orders_failed(connection: Connection, now: datetime, own: str | None) -> Part:
    """Orders of late that could not be issued, with no newer one for the same product."""
    newer = tables.stamp_order.alias()
    after = exists().where(
        newer.c.product_id == _o.product_id, newer.c.requested_at > _o.requested_at
    )
    late = _o.requested_at >= now - timedelta(days=FAILED_DAYS)
    return of(connection, _orders(own, _o.state == "failed", late, ~after))


def orders_in_progress(connection: Connection, own: str) -> Part:
    """A producer's orders whose stamps it does not have yet."""
    under_way = _o.state.in_(["requested", "approved", "issuing", "issued", "printed"])
    return of(connection, _orders(own, under_way))
