"""Lots of the list of work."""

from datetime import date, datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, exists, or_, select

from tem.dates import vietnam_day
from tem_registry import tables
from tem_registry.lots import recalls
from tem_registry.reports.worklist_parts import Part, mine, of

_l = tables.lot.c


def _lots(own: str | None, since: Any, *where: ColumnElement[bool]) -> Select[Any]:
    return select(
        _l.id,
        since.label("since"),
        _l.lot_code,
        _l.product_id,
        _l.producer_id,
        _l.best_before,
        _l.quantity,
    ).where(_l.purged_at.is_(None), *where, *mine(_l.producer_id, own))


def recalls_in_force(connection: Connection, now: datetime, own: str | None) -> Part:
    """Lots under recall; ``note`` is the reason that the public reads."""
    r = tables.recall.c
    query = _lots(own, r.ordered_on, recalls.not_over(now)).add_columns(
        r.reason_public.label("note")
    )
    joined = query.join(tables.recall, r.lot_id == _l.id)
    return of(connection, joined.order_by(r.ordered_on, _l.id))


def _good(today: date) -> ColumnElement[bool]:
    """Lots whose goods may still get a stamp, as far as their dates go."""
    dated = or_(_l.best_before.is_(None), _l.best_before >= today)
    return dated & (_l.window_ends_on >= today)


def dates_to_approve(connection: Connection, now: datetime) -> Part:
    """Lots whose date is later than the shelf life allows, which nobody has accepted."""
    waiting = (_l.beyond_shelf_life.is_(True), _l.beyond_approved_by.is_(None))
    query = _lots(None, _l.created_at, *waiting, _good(vietnam_day(now)))
    return of(connection, query.order_by(_l.created_at, _l.id))


def lots_without_stamps(connection: Connection, now: datetime, own: str) -> Part:
    """A producer's lots that may have stamps and have none."""
    tied = exists().where(tables.stamp_interval.c.lot_id == _l.id)
    r = tables.recall.c
    recalled = exists().where(r.lot_id == _l.id, recalls.not_over(now))
    query = _lots(own, _l.created_at, _good(vietnam_day(now)), ~tied, ~recalled)
    return of(connection, query.order_by(_l.created_at, _l.id))
