"""Batches of the list of work, all groups out of one pass over the stamps still to use."""

from typing import Any

from sqlalchemy import Connection, Select, func, select

from tem.dates import vietnam_day
from tem.vocabulary import StampState
from tem_registry import tables
from tem_registry.batches.shortfall import still_short
from tem_registry.reports.worklist_parts import SHOWN, Part, Row, mine
from tem_registry.reports.worklist_rules import Waiting, waits_for


def batches(connection: Connection, own: str | None) -> dict[str, Part]:
    """What batches wait for, by group, out of one pass over the stamps that are still to use."""
    found: dict[str, list[Row]] = {}
    for row in connection.execute(_usable(own)):
        missing = still_short(
            row.short_before,
            row.delivered_quantity,
            row.received_quantity,
            row.lost_since,
            row.at_producer,
        )
        waiting = Waiting(
            row.printed_on,
            row.delivered_on,
            row.received_on,
            row.at_office,
            row.at_producer,
            missing,
            vietnam_day(row.taken_over_at) if row.taken_over_at else None,
        )
        for group in waits_for(waiting):
            found.setdefault(group, []).append(_batch(group, row, missing))
    for rows in found.values():
        rows.sort(key=lambda one: (one["since"], one["batch"]))
    return {group: Part(len(rows), rows[:SHOWN]) for group, rows in found.items()}


def _batch(group: str, row: Any, missing: int) -> Row:
    """Since when a batch waits, and with how many stamps."""
    since, stamps = {
        "batch_to_print": (row.issued_on, row.at_office),
        "batch_to_deliver": (row.printed_on or row.delivered_on, row.at_office),
        "delivery_to_confirm": (row.delivered_on, row.delivered_quantity),
        "stamps_missing": (row.received_on or row.delivered_on, missing),
    }[group]
    named = {name: getattr(row, name) for name in ("product_id", "producer_id")}
    return {"id": str(row.number), "batch": row.number, "since": since, "stamps": stamps, **named}


def _usable(own: str | None) -> Select[Any]:
    b, i = tables.stamp_batch.c, tables.stamp_interval.c
    stamps = i.last - i.first + 1

    def lying(state: StampState, name: str) -> Any:
        return func.coalesce(func.sum(stamps).filter(i.state == state), 0).label(name)

    usable = (
        select(
            i.batch,
            lying(StampState.ISSUED, "at_office"),
            lying(StampState.DELIVERED, "at_producer"),
        )
        .where(i.state.in_([StampState.ISSUED, StampState.DELIVERED]))
        .group_by(i.batch)
    )
    if own is not None:
        usable = usable.join(tables.stamp_batch, b.number == i.batch).where(b.producer_id == own)
    lie = usable.subquery()
    kept = (
        "number product_id producer_id issued_on printed_on delivered_on delivered_quantity "
        "received_on received_quantity short_before lost_since"
    )
    ledger = tables.import_ledger.c
    taken_over = (ledger.kind == "stamp_batch") & (ledger.id == b.order_id)
    return (
        select(
            *(b[name] for name in kept.split()),
            lie.c.at_office,
            lie.c.at_producer,
            ledger.at.label("taken_over_at"),
        )
        .join(lie, lie.c.batch == b.number)
        .outerjoin(tables.import_ledger, taken_over)
        .where(*mine(b.producer_id, own))
    )
