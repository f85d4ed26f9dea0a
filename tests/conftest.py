"""What every test may ask for: a clock it can set, and empty databases of both kinds."""

import itertools
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine
from tests.postgres import PostgresServer

from tem.database import open_engine, sqlite_url

_numbers = itertools.count(1)


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


@pytest.fixture
def clock() -> SetClock:
    """A settable clock, at the instant the sample data is as of."""
    return SetClock()


@pytest.fixture(scope="session")
def postgres() -> Iterator[PostgresServer]:
    """One PostgreSQL server for each test process, started when the first test asks for it."""
    with PostgresServer() as server:
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
