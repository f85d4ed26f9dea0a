"""What the verifier's tests share: a registry's published tables, and verifiers that read them."""

import itertools
import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient
from playwright.sync_api import Browser, sync_playwright
from prometheus_client import REGISTRY
from sqlalchemy import Connection, Engine
from tests import browsers
from tests.conftest import SetClock
from tests.postgres import PostgresServer
from tests.registry.records import Register, make_tables
from tests.valkey import ValkeyServer
from tests.verifier.mint import PREFIX, Mint, Minted, publish

from tem.clock import Clock
from tem.databases.database import open_engine, open_published, sqlite_url, writing
from tem.databases.migrations import Database, migrate, open_migrated
from tem.databases.published import TABLE_NAMES
from tem.http.web import Wiring
from tem_verifier.app import build
from tem_verifier.history import HISTORIES
from tem_verifier.index import Index
from tem_verifier.lookup import Lookup
from tem_verifier.manifests import Acceptance
from tem_verifier.rendering import Renderer
from tem_verifier.settings import Settings
from tem_verifier.snapshot import making
from tem_verifier.snapshot.snapshots import Snapshots, path_of
from tem_verifier.store import open_store
from tem_verifier.traffic import Traffic, open_traffic

_numbers = itertools.count(1)
_CHROMIUM = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--no-first-run",
    "--disable-component-update",
    "--disable-sync",
]


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    """The system's Chromium; its absence is an error that says what to install."""
    folder = tmp_path_factory.mktemp("chromium")  # what it keeps stays out of the home folder
    path = browsers.chromium()
    with sync_playwright() as playwright:
        home = {**os.environ, "HOME": str(folder), "XDG_CACHE_HOME": str(folder)}
        chromium = playwright.chromium.launch(executable_path=path, args=_CHROMIUM, env=home)
        yield chromium
        chromium.close()


@pytest.fixture(scope="session")
def populated_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A registry's SQLite file with two producers and three certified products, to be copied."""
    path = tmp_path_factory.mktemp("register") / "populated.db"
    populate(sqlite_url(path))
    return path


@pytest.fixture(scope="session")
def populated_database(postgres: PostgresServer) -> str:
    """The same on the server."""
    postgres.create_database("populated", owner="tem_owner")
    populate(postgres.url("populated", "tem_owner"))
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
    opened = open_engine(server.url(name, "tem_registry"))
    try:
        yield opened
    finally:
        opened.dispose()
        server.drop_database(name)


@pytest.fixture
def register(engine: Engine, clock: SetClock) -> Register:
    """A registry's database with two producers and three certified products."""
    return Register(engine, clock)


@contextmanager
def damaging(register: Register) -> Iterator[Connection]:
    """A transaction that may do to the published tables what no service may: as their owner."""
    url = register.engine.url
    if register.engine.dialect.name == "postgresql":
        url = url.set(username="tem_owner")
    owner = open_engine(url.render_as_string(hide_password=False))
    with writing(owner) as connection:
        yield connection
    owner.dispose()


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
    clock: Clock

    def snapshot(self) -> None:
        """Make a snapshot of what is published now, as the process beside the workers does."""
        making.make(self.config, self.source, self.index.acceptance, self.clock)

    @property
    def snapshot_file(self) -> Path:
        """Where it stands."""
        return path_of(self.config.snapshots, Renderer().fingerprint)

    def ask(self, text: str) -> dict[str, Any]:
        """Read what is new, then look up a code."""
        self.index.catch_up()
        return self.lookup.answer(text)

    def verdict(self, text: str) -> str:
        """The same in one word."""
        return str(self.ask(text)["verdict"])


Opener = Callable[..., Verifier]


def reader_url(engine: Engine) -> str:
    """The address of a registry's database for verifiers: on a server, with their own account."""
    url = engine.url
    if engine.dialect.name == "postgresql":
        url = url.set(username="tem_verifier")
    return url.render_as_string(hide_password=False)


@pytest.fixture(scope="session")
def memory_database(postgres: PostgresServer) -> str:
    """A verifier's own database on the server, empty, to be copied."""
    postgres.create_database("memory", owner="tem_owner")
    url = postgres.url("memory", "tem_owner")
    list(migrate(Database("verifier", url, HISTORIES)))
    return "memory"


@pytest.fixture(scope="session")
def memory_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same as a SQLite file."""
    path = tmp_path_factory.mktemp("memory") / "empty.db"
    open_migrated(sqlite_url(path), HISTORIES).dispose()
    return path


@pytest.fixture
def memory_url(
    register: Register, tmp_path: Path, request: pytest.FixtureRequest
) -> Iterator[Callable[[str], str]]:
    """The address of a verifier's own database by its name, on the engine of the register."""
    with ExitStack() as opened:
        made: dict[str, str] = {}

        def url(name: str) -> str:
            if name not in made:
                made[name] = opened.enter_context(
                    empty_memory(request, register.engine.dialect.name, tmp_path / f"{name}.db")
                )
            return made[name]

        yield url


@contextmanager
def empty_memory(request: pytest.FixtureRequest, kind: str, path: Path) -> Iterator[str]:
    """The address of a verifier's own database, empty and migrated; a file is at ``path``."""
    if kind == "sqlite":
        yield sqlite_url(Path(shutil.copy(request.getfixturevalue("memory_file"), path)))
        return
    server: PostgresServer = request.getfixturevalue("postgres")
    name = f"memory_{next(_numbers)}"
    server.create_database(name, request.getfixturevalue("memory_database"))
    try:
        yield server.url(name, "tem_verifier")
    finally:
        server.drop_database(name)


def never(lock: int) -> "subprocess.Popen[bytes]":
    raise AssertionError("nobody asked for a snapshot")


@pytest.fixture
def open_verifier(
    register: Register, mint: Mint, tmp_path: Path, memory_url: Callable[[str], str]
) -> Iterator[Opener]:
    """Opens verifiers on the registry's published tables; the same ``name`` has one memory, on
    the engine of the register."""
    with ExitStack() as opened:

        def build(
            name: str = "verifier", published_url: str | None = None, *, based: bool = False
        ) -> Verifier:
            url = reader_url(register.engine)
            config = Settings(
                database_url=memory_url(name),
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
            # ``based``: on the snapshot there is, and never on one that is made unasked.
            snapshots = Snapshots(
                config.snapshots, Renderer().fingerprint, config.table_bytes, never
            )
            index = Index(source, acceptance, register.clock, snapshots if based else None)
            index.catch_up()
            lookup = Lookup(index, register.clock, config.prefix)
            return Verifier(config, store, source, index, lookup, register.clock)

        yield build


Site = tuple[FlaskClient, Traffic]


@pytest.fixture
def reader(register: Register, batch: Minted, open_verifier: Opener) -> Verifier:
    """A verifier that has read one batch, its first ten stamps activated."""
    register.activate("L1", 1, 1, 10)
    return open_verifier()


@pytest.fixture
def site(reader: Verifier, clock: SetClock) -> Callable[..., Site]:
    """Builds web apps with these settings; the work beside the look-ups is left to the test."""

    def make(**changes: Any) -> Site:
        for name, value in changes.items():
            object.__setattr__(reader.config, name, value)
        traffic = open_traffic(reader.config, reader.store, clock)
        app = build(reader.config, Wiring(reader.store, clock), reader.index, traffic)
        return app.flask.test_client(), traffic

    return make


@pytest.fixture(params=["sqlite", "postgresql"])
def own_store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Engine]:
    """The verifier's own database, migrated and opened as a verifier does, once of each kind."""
    with empty_memory(request, request.param, tmp_path / "own.db") as url:
        opened = open_migrated(url, HISTORIES)
        yield opened
        opened.dispose()


@pytest.fixture
def valkey() -> Iterator[ValkeyServer]:
    """A Valkey server of its own for a test."""
    with ValkeyServer() as server:
        yield server


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
