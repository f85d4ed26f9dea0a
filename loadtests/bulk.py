"""Many rows into a table at once: COPY on PostgreSQL, one prepared INSERT on SQLite."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import lru_cache
from itertools import islice
from typing import Any

from sqlalchemy import Connection, Table

AT_ONCE = 20_000
Row = tuple[Any, ...]


def insert(
    connection: Connection, table: Table, columns: Sequence[str], rows: Iterable[Row]
) -> None:
    """Insert rows of these columns, as the table's types store them, and take any number."""
    stored = _stored(connection, table, columns, rows)
    names = ", ".join(f'"{name}"' for name in columns)
    if connection.dialect.name == "postgresql":
        cursor = connection.connection.driver_connection.cursor()  # type: ignore[union-attr]
        with cursor, cursor.copy(f"COPY {full_name(connection, table)} ({names}) FROM STDIN") as to:
            for row in stored:
                to.write_row(row)
        return
    places = ", ".join("?" * len(columns))
    command = f"INSERT INTO {full_name(connection, table)} ({names}) VALUES ({places})"
    while some := list(islice(stored, AT_ONCE)):
        connection.exec_driver_sql(command, some)


def full_name(connection: Connection, table: Table) -> str:
    """A table's name with its schema, as this engine has it."""
    schemas = connection.get_execution_options().get("schema_translate_map") or {}
    schema = schemas.get(table.schema, table.schema)
    return f'"{schema}"."{table.name}"' if schema else f'"{table.name}"'


def _stored(
    connection: Connection, table: Table, columns: Sequence[str], rows: Iterable[Row]
) -> Iterator[Row]:
    """Rows with the values that need it in the form the engine stores."""
    processors: list[tuple[int, Callable[[Any], Any]]] = []
    for place, name in enumerate(columns):
        kind = table.c[name].type.dialect_impl(connection.dialect)
        made = kind.bind_processor(connection.dialect)
        if made is not None:
            processors.append((place, lru_cache(1000)(made)))  # dates repeat
    if not processors:
        yield from rows
        return
    for row in rows:
        out = list(row)
        for place, process in processors:
            out[place] = process(out[place])
        yield tuple(out)
