"""What the verifier's tests share: a registry's published tables, and verifiers that read them."""

import itertools
import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from prometheus_client import REGISTRY
from sqlalchemy import Engine
from tests.conftest import SetClock
from tests.postgres import PostgresServer
from tests.registry.records import Register, make_tables
from tests.verifier.mint import PREFIX, Mint, Minted, publish

from tem.database import open_engine, open_published, sqlite_url
from tem.published import TABLE_NAMES
from tem_verifier.app import open_store
from tem_verifier.index import Index
from tem_verifier.lookup import Lookup
from tem_verifier.manifests import Acceptance
from tem_verifier.settings import Settings

_numbers = itertools.count(1)


@pytest.fixture(scope="session")
def populated_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A registry's SQLite file with two producers and three certified products, to be copied."""
    path = tmp_path_factory.mktemp("register") / "populated.db"
    populate(sqlite_url(path))
    return path


@pytest.fixture(scope="session")
def populated_database(postgres: PostgresServer) -> str:
    """The same on the server."""
    postgres.create_database("populated")
    populate(postgres.url("populated"))
    return "populated"


def populate(url: str) -> None:
    engine = open_engine(url)
    make_tables(engine)
    Register(engine, SetClock()).populate()
    engine.dispose()


@pytest.fixture(params=["sqlite", "postgresql"])
def engine(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Engine]:
    """A registry's database of its own, populated, for each test, once of each kind."""
    if request.param == "sqlite":
        path = shutil.copy(request.getfixturevalue("populated_file"), tmp_path / "test.db")
        opened = open_engine(sqlite_url(path))
        yield opened
        opened.dispose()
        return
    server: PostgresServer = request.getfixturevalue("postgres")
    name = f"register_{next(_numbers)}"
    server.create_database(name, request.getfixturevalue("populated_database"))
    opened = open_engine(server.url(name))
    try:
        yield opened
    finally:
        opened.dispose()
        server.drop_database(name)


@pytest.fixture
def register(engine: Engine, clock: SetClock) -> Register:
    """A registry's database with two producers and three certified products."""
    return Register(engine, clock)


@pytest.fixture
def mint(tmp_path: Path) -> Mint:
    """An office key that the verifiers trust."""
    return Mint(tmp_path)


@pytest.fixture
def batch(register: Register, mint: Mint) -> Minted:
    """Batch 1: 100 stamps of product SP1, delivered, with lot L1 ready for them."""
    register.lot("L1")
    return publish(register, mint.sign(1))


@dataclass
class Verifier:
    """A verifier without HTTP: its memory on disk, what it has read, and its answers."""

    config: Settings
    store: Engine
    source: Engine
    index: Index
    lookup: Lookup

    def ask(self, text: str) -> dict[str, Any]:
        """Read what is new, then look up a code."""
        self.index.catch_up()
        return self.lookup.answer(text)

    def verdict(self, text: str) -> str:
        """The same in one word."""
        return str(self.ask(text)["verdict"])


Opener = Callable[..., Verifier]


@pytest.fixture
def open_verifier(register: Register, mint: Mint, tmp_path: Path) -> Iterator[Opener]:
    """Opens verifiers on the registry's published tables; the same ``name`` has one memory."""
    with ExitStack() as opened:

        def build(name: str = "verifier", published_url: str | None = None) -> Verifier:
            url = register.engine.url.render_as_string(hide_password=False)
            config = Settings(
                database_url=f"sqlite:///{tmp_path / name}.db",
                published_url=published_url or url,
                folder=tmp_path / name,
                trust_file=mint.trust_file,
                public_url=PREFIX.removesuffix("/s/"),
            )
            store = open_store(config)
            opened.callback(store.dispose)
            source = open_published(config.published_url, TABLE_NAMES)
            opened.callback(source.dispose)
            acceptance = Acceptance(config.trust_file, store, config.fingerprints)
            index = Index(source, acceptance, register.clock)
            index.catch_up()
            lookup = Lookup(index, register.clock, config.prefix)
            return Verifier(config, store, source, index, lookup)

        yield build


@pytest.fixture
def alarms() -> Callable[[str], float]:
    """How often an alarm of a kind was raised since the test began."""

    def count(kind: str) -> float:
        return REGISTRY.get_sample_value("tem_verifier_alarms_total", {"kind": kind}) or 0.0

    before: dict[str, float] = {}
    for metric in REGISTRY.collect():
        if metric.name == "tem_verifier_alarms":
            before = {
                s.labels["kind"]: s.value for s in metric.samples if s.name.endswith("_total")
            }
    return lambda kind: count(kind) - before.get(kind, 0.0)
