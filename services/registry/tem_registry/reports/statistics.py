"""The office's four columns: issued, activated, not activated, and what became of the rest.

``activated`` includes stamps voided or revoked after activation; ``void`` and ``revoked`` count
those that never were. Always: quantity = activated + not_activated, and
not_activated = not_activated_usable + void + revoked. Source: seed 1.24 to 1.27 (S4 §6).
"""

from collections import defaultdict
from dataclasses import astuple, dataclass
from typing import Any

from sqlalchemy import Connection, Select, and_, case, func, select

from tem.vocabulary import StampState
from tem_registry import tables
from tem_registry.reports import report_tables
from tem_registry.reports.batch_groups import (
    Chosen,
    categories_of,
    columns,
    in_order,
    joined,
    key_of,
)


@dataclass(slots=True)
class Counts:
    """Numbers of stamps."""

    quantity: int = 0
    activated: int = 0
    not_activated: int = 0
    not_activated_usable: int = 0
    void: int = 0
    revoked: int = 0

    def add(self, other: "Counts") -> None:
        """Sum up."""
        for name in self.__slots__:
            setattr(self, name, getattr(self, name) + getattr(other, name))

    def shown(self) -> dict[str, int]:
        """As JSON."""
        return dict(zip(self.__slots__, astuple(self), strict=True))


@dataclass(frozen=True, slots=True)
class Counted:
    """The counts of each group, one of its batches, and their sum."""

    groups: dict[str, Counts]
    examples: dict[str, Any]
    total: Counts

    def rows(self) -> list[dict[str, Any]]:
        """One row a group, in order of their keys."""
        return [{"key": key, **self.groups[key].shown()} for key in in_order(self.groups)]


def count(connection: Connection, by: str, **chosen: Any) -> dict[str, Any]:
    """Rows by one of ``schemas_reports.GROUPS`` and their total; ``chosen`` are fields of Chosen.

    The key of a batch is the id it was imported under, else its number.
    """
    found = _counted(connection, by, Chosen(**chosen))
    return {"rows": found.rows(), "total": found.total.shown()}


def as_csv(connection: Connection, by: str, **chosen: Any) -> bytes:
    """The same rows as a table for a spreadsheet, names beside keys; without the total."""
    found = _counted(connection, by, Chosen(**chosen))
    figures = Counts.__slots__
    return report_tables.table(connection, by, found.rows(), found.examples, figures)


def _counted(connection: Connection, by: str, chosen: Chosen) -> Counted:
    found = Counted(defaultdict(Counts), {}, Counts())
    categories = categories_of(connection, by)
    for row in connection.execute(_query(chosen)):
        key, counts = key_of(by, row, categories), _counts(row)
        found.groups[key].add(counts)
        found.examples.setdefault(key, row)
        found.total.add(counts)
    return found


def _counts(row: Any) -> Counts:
    not_activated = row.quantity - row.activated
    usable = not_activated - row.void - row.revoked
    return Counts(row.quantity, row.activated, not_activated, usable, row.void, row.revoked)


def _query(chosen: Chosen) -> Select[Any]:
    """One grouped pass over the intervals of the chosen batches, however many there are."""
    i, b = tables.stamp_interval.c, tables.stamp_batch.c
    stamps = i.last - i.first + 1

    def summed(condition: Any) -> Any:
        return func.coalesce(func.sum(case((condition, stamps), else_=0)), 0)

    never = i.lot_id.is_(None)
    query = (
        select(
            *columns(),
            summed(i.lot_id.is_not(None)).label("activated"),
            summed(and_(never, i.state == StampState.VOID)).label("void"),
            summed(and_(never, i.state == StampState.REVOKED)).label("revoked"),
        )
        .select_from(tables.stamp_batch)
        .join(tables.stamp_interval, i.batch == b.number)
    )
    return joined(query, chosen).group_by(*columns())
