"""Figures of scans for the registry: by the day, of ranges of stamps, of stamps looked at lately.

Only what was counted is read; the sums are the database's, so that a range of a million stamps
takes one row of an answer.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import pairwise
from typing import Any, NamedTuple

from sqlalchemy import (
    BigInteger,
    Connection,
    Integer,
    and_,
    column,
    func,
    select,
    tuple_,
    values,
)

from tem.errors import Invalid
from tem_verifier.scans_noticed import StampScans
from tem_verifier.stamp_set import Stamp
from tem_verifier.storage import scan_day_table, scan_total_table

# Ranges in one statement: SQLite takes 32,766 values in all.
RANGES_AT_ONCE = 500


class StampRange(NamedTuple):
    """Stamps ``first..last`` of a batch, both included."""

    batch: int
    first: int
    last: int


@dataclass(frozen=True, slots=True)
class RangeScans:
    """How often stamps of a range were looked at since counting began, and when last; None for
    never, or where an early version of this service did not keep the day."""

    count: int
    last_day: date | None


def by_day(connection: Connection, first: date, last: date) -> dict[date, int]:
    """Scans of all stamps on each day from ``first`` to ``last`` that had any and is kept."""
    c = scan_day_table.c
    query = select(c.day, func.sum(c.count)).where(c.day.between(first, last)).group_by(c.day)
    return {day: int(count) for day, count in connection.execute(query)}


def require_apart(ranges: Sequence[StampRange]) -> None:
    """Raises Invalid for the first two ranges that share a stamp: each row is read once."""
    for one, other in pairwise(sorted(ranges)):
        if one.batch == other.batch and other.first <= one.last:
            raise Invalid(
                "ranges_overlap",
                f"{other.first}..{other.last} of batch {other.batch} is asked for twice: send "
                "ranges that share no stamp.",
            )


def of_ranges(connection: Connection, ranges: Sequence[StampRange]) -> list[RangeScans]:
    """The scans of each range, in the order asked. Raises Invalid if two of them overlap."""
    require_apart(ranges)
    found: list[RangeScans] = []
    for at in range(0, len(ranges), RANGES_AT_ONCE):
        found += _of_some(connection, ranges[at : at + RANGES_AT_ONCE])
    return found


def _of_some(connection: Connection, ranges: Sequence[StampRange]) -> Iterator[RangeScans]:
    names = [column("place", Integer), column("batch", BigInteger)]
    names += [column("first", Integer), column("last", Integer)]
    rows = [(place, *one) for place, one in enumerate(ranges)]
    asked = values(*names, name="asked").data(rows).cte("asked")
    sums: list[Any] = []
    days: list[Any] = []
    # One look into each table for each range, by its primary key, whatever a planner thinks best.
    for c, last_day in (
        (scan_day_table.c, scan_day_table.c.day),
        (scan_total_table.c, scan_total_table.c.last_day),
    ):
        inside = and_(c.batch == asked.c.batch, c.index.between(asked.c.first, asked.c.last))
        for found, wanted in ((sums, func.sum(c.count)), (days, func.max(last_day))):
            found.append(select(wanted).where(inside).correlate(asked).scalar_subquery())
    query = select(*sums, *days).select_from(asked).order_by(asked.c.place)
    for *counts, one_day, other_day in connection.execute(query):
        known = [day for day in (one_day, other_day) if day is not None]
        yield RangeScans(sum(int(count or 0) for count in counts), max(known, default=None))


def recent(
    connection: Connection, since: date, before: Stamp | None, limit: int
) -> list[StampScans]:
    """Stamps scanned on ``since`` or later, the highest number first; below ``before`` if given."""
    c = scan_day_table.c
    scans = (func.sum(c.count), func.sum(c.origins), func.min(c.day), func.max(c.day))
    query = (
        select(c.batch, c.index, *scans)
        .where(c.day >= since)
        .group_by(c.batch, c.index)
        .order_by(c.batch.desc(), c.index.desc())
        .limit(limit)
    )
    if before is not None:
        query = query.where(tuple_(c.batch, c.index) < before)
    return [
        StampScans(batch, index, int(count), int(origins), first, last)
        for batch, index, count, origins, first, last in connection.execute(query)
    ]
