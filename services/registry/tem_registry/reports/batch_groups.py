"""Batches in groups, for every report: which batches it is about, and what it counts them by."""

import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Generic, Protocol, TypeVar

from sqlalchemy import Connection, Select, and_, select
from sqlalchemy.sql.elements import ColumnElement

from tem_registry import tables

_DAY_LETTERS = {"day": 10, "month": 7, "year": 4}  # of 2026-11-20


@dataclass(frozen=True, slots=True, kw_only=True)
class Chosen:
    """Which batches: issued in a period (Vietnam days, ends included), of whom, of what.

    ``own`` is the producer that asks; it never sees another's, whatever else is chosen.
    """

    issued_from: date | None = None
    issued_until: date | None = None
    product_id: str | None = None
    producer_id: str | None = None
    commune: str | None = None
    own: str | None = None

    def conditions(self) -> list[ColumnElement[bool]]:
        """As conditions on ``stamp_batch`` and ``producer``."""
        b = tables.stamp_batch.c
        found = [
            column == value
            for column, value in (
                (b.product_id, self.product_id),
                (b.producer_id, self.producer_id),
                (b.producer_id, self.own),
                (tables.producer.c.commune_code, self.commune),
            )
            if value is not None
        ]
        if self.issued_from is not None:
            found.append(b.issued_on >= self.issued_from)
        if self.issued_until is not None:
            found.append(b.issued_on <= self.issued_until)
        return found


class Sums(Protocol):
    """Figures that batches are added to, one row of the report's query each."""

    def add(self, row: Any) -> None:
        """Add one batch."""

    def shown(self) -> dict[str, int]:
        """As JSON."""


S = TypeVar("S", bound=Sums)


@dataclass(slots=True)
class Report(Generic[S]):
    """The figures of each group, one of its batches as an example, and their sum."""

    total: S
    groups: dict[str, S] = field(default_factory=dict)
    examples: dict[str, Any] = field(default_factory=dict)

    def rows(self) -> list[dict[str, Any]]:
        """One row a group, in order of their keys."""
        return [{"key": key, **self.groups[key].shown()} for key in in_order(self.groups)]

    def shown(self) -> dict[str, Any]:
        """As JSON."""
        return {"rows": self.rows(), "total": self.total.shown()}


def report(connection: Connection, query: Select[Any], by: str, sums: type[S]) -> Report[S]:
    """Add up a query's rows in groups. The query holds :func:`columns`, one row a batch."""
    found = Report(sums())
    categories = categories_of(connection, by)
    for row in connection.execute(query):
        key = key_of(by, row, categories)
        found.groups.setdefault(key, sums()).add(row)
        found.examples.setdefault(key, row)
        found.total.add(row)
    return found


def columns() -> tuple[Any, ...]:
    """What a report knows of each batch; ``imported_as`` is the id it was taken over under."""
    b = tables.stamp_batch.c
    return (
        b.number,
        b.order_id,
        b.quantity,
        b.product_id,
        b.producer_id,
        b.issued_on,
        tables.producer.c.commune_code,
        tables.import_ledger.c.id.label("imported_as"),
    )


def joined(query: Select[Any], chosen: Chosen) -> Select[Any]:
    """The query over the chosen batches, with what :func:`columns` needs."""
    b, ledger = tables.stamp_batch.c, tables.import_ledger.c
    taken_over = and_(ledger.kind == "stamp_batch", ledger.id == b.order_id)
    return (
        query.join(tables.producer, tables.producer.c.id == b.producer_id)
        .outerjoin(tables.import_ledger, taken_over)
        .where(*chosen.conditions())
    )


def key_of(by: str, row: Any, categories: dict[str, str]) -> str:
    """The key of the group that a batch belongs to; empty where nothing is on record.

    A batch goes by the id it was imported under, else by its number.
    """
    if by in _DAY_LETTERS:
        return str(row.issued_on.isoformat()[: _DAY_LETTERS[by]])
    if by == "batch":
        return str(row.imported_as or row.number)
    if by == "category":
        return categories.get(row.product_id, "")
    names = {"order": "order_id", "commune": "commune_code"}
    return str(getattr(row, names.get(by, f"{by}_id")) or "")


def in_order(keys: Iterable[str]) -> list[str]:
    """Keys in order, numbers in the order of numbers."""
    return sorted(keys, key=lambda key: (int(key), "") if key.isdigit() else (-1, key))


def categories_of(connection: Connection, by: str) -> dict[str, str]:
    """Products' categories, where a report counts by them."""
    if by != "category":
        return {}
    p = tables.product.c
    rows = connection.execute(select(p.id, p.record))
    return {row.id: str(json.loads(row.record).get("category_code") or "") for row in rows}
