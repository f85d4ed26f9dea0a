"""What producers pay for blanks, and what the programme spends: 200 VND a stamp in 2020.

A fee falls due with the issue of a batch and is its quantity times the price kept with its
order; whole VND throughout. Stamps voided later were made and are paid for. Source: seed 1.22,
1.23 (S4 §6). Nothing here collects money.
"""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Select, select

from tem_registry import tables
from tem_registry.reports import report_tables
from tem_registry.reports.batch_groups import Chosen, columns, joined, report

FIGURES = ("orders", "stamps", "fee_vnd", "subsidy_vnd", "total_vnd")


@dataclass(slots=True)
class Fees:
    """Orders issued, their stamps, and what they cost."""

    orders: int = 0
    stamps: int = 0
    fee_vnd: int = 0
    subsidy_vnd: int = 0

    def add(self, row: Any) -> None:
        """Add one batch with the prices of its order."""
        self.orders += 1
        self.stamps += row.quantity
        self.fee_vnd += row.quantity * row.unit_fee_vnd
        self.subsidy_vnd += row.quantity * row.unit_subsidy_vnd

    def shown(self) -> dict[str, int]:
        """As JSON."""
        named = {name: getattr(self, name) for name in self.__slots__}
        return {**named, "total_vnd": self.fee_vnd + self.subsidy_vnd}


def charge(connection: Connection, by: str, **chosen: Any) -> dict[str, Any]:
    """Rows by order or one of ``schemas.GROUPS``, and their total."""
    return report(connection, _query(Chosen(**chosen)), by, Fees).shown()


def as_csv(connection: Connection, by: str, **chosen: Any) -> bytes:
    """The same rows as a table for a spreadsheet, names beside keys; without the total."""
    found = report(connection, _query(Chosen(**chosen)), by, Fees)
    return report_tables.table(connection, by, found.rows(), found.examples, FIGURES)


def _query(chosen: Chosen) -> Select[Any]:
    o, b = tables.stamp_order.c, tables.stamp_batch.c
    query = (
        select(*columns(), o.unit_fee_vnd, o.unit_subsidy_vnd)
        .select_from(tables.stamp_batch)
        .join(tables.stamp_order, o.id == b.order_id)
    )
    return joined(query, chosen)
