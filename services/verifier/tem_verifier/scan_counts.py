"""Counts of scans in the verifier's own database: each parcel once, old days folded."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Insert, and_, case, delete, func, select, tuple_, update
from sqlalchemy.dialects import postgresql, sqlite

from tem.databases.database import insert_or_ignore
from tem.dates import vietnam_day
from tem_verifier.parcels import Parcel
from tem_verifier.stamps_scanned import Scan
from tem_verifier.storage import (
    scan_day_table,
    scan_parcel_table,
    scan_total_table,
    scan_upkeep_table,
    scanned_often_table,
)

OFTEN_DAYS = 30
# A name is remembered for longer than a parcel is taken: so none is ever counted twice.
PARCEL_SECONDS = 86_400
NAME_SECONDS = 2 * PARCEL_SECONDS
# How far another machine's clock may be ahead of ours.
AHEAD_SECONDS = 300
MOST_OFTEN = 500_000
_AT_ONCE = 400

Stamp = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Rules:
    """``often``: look-ups within 30 days that make a stamp one of those scanned often; 0: none.

    ``days``: how long counts are kept by the day, 30 at least.
    """

    often: int
    days: int


def in_time(parcel: Parcel, now: datetime) -> bool:
    """Whether a parcel is of the last day, by clocks that differ by minutes at most."""
    return -AHEAD_SECONDS <= now.timestamp() - parcel.made_at <= PARCEL_SECONDS


def count(connection: Connection, parcels: Iterable[Parcel], now: datetime, rules: Rules) -> int:
    """Count those parcels that were not counted before and are in time; their scans.

    All rows are touched in one order, so that any number of workers may do this at once.
    """
    named = {(p.writer, p.sequence): p for p in parcels if in_time(p, now)}
    new = [named[name] for name in sorted(named) if _is_new(connection, named[name])]
    counts: Counter[Scan] = Counter()
    for parcel in new:
        counts.update(parcel.counts)
    if counts:
        _add(connection, counts)
        _note_often(connection, sorted({(s.batch, s.stamp) for s in counts}), now, rules)
    return counts.total()


def _is_new(connection: Connection, parcel: Parcel) -> bool:
    row = {"writer": parcel.writer, "sequence": parcel.sequence, "made_at": parcel.made_at}
    return insert_or_ignore(connection, scan_parcel_table, row)


def _add(connection: Connection, counts: Counter[Scan]) -> None:
    statement: Any = _inserting(connection, scan_day_table)
    c = scan_day_table.c
    statement = statement.on_conflict_do_update(
        index_elements=[c.batch, c.index, c.day],
        set_={"count": c.count + statement.excluded["count"]},
    )
    rows = [
        {"batch": scan.batch, "index": scan.stamp, "day": date.fromordinal(scan.day), "count": n}
        for scan, n in sorted(counts.items())
    ]
    connection.execute(statement, rows)


def _inserting(connection: Connection, table: Any) -> Insert:
    on_server = connection.dialect.name == "postgresql"
    return postgresql.insert(table) if on_server else sqlite.insert(table)


def _note_often(
    connection: Connection, stamps: Sequence[Stamp], now: datetime, rules: Rules
) -> None:
    """Add those of the stamps whose last days reach the threshold."""
    if not rules.often:
        return
    c = scan_day_table.c
    since = vietnam_day(now) - timedelta(days=OFTEN_DAYS)
    for start in range(0, len(stamps), _AT_ONCE):
        part = stamps[start : start + _AT_ONCE]
        query = (
            select(c.batch, c.index)
            .where(tuple_(c.batch, c.index).in_(part), c.day > since)
            .group_by(c.batch, c.index)
            .having(func.sum(c.count) >= rules.often)
        )
        for batch, index in sorted((b, i) for b, i in connection.execute(query)):
            insert_or_ignore(connection, scanned_often_table, {"batch": batch, "index": index})


def often(connection: Connection) -> Iterator[Stamp]:
    """The stamps scanned often, bounded."""
    c = scanned_often_table.c
    query = select(c.batch, c.index).order_by(c.batch.desc(), c.index.desc()).limit(MOST_OFTEN)
    yield from ((batch, index) for batch, index in connection.execute(query))


def is_tidy(connection: Connection, now: datetime, rules: Rules) -> bool:
    """Whether :func:`tidy` has nothing to do today."""
    c = scan_upkeep_table.c
    row = connection.execute(select(c.done_on, c.threshold).where(c.id == 1)).first()
    return row is not None and tuple(row) == (vietnam_day(now), rules.often)


def tidy(connection: Connection, now: datetime, rules: Rules) -> bool:
    """Fold the oldest day that is due; once there is none, forget names and work out again
    which stamps are scanned often. Whether there is more to do: then call it again.

    For any number of workers at once: one does it, the others wait and find nothing to do.
    """
    row = {"id": 1, "done_on": None, "threshold": -1}
    insert_or_ignore(connection, scan_upkeep_table, row)
    u = scan_upkeep_table.c
    connection.execute(update(scan_upkeep_table).where(u.id == 1).values(id=1))  # locks it
    if is_tidy(connection, now, rules):
        return False
    today = vietnam_day(now)
    oldest = connection.execute(select(func.min(scan_day_table.c.day))).scalar()
    if oldest is not None and oldest <= today - timedelta(days=rules.days):
        _fold(connection, oldest)
        return True
    p = scan_parcel_table.c
    connection.execute(
        delete(scan_parcel_table).where(p.made_at < int(now.timestamp()) - NAME_SECONDS)
    )
    before = connection.execute(select(u.threshold).where(u.id == 1)).scalar_one()
    _work_out_often(connection, today, rules, everything=before != rules.often)
    connection.execute(
        update(scan_upkeep_table).where(u.id == 1).values(done_on=today, threshold=rules.often)
    )
    return False


def _fold(connection: Connection, day: date) -> None:
    """Add the counts of a day to the stamps' totals, and drop its rows."""
    d, t = scan_day_table.c, scan_total_table.c
    rows = select(d.batch, d.index, d.day, d.count).where(d.day == day).order_by(d.batch, d.index)
    statement: Any = _inserting(connection, scan_total_table)
    statement = statement.from_select(["batch", "index", "first_day", "count"], rows)
    new = statement.excluded
    connection.execute(
        statement.on_conflict_do_update(
            index_elements=[t.batch, t.index],
            set_={
                "count": t.count + new["count"],
                "first_day": case((new.first_day < t.first_day, new.first_day), else_=t.first_day),
            },
        )
    )
    connection.execute(delete(scan_day_table).where(d.day == day))


def _work_out_often(connection: Connection, today: date, rules: Rules, *, everything: bool) -> None:
    """Drop the stamps that no longer reach the threshold; look at all others if it is new."""
    d, o = scan_day_table.c, scanned_often_table.c
    recent = d.day > today - timedelta(days=OFTEN_DAYS)
    same = and_(d.batch == o.batch, d.index == o.index)
    found = select(func.coalesce(func.sum(d.count), 0)).where(same, recent).scalar_subquery()
    gone = found < rules.often if rules.often else o.batch >= 0
    connection.execute(delete(scanned_often_table).where(gone))
    if everything and rules.often:
        stamps = select(d.batch, d.index).where(recent).group_by(d.batch, d.index)
        statement: Any = _inserting(connection, scanned_often_table)
        statement = statement.from_select(
            ["batch", "index"], stamps.having(func.sum(d.count) >= rules.often)
        )
        connection.execute(statement.on_conflict_do_nothing())


def total(connection: Connection, batch: int, index: int) -> tuple[int, date | None]:
    """How often a stamp was scanned since it is counted, and the first day it was."""
    d, t = scan_day_table.c, scan_total_table.c
    by_day = select(func.coalesce(func.sum(d.count), 0), func.min(d.day))
    recent, first = connection.execute(by_day.where(d.batch == batch, d.index == index)).one()
    folded = connection.execute(
        select(t.count, t.first_day).where(t.batch == batch, t.index == index)
    ).first()
    if folded is None:
        return int(recent), first
    return int(recent) + folded[0], min(day for day in (first, folded.first_day) if day)
