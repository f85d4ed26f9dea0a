"""What every test may ask for: a clock to set, empty databases of both kinds, the sample."""

import fcntl
import gc
import itertools
import os
import sys
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import structlog
from sqlalchemy import Engine
from tests.postgres import PostgresServer
from tests.running import PYCACHE, SAMPLE, tem

from tem import logs
from tem.databases.database import open_engine, sqlite_url

_numbers = itertools.count(1)

# A test run starts some hundred processes: compiling each module once, not once in each of them,
# saves minutes, whatever the environment says. It begins with the tests' own modules.
sys.dont_write_bytecode, sys.pycache_prefix = False, str(PYCACHE)
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
os.environ["PYTHONPYCACHEPREFIX"] = str(PYCACHE)

# What a test process has imported stays: looking through it again and again for garbage is a tenth
# of its work.
gc.set_threshold(100_000, 50, 100)


def pytest_collection_finish() -> None:
    """Leave out of the search what is there before the first test."""
    gc.collect()
    gc.freeze()


class SetClock:
    """A clock that stands still until it is told otherwise."""

    def __init__(self) -> None:
        self.now = datetime(2026, 11, 20, 2, 0, tzinfo=UTC)  # 09:00 in Vietnam

    def __call__(self) -> datetime:
        return self.now

    def advance(self, **amount: float) -> datetime:
        """Move on by the arguments of a timedelta and give the new time."""
        self.now += timedelta(**amount)
        return self.now


@pytest.fixture(autouse=True)
def _own_crash_hooks(monkeypatch: pytest.MonkeyPatch) -> None:
    """A command run in this process that would run for long leaves no hook of its own behind."""
    monkeypatch.setattr(sys, "excepthook", sys.excepthook)
    monkeypatch.setattr(threading, "excepthook", threading.excepthook)


@pytest.fixture(autouse=True)
def _own_logs() -> Iterator[None]:
    """What was configured in this process does not stay for the tests after it: the common logger
    keeps the first stream that it wrote to."""
    yield
    structlog.reset_defaults()
    vars(logs.log).pop("bind", None)


@pytest.fixture
def clock() -> SetClock:
    """A settable clock, at the instant the sample data is as of."""
    return SetClock()


@pytest.fixture(scope="session")
def postgres() -> Iterator[PostgresServer]:
    """One PostgreSQL server for each test process, started when the first test asks for it."""
    with PostgresServer() as server:
        server.make_accounts()
        yield server


@pytest.fixture(params=["sqlite", "postgresql"])
def engine(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Engine]:
    """An empty database of its own for each test, once of each kind."""
    if request.param == "sqlite":
        opened = open_engine(sqlite_url(tmp_path / "test.db"))
        yield opened
        opened.dispose()
        return
    server: PostgresServer = request.getfixturevalue("postgres")
    name = f"test_{next(_numbers)}"
    server.create_database(name)
    opened = open_engine(server.url(name))
    try:
        yield opened
    finally:
        opened.dispose()
        server.drop_database(name)


@pytest.fixture(scope="session")
def imported(tmp_path_factory: pytest.TempPathFactory) -> Path:
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
            made = tem(data, "registry", "import", SAMPLE)
            assert made.returncode == 0, made.stdout + made.stderr
            done.write_text(made.stdout)
    return data
