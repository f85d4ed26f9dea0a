"""Migrations: every released schema comes up to date, old code goes on working beside it."""

import json
import re
import sqlite3
import threading
from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Connection, Engine, create_engine, inspect, text
from tests.migrations.keep_release import HISTORIES, read
from tests.postgres import PostgresServer
from tests.running import until

from tem.databases import grants, migrations
from tem.databases.database import open_engine, sqlite_url, writing
from tem.databases.migrations import Database, History
from tem.errors import Conflict, Unavailable

RELEASED = Path(__file__).parent / "released"
RELEASES = sorted(folder.name for folder in RELEASED.iterdir())
_numbers = count(1)
Make = Callable[[str], Engine]


@pytest.fixture(params=["sqlite", "postgresql"])
def kind(request: pytest.FixtureRequest) -> str:
    """The engine a test is about."""
    return str(request.param)


@pytest.fixture
def make(
    kind: str, tmp_path: Path, request: pytest.FixtureRequest
) -> Iterator[Callable[..., Engine]]:
    """Makes databases of their own, with a released schema and its rows or without anything."""
    opened: list[Engine] = []
    databases: list[tuple[PostgresServer, str]] = []

    def build(service: str, release: str | None = None) -> Engine:
        script = "" if release is None else _script(release, service, kind)
        if kind == "sqlite":
            path = tmp_path / f"{next(_numbers)}.db"
            with sqlite3.connect(path) as connection:
                connection.executescript(script)
            connection.close()
            engine = open_engine(sqlite_url(path))
        else:
            server: PostgresServer = request.getfixturevalue("postgres")
            name = f"migrated_{next(_numbers)}"
            server.create_database(name, owner="tem_owner")
            databases.append((server, name))
            url = server.url(name, "tem_owner")
            loading = create_engine(url)
            with loading.connect() as connection:
                connection.connection.driver_connection.execute(script.encode())  # type: ignore[union-attr]
                connection.connection.commit()
            loading.dispose()
            engine = open_engine(url)
        opened.append(engine)
        return engine

    yield build
    for engine in opened:
        engine.dispose()
    for server, name in databases:
        server.drop_database(name)


def _script(release: str, service: str, kind: str) -> str:
    return (RELEASED / release / f"{service}.{kind}.sql").read_text("utf-8")


def _acts(release: str, service: str, kind: str) -> list[list[Any]]:
    path = RELEASED / release / f"{service}.{kind}.acts.json"
    acts: list[list[Any]] = json.loads(path.read_text("utf-8"))
    return acts


def _migrate(engine: Engine, histories: tuple[History, ...]) -> list[str]:
    url = engine.url.render_as_string(hide_password=False)
    return list(migrations.migrate(Database("any", url, histories, publishes=len(histories) > 1)))


def _play(engine: Engine, acts: list[list[Any]]) -> None:
    """What an old version says to its database, on connections of its own."""
    old = create_engine(engine.url)
    with old.connect() as connection:
        driver: Any = connection.connection.driver_connection
        for transaction in acts:
            for statement, parameters in transaction:
                driver.execute(statement, read(parameters))
            driver.commit()
    old.dispose()


def _tables(service: str) -> list[Any]:
    return [t for h in HISTORIES[service] for m in h.metadata for t in m.sorted_tables]


def _schema(connection: Connection) -> list[Any]:
    """Everything a database is made of, in words to be compared."""
    if connection.dialect.name == "sqlite":
        query = "SELECT type, name, tbl_name, sql FROM sqlite_master ORDER BY 1, 2"
        return [_in_order(row) for row in connection.execute(text(query))]
    found: list[tuple[Any, ...]] = []
    for query in (
        "SELECT table_schema, table_name, column_name, data_type, character_maximum_length, "
        "is_nullable, column_default, collation_name FROM information_schema.columns "
        "WHERE table_schema IN ('public', 'published')",
        "SELECT schemaname, tablename, indexname, indexdef FROM pg_indexes "
        "WHERE schemaname IN ('public', 'published')",
        "SELECT conrelid::regclass::text, conname, pg_get_constraintdef(oid) FROM pg_constraint "
        "WHERE connamespace::regnamespace::text IN ('public', 'published')",
    ):
        found += sorted(map(tuple, connection.execute(text(query))), key=repr)
    return found


def _in_order(row: Any) -> list[list[str]]:
    """Foreign keys are named in any order."""
    return [sorted(re.sub(r'[" \n\t)]', "", cell or "").split(",")) for cell in row]


@pytest.mark.parametrize("service", HISTORIES)
def test_a_new_database_is_what_the_code_names(make: Make, service: str) -> None:
    """All revisions from nothing make exactly the tables, columns and indexes of the code."""
    engine = make(service)
    _migrate(engine, HISTORIES[service])
    for history in HISTORIES[service]:
        with engine.connect() as connection:
            names = {t.name for m in history.metadata for t in m.sorted_tables}

            def ours(thing: Any, name: str | None, type_: str, *_: Any, names: Any = names) -> bool:
                return type_ != "table" or name in names

            on_sqlite = connection.dialect.name == "sqlite"
            context = MigrationContext.configure(
                connection,
                opts={
                    "include_object": ours,
                    "include_schemas": not on_sqlite,
                    "compare_server_default": False,
                },
            )
            known = [_plain(m) if on_sqlite else m for m in history.metadata]
            assert compare_metadata(context, known) == []  # type: ignore[arg-type]
    assert _migrate(engine, HISTORIES[service])[0].partition(":")[2].startswith(" nothing to do")


def _plain(metadata: Any) -> Any:
    """The same tables without a schema, as SQLite has them."""
    from sqlalchemy import MetaData

    copy = MetaData()
    for table in metadata.sorted_tables:
        table.to_metadata(copy, schema=None)
    return copy


@pytest.mark.parametrize("release", RELEASES)
@pytest.mark.parametrize("service", HISTORIES)
def test_a_released_database_becomes_the_same_as_a_new_one(
    make: Any, service: str, release: str
) -> None:
    """Its tables, columns, indexes and constraints are those of a database made today, and all
    of its rows are there."""
    old, new = make(service, release), make(service)
    with old.connect() as connection:
        before = {
            name: connection.execute(text(f"SELECT count(*) FROM {name}")).scalar()
            for name in inspect(connection).get_table_names()
        }
    assert sum(before.values()) > 4
    for engine in (old, new):
        _migrate(engine, HISTORIES[service])
    with old.connect() as one, new.connect() as other:
        assert _schema(one) == _schema(other)
        after = {
            table.name: one.execute(text(f"SELECT count(*) FROM {table.name}")).scalar()
            for table in _tables(service)
            if table.name in before
        }
    assert after == {name: rows for name, rows in before.items() if name in after}
    assert len(after) == len(before)


@pytest.mark.parametrize("release", RELEASES)
@pytest.mark.parametrize("service", HISTORIES)
def test_old_code_works_before_and_after(make: Any, service: str, release: str, kind: str) -> None:
    """What the released version says to its database is understood before the migration and
    after it, and has the same effect on every row."""
    before, after = make(service, release), make(service, release)
    acts = _acts(release, service, kind)
    assert sum(map(len, acts)) > 4
    _play(before, acts)
    _migrate(before, HISTORIES[service])
    _migrate(after, HISTORIES[service])
    _play(after, acts)
    with before.connect() as one, after.connect() as other:
        for table in _tables(service):
            rows = [sorted(map(repr, c.execute(table.select()))) for c in (one, other)]
            assert rows[0] == rows[1], table.name


@pytest.mark.parametrize("release", RELEASES)
def test_writers_go_on_while_a_database_is_migrated(make: Any, kind: str, release: str) -> None:
    """Old code writes all the time: none of its transactions fails or is lost."""
    engine = make("registry", release)
    old = create_engine(engine.url, connect_args={"timeout": 20} if kind == "sqlite" else {})
    stop, numbers = threading.Event(), count()
    written: list[int] = []
    failed: list[Exception] = []

    def write() -> None:
        mark = "?" if kind == "sqlite" else "%s"
        statements = [
            "UPDATE published_state SET change = change + 1 WHERE id = 1",
            f"INSERT INTO published_card (kind, id, body, change) "
            f"VALUES ('pos', {mark}, '{{}}', 1)",
        ]
        try:
            with old.connect() as connection:
                driver: Any = connection.connection.driver_connection
                while not stop.wait(0.05):
                    if kind == "sqlite":
                        driver.execute("BEGIN IMMEDIATE")
                    driver.execute(statements[0])
                    number = next(numbers)
                    driver.execute(statements[1], (str(number),))
                    driver.commit()
                    written.append(number)
        except Exception as error:
            failed.append(error)

    writers = [threading.Thread(target=write) for _ in range(1 if kind == "sqlite" else 4)]
    for writer in writers:
        writer.start()
    try:
        until(lambda: len(written) > 15 or failed)
        _migrate(engine, HISTORIES["registry"])
        reached = len(written)
        until(lambda: len(written) > reached + 15 or failed)
    finally:
        stop.set()
        for writer in writers:
            writer.join()
        old.dispose()
    assert not failed
    with engine.connect() as connection:
        cards = text("SELECT count(*) FROM published_card WHERE kind = 'pos'")
        change = text("SELECT change FROM published_state")
        assert connection.execute(cards).scalar() == len(written)
        first = _first_change(release, kind, make)
        assert connection.execute(change).scalar() - first == connection.execute(cards).scalar()


def _first_change(release: str, kind: str, make: Any) -> int:
    with make("registry", release).connect() as connection:
        return int(connection.execute(text("SELECT change FROM published_state")).scalar())


def test_a_migration_gives_way_to_acts(
    make: Any, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Somebody who never lets go of a table keeps it from being migrated: that is said, and
    nothing has changed."""
    if kind == "sqlite":  # one writer at a time is all there is: it waits its turn
        return
    monkeypatch.setattr(migrations, "TRIES", 1)
    monkeypatch.setattr(migrations, "LOCK_MILLISECONDS", 50)
    engine = make("registry", "0.1.0")
    with engine.begin() as connection:
        connection.execute(text("SELECT * FROM published_state FOR UPDATE"))
        with pytest.raises(Unavailable) as refused:
            _migrate(engine, HISTORIES["registry"])
    assert refused.value.code == "database_busy"
    with engine.connect() as connection:
        assert not inspect(connection).has_table("published_state", "published")
    assert "at 0003" in " ".join(_migrate(engine, HISTORIES["registry"]))


def test_new_code_refuses_an_old_database_and_takes_a_newer_one(make: Any, kind: str) -> None:
    """On PostgreSQL a service says what is missing and to run `tem migrate`; SQLite files it brings
    up to date. A column it does not know does no harm."""
    engine = make("registry", "0.1.0")
    url = engine.url.render_as_string(hide_password=False)
    if kind == "postgresql":
        with pytest.raises(Conflict, match=r"published_state\.epoch.*tem migrate") as refused:
            migrations.open_migrated(url, HISTORIES["registry"])
        assert (engine.url.password or "") not in refused.value.detail
        _migrate(engine, HISTORIES["registry"])
    migrations.open_migrated(url, HISTORIES["registry"]).dispose()
    with engine.begin() as connection:
        connection.execute(text("ALTER TABLE lot ADD COLUMN colour VARCHAR(9) DEFAULT 'red'"))
        connection.execute(text("UPDATE registry_version SET version_num = '9999'"))
    migrations.open_migrated(url, HISTORIES["registry"]).dispose()
    assert "nothing to do" in _migrate(engine, HISTORIES["registry"])[0]


def test_a_database_that_was_never_migrated_is_told_as_one(make: Any, kind: str) -> None:
    """Instead of a list of every column there is."""
    if kind == "sqlite":  # whoever opens a file makes its tables
        return
    url = make("issuer").url.render_as_string(hide_password=False)
    with pytest.raises(Conflict, match="was never migrated") as refused:
        migrations.open_migrated(url, HISTORIES["issuer"])
    assert refused.value.code == "database_of_another_version" and len(refused.value.detail) < 250


def test_a_migration_is_whole_or_not_at_all(make: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """A revision that fails leaves the database as it was, to be tried again."""
    engine = make("registry", "0.1.0")
    with writing(engine) as connection:
        connection.execute(text("CREATE TABLE published_beat (id INTEGER)"))
        if engine.dialect.name == "postgresql":
            connection.execute(text("CREATE SCHEMA published"))
            connection.execute(text("ALTER TABLE published_beat SET SCHEMA published"))
    before = _described(engine)
    with pytest.raises(Exception, match="published_beat"):
        _migrate(engine, (migrations.PUBLISHED,))
    assert _described(engine) == before


def _described(engine: Engine) -> list[Any]:
    with engine.connect() as connection:
        return _schema(connection)


def test_every_account_may_do_what_is_granted_and_no_more(make: Any, kind: str) -> None:
    """Granted again after somebody gave more away: it is as before."""
    if kind == "sqlite":  # it has no accounts
        return
    engine = make("registry")
    _migrate(engine, HISTORIES["registry"])
    with engine.begin() as connection:
        before = _privileges(connection)
        connection.execute(text(f"GRANT ALL ON lot, audit_entry TO {grants.VERIFIER}"))
        connection.execute(text(f"GRANT ALL ON audit_entry TO {grants.REGISTRY}"))
        connection.execute(text(f"GRANT ALL ON published.published_card TO {grants.VERIFIER}"))
        assert _privileges(connection) != before
    _migrate(engine, HISTORIES["registry"])
    with engine.connect() as connection:
        assert _privileges(connection) == before


def _privileges(connection: Connection) -> list[tuple[Any, ...]]:
    query = "SELECT grantee, table_name, privilege_type FROM information_schema.role_table_grants"
    found = connection.execute(text(f"{query} WHERE grantee LIKE 'tem_%' ORDER BY 1, 2, 3"))
    return [tuple(row) for row in found if row.grantee != grants.OWNER]
