"""What is done once a day: a new key, old days folded, closed reports forgotten, and who is scanned
often worked out again.

For any number of workers at once: one does it, the others wait for the row that all of them lock.
"""

from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import Connection, case, delete, func, or_, select, update

from tem.databases.database import insert_or_ignore
from tem.dates import vietnam_day
from tem_verifier import scan_origins, scanned_often
from tem_verifier.origins import DayKey
from tem_verifier.reports import reports
from tem_verifier.retail import answers
from tem_verifier.scan_counts import NAME_SECONDS
from tem_verifier.stamps_scanned import Rules
from tem_verifier.storage import (
    inserting,
    scan_day_table,
    scan_parcel_table,
    scan_total_table,
    scan_upkeep_table,
)


def begin_day(connection: Connection, now: datetime) -> DayKey:
    """The key of today; what is left of the days before is forgotten.

    Every worker does this when its own day turns, and when it starts.
    """
    _lock(connection)
    scan_origins.forget(connection, vietnam_day(now))
    return scan_origins.key_of_the_day(connection, now)


def is_tidy(connection: Connection, now: datetime, rules: Rules) -> bool:
    """Whether :func:`tidy` has nothing to do today."""
    c = scan_upkeep_table.c
    query = select(c.done_on, c.threshold, c.origin_threshold).where(c.id == 1)
    row = connection.execute(query).first()
    return row is not None and tuple(row) == (vietnam_day(now), rules.often, rules.origins)


def tidy(connection: Connection, now: datetime, rules: Rules) -> bool:
    """Fold the oldest day that is due; once there is none, forget names and work out again
    which stamps are scanned often. Whether there is more to do: then call it again."""
    _lock(connection)
    if is_tidy(connection, now, rules):
        return False
    today = vietnam_day(now)
    scan_origins.forget(connection, today)
    oldest = connection.execute(select(func.min(scan_day_table.c.day))).scalar()
    if oldest is not None and oldest <= today - timedelta(days=rules.days):
        _fold(connection, oldest)
        return True
    p, u = scan_parcel_table.c, scan_upkeep_table.c
    connection.execute(
        delete(scan_parcel_table).where(p.made_at < int(now.timestamp()) - NAME_SECONDS)
    )
    reports.forget(connection, now)
    answers.forget(connection, now)
    before = connection.execute(select(u.threshold, u.origin_threshold).where(u.id == 1)).one()
    changed = tuple(before) != (rules.often, rules.origins)
    scanned_often.work_out(connection, today, rules, everything=changed)
    done = {"done_on": today, "threshold": rules.often, "origin_threshold": rules.origins}
    connection.execute(update(scan_upkeep_table).where(u.id == 1).values(done))
    return False


def _lock(connection: Connection) -> None:
    row = {"id": 1, "done_on": None, "threshold": -1, "origin_threshold": -1}
    insert_or_ignore(connection, scan_upkeep_table, row)
    u = scan_upkeep_table.c
    connection.execute(update(scan_upkeep_table).where(u.id == 1).values(id=1))


def _fold(connection: Connection, day: date) -> None:
    """Add the numbers of a day to the stamps' totals, and drop its rows."""
    d, t = scan_day_table.c, scan_total_table.c
    rows = select(d.batch, d.index, d.day, d.day, d.count, d.origins).where(d.day == day)
    statement: Any = inserting(connection, scan_total_table)
    statement = statement.from_select(
        ["batch", "index", "first_day", "last_day", "count", "origins"],
        rows.order_by(d.batch, d.index),
    )
    new = statement.excluded
    later = or_(t.last_day.is_(None), new.last_day > t.last_day)
    connection.execute(
        statement.on_conflict_do_update(
            index_elements=[t.batch, t.index],
            set_={
                "count": t.count + new["count"],
                "origins": t.origins + new.origins,
                "first_day": case((new.first_day < t.first_day, new.first_day), else_=t.first_day),
                "last_day": case((later, new.last_day), else_=t.last_day),
            },
        )
    )
    connection.execute(delete(scan_day_table).where(d.day == day))
