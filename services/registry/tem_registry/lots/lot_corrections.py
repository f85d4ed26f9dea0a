"""What was recorded of a lot is corrected: by its producer until stamps are tied to it, then by the
office, with a reason.

The steps, in one transaction: lock the lot; compare with what the caller has seen; ask the rules;
write, publish, record.
"""

from dataclasses import replace
from datetime import date, datetime
from typing import Any

from sqlalchemy import Connection, select, update
from sqlalchemy.exc import IntegrityError

from tem.dates import info_expires_on, vietnam_day
from tem.errors import Conflict, Invalid
from tem.http import etags
from tem.trail import audit
from tem.verdict import made_under
from tem.vocabulary import EventType
from tem_registry import publication, tables
from tem_registry.catalogue import catalogue
from tem_registry.lots import lot_answers, lot_cards, lot_events, lot_rules, lots, new_lot
from tem_registry.lots.lots import Lot
from tem_registry.settings import Settings

_TEXTS = ("lot_code", "production_date_kind", "quantity", "unit")
_DATES = ("production_date", "best_before")
Fields = dict[str, Any]


def correct(
    connection: Connection,
    now: datetime,
    actor: str,
    config: Settings,
    id: str,
    fields: Fields,
    *,
    own: str | None = None,
    if_match: str | None = None,
) -> Lot:
    """Correct some fields of a lot; ``own`` is the producer that acts, ``if_match`` as sent.

    A ``best_before`` of null is worked out anew; left out, it stays as it is. Raises NotFound,
    Gone, PreconditionFailed, Invalid for dates that contradict, Conflict for what stands against
    it.
    """
    lot = lots.find(connection, id, own, locked=True)
    etags.check_match(if_match, lot_answers.shown_in_full(connection, lot, config, now))
    fixed = {"lot_id": lot.id, "product_id": lot.product_id, "producer_id": lot.producer_id}
    if fixed != {name: fields.get(name, value) for name, value in fixed.items()}:
        raise Invalid("field_fixed", f"{', '.join(fixed)} cannot be changed: add a new lot.")
    if lots.recalled(connection, id, now):
        raise Conflict("lot_recalled", "The lot is under recall: its record stays as it is.")
    tied = lots.stamps_of(connection, id)
    after = _dated(connection, config, _told(lot, fields), fields, tied)
    if tied and after.production_date != lot.production_date:
        _check_certified(connection, after)
    changed = sorted(
        name for name in (*_TEXTS, *_DATES, "precision") if _of(after, name) != _of(lot, name)
    )
    if not changed:
        return lot
    reason = fields.get("reason", "")
    lot_rules.check_correction(
        lot_rules.Correction(
            tied=tied,
            units_taken=lots.units_taken(connection, id),
            by_producer=own is not None,
            reason=reason,
            quantity=after.quantity,
            production=after.production_date,
            today=vietnam_day(now),
        )
    )
    _write(connection, after)
    if publication.card(connection, "lot", id) is not None:
        change = publication.next_change(connection, now)
        lot_cards.publish(connection, change, id, now)
        lot_events.tell(connection, change, now, EventType.LOT_CORRECTED, id)
    # What a purge destroys must not be in the audit trail, which nothing can be taken out of.
    details = {"fields": changed, "reason": reason}
    audit.record(connection, now, actor, "lot.corrected", f"lot:{id}", details)
    return lots.find(connection, id)


def _check_certified(connection: Connection, lot: Lot) -> None:
    """Stamps tied to a lot must stay such as could be tied to it (domain: activation)."""
    known = catalogue.certificates_of(connection, lot.product_id)
    if made_under(known, lot.production_date) is None:
        raise Conflict(
            "no_certificate_at_production",
            f"No OCOP certificate was in force on {lot.production_date}, and stamps are tied to "
            "the lot: untie them first (POST /v1/batches/{n}/corrections).",
        )


def _of(lot: Lot, name: str) -> Any:
    return getattr(lot, name)


def _told(lot: Lot, fields: Fields) -> Lot:
    """The lot with the fields that need no rule."""
    return replace(lot, **{name: fields[name] for name in _TEXTS if name in fields})


def _dated(connection: Connection, config: Settings, lot: Lot, fields: Fields, tied: int) -> Lot:
    """The lot with its dates by the rule of a new one; untouched where no date is sent."""
    if not fields.keys() & set(_DATES):
        return lot
    product = catalogue.product_for_rules(connection, lot.product_id)
    sent = fields.get("production_date")
    production = date.fromisoformat(sent) if sent else lot.production_date
    day, precision = lot.best_before, lot.precision
    if "best_before" in fields:
        day, precision = new_lot.declared(fields)
    if (day, precision, production) == (lot.best_before, lot.precision, lot.production_date):
        return lot
    dates = lot_rules.lot_dates(product, production, day, precision)
    months = config.window_months.of(product.category_code)
    return replace(
        lot,
        production_date=production,
        best_before=dates.best_before,
        precision=precision,
        best_before_basis=dates.basis,
        info_expires_on=info_expires_on(dates.best_before) if dates.best_before else None,
        window_ends_on=lot_rules.window_ends_on(dates.best_before, production, months),
        beyond_shelf_life=lot_rules.needs_approval(dates, lot.best_before, tied),
        beyond_approved_by=None,
    )


def _write(connection: Connection, lot: Lot) -> None:
    """Raises Conflict if another lot of the product has the code."""
    c = tables.lot.c
    names = (*_TEXTS, *_DATES, "precision", "best_before_basis", "info_expires_on")
    more = ("window_ends_on", "beyond_shelf_life", "beyond_approved_by")
    values = {name: _of(lot, name) for name in (*names, *more)}
    taken = select(c.id).where(
        c.product_id == lot.product_id, c.lot_code == lot.lot_code, c.id != lot.id
    )
    exists = Conflict("lot_exists", f"{lot.product_id} has a lot {lot.lot_code} already.")
    if connection.execute(taken).first() is not None:
        raise exists
    try:
        with connection.begin_nested():
            undated = lot.best_before is None
            connection.execute(
                update(tables.lot).where(c.id == lot.id).values(**values, undated=undated)
            )
    except IntegrityError as error:  # somebody recorded that code at this very moment
        raise exists from error
