"""Rows of a state from one engine into the same tables, empty, on PostgreSQL."""

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from sqlalchemy import Connection, Integer, MetaData, Table, func, select, text

from tem.upkeep.state_digest import (
    Row,
    TableDigest,
    TableHash,
    batches,
    state_columns,
    state_tables,
)

LOCK_SECONDS = 30  # a move that was killed a moment ago may not have ended on the server yet

Progress = Callable[[str, int], None]  # the table's name, and how many of its rows are there


def qualified_name(connection: Connection, table: Table) -> str:
    """How a statement of ours names a table, its schema as the engine translates it."""
    schemas = connection.get_execution_options().get("schema_translate_map") or {}
    schema = schemas.get(table.schema, table.schema)
    quote = connection.dialect.identifier_preparer
    name = quote.quote(table.name)
    return f"{quote.quote_schema(schema)}.{name}" if schema else name


def filled_tables(connection: Connection, metadata: Iterable[MetaData]) -> list[str]:
    """The names of the tables that have rows."""
    return [
        table.name
        for table in state_tables(metadata)
        if connection.execute(select(*state_columns(table)[:1]).limit(1)).first() is not None
    ]


def lock_tables(connection: Connection, metadata: Iterable[MetaData]) -> None:
    """Let nobody else write until the transaction ends; reading goes on."""
    names = ", ".join(qualified_name(connection, table) for table in state_tables(metadata))
    connection.execute(text(f"SET LOCAL lock_timeout = '{LOCK_SECONDS}s'"))
    connection.execute(text(f"LOCK TABLE {names} IN SHARE ROW EXCLUSIVE MODE"))


def copy_table(
    source: Connection, target: Connection, table: Table, progress: Progress
) -> TableDigest:
    """Copy a table by COPY, in the caller's transaction; the digest of what was read."""
    columns = ", ".join(
        target.dialect.identifier_preparer.quote(c.name) for c in state_columns(table)
    )
    statement = f"COPY {qualified_name(target, table)} ({columns}) FROM STDIN"
    read, rows = TableHash(table), 0
    driver: Any = target.connection.driver_connection
    with driver.cursor() as cursor, cursor.copy(statement) as copy:
        for some in batches(source, table):
            read.add(some)
            _write(copy, some)
            rows += len(some)
            progress(table.name, rows)
    return read.digest()


def _write(copy: Any, rows: Sequence[Row]) -> None:
    for row in rows:
        copy.write_row(row)


def settle(connection: Connection, metadata: Iterable[MetaData]) -> None:
    """Check what was deferred, and give the planner its statistics."""
    connection.execute(text("SET CONSTRAINTS ALL IMMEDIATE"))
    for table in state_tables(metadata):
        connection.execute(text(f"ANALYZE {qualified_name(connection, table)}"))


def set_sequences(connection: Connection, metadata: Iterable[MetaData]) -> None:
    """Let each number that PostgreSQL gives out begin behind the highest one there.

    A sequence is no part of a transaction, so this comes last: set too far it does no harm.
    """
    for table in state_tables(metadata):
        for column in table.primary_key:
            if not isinstance(column.type, Integer):
                continue
            owner = qualified_name(connection, table)
            asked = select(func.pg_get_serial_sequence(owner, column.name))
            sequence = connection.execute(asked).scalar()
            highest = connection.execute(select(func.max(column))).scalar()
            if sequence is not None and highest is not None:
                connection.execute(select(func.setval(sequence, highest)))
