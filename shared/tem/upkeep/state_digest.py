"""One SHA-256 over all that a service's database says, the same on SQLite and PostgreSQL.

The canonical text of a table: its columns in the order of their names; then its rows in the order
of the primary key (texts by code point), each as a JSON array on a line of its own. Instants are
UTC to the microsecond, dates ISO 8601, bytes hexadecimal, an absent value is ``null``. The digest
of a state is over the names, row counts and digests of its tables in the order of their names.
Files are no part of it: each is named by its own digest in a manifest or a row.
"""

import hashlib
import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any

from sqlalchemy import (
    Boolean,
    Column,
    ColumnElement,
    Connection,
    Date,
    DateTime,
    Engine,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    TypeDecorator,
    collate,
    select,
)

# The verifier's key of the day and what is hashed under it: no copy may outlive that day.
OF_ONE_DAY = ("scan_key", "scan_origin")
# Tables that are no state, and why. (Alembic's version tables are in no metadata.)
LEFT_OUT = {
    "published_beat": "says when a registry last ran, not what it holds; on PostgreSQL alone",
    **dict.fromkeys(OF_ONE_DAY, "is of one day and forgotten with it"),
}
ROWS_AT_ONCE = 1000
LARGE_ROWS_AT_ONCE = 8  # of tables with files or pictures: a row may have some megabytes

Row = Sequence[Any]


@dataclass(frozen=True, slots=True)
class ServiceState:
    """Where a service keeps its state, and in which tables.

    ``open`` gives the engine as the service itself opens it, a SQLite file brought up to date.
    """

    service: str
    url: str
    metadata: tuple[MetaData, ...]
    open: Callable[[], Engine]


@dataclass(frozen=True, slots=True)
class TableDigest:
    """What one table says: how many rows, and the SHA-256 of its canonical text."""

    table: str
    rows: int
    sha256: str


def state_tables(metadata: Iterable[MetaData]) -> list[Table]:
    """The tables that hold state, each after those it refers to."""
    return [table for one in metadata for table in one.sorted_tables if table.name not in LEFT_OUT]


def state_columns(table: Table) -> list[Column[Any]]:
    """The columns that hold state, in the order of their names: not what an engine works out."""
    return sorted((c for c in table.columns if c.computed is None), key=lambda c: c.name)


def batches(connection: Connection, table: Table) -> Iterator[Sequence[Row]]:
    """The rows of a table in canonical order, some at a time: never many in memory."""
    large = any(isinstance(c.type, LargeBinary) and c.type.length is None for c in table.columns)
    query = select(*state_columns(table)).order_by(*_canonical_order(connection, table))
    options = {"yield_per": LARGE_ROWS_AT_ONCE if large else ROWS_AT_ONCE}
    yield from connection.execute(query, execution_options=options).partitions()


def _canonical_order(connection: Connection, table: Table) -> Iterator[ColumnElement[Any]]:
    """The primary key, texts by code point, as SQLite has them anyway."""
    by_code = connection.dialect.name == "postgresql"
    for column in table.primary_key:
        yield collate(column, "C") if by_code and isinstance(column.type, String) else column


class TableHash:
    """Takes the rows of one table as they pass by, and ends as its digest."""

    def __init__(self, table: Table) -> None:
        columns = state_columns(table)
        self._table, self._rows = table, 0
        self._texts = [_canonical_text(column) for column in columns]
        self._sha256 = hashlib.sha256(_line([column.name for column in columns]))

    def add(self, rows: Sequence[Row]) -> None:
        """The next rows, in canonical order."""
        self._rows += len(rows)
        for row in rows:
            told = zip(row, self._texts, strict=True)
            self._sha256.update(_line([v if v is None or f is None else f(v) for v, f in told]))

    def digest(self) -> TableDigest:
        """The digest of the rows so far."""
        return TableDigest(self._table.name, self._rows, self._sha256.hexdigest())


_encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode


def _line(values: list[Any]) -> bytes:
    return _encode(values).encode() + b"\n"


def _canonical_text(column: Column[Any]) -> Callable[[Any], Any] | None:
    """What makes a value a JSON one that both engines agree on; None where it is one already.

    Raises TypeError for a type that has no canonical text yet.
    """
    kind = column.type.impl if isinstance(column.type, TypeDecorator) else column.type
    if isinstance(kind, DateTime):
        return _instant
    if isinstance(kind, Date):
        return date.isoformat
    if isinstance(kind, LargeBinary):
        return bytes.hex
    if isinstance(kind, String | Integer | Boolean):
        return None
    raise TypeError(f"{column} is {column.type!r}: say here how it is written")


def _instant(value: datetime) -> str:
    return value.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


def table_digest(connection: Connection, table: Table) -> TableDigest:
    """The digest of one table as a transaction sees it; memory does not grow with its rows."""
    taken = TableHash(table)
    for rows in batches(connection, table):
        taken.add(rows)
    return taken.digest()


def digests(connection: Connection, metadata: Iterable[MetaData]) -> list[TableDigest]:
    """The digest of each table of a state."""
    return [table_digest(connection, table) for table in state_tables(metadata)]


def state_digest(tables: Iterable[TableDigest]) -> str:
    """One digest for them all, whatever their order: ``sha256:`` and 64 hexadecimal digits."""
    lines = sorted(f"{one.table} {one.rows} {one.sha256}\n" for one in tables)
    return f"sha256:{hashlib.sha256(''.join(lines).encode()).hexdigest()}"
