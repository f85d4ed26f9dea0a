"""What must hold of orders, ranges and lots."""

import json
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime

from sqlalchemy import Connection, func, select

from tem.dates import info_expires_on
from tem.trail import audit
from tem.vocabulary import StampState
from tem_registry import tables
from tem_registry.fsck import fsck_pages
from tem_registry.fsck.fsck_pages import AT_ONCE
from tem_registry.intervals import Interval, cover_faults
from tem_registry.lots import recalls as lot_recalls
from tem_registry.stamps import bindings, stamps

Tied = tuple[int, int, str]
_ASKED = ("product_id", "quantity", "unit_fee_vnd", "unit_subsidy_vnd")


def orders(connection: Connection) -> Iterator[str]:
    """Somebody approved what was issued; an order that was issued has its batch, and only one."""
    o, b = tables.stamp_order.c, tables.stamp_batch.c
    approved = set(connection.execute(select(tables.approval.c.order_id)).scalars())
    ledger = tables.import_ledger.c
    taken_over = select(ledger.id).where(ledger.kind == "stamp_batch")
    approved |= set(connection.execute(taken_over).scalars())
    issued = {
        row.order_id: (row.number, row.product_id, row.producer_id, row.quantity)
        for row in connection.execute(
            select(b.order_id, b.number, b.product_id, b.producer_id, b.quantity)
        )
    }
    rows = select(o.id, o.state, o.batch, o.product_id, o.producer_id, o.quantity)
    for row in connection.execute(rows):
        ordered = (row.batch, row.product_id, row.producer_id, row.quantity)
        needs_approval = row.state not in ("requested", "rejected", "cancelled", "failed")
        if needs_approval and row.id not in approved:
            yield f"order {row.id} is {row.state}, but nobody has approved it"
        if row.state in ("issued", "printed", "delivered"):
            if issued.get(row.id) != ordered:
                yield f"order {row.id} is {row.state}, but no batch on record is what it ordered"
        elif row.id in issued:
            yield f"order {row.id} is {row.state}, but its batch is on record"


def orders_as_asked(connection: Connection) -> Iterator[str]:
    """Product, quantity, price and subsidy of an order are those the audit trail tells of."""
    o, e = tables.stamp_order, audit.entry_table.c
    kept = {row.id: row for row in connection.execute(select(*o.c))}
    asked = select(e.seq, e.object, e.details).where(e.action == "order.requested")
    asked = asked.order_by(e.seq).execution_options(yield_per=AT_ONCE)
    for entry in connection.execute(asked):
        order = kept.get(entry.object.removeprefix("order:"))
        told = json.loads(entry.details)
        for name in _ASKED if order is not None else ():
            if name in told and getattr(order, name) != told[name]:
                yield (
                    f"{entry.object.replace(':', ' ')} has {name} {getattr(order, name)}, "
                    f"but it was {told[name]} when it was asked for (audit entry {entry.seq})"
                )


def batches(connection: Connection) -> Iterator[str]:
    """Ranges cover each batch, and what is tied to a lot was activated for it."""
    c = tables.lot.c
    lots_of = connection.execute(select(c.id, c.product_id))
    products = {row.id: row.product_id for row in lots_of}
    for page in fsck_pages.batches(connection):
        intervals = fsck_pages.intervals(connection, page)
        logs = fsck_pages.logs(connection, page)
        for batch in page:
            found = intervals.get(batch.number, [])
            for fault in cover_faults(found, batch.quantity):
                yield f"the ranges of batch {batch.number}: {fault}"
            yield from _bindings(products, batch, found)
            yield from _activations(logs.get(batch.number, []), batch, found)
            yield from _counts(batch, found)


def _bindings(
    products: Mapping[str, str], batch: stamps.Batch, found: list[Interval]
) -> Iterator[str]:
    """Activated stamps have a lot of their own product; waiting ones have none."""
    for one in found:
        where = f"stamps {one.first}..{one.last} of batch {batch.number}"
        waiting = one.state in (StampState.ISSUED, StampState.DELIVERED)
        if (one.state is StampState.ACTIVATED and one.lot_id is None) or (
            waiting and one.lot_id is not None
        ):
            yield f"{where} are {one.state}, but their lot is {one.lot_id}"
        if one.state is StampState.DELIVERED and batch.delivered_on is None:
            yield f"{where} are {one.state}, but the batch was delivered on {batch.delivered_on}"
        if (one.state is StampState.REVOKED) is not (one.revoked_on is not None):
            yield f"{where} are {one.state}, but were revoked on {one.revoked_on}"
        if one.lot_id is not None and products.get(one.lot_id) != batch.product_id:
            yield f"{where} are tied to a lot of another product"


def _activations(
    log: list[bindings.Binding], batch: stamps.Batch, found: list[Interval]
) -> Iterator[str]:
    """The log of bindings, played, gives each stamp the lot it is tied to (I3, I8)."""
    played = bindings.play(log)
    for fault in played.faults:
        yield f"the activations of batch {batch.number} contradict each other: {fault}"
    given = ((one.first, one.last, one.lot_id) for one in played.bindings if one.lot_id)
    tied = ((one.first, one.last, one.lot_id) for one in found if one.lot_id)
    if _merged(given) != _merged(tied):
        yield f"the lots of batch {batch.number} are not those its activations gave"


def _counts(batch: stamps.Batch, found: list[Interval]) -> Iterator[str]:
    """What was printed, handed over and received of a batch fits its quantity and its voids."""
    where = f"batch {batch.number}"
    void = sum(one.stamps for one in found if one.state is StampState.VOID)
    printed, handed = batch.printed_quantity, batch.delivered_quantity
    if (batch.printed_on is None) is not (printed is None):
        yield f"{where} was printed on {batch.printed_on}, {printed} stamps"
    if printed is not None and not batch.quantity - void <= printed <= batch.quantity:
        yield f"{where}: {printed} of {batch.quantity} stamps are printed, {void} are void"
    if (batch.delivered_on is None) is not (handed is None):
        yield f"{where} was delivered on {batch.delivered_on}, {handed} stamps"
    if (batch.received_quantity or 0) > (handed or 0):
        yield f"{where}: {batch.received_quantity} stamps arrived of {handed}"


def void_reports(connection: Connection) -> Iterator[str]:
    """Reports that were confirmed have voided their stamps; those decided say when."""
    c, i = tables.void_report.c, tables.stamp_interval.c
    standing = (
        select(c.id)
        .join(tables.stamp_interval, i.batch == c.batch)
        .where(i.first <= c.last, i.last >= c.first, i.state != StampState.VOID)
        .where(c.state == "confirmed")
    )
    not_void = set(connection.execute(standing).scalars())
    for row in connection.execute(select(c.id, c.state, c.decided_at).order_by(c.id)):
        if (row.state == "open") is not (row.decided_at is None):
            yield f"report {row.id} is {row.state}, decided at {row.decided_at}"
        if row.id in not_void:
            yield f"report {row.id} is confirmed, but not all of its stamps are void"


def _merged(ranges: Iterable[Tied]) -> list[Tied]:
    """Neighbours of one lot as one."""
    out: list[Tied] = []
    for first, last, lot in ranges:
        if out and out[-1][1] + 1 == first and out[-1][2] == lot:
            out[-1] = (out[-1][0], last, lot)
        else:
            out.append((first, last, lot))
    return out


def lots(connection: Connection, now: datetime) -> Iterator[str]:
    """A lot has no more stamps than units (void ones give theirs back), one open recall at most,
    and dates by the rule. Of a purged lot nothing of this is left to check.
    """
    c, i, r = tables.lot.c, tables.stamp_interval.c, tables.recall.c
    taken = select(i.lot_id, func.sum(i.last - i.first + 1)).where(i.state != StampState.VOID)
    sums = {row[0]: row[1] for row in connection.execute(taken.group_by(i.lot_id))}
    opened = select(r.lot_id, func.count()).where(lot_recalls.not_over(now)).group_by(r.lot_id)
    recalls = {row[0]: row[1] for row in connection.execute(opened)}
    columns = (c.id, c.quantity, c.best_before, c.info_expires_on, c.window_ends_on)
    living = select(*columns).where(c.purged_at.is_(None)).execution_options(yield_per=AT_ONCE)
    for row in connection.execute(living):
        if row.quantity is not None and sums.get(row.id, 0) > row.quantity:
            yield f"lot {row.id} has {sums[row.id]} stamps for {row.quantity} units"
        if recalls.get(row.id, 0) > 1:
            yield f"lot {row.id} has {recalls[row.id]} open recalls"
        until = info_expires_on(row.best_before) if row.best_before else None
        if row.info_expires_on != until or row.window_ends_on != (until or row.window_ends_on):
            yield f"the information of lot {row.id} does not end a month after {row.best_before}"
