"""What the registry's tests share: a small register on both engines, and the imported sample."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine, text
from tests.conftest import SetClock
from tests.postgres import PostgresServer
from tests.registry.records import Register, all_tables, make_tables

from tem.databases.database import open_engine, sqlite_url


@pytest.fixture(scope="session")
def empty_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A SQLite file with the registry's tables, to be copied."""
    path = tmp_path_factory.mktemp("registry") / "empty.db"
    engine = open_engine(sqlite_url(path))
    make_tables(engine)
    engine.dispose()
    return path


@pytest.fixture(scope="session")
def populated_file(empty_file: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same with two producers and three certified products, to be copied."""
    path = tmp_path_factory.mktemp("registry") / "populated.db"
    shutil.copy(empty_file, path)
    engine = open_engine(sqlite_url(path))
    Register(engine, SetClock()).populate()
    engine.dispose()
    return path


@pytest.fixture(scope="session")
def owner_engine(postgres: PostgresServer) -> Iterator[Engine]:
    """A PostgreSQL database with the registry's tables, emptied before each test; the rows of a
    populated register lie beside them. Its owner's account: what a service may not do, it can."""
    postgres.create_database("registry", owner="tem_owner")
    engine = open_engine(postgres.url("registry", "tem_owner"))
    make_tables(engine)
    Register(engine, SetClock()).populate()
    with engine.begin() as connection:
        connection.execute(text("CREATE SCHEMA kept"))
        for table in all_tables():
            connection.execute(text(f"CREATE TABLE kept.{table.name} AS TABLE {table.fullname}"))
        named = "SELECT sequencename, last_value FROM pg_sequences WHERE schemaname = 'public'"
        connection.execute(text(f"CREATE TABLE kept.counters AS {named}"))
    yield engine
    engine.dispose()
    postgres.drop_database("registry")


@pytest.fixture(scope="session")
def server_engine(postgres: PostgresServer, owner_engine: Engine) -> Iterator[Engine]:
    """The same as the registry's own account sees it."""
    engine = open_engine(postgres.url("registry", "tem_registry"))
    yield engine
    engine.dispose()


@pytest.fixture(params=["sqlite", "postgresql"])
def bare(request: pytest.FixtureRequest, tmp_path: Path, clock: SetClock) -> Iterator[Register]:
    """An empty register, once on each engine."""
    if request.param == "postgresql":
        engine: Engine = request.getfixturevalue("server_engine")
        empty(request.getfixturevalue("owner_engine"))
        yield Register(engine, clock)
        return
    path = tmp_path / "registry.db"
    shutil.copy(request.getfixturevalue("empty_file"), path)
    engine = open_engine(sqlite_url(path))
    yield Register(engine, clock)
    engine.dispose()


def empty(engine: Engine) -> None:
    """Nothing in any table of a server, numbers from the start: deleting little is faster than
    truncating, and saying all at once faster than one thing after the other."""
    wanted = [f"DELETE FROM {table.fullname}" for table in reversed(all_tables())]
    wanted.append("SELECT setval(sequencename::regclass, 1, false) FROM kept.counters")
    with engine.begin() as connection:
        connection.exec_driver_sql("; ".join(wanted))


def fill(engine: Engine) -> None:
    """What lies beside the empty tables of a server: a populated register."""
    copied = "INSERT INTO {0} OVERRIDING SYSTEM VALUE SELECT * FROM kept.{1}"
    wanted = [copied.format(table.fullname, table.name) for table in all_tables()]
    wanted.append(
        "SELECT setval(sequencename::regclass, last_value) FROM kept.counters"
        " WHERE last_value IS NOT NULL"
    )
    with engine.begin() as connection:
        connection.exec_driver_sql("; ".join(wanted))


@pytest.fixture
def register(bare: Register, request: pytest.FixtureRequest) -> Register:
    """A register with two producers and three certified products."""
    if bare.engine.dialect.name == "sqlite":  # nobody has opened its file yet
        shutil.copy(request.getfixturevalue("populated_file"), str(bare.engine.url.database))
    else:
        fill(request.getfixturevalue("owner_engine"))
    return bare


@pytest.fixture
def pair(
    owner_engine: Engine, server_engine: Engine, tmp_path: Path, clock: SetClock
) -> Iterator[tuple[Register, Register]]:
    """The same register on SQLite and on PostgreSQL."""
    empty(owner_engine)
    lite = open_engine(sqlite_url(tmp_path / "registry.db"))
    make_tables(lite)
    yield Register(lite, clock), Register(server_engine, clock)
    lite.dispose()


@pytest.fixture(scope="session")
def sample(imported: Path) -> Path:
    """An installation into which the whole sample was imported by the command; for reading only."""
    return imported
