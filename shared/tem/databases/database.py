"""Engines and transactions, the same on SQLite and PostgreSQL.

SQLite runs in WAL with ``synchronous=FULL``: a commit that returned survives a power cut.
Every write begins with ``BEGIN IMMEDIATE`` there, so that what a transaction read is still
true when it writes; on PostgreSQL the acts lock the rows they decide on.
"""

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import (
    Connection,
    DateTime,
    Dialect,
    Engine,
    MetaData,
    NullPool,
    Table,
    TypeDecorator,
    create_engine,
    event,
    inspect,
    make_url,
)

from tem.databases import patience

BUSY_SECONDS = 20

# SQLite has one schema: what has its own on PostgreSQL lies beside the rest there.
_NO_SCHEMAS = {"schema_translate_map": {"published": None}}

# Plumbing tables that every service's own database has: audit, API keys, idempotency.
plumbing = MetaData()


class UtcDateTime(TypeDecorator[datetime]):
    """An instant: needs a zone on the way in, has UTC on the way out (SQLite forgets zones)."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Store as UTC. Raises ValueError for a naive datetime."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("an instant needs its offset from UTC")
        return value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Give the zone back: SQLite has none, PostgreSQL that of the session."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


def sqlite_url(path: Path) -> str:
    """The URL of a SQLite file."""
    return f"sqlite:///{path}"


def is_missing(url: str) -> bool:
    """Whether a SQLite file is not there; a server's database is for the server to say."""
    parsed = make_url(url)
    return parsed.get_backend_name() == "sqlite" and not Path(str(parsed.database)).exists()


def open_engine(url: str) -> Engine:
    """An engine for reading and writing."""
    if make_url(url).get_backend_name() == "sqlite":
        engine = create_engine(
            url,
            connect_args={"timeout": BUSY_SECONDS},
            pool_size=40,
            hide_parameters=True,
            execution_options=_NO_SCHEMAS,
        )
        event.listen(engine, "connect", _prepare_sqlite)
        event.listen(engine, "begin", _begin_sqlite)
        return engine
    # Errors name no values: they go into logs.
    engine = create_engine(
        url, pool_pre_ping=True, pool_size=10, max_overflow=30, hide_parameters=True
    )
    patience.limit_waiting(engine)
    return engine


def open_published(url: str, tables: frozenset[str]) -> Engine:
    """An engine that can read the named tables and nothing else, and write nothing.

    On SQLite this is a fence (read-only file, ``query_only``, an authorizer); on PostgreSQL
    the wall is the account's grants.
    """
    parsed = make_url(url)
    if parsed.get_backend_name() != "sqlite":
        served = create_engine(url, pool_pre_ping=True, pool_size=2, hide_parameters=True)
        patience.limit_waiting(served)
        return served
    path = Path(parsed.database or "").resolve()

    def connect() -> sqlite3.Connection:
        connection = sqlite3.connect(
            f"{path.as_uri()}?mode=ro", uri=True, timeout=BUSY_SECONDS, check_same_thread=False
        )
        connection.isolation_level = None
        connection.execute("PRAGMA query_only=ON")
        connection.set_authorizer(_authorizer(tables))
        return connection

    # No pool: a connection kept open would go on reading a file that a restore replaced.
    engine = create_engine(
        "sqlite://", creator=connect, poolclass=NullPool, execution_options=_NO_SCHEMAS
    )
    event.listen(engine, "begin", lambda connection: connection.exec_driver_sql("BEGIN"))
    return engine


def _authorizer(tables: frozenset[str]) -> Callable[..., int]:
    allowed = {sqlite3.SQLITE_SELECT, sqlite3.SQLITE_TRANSACTION, sqlite3.SQLITE_FUNCTION}

    def decide(action: int, first: str | None, *_: object) -> int:
        if action in allowed or (action == sqlite3.SQLITE_READ and first in tables):
            return sqlite3.SQLITE_OK
        if action == sqlite3.SQLITE_PRAGMA and first == "read_uncommitted":
            return sqlite3.SQLITE_OK  # SQLAlchemy asks for it once, to learn the isolation
        return sqlite3.SQLITE_DENY

    return decide


def _prepare_sqlite(connection: sqlite3.Connection, _: object) -> None:
    connection.isolation_level = None  # we say BEGIN ourselves
    for pragma in (
        "journal_mode=WAL",
        "synchronous=FULL",
        "foreign_keys=ON",
        "secure_delete=ON",
    ):
        connection.execute(f"PRAGMA {pragma}")


def _begin_sqlite(connection: Connection) -> None:
    writing_now = connection.get_execution_options().get("writing", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writing_now else "BEGIN")


def lacking_columns(connection: Connection, *known: MetaData) -> list[str]:
    """Columns that are named in the code and not there, as ``table.column``."""
    tables = [table for metadata in known for table in metadata.sorted_tables]
    there: dict[tuple[str | None, str], set[str]] = {}
    for schema in {_schema(connection, table) for table in tables}:
        found = inspect(connection).get_multi_columns(schema=schema)
        there |= {key: {column["name"] for column in columns} for key, columns in found.items()}
    return [
        f"{table.name}.{column.name}"
        for table in tables
        for column in table.columns
        if column.name not in there.get((_schema(connection, table), table.name), set())
    ]


def _schema(connection: Connection, table: Table) -> str | None:
    return table.schema if connection.dialect.name == "postgresql" else None


@contextmanager
def writing(engine: Engine) -> Iterator[Connection]:
    """One transaction that may write: commits at the end, rolls back on any exception."""
    with engine.connect().execution_options(writing=True) as connection, connection.begin():
        yield connection


@contextmanager
def reading(engine: Engine) -> Iterator[Connection]:
    """One consistent snapshot to read from."""
    options: dict[str, Any] = {}
    if engine.dialect.name == "postgresql":
        options = {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True}
    with engine.connect().execution_options(**options) as connection, connection.begin():
        yield connection


def insert_or_ignore(connection: Connection, table: Any, row: dict[str, Any]) -> bool:
    """Insert unless a row with the same unique key is there; whether it was inserted.

    On PostgreSQL this waits for a concurrent transaction holding the same key to end.
    """
    if connection.dialect.name == "postgresql":
        from sqlalchemy.dialects.postgresql import insert as pg_insert

        statement: Any = pg_insert(table).values(row).on_conflict_do_nothing()
    else:
        from sqlalchemy.dialects.sqlite import insert as sqlite_insert

        statement = sqlite_insert(table).values(row).on_conflict_do_nothing()
    # SQLAlchemy forgets the count of an INSERT on PostgreSQL unless asked to keep it.
    options = {"preserve_rowcount": True}
    return connection.execute(statement, execution_options=options).rowcount == 1
