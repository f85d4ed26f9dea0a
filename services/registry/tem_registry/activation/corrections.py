"""A wrong activation is corrected: to the right lot, or back to delivered. The log keeps both.

The steps, in one transaction: lock the lots that the stamps are tied to and the one they go to,
then the batch; ask the rules; move the range; remember the correction; publish; record.
"""

from collections.abc import Collection
from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, select

from tem.dates import rfc3339, vietnam_day
from tem.errors import Conflict
from tem.trail import audit
from tem.verdict import is_withdrawn
from tem.vocabulary import StampState
from tem_registry import publication, tables
from tem_registry.activation import activation
from tem_registry.activation.correction_rules import Terms, correction_refusals, parts_of
from tem_registry.catalogue import catalogue
from tem_registry.certificates import certificates
from tem_registry.intervals import Interval, change, clip
from tem_registry.lots import lot_cards, lots, recalls
from tem_registry.rules import refuse
from tem_registry.stamps import bindings, stamps
from tem_registry.stamps.moves import RangeRefusal


def correct(
    connection: Connection,
    now: datetime,
    actor: str,
    days: int,
    number: int,
    *,
    first: int,
    last: int,
    lot_id: str | None,
    reason: str,
) -> dict[str, Any]:
    """Tie activated stamps to another lot of the product, or to none.

    ``days`` after an activation a reason of some length is asked for. Raises NotFound, Invalid
    for numbers outside the batch, Conflict with the sub-ranges that refuse, or with every
    reason why the new lot may not have them.
    """
    held = _lock_lots(connection, number, first, last, lot_id)
    batch = stamps.lock(connection, number, None)
    stamps.check_range(batch, first, last)
    before = stamps.intervals(connection, number, first - 1, last + 1)
    parts = clip(before, first, last)
    if not {part.lot_id for part in parts if part.lot_id} <= held:
        raise Conflict(
            "stamps_changed_meanwhile",
            "Somebody acted on these stamps at this very moment: look at them, then send again.",
        )
    terms = Terms(lot_id, reason, vietnam_day(now), days)
    refused = refused_parts(connection, number, parts, terms, now)
    stamps.refuse(refused, f"{first}..{last} cannot be corrected so")
    check_target(connection, batch, lot_id, last - first + 1, now)
    after = change(before, first, last, lambda part: _tied(part, lot_id))
    stamps.write(connection, number, after)
    connection.execute(
        tables.activation.insert().values(
            lot_id=lot_id,
            batch=number,
            first=first,
            last=last,
            activated_at=now,
            actor=actor,
            reason=reason,
        )
    )
    _publish(connection, now, number, after, lot_id)
    left = [{"first": part.first, "last": part.last, "lot_id": part.lot_id} for part in parts]
    details = {"first": first, "last": last, "from": left, "lot_id": lot_id, "reason": reason}
    audit.record(connection, now, actor, "stamps.corrected", f"batch:{number}", details)
    answer = stamps.done(number, first, last, _state(lot_id), reason)
    return {**answer, "lot_id": lot_id, "corrected": left, "corrected_at": rfc3339(now)}


def _publish(
    connection: Connection, now: datetime, number: int, after: list[Interval], lot_id: str | None
) -> None:
    change_number = publication.next_change(connection, now)
    publication.replace_intervals(connection, change_number, number, after)
    if lot_id is not None:
        lot_cards.publish(connection, change_number, lot_id, now)


def _state(lot_id: str | None) -> StampState:
    return StampState.ACTIVATED if lot_id is not None else StampState.DELIVERED


def _tied(part: Interval, lot_id: str | None) -> Interval:
    return replace(part, state=_state(lot_id), lot_id=lot_id)


def _lock_lots(
    connection: Connection, number: int, first: int, last: int, lot_id: str | None
) -> set[str]:
    """Lock the lots of a range and the new one in the order of their ids: none is recalled now.

    The lots are read before the batch is locked, because every act locks lots first.
    """
    tied = {one.lot_id for one in stamps.intervals(connection, number, first, last) if one.lot_id}
    held = tied | ({lot_id} if lot_id is not None else set())
    c = tables.lot.c
    locking = select(c.id).where(c.id.in_(held)).order_by(c.id).with_for_update(key_share=True)
    connection.execute(locking).all()
    if lot_id is not None:
        lot = lots.find(connection, lot_id)  # not there, or purged: said before all else
        certificates.hold(connection, lot.product_id)
    else:  # a withdrawal at this moment either sees the stamps delivered, or is seen here
        certificates.hold(connection, stamps.find(connection, number, None).product_id)
    return held


def _check_recognised(connection: Connection, product_id: str, now: datetime) -> None:
    """Raises Conflict if a withdrawal has taken the product's unused stamps along."""
    if is_withdrawn(catalogue.certificates_of(connection, product_id), vietnam_day(now)):
        raise Conflict(
            "recognition_withdrawn",
            f"The recognition of {product_id} is withdrawn, and its unused stamps with it: "
            "revoke or void these stamps instead.",
        )


def check_target(
    connection: Connection, batch: stamps.Batch, lot_id: str | None, count: int, now: datetime
) -> None:
    """Raises Conflict unless ``count`` stamps of a batch may go to a lot, or back to delivered.

    Raises NotFound or Gone where there is no such lot.
    """
    if lot_id is None:
        _check_recognised(connection, batch.product_id, now)
        return
    lot = lots.find(connection, lot_id)
    activation.check_product(batch, lot)
    taken = lots.units_taken(connection, lot_id)
    refuse("activation", activation.lot_refusals(connection, lot, taken, count, now))


def refused_parts(
    connection: Connection, number: int, parts: list[Interval], terms: Terms, now: datetime
) -> list[RangeRefusal]:
    """The parts of a range of a batch whose activation may not be corrected so."""
    first, last = parts[0].first, parts[-1].last
    tied = {part.lot_id for part in parts if part.lot_id is not None}
    bound = [
        (one, vietnam_day(one.at))
        for one in bindings.play(log(connection, number, first, last)).bindings
    ]
    recalled = recalls.under_recall(connection, tied, now)
    asked = replace(terms, recalled=recalled, purged=_purged(connection, tied))
    return correction_refusals(parts_of(parts, bound), asked)


def _purged(connection: Connection, ids: Collection[str]) -> set[str]:
    c = tables.lot.c
    gone = select(c.id).where(c.id.in_(ids), c.purged_at.is_not(None))
    return set(connection.execute(gone).scalars())


def log(
    connection: Connection, number: int, first: int = 1, last: int = 2**24
) -> list[bindings.Binding]:
    """The log of bindings of a batch, or of a part of it, in the order in which they were made."""
    c = tables.activation.c
    columns = (c.first, c.last, c.lot_id, c.activated_at, c.reason)
    rows = connection.execute(
        select(*columns).where(c.batch == number, c.first <= last, c.last >= first).order_by(c.id)
    )
    whole = [
        bindings.Binding(row.first, row.last, row.lot_id, row.activated_at, row.reason is not None)
        for row in rows
    ]
    return bindings.clip(whole, first, last)
