"""Mints for the tests of the issuer: one on SQLite, and one on each engine."""

import itertools
import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from tests.conftest import SetClock
from tests.issuer.issuer_support import PUBLIC_URL, Mint, found_mint, opened_mint
from tests.postgres import PostgresServer

from tem.clock import Clock
from tem.databases.grants import ISSUER, OWNER
from tem.databases.migrations import Database, migrate
from tem_issuer import codefile
from tem_issuer.history import HISTORIES

_numbers = itertools.count(1)


@pytest.fixture(scope="session")
def started(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An installation as the first start of the issuer makes it, to be copied for each test."""
    data = tmp_path_factory.mktemp("issuer") / "data"
    with pytest.MonkeyPatch.context() as patched:
        _environment(patched)
        found_mint(data, SetClock()).engine.dispose()
    return data


@pytest.fixture
def mint(
    tmp_path: Path, clock: SetClock, monkeypatch: pytest.MonkeyPatch, started: Path
) -> Iterator[Mint]:
    """A mint on the embedded default."""
    _environment(monkeypatch)
    shutil.copytree(started, tmp_path / "data")
    yield from _opened(tmp_path / "data", clock, opened_mint)


@pytest.fixture(scope="session")
def migrated(postgres: PostgresServer) -> str:
    """A PostgreSQL database as `tem migrate` makes the issuer's, to be copied for each test."""
    postgres.create_database("issuer_template", owner=OWNER)
    database = Database("issuer", postgres.url("issuer_template", OWNER), HISTORIES)
    assert list(migrate(database))
    return "issuer_template"


@pytest.fixture
def mint_on_postgres(
    tmp_path: Path,
    clock: SetClock,
    monkeypatch: pytest.MonkeyPatch,
    postgres: PostgresServer,
    migrated: str,
) -> Iterator[Mint]:
    """A mint on PostgreSQL, with the issuer's own account, as in operation."""
    _environment(monkeypatch)
    name = f"issuer_{next(_numbers)}"
    postgres.create_database(name, like=migrated)
    monkeypatch.setenv("TEM_ISSUER_DATABASE_URL", postgres.url(name, ISSUER))
    try:
        yield from _opened(tmp_path / "data", clock, found_mint)
    finally:
        postgres.drop_database(name)


@pytest.fixture(params=["mint", "mint_on_postgres"], ids=["sqlite", "postgresql"])
def mint_on_each(request: pytest.FixtureRequest) -> Mint:
    """A mint on each kind of database."""
    mint: Mint = request.getfixturevalue(request.param)
    return mint


@pytest.fixture
def small_chunks(monkeypatch: pytest.MonkeyPatch) -> int:
    """Chunks of a few codes, so that a small batch already has several and needs helpers."""
    monkeypatch.setattr(codefile, "CHUNK_CODES", 64)
    return 64


def _environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in os.environ:
        if name.startswith("TEM_"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("TEM_PUBLIC_URL", PUBLIC_URL)


def _opened(folder: Path, clock: SetClock, made: Callable[[Path, Clock], Mint]) -> Iterator[Mint]:
    mint = made(folder, clock)
    yield mint
    mint.engine.dispose()
