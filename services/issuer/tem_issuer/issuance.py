"""Reserving a batch: its number and quantity are taken, and the intent recorded, in one act."""

from datetime import datetime

from sqlalchemy import Connection

from tem import audit, settings
from tem.dates import end_of_day, start_of_day, vietnam_day
from tem.errors import Conflict
from tem_issuer import storage
from tem_issuer.domain import Batch, BatchState, check_ceiling, check_number
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

    Raises Conflict if the producer's daily ceiling would be passed or the reference is taken.
    The number is asked for first: on every engine that orders concurrent reservations, so the
    ceiling is checked against all that were committed before.
    """
    number = storage.next_number(connection, config.first_number)
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
    return batch
