"""Reserving a batch: its number and quantity are taken, and the intent recorded, in one act."""

from datetime import datetime

from sqlalchemy import Connection

from tem import settings
from tem.dates import end_of_day, start_of_day, vietnam_day
from tem.errors import Conflict
from tem.trail import audit
from tem_issuer import high_water, storage
from tem_issuer.domain import Batch, BatchState, check_ceiling, check_number
from tem_issuer.high_water_rules import check_unsigned, confirmed, free_number, intended
from tem_issuer.settings import Settings


def reserve(
    connection: Connection,
    config: Settings,
    now: datetime,
    actor: str,
    *,
    product_id: str,
    producer_id: str,
    quantity: int,
    reference: str | None = None,
) -> Batch:
    """Take the next number for ``quantity`` stamps, in the caller's transaction.

    Raises Conflict if the producer's daily ceiling would be passed or the reference is taken,
    Unavailable if the high-water mark forbids it. After the commit call :func:`confirm`.
    The number is asked for first: on every engine that orders concurrent reservations, so the
    ceiling is checked against all that were committed before.
    """
    number = _take_number(connection, config, now, actor)
    check_number(number, config.sandbox)
    today = vietnam_day(now)
    reserved = storage.reserved_between(
        connection, producer_id, start_of_day(today), end_of_day(today)
    )
    check_ceiling(reserved, quantity, config.daily_ceiling)
    if reference is not None and storage.find_reference(connection, reference) is not None:
        raise Conflict("reference_taken", f"There is a batch for {reference} already.")
    batch = Batch(
        number=number,
        state=BatchState.RESERVED,
        quantity=quantity,
        product_id=product_id,
        producer_id=producer_id,
        reference=reference,
        url_prefix=settings.stamp_prefix(config.public_url),
        created_at=now,
    )
    storage.add_batch(connection, batch)
    details = {
        "quantity": quantity,
        "product_id": product_id,
        "producer_id": producer_id,
        "reference": reference,
    }
    audit.record(connection, now, actor, "batch.reserved", f"batch:{number}", details)
    # Last, so that what was refused uses no number up; before the commit, so that none is given
    # out that the mark does not know.
    high_water.change(config.high_water, lambda mark: intended(mark, number))
    return batch


def confirm(config: Settings, number: int) -> None:
    """Raise the mark to a number whose reservation is committed, before anybody is told of it.

    Raises Unavailable where the mark cannot be raised; the same call may be sent again.
    """
    if high_water.required(config.high_water).committed < number:
        high_water.change(config.high_water, lambda mark: confirmed(mark, number))


def _take_number(connection: Connection, config: Settings, now: datetime, actor: str) -> int:
    """The next number, past those that a transaction lost from sight may have given out.

    The counter's row is locked from here to the end of the transaction: whoever held it before
    has raised the mark. Raises Unavailable if the database is an older copy.
    """
    number = storage.next_number(connection, config.first_number)
    mark = high_water.required(config.high_water)
    check_unsigned(mark, storage.unsigned_numbers(connection))
    free = free_number(mark, number)
    if free > number:
        storage.set_counter(connection, config.first_number, free + 1)
        details = {"first": number, "last": free - 1}
        audit.record(connection, now, actor, "number.skipped", f"batch:{number}", details)
    return free
