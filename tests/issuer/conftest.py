"""Mints for the tests of the issuer: one on SQLite, and one on each engine."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine
from tests.conftest import SetClock
from tests.issuer.issuer_support import PUBLIC_URL, Mint, found_mint

from tem_issuer import codefile


@pytest.fixture
def mint(tmp_path: Path, clock: SetClock, monkeypatch: pytest.MonkeyPatch) -> Iterator[Mint]:
    """A mint on the embedded default."""
    _environment(monkeypatch)
    yield from _opened(tmp_path / "data", clock)


@pytest.fixture
def mint_on_each(
    tmp_path: Path, clock: SetClock, monkeypatch: pytest.MonkeyPatch, engine: Engine
) -> Iterator[Mint]:
    """A mint on each kind of database."""
    _environment(monkeypatch)
    url = engine.url.render_as_string(hide_password=False)
    monkeypatch.setenv("TEM_ISSUER_DATABASE_URL", url)
    yield from _opened(tmp_path / "data", clock)


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


def _opened(folder: Path, clock: SetClock) -> Iterator[Mint]:
    mint = found_mint(folder, clock)
    yield mint
    mint.engine.dispose()
