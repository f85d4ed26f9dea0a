"""Counts of scans in the verifier's own database: each parcel once."""

from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import Connection, func, select

from tem.databases.database import insert_or_ignore
from tem.dates import vietnam_day
from tem_verifier import scan_origins, scanned_often
from tem_verifier.parcels import Parcel
from tem_verifier.stamps_scanned import Rules, Scan
from tem_verifier.storage import inserting, scan_day_table, scan_parcel_table, scan_total_table

# A name is remembered for longer than a parcel is taken: so none is ever counted twice.
PARCEL_SECONDS = 86_400
NAME_SECONDS = 2 * PARCEL_SECONDS
# How far another machine's clock may be ahead of ours.
AHEAD_SECONDS = 300


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
        if rules.origins:
            scan_origins.note(connection, _origins_of_today(new, now), rules.origins)
        scanned_often.note(connection, sorted({(s.batch, s.stamp) for s in counts}), now, rules)
    return counts.total()


def _is_new(connection: Connection, parcel: Parcel) -> bool:
    row = {"writer": parcel.writer, "sequence": parcel.sequence, "made_at": parcel.made_at}
    return insert_or_ignore(connection, scan_parcel_table, row)


def _origins_of_today(parcels: Iterable[Parcel], now: datetime) -> dict[Scan, set[int]]:
    """Another day's are left out: what they would have to be told from is forgotten."""
    today = vietnam_day(now).toordinal()
    found: defaultdict[Scan, set[int]] = defaultdict(set)
    for parcel in parcels:
        for scan, origins in parcel.origins.items():
            if scan.day == today:
                found[scan].update(origins)
    return found


def _add(connection: Connection, counts: Counter[Scan]) -> None:
    statement: Any = inserting(connection, scan_day_table)
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


@dataclass(frozen=True, slots=True)
class Scanned:
    """What is kept of a stamp's scans: how many, the first day and the last, and each day's
    different origins added up, as far as the note needed to know them."""

    count: int = 0
    first_day: date | None = None
    last_day: date | None = None
    origins: int = 0


def total(connection: Connection, batch: int, index: int) -> Scanned:
    """A stamp's scans since they are counted."""
    d, t = scan_day_table.c, scan_total_table.c
    by_day = select(
        func.coalesce(func.sum(d.count), 0),
        func.min(d.day),
        func.max(d.day),
        func.coalesce(func.sum(d.origins), 0),
    ).where(d.batch == batch, d.index == index)
    folded = select(t.count, t.first_day, t.last_day, t.origins).where(
        t.batch == batch, t.index == index
    )
    rows = [*connection.execute(by_day), *connection.execute(folded)]
    return Scanned(
        sum(int(count) for count, _, _, _ in rows),
        min((first for _, first, _, _ in rows if first), default=None),
        max((last for _, _, last, _ in rows if last), default=None),
        sum(int(origins) for _, _, _, origins in rows),
    )
