"""Stamps ordered against what a product's maker says it makes in a year."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, and_, func, or_, select

from tem.dates import start_of_day, vietnam_day
from tem.vocabulary import StampState
from tem_registry import tables
from tem_registry.orders.order_rules import output_counts_from, output_refusals
from tem_registry.rules import Product, Refusal

DROPPED = ("rejected", "cancelled", "failed")  # orders that came to nothing


@dataclass(frozen=True, slots=True)
class Excess:
    """An order beyond the declared output: the numbers, and the refusal in words."""

    declared_output: int
    ordered: int
    quantity: int
    refusal: Refusal

    def shown(self) -> dict[str, int]:
        """The numbers as JSON."""
        return {
            "declared_output": self.declared_output,
            "ordered": self.ordered,
            "quantity": self.quantity,
        }


def lock_product(connection: Connection, product_id: str) -> None:
    """Orders of one product wait for each other: two at once cannot both slip under."""
    c = tables.product.c
    locked = select(c.id).where(c.id == product_id)
    connection.execute(locked.with_for_update(key_share=True)).all()


def excess(
    connection: Connection,
    now: datetime,
    product: Product,
    quantity: int,
    order: tuple[str, datetime] | None = None,
) -> Excess | None:
    """How an order goes beyond the declared output, or None.

    ``order`` names one that is on record already, by id and time of request: what was asked for
    after it and is not approved yet does not stand in its way.
    """
    if product.declared_output is None:
        return None
    ordered = stamps_ordered(connection, now, product.id, order)
    refusals = output_refusals(product, ordered, quantity)
    if not refusals:
        return None
    return Excess(product.declared_output, ordered, quantity, refusals[0])


def stamps_ordered(
    connection: Connection, now: datetime, product_id: str, order: tuple[str, datetime] | None
) -> int:
    """Stamps ordered for a product in the twelve months to today, without those to be replaced.

    To be replaced are voided stamps, and revoked ones that never were on goods.
    """
    o, b, i = tables.stamp_order.c, tables.stamp_batch.c, tables.stamp_interval.c
    chosen = _counted(now, product_id, order)
    quantity = select(func.sum(o.quantity)).where(*chosen)
    unused = or_(
        i.state == StampState.VOID, and_(i.state == StampState.REVOKED, i.lot_id.is_(None))
    )
    spoilt = (
        select(func.sum(i.last - i.first + 1))
        .select_from(tables.stamp_order)
        .join(tables.stamp_batch, b.order_id == o.id)
        .join(tables.stamp_interval, i.batch == b.number)
        .where(*chosen, unused)
    )
    return int(connection.scalar(quantity) or 0) - int(connection.scalar(spoilt) or 0)


def _counted(now: datetime, product_id: str, order: tuple[str, datetime] | None) -> list[Any]:
    o = tables.stamp_order.c
    since = start_of_day(output_counts_from(vietnam_day(now)))
    found = [o.product_id == product_id, o.requested_at >= since, o.state.not_in(DROPPED)]
    if order is not None:
        id, at = order
        before = or_(o.requested_at < at, and_(o.requested_at == at, o.id < id))
        found += [o.id != id, or_(o.state != "requested", before)]
    return found
