"""Activation: a range of stamps is tied to a lot. All of it or nothing, once.

The steps, in one transaction: lock the lot and the batch (with the owner in the WHERE clause),
move the range, ask the rules, remember the activation, publish, record.
"""

from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, select

from tem.dates import rfc3339, vietnam_day
from tem.errors import Conflict
from tem.trail import audit
from tem.vocabulary import StampState
from tem_registry import publication, tables
from tem_registry.activation.activation_rules import LotForActivation, activation_refusals
from tem_registry.catalogue import catalogue
from tem_registry.certificates import certificates
from tem_registry.intervals import Interval
from tem_registry.lots import lot_cards, lots
from tem_registry.rules import Refusal, refuse
from tem_registry.stamps import stamps


def activate(
    connection: Connection,
    now: datetime,
    actor: str,
    lot_id: str,
    *,
    batch: int,
    first: int,
    last: int,
    own: str | None = None,
    taken_over: bool = False,
) -> dict[str, Any]:
    """Tie stamps ``first..last`` of a batch to a lot; ``own`` is the producer that acts.

    The very same activation again gives the same answer. ``taken_over`` says that it happened
    long ago: a window closed since is no reason against it. Raises NotFound, Invalid for numbers
    outside the batch, Conflict with every reason or with the sub-ranges that refuse.
    """
    lot = lots.find(connection, lot_id, own, locked=True)
    certificates.hold(connection, lot.product_id)
    locked = stamps.lock(connection, batch, own)
    stamps.check_range(locked, first, last)
    done = same_before(connection, lot_id, batch, first, last)
    if done is not None:
        return done
    check_product(locked, lot)

    def tie(part: Interval) -> Interval:
        return replace(part, state=StampState.ACTIVATED, lot_id=lot_id)

    after = stamps.move(connection, locked, first, last, StampState.ACTIVATED, tie)
    count = last - first + 1  # they are tied already: a refusal undoes it
    before = lots.units_taken(connection, lot_id) - count
    refuse("activation", lot_refusals(connection, lot, before, count, now, taken_over=taken_over))
    connection.execute(
        tables.activation.insert().values(
            lot_id=lot_id, batch=batch, first=first, last=last, activated_at=now, actor=actor
        )
    )
    change = publication.next_change(connection, now)
    publication.replace_intervals(connection, change, batch, after)
    lot_cards.publish(connection, change, lot_id, now)
    details = {"batch": batch, "first": first, "last": last}
    audit.record(connection, now, actor, "stamps.activated", f"lot:{lot_id}", details)
    return _shown(lot_id, batch, first, last, now)


def same_before(
    connection: Connection, lot_id: str, batch: int, first: int, last: int
) -> dict[str, Any] | None:
    """The answer of exactly this activation, if it stands: a retry under a new key.

    It no longer stands once the log ties any of its stamps anew, even to the same lot.
    """
    c = tables.activation.c
    same = (c.batch == batch, c.first == first, c.last == last)
    made = connection.execute(
        select(c.id, c.activated_at)
        .where(*same, c.lot_id == lot_id, c.reason.is_(None))
        .order_by(c.id.desc())
    ).first()
    if made is None:
        return None
    later = (c.id > made.id, c.batch == batch, c.first <= last, c.last >= first)
    if connection.execute(select(c.id).where(*later)).first() is not None:
        return None
    standing = stamps.intervals(connection, batch, first, last)
    if any(one.state is not StampState.ACTIVATED for one in standing):
        return None
    return _shown(lot_id, batch, first, last, made.activated_at)


def check_product(batch: stamps.Batch, lot: lots.Lot) -> None:
    """Raises Conflict unless a batch's stamps are for the product of a lot (seed 1.17)."""
    if batch.product_id != lot.product_id:
        raise Conflict(
            "other_product",
            f"Batch {batch.number} is for {batch.product_id}, the lot is of {lot.product_id}.",
        )


def lot_refusals(
    connection: Connection,
    lot: lots.Lot,
    taken: int,
    count: int,
    now: datetime,
    *,
    taken_over: bool = False,
) -> list[Refusal]:
    """Why a lot, ``taken`` of whose units have a stamp, may not have ``count`` more now."""
    return activation_refusals(
        LotForActivation(
            product=catalogue.product_for_rules(connection, lot.product_id),
            production_date=lot.production_date,
            best_before=lot.best_before,
            window_ends_on=None if taken_over else lot.window_ends_on,
            beyond_shelf_life_unapproved=lot.beyond_shelf_life and not lot.beyond_approved_by,
            quantity=lot.quantity,
            stamps=taken,
            recalled=lots.recalled(connection, lot.id, now),
        ),
        catalogue.certificates_of(connection, lot.product_id),
        catalogue.statuses_of(connection, lot.producer_id),
        count,
        vietnam_day(now),
    )


def _shown(lot_id: str, batch: int, first: int, last: int, at: datetime) -> dict[str, Any]:
    return {
        "lot_id": lot_id,
        "batch": batch,
        "first": first,
        "last": last,
        "stamps": last - first + 1,
        "activated_at": rfc3339(at),
    }
