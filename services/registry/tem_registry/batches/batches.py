"""Batches as they are listed and shown."""

from datetime import date
from typing import Any

from sqlalchemy import ColumnElement, Connection, exists

from tem.vocabulary import StampState
from tem_registry import tables
from tem_registry.intervals import Interval
from tem_registry.stamps import stamps
from tem_registry.stamps.moves import USABLE
from tem_registry.stamps.stamps import Batch

_c = tables.stamp_batch.c


def page(
    connection: Connection,
    after: int,
    limit: int,
    *,
    own: str | None = None,
    producer_id: str | None = None,
    product_id: str | None = None,
    state: str | None = None,
    usable: bool | None = None,
    undelivered: bool | None = None,
    order: str = "number",
) -> list[Batch]:
    """Batches with a number above ``after`` that fit every filter given, in order; or those below
    it, the highest first (``newest``).

    ``state``: with stamps in that state; ``usable``: with stamps that may still be activated;
    ``undelivered``: with stamps that lie at the office.
    """
    where: list[ColumnElement[bool]] = [_c.producer_id == id for id in (own, producer_id) if id]
    if product_id is not None:
        where.append(_c.product_id == product_id)
    if state is not None:
        where.append(_with_stamps(StampState(state)))
    if usable is not None:
        where.append(_with_stamps(*USABLE) if usable else ~_with_stamps(*USABLE))
    if undelivered is not None:
        lying = _with_stamps(StampState.ISSUED)
        where.append(lying if undelivered else ~lying)
    return stamps.page(connection, after, limit, *where, downwards=order == "newest")


def _with_stamps(*states: StampState) -> ColumnElement[bool]:
    i = tables.stamp_interval.c
    return exists().where(i.batch == _c.number, i.state.in_([str(one) for one in states]))


def shown(batch: Batch) -> dict[str, Any]:
    """A batch as JSON; what has not happened is null, texts are absent."""
    out: dict[str, Any] = {
        "number": batch.number,
        "batch_id": batch.order_id,
        "product_id": batch.product_id,
        "producer_id": batch.producer_id,
        "quantity": batch.quantity,
        "issued_on": batch.issued_on.isoformat(),
        "printed_on": _day(batch.printed_on),
        "printed_quantity": batch.printed_quantity,
        "delivered_on": _day(batch.delivered_on),
        "delivered_quantity": batch.delivered_quantity,
        "received_on": _day(batch.received_on),
        "received_quantity": batch.received_quantity,
    }
    for name in ("receipt", "receipt_note", "printer"):
        if getattr(batch, name) is not None:
            out[name] = getattr(batch, name)
    return out


def _day(day: date | None) -> str | None:
    return day.isoformat() if day else None


def shown_intervals(found: list[Interval]) -> list[dict[str, Any]]:
    """Intervals as JSON; what does not apply is absent."""
    out = []
    for one in found:
        item: dict[str, Any] = {"first": one.first, "last": one.last, "state": str(one.state)}
        for name in ("lot_id", "reason"):
            if getattr(one, name) is not None:
                item[name] = getattr(one, name)
        if one.revoked_on is not None:
            item["revoked_on"] = one.revoked_on.isoformat()
        out.append(item)
    return out
