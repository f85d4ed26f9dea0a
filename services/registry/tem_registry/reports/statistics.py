"""The office's four columns: issued, activated, not activated, and what became of the rest.

``activated`` includes stamps voided or revoked after activation; ``void`` and ``revoked`` count
those that never were. Always: quantity = activated + not_activated, and
not_activated = not_activated_usable + void + revoked. Source: seed 1.24 to 1.27 (S4 §6).
"""

from dataclasses import astuple, dataclass
from typing import Any

from sqlalchemy import Connection, Select, and_, case, func, select

from tem.vocabulary import StampState
from tem_registry import tables
from tem_registry.reports import report_tables
from tem_registry.reports.batch_groups import Chosen, columns, joined, report


@dataclass(slots=True)
class Counts:
    """Numbers of stamps."""

    quantity: int = 0
    activated: int = 0
    not_activated: int = 0
    not_activated_usable: int = 0
    void: int = 0
    revoked: int = 0

    def add(self, row: Any) -> None:
        """Add one batch."""
        never = row.quantity - row.activated
        counted = (row.activated, never, never - row.void - row.revoked, row.void, row.revoked)
        for name, number in zip(self.__slots__, (row.quantity, *counted), strict=True):
            setattr(self, name, getattr(self, name) + number)

    def shown(self) -> dict[str, int]:
        """As JSON."""
        return dict(zip(self.__slots__, astuple(self), strict=True))


def count(connection: Connection, by: str, **chosen: Any) -> dict[str, Any]:
    """Rows by one of ``schemas_reports.GROUPS`` and their total; ``chosen`` are fields of Chosen.

    The key of a batch is the id it was imported under, else its number.
    """
    return report(connection, _query(Chosen(**chosen)), by, Counts).shown()


def as_csv(connection: Connection, by: str, **chosen: Any) -> bytes:
    """The same rows as a table for a spreadsheet, names beside keys; without the total."""
    found = report(connection, _query(Chosen(**chosen)), by, Counts)
    return report_tables.table(connection, by, found.rows(), found.examples, Counts.__slots__)


def _query(chosen: Chosen) -> Select[Any]:
    """One pass over the intervals of the chosen batches, however many there are.

    Summed up by batch first and joined then: grouping the joined rows takes eight times as long.
    """
    i, b = tables.stamp_interval.c, tables.stamp_batch.c
    stamps = i.last - i.first + 1

    def summed(condition: Any, name: str) -> Any:
        return func.sum(case((condition, stamps), else_=0)).label(name)

    never = i.lot_id.is_(None)
    sums = select(
        i.batch,
        summed(i.lot_id.is_not(None), "activated"),
        summed(and_(never, i.state == StampState.VOID), "void"),
        summed(and_(never, i.state == StampState.REVOKED), "revoked"),
    ).group_by(i.batch)
    if chosen.conditions():
        numbers = select(b.number).join(tables.producer, tables.producer.c.id == b.producer_id)
        sums = sums.where(i.batch.in_(numbers.where(*chosen.conditions())))
    s = sums.subquery().c
    query = (
        select(*columns(), s.activated, s.void, s.revoked)
        .select_from(tables.stamp_batch)
        .join(s.batch.table, s.batch == b.number)
    )
    return joined(query, chosen)
