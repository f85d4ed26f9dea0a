"""Activation: a range of stamps is tied to a lot. All of it or nothing, once.

The steps, in one transaction: lock the lot and the batch (with the owner in the WHERE clause),
move the range, ask the rules, remember the activation, publish, record.
"""

from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, select

from tem import audit
from tem.dates import rfc3339, vietnam_day
from tem.errors import Conflict
from tem.vocabulary import StampState
from tem_registry import catalogue, lot_cards, lots, publication, stamps, tables
from tem_registry.activation_rules import LotForActivation, activation_refusals
from tem_registry.intervals import Interval
from tem_registry.orders import refuse


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
) -> dict[str, Any]:
    """Tie stamps ``first..last`` of a batch to a lot; ``own`` is the producer that acts.

    The very same activation again gives the same answer. Raises NotFound, Invalid for numbers
    outside the batch, Conflict with every reason or with the sub-ranges that refuse.
    """
    lot = lots.find(connection, lot_id, own, locked=True)
    locked = stamps.lock(connection, batch, own)
    stamps.check_range(locked, first, last)
    done = _same_before(connection, lot_id, batch, first, last)
    if done is not None:
        return done
    if locked.product_id != lot.product_id:
        raise Conflict(
            "other_product",
            f"Batch {batch} is for {locked.product_id}, the lot is of {lot.product_id}.",
        )

    def tie(part: Interval) -> Interval:
        return replace(part, state=StampState.ACTIVATED, lot_id=lot_id)

    after = stamps.move(connection, locked, first, last, StampState.ACTIVATED, tie)
    _check(connection, lot, last - first + 1, now)
    connection.execute(
        tables.activation.insert().values(
            lot_id=lot_id, batch=batch, first=first, last=last, activated_at=now, actor=actor
        )
    )
    change = publication.next_change(connection, now)
    publication.replace_intervals(connection, change, batch, after)
    lot_cards.publish(connection, change, lot_id)
    details = {"batch": batch, "first": first, "last": last}
    audit.record(connection, now, actor, "stamps.activated", f"lot:{lot_id}", details)
    return _shown(lot_id, batch, first, last, now)


def _same_before(
    connection: Connection, lot_id: str, batch: int, first: int, last: int
) -> dict[str, Any] | None:
    """The answer of exactly this activation, if it stands: a retry under a new key."""
    c = tables.activation.c
    at = connection.execute(
        select(c.activated_at).where(
            c.lot_id == lot_id, c.batch == batch, c.first == first, c.last == last
        )
    ).scalar()
    if at is None:
        return None
    standing = stamps.intervals(connection, batch, first, last)
    if any(one.state is not StampState.ACTIVATED or one.lot_id != lot_id for one in standing):
        return None
    return _shown(lot_id, batch, first, last, at)


def _check(connection: Connection, lot: lots.Lot, count: int, now: datetime) -> None:
    """Ask the rules about the lot, once its ``count`` new stamps are tied; a refusal undoes it.

    Stamps that cannot be activated at all are thus named before a lot that has no room left.
    """
    found = activation_refusals(
        LotForActivation(
            product=catalogue.product_for_rules(connection, lot.product_id),
            production_date=lot.production_date,
            best_before=lot.best_before,
            beyond_shelf_life_unapproved=lot.beyond_shelf_life and not lot.beyond_approved_by,
            quantity=lot.quantity,
            stamps=lots.stamps_of(connection, lot.id) - count,
            recalled=lots.recalled(connection, lot.id),
        ),
        catalogue.certificates_of(connection, lot.product_id),
        catalogue.statuses_of(connection, lot.producer_id),
        count,
        vietnam_day(now),
    )
    refuse("activation", found)


def _shown(lot_id: str, batch: int, first: int, last: int, at: datetime) -> dict[str, Any]:
    return {
        "lot_id": lot_id,
        "batch": batch,
        "first": first,
        "last": last,
        "stamps": last - first + 1,
        "activated_at": rfc3339(at),
    }
