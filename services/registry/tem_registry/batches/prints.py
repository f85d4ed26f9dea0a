"""What a printing house made of a batch, and what its producer counted on arrival."""

from collections.abc import Sequence
from datetime import date, datetime

from sqlalchemy import Connection, update

from tem.dates import vietnam_day
from tem.errors import Conflict, Invalid
from tem.trail import audit
from tem_registry import tables
from tem_registry.intervals import clip
from tem_registry.orders import orders
from tem_registry.stamps import endings, moves, stamps


def report_run(
    connection: Connection,
    now: datetime,
    actor: str,
    number: int,
    *,
    printed: int,
    spoiled: Sequence[dict[str, int]] = (),
    printed_on: str | None = None,
    printer: str | None = None,
) -> stamps.Batch:
    """Take down a print run: ``printed`` good stamps; the ``spoiled`` ranges are voided.

    With those voided as misprinted before they are the batch (domain 4.4: counts of the print
    run agree). Raises NotFound, Invalid for a day that cannot be, Conflict when the counts
    disagree, when a run was reported before, or when a spoiled stamp is not at the office.
    """
    batch = stamps.lock(connection, number, None)
    if batch.printed_on is not None:
        raise Conflict("already_printed", f"A print run of {batch.printed_on} is on record.")
    _check_counts(batch, printed, sum(one["last"] - one["first"] + 1 for one in spoiled))
    _refuse_spoiled(connection, batch, spoiled)
    day = _day(batch, printed_on, vietnam_day(now))
    c = tables.stamp_batch.c
    connection.execute(
        update(tables.stamp_batch)
        .where(c.number == number)
        .values(printed_on=day, printed_quantity=printed, printer=printer)
    )
    orders.set_state(connection, batch.order_id, "issued", "printed")
    for one in spoiled:
        kind = endings.MISPRINTED
        endings.void(connection, now, actor, number, **one, reason=kind, kind=kind)
    details = {
        "printed": printed,
        "spoiled": [[one["first"], one["last"]] for one in spoiled],
        "printed_on": day.isoformat(),
        "printer": printer,
    }
    audit.record(connection, now, actor, "batch.printed", f"batch:{number}", details)
    return stamps.find(connection, number)


def _check_counts(batch: stamps.Batch, printed: int, spoiled: int) -> None:
    difference = printed + spoiled + batch.misprinted - batch.quantity
    if difference:
        told = f"{abs(difference)} too {'many' if difference > 0 else 'few'}"
        before = f", {batch.misprinted} misprinted before" if batch.misprinted else ""
        raise Conflict(
            "print_counts_disagree",
            f"{printed} printed and {spoiled} spoiled{before} are {told} for {batch.quantity} "
            "stamps: count again, and name every spoiled stamp.",
            quantity=batch.quantity,
            misprinted=batch.misprinted,
            difference=difference,
        )


def _refuse_spoiled(
    connection: Connection, batch: stamps.Batch, spoiled: Sequence[dict[str, int]]
) -> None:
    """A misprint is found before the hand-over. Raises Conflict naming what has left the office."""
    found = []
    for one in spoiled:
        first, last = one["first"], one["last"]
        stamps.check_range(batch, first, last)
        parts = clip(stamps.intervals(connection, batch.number, first, last), first, last)
        found += moves.refusals(parts, moves.NOT_SPOILABLE)
    stamps.refuse(found, "the spoiled stamps are not at the office")


def _day(batch: stamps.Batch, given: str | None, today: date) -> date:
    day = date.fromisoformat(given) if given else today
    if not batch.issued_on <= day <= today:
        raise Invalid(
            "printed_on_impossible",
            f"Printed between {batch.issued_on}, the day of issue, and today, {today}.",
        )
    return day


def receive(
    connection: Connection,
    now: datetime,
    actor: str,
    number: int,
    *,
    quantity: int,
    note: str | None = None,
    own: str | None = None,
) -> stamps.Batch:
    """Take down how many stamps of the latest hand-over arrived, counted by their producer.

    ``own`` is the producer that says so; the office (None) may mend a count. Fewer than were
    handed over is accepted and shown in the reconciliation. Raises NotFound or Conflict.
    """
    batch = stamps.lock(connection, number, own)
    handed = batch.delivered_quantity
    if batch.delivered_on is None or handed is None:
        raise Conflict("not_delivered", "The batch has not been handed over yet.")
    if batch.received_on is not None and own is not None:
        raise Conflict("already_received", "Your count is on record: the office can mend it.")
    if quantity > handed:
        raise Conflict(
            "more_than_delivered",
            f"{handed} stamps were handed over: count again.",
            quantity=handed,
        )
    c = tables.stamp_batch.c
    day = vietnam_day(now)
    connection.execute(
        update(tables.stamp_batch)
        .where(c.number == number)
        .values(received_on=day, received_quantity=quantity, receipt_note=note)
    )
    details = {"quantity": quantity, "delivered": handed, "note": note}
    audit.record(connection, now, actor, "batch.received", f"batch:{number}", details)
    return stamps.find(connection, number)
