"""A group of the list of work as its query finds it: how many there are, and the first of them.

Rows have ``id``, ``since`` or ``due``, and whatever else of
:class:`~tem_registry.reports.schemas_worklist.WorkItem` applies to them.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, func

from tem.dates import vietnam_day

SHOWN = 20  # items of a group; its count is of all
Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Part:
    """A group's items, the most urgent first, and how many there are in all."""

    count: int
    rows: list[Row]


def of(connection: Connection, query: Select[Any]) -> Part:
    """Count and first rows of a query at once."""
    counted = query.add_columns(func.count().over().label("in_all")).limit(SHOWN)
    rows = [dict(row._mapping) for row in connection.execute(counted)]
    return Part(rows[0]["in_all"] if rows else 0, rows)


def mine(column: ColumnElement[Any], own: str | None) -> list[ColumnElement[bool]]:
    """What limits a query to one producer; nothing for the office."""
    return [] if own is None else [column == own]


def told(row: Row, today: date) -> Iterable[tuple[str, Any]]:
    """A row for JSON: days of Vietnam, how many of them it waits or has left, nothing empty."""
    for name, value in row.items():
        if value is None or name == "in_all":
            continue
        day = vietnam_day(value) if isinstance(value, datetime) else value
        yield name, day.isoformat() if isinstance(day, date) else day
        if name == "since":
            yield "days", max(0, (today - day).days)
        if name == "due":
            yield "days_left", (day - today).days
