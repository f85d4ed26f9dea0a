"""What an activation would do, or everything that stands against it. It reads and changes nothing.

It asks the very rules that :mod:`tem_registry.activation.activation` asks, in the same order, but
goes on after a refusal, so that a person reads all of them at once.
"""

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, func, select

from tem.errors import Conflict
from tem.stampcode import serial
from tem.vocabulary import StampState
from tem_registry import tables
from tem_registry.activation import activation
from tem_registry.catalogue import catalogue
from tem_registry.intervals import Interval, clip
from tem_registry.lots import lots
from tem_registry.rules import Refusal
from tem_registry.stamps import range_previews, stamps
from tem_registry.stamps.moves import RangeRefusal, range_refusals

# What to do about stamps that cannot be activated, by the code of their refusal. Two codes ask for
# something else here than in an act of the office.
TO_DO = range_previews.TO_DO | {
    "not_delivered": "They are still at the office: have them handed over first.",
    "already_activated": "They are tied to a lot already: leave them out, or ask for a correction.",
}


def preview(
    connection: Connection,
    now: datetime,
    lot_id: str,
    *,
    batch: int,
    first: int,
    last: int,
    own: str | None = None,
) -> dict[str, Any]:
    """What activating stamps ``first..last`` of a batch for a lot would do now.

    ``would`` is None where anything refuses; ``activatable`` are the parts of the range whose
    stamps do not. ``own`` is the producer that asks. Raises NotFound or Gone, as the act does.
    """
    lot = lots.find(connection, lot_id, own)
    return of_lot(connection, now, lot, batch=batch, first=first, last=last, own=own)


def of_lot(
    connection: Connection,
    now: datetime,
    lot: lots.Lot,
    *,
    batch: int,
    first: int,
    last: int,
    own: str | None = None,
) -> dict[str, Any]:
    """The same for a lot at hand, one included that is not recorded yet and has no id."""
    found = stamps.find(connection, batch, own)
    wrong = _wrong_range(found, first, last)
    if wrong is not None:
        return {"would": None, "already": False, "refusals": [_told(wrong)], "activatable": []}
    if activation.same_before(connection, lot.id, batch, first, last) is not None:
        done = _would(connection, found, lot, first, last, already=True)
        return {"would": done, "already": True, "refusals": [], "activatable": []}
    parts = clip(stamps.intervals(connection, batch, first, last), first, last)
    refused = range_refusals(parts, StampState.ACTIVATED)
    refusals = [
        *_product(found, lot),
        *_of_parts(connection, parts, refused),
        *_of_lot(connection, lot, last - first + 1, now),
    ]
    would = None if refusals else _would(connection, found, lot, first, last, already=False)
    left = [one for one in parts if not any(no.first == one.first for no in refused)]
    ranges = [{"first": one.first, "last": one.last} for one in left]
    return {"would": would, "already": False, "refusals": refusals, "activatable": ranges}


def _told(refusal: Refusal) -> dict[str, Any]:
    return {"code": refusal.code, "detail": refusal.detail}


def _wrong_range(batch: stamps.Batch, first: int, last: int) -> Refusal | None:
    """Numbers that name no stamps of the batch; the act refuses them before all else."""
    if first > last:
        return Refusal("last_before_first", "The last stamp comes before the first: swap them.")
    if last > batch.quantity:
        told = f"Batch {batch.number} has the stamps 1 to {batch.quantity}: read the serials again."
        return Refusal("no_such_stamps", told)
    return None


def _product(batch: stamps.Batch, lot: lots.Lot) -> Iterator[dict[str, Any]]:
    try:
        activation.check_product(batch, lot)
    except Conflict as refused:
        yield {"code": refused.code, "detail": refused.detail}


def _of_parts(
    connection: Connection, parts: list[Interval], refused: list[RangeRefusal]
) -> Iterator[dict[str, Any]]:
    """Each part that refuses: its numbers, its state, and the lot it is tied to."""
    c = tables.lot.c
    tied = {one.first: one.lot_id for one in parts if one.lot_id is not None}
    query = select(c.id, c.lot_code).where(c.id.in_(set(tied.values())))
    codes = {row.id: row.lot_code for row in connection.execute(query)} if tied else {}
    for one in refused:
        id = tied.get(one.first)
        lot = {"lot": {"lot_id": id, "lot_code": codes[id]}} if id is not None else {}
        where = {"first": one.first, "last": one.last, "state": str(one.state)}
        yield {"code": one.code, "detail": TO_DO[one.code], **where, **lot}


def _of_lot(
    connection: Connection, lot: lots.Lot, count: int, now: datetime
) -> Iterator[dict[str, Any]]:
    taken = lots.units_taken(connection, lot.id)
    return map(_told, activation.lot_refusals(connection, lot, taken, count, now))


def _would(
    connection: Connection,
    batch: stamps.Batch,
    lot: lots.Lot,
    first: int,
    last: int,
    *,
    already: bool,
) -> dict[str, Any]:
    """It in numbers, after the act; of one that was done before, as it stands."""
    count = last - first + 1
    product = catalogue.find(connection, catalogue.KINDS["product"], lot.product_id)
    i = tables.stamp_interval.c
    ready = (i.batch == batch.number, i.state == str(StampState.DELIVERED))
    summed = select(func.coalesce(func.sum(i.last - i.first + 1), 0)).where(*ready)
    delivered = int(connection.execute(summed).scalar_one())
    room = lot.quantity - lots.units_taken(connection, lot.id)
    new = 0 if already else count
    return {
        "quantity": count,
        "product": {"product_id": lot.product_id, "name": product["name"]},
        "lot": {"lot_id": lot.id, "lot_code": lot.lot_code},
        "first_serial": serial(batch.number, first),
        "last_serial": serial(batch.number, last),
        "production_date": lot.production_date.isoformat(),
        "best_before": lot.best_before.isoformat() if lot.best_before else None,
        "precision": lot.precision,
        "info_expires_on": lot.info_expires_on.isoformat() if lot.info_expires_on else None,
        "left_in_lot": room - new,
        "left_in_batch": delivered - new,
    }
