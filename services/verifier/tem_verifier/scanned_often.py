"""Which stamps are scanned often: a small table, kept up to date with the counts."""

from collections.abc import Iterator, Sequence
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    and_,
    delete,
    exists,
    false,
    func,
    or_,
    select,
)

from tem.databases.database import insert_or_ignore
from tem.dates import vietnam_day
from tem_verifier.stamp_set import Stamp
from tem_verifier.stamps_scanned import Rules
from tem_verifier.storage import (
    among,
    inserting,
    scan_day_table,
    scan_upkeep_table,
    scanned_often_table,
)

OFTEN_DAYS = 30
MOST_OFTEN = 500_000
_AT_ONCE = 400

# Changes whenever the table does: within a day stamps only come, and the day's upkeep is in it.
Edition = tuple[Any, ...]


def _reaches(rules: Rules) -> ColumnElement[bool]:
    """Whether a stamp's recent days together reach a threshold; with none, nothing does."""
    c = scan_day_table.c
    either: list[ColumnElement[bool]] = [false()]
    if rules.often:
        either.append(func.sum(c.count) >= rules.often)
    if rules.origins:
        either.append(func.sum(c.origins) >= rules.origins)
    return or_(*either)


def note(connection: Connection, stamps: Sequence[Stamp], now: datetime, rules: Rules) -> None:
    """Add those of the stamps whose last days reach a threshold."""
    if not rules.often and not rules.origins:
        return
    c = scan_day_table.c
    since = vietnam_day(now) - timedelta(days=OFTEN_DAYS)
    for start in range(0, len(stamps), _AT_ONCE):
        part = stamps[start : start + _AT_ONCE]
        query = (
            select(c.batch, c.index)
            .where(among(c.batch, c.index, part), c.day > since)
            .group_by(c.batch, c.index)
            .having(_reaches(rules))
        )
        for batch, index in sorted((b, i) for b, i in connection.execute(query)):
            insert_or_ignore(connection, scanned_often_table, {"batch": batch, "index": index})


def work_out(connection: Connection, today: date, rules: Rules, *, everything: bool) -> None:
    """Drop the stamps that no longer reach a threshold; look at all others if one is new."""
    d, o = scan_day_table.c, scanned_often_table.c
    recent = d.day > today - timedelta(days=OFTEN_DAYS)
    same = and_(d.batch == o.batch, d.index == o.index)
    still = exists(
        select(d.batch).where(same, recent).group_by(d.batch, d.index).having(_reaches(rules))
    )
    connection.execute(delete(scanned_often_table).where(~still))
    if everything:
        stamps = select(d.batch, d.index).where(recent).group_by(d.batch, d.index)
        statement: Any = inserting(connection, scanned_often_table)
        statement = statement.from_select(["batch", "index"], stamps.having(_reaches(rules)))
        connection.execute(statement.on_conflict_do_nothing())


def edition(connection: Connection) -> Edition:
    """What tells whether the table is still the one that was read."""
    u = scan_upkeep_table.c
    rows = select(func.count()).select_from(scanned_often_table).scalar_subquery()
    query = select(rows, u.done_on, u.threshold, u.origin_threshold).where(u.id == 1)
    return tuple(connection.execute(query).one())


def often(connection: Connection) -> Iterator[Stamp]:
    """The stamps scanned often, bounded."""
    c = scanned_often_table.c
    query = select(c.batch, c.index).order_by(c.batch.desc(), c.index.desc()).limit(MOST_OFTEN)
    yield from ((batch, index) for batch, index in connection.execute(query))
