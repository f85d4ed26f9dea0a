"""What the registry's tests share: a small register on both engines, and the imported sample."""

import fcntl
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine, delete, text
from tests.conftest import SetClock
from tests.postgres import PostgresServer
from tests.registry.installed import SAMPLE, without_our_variables
from tests.registry.records import Register, all_tables, make_tables

from tem.database import open_engine, sqlite_url


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
def server_engine(postgres: PostgresServer) -> Iterator[Engine]:
    """A PostgreSQL database with the registry's tables, emptied before each test."""
    postgres.create_database("registry")
    engine = open_engine(postgres.url("registry"))
    make_tables(engine)
    yield engine
    engine.dispose()
    postgres.drop_database("registry")


@pytest.fixture(params=["sqlite", "postgresql"])
def bare(request: pytest.FixtureRequest, tmp_path: Path, clock: SetClock) -> Iterator[Register]:
    """An empty register, once on each engine."""
    if request.param == "postgresql":
        engine: Engine = request.getfixturevalue("server_engine")
        empty(engine)
        yield Register(engine, clock)
        return
    path = tmp_path / "registry.db"
    shutil.copy(request.getfixturevalue("empty_file"), path)
    engine = open_engine(sqlite_url(path))
    yield Register(engine, clock)
    engine.dispose()


def empty(engine: Engine) -> None:
    """Nothing in any table of a server, numbers from the start: deleting little is faster than
    truncating."""
    with engine.begin() as connection:
        for table in reversed(all_tables()):
            connection.execute(delete(table))
        counters = "SELECT sequencename FROM pg_sequences WHERE last_value IS NOT NULL"
        for name in connection.execute(text(counters)).scalars().all():
            connection.execute(text(f"ALTER SEQUENCE {name} RESTART"))


@pytest.fixture
def register(bare: Register, request: pytest.FixtureRequest) -> Register:
    """A register with two producers and three certified products."""
    if bare.engine.dialect.name == "sqlite":  # nobody has opened its file yet
        shutil.copy(request.getfixturevalue("populated_file"), str(bare.engine.url.database))
    else:
        bare.populate()
    return bare


@pytest.fixture(scope="session")
def sample(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An installation into which the whole sample was imported by the command; for reading only.

    Made once for all processes of a test run: the first one makes it, the others wait.
    """
    shared = tmp_path_factory.getbasetemp()
    if os.environ.get("PYTEST_XDIST_WORKER"):
        shared = shared.parent
    data, done = shared / "imported", shared / "imported.done"
    with (shared / "imported.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not done.exists():
            command = [sys.executable, "-m", "tem", "registry", "import", SAMPLE, "--data", data]
            made = subprocess.run(
                command, env=without_our_variables(), capture_output=True, text=True, check=False
            )
            assert made.returncode == 0, made.stdout + made.stderr
            done.write_text(made.stdout)
    return data
