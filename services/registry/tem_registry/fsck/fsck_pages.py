"""What a check reads of many batches or lots at once: a few queries a page, not a few for each."""

from collections.abc import Callable, Iterator, Sequence
from typing import Any, TypeVar

from sqlalchemy import Connection, Row, Select, Table, select

from tem.vocabulary import StampState
from tem_registry import tables
from tem_registry.intervals import Interval
from tem_registry.stamps import bindings, stamps

AT_ONCE = 1000  # rows held in memory while a whole table is walked
BATCHES, LOTS = 200, 500
Page = Sequence[stamps.Batch]
Made = TypeVar("Made")


def batches(connection: Connection) -> Iterator[list[stamps.Batch]]:
    """All batches on record in order of their numbers, a page at a time."""
    after = 0
    while page := stamps.page(connection, after, BATCHES):
        yield page
        after = page[-1].number


def lots(connection: Connection) -> Iterator[list[str]]:
    """The ids of all lots in order, a page at a time."""
    c, after = tables.lot.c, ""
    query = select(c.id).order_by(c.id).limit(LOTS)
    while page := list(connection.execute(query.where(c.id > after)).scalars()):
        yield page
        after = page[-1]


def intervals(connection: Connection, page: Page) -> dict[int, list[Interval]]:
    """The intervals of each batch of a page, in order."""
    c = tables.stamp_interval.c
    columns = (c.batch, c.first, c.last, c.state, c.lot_id, c.reason, c.revoked_on)
    query = select(*columns).order_by(c.batch, c.first)

    def interval(row: Row[Any]) -> Interval:
        return Interval(
            row.first, row.last, StampState(row.state), row.lot_id, row.reason, row.revoked_on
        )

    return of_batches(connection, query, tables.stamp_interval, page, interval)


def logs(connection: Connection, page: Page) -> dict[int, list[bindings.Binding]]:
    """The log of bindings of each batch of a page, in the order in which they were made."""
    c = tables.activation.c
    columns = (c.batch, c.first, c.last, c.lot_id, c.activated_at, c.reason)
    query = select(*columns).order_by(c.batch, c.id)

    def binding(row: Row[Any]) -> bindings.Binding:
        corrects = row.reason is not None
        return bindings.Binding(row.first, row.last, row.lot_id, row.activated_at, corrects)

    return of_batches(connection, query, tables.activation, page, binding)


def of_batches(
    connection: Connection,
    query: Select[Any],
    table: Table,
    page: Page,
    made: Callable[[Row[Any]], Made],
) -> dict[int, list[Made]]:
    """The rows of a table that belong to a page's batches, by the column ``batch``."""
    found: dict[int, list[Made]] = {}
    within = table.c.batch.between(page[0].number, page[-1].number)
    for row in connection.execute(query.where(within).execution_options(yield_per=AT_ONCE)):
        found.setdefault(row.batch, []).append(made(row))
    return found
