"""The record, and verifiers at a distance: real servers, subscriptions and processes.

The servers have the settings that docker-compose.yml gives them (deploy/postgres/*.conf).
"""

import contextlib
import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import psycopg
from click.testing import CliRunner, Result
from sqlalchemy import Engine, make_url
from tests import plain_http
from tests.conftest import SetClock
from tests.netns import Machine
from tests.postgres import PostgresServer
from tests.registry.records import Register, certificate, producer, product
from tests.running import ROOT, environment, until
from tests.verifier.mint import Mint, Minted, publish

from tem.cli import main
from tem.databases.database import open_engine, writing
from tem.databases.migrations import PUBLISHED, Database, migrate
from tem.process import die_with_parent
from tem_registry import heartbeat, publication
from tem_registry.history import HISTORIES
from tem_registry.lots import recall_acts
from tem_verifier.history import VERIFIER

Json = dict[str, Any]
_NOT_HERE = {"hba_file", "unix_socket_directories", "include", "shared_buffers"}


class PresentClock(SetClock):
    """The time it is: processes of their own look at the same clock."""

    def __call__(self) -> datetime:
        return datetime.now(UTC)


def shipped_settings(name: str) -> list[str]:
    """What deploy/postgres/NAME.conf sets, with what it has in common with the other."""
    found = []
    for file in ("common.conf", f"{name}.conf"):
        for line in (ROOT / "deploy" / "postgres" / file).read_text("utf-8").splitlines():
            key, equals, value = line.partition("=")
            if equals and not line.startswith("#") and key.strip() not in _NOT_HERE:
                found.append(f"{key.strip()}={value.partition('#')[0].strip().strip(chr(39))}")
    return found


def let_in(server: PostgresServer) -> None:
    """Let accounts come from other machines, with their password."""
    assert server.data is not None and server.process is not None
    with (server.data / "pg_hba.conf").open("a") as file:
        file.write(
            "host all all samenet scram-sha-256\nhost replication all samenet scram-sha-256\n"
        )
    server.process.send_signal(signal.SIGHUP)


@contextlib.contextmanager
def standing_still(server: PostgresServer) -> Iterator[None]:
    """A server stopped in the middle of whatever it does, connections and all."""
    assert server.process is not None
    pid = server.process.pid
    os.kill(pid, signal.SIGSTOP)  # first, so that it starts no more of them
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    family = [pid, *map(int, children)]
    for one in family:
        os.kill(one, signal.SIGSTOP)
    try:
        yield
    finally:
        for one in reversed(family):
            with contextlib.suppress(ProcessLookupError):
                os.kill(one, signal.SIGCONT)


def prepare_record(server: PostgresServer, name: str = "tem_registry") -> None:
    """The registry's database, as `tem provision` and `tem migrate` make it."""
    server.create_database(name, owner="tem_owner")
    list(migrate(Database("registry", server.url(name, "tem_owner"), HISTORIES, publishes=True)))


def prepare_edge(server: PostgresServer, replica: str, store: str) -> None:
    """A replica that follows nobody yet, and the verifiers' own database."""
    for name, histories in ((replica, PUBLISHED), (store, VERIFIER)):
        server.create_database(name, owner="tem_owner")
        list(migrate(Database(name, server.url(name, "tem_owner"), (histories,))))


def populated(engine: Engine, clock: SetClock) -> Register:
    """A record with one producer and its certified product SP1, and a first beat."""
    register = Register(engine, clock)
    with writing(engine) as connection:
        publication.begin(connection, clock())
        publication.beat(connection, clock())
    register.add("producer", producer("P1"))
    register.add("product", product("SP1", "P1"))
    dates = {"decision_date": day(-100), "valid_from": day(-100), "valid_until": day(900)}
    register.add("certificate", certificate("CN-SP1", "SP1", **dates))
    return register


def day(offset: int) -> str:
    """A date so many days from today."""
    return (date.today() + timedelta(days=offset)).isoformat()


class Edge:
    """One machine's server: a replica and the verifiers' database, and processes that use them."""

    def __init__(self, machine: Machine, folder: Path, trust_file: Path) -> None:
        self.machine, self.folder, self._trust_file = machine, folder, trust_file
        self.server = PostgresServer(settings=shipped_settings("edge"))
        self.verifiers: list[Process] = []
        folder.mkdir()

    def start(self) -> None:
        """Start the server with its two databases."""
        with self.machine.entered():
            self.server.start()
            self.server.make_accounts()
            prepare_edge(self.server, "tem_published", "tem_verifier")

    def tem(self, *arguments: str, account: str = "tem_owner") -> Result:
        """A command of `tem` on that machine, with the account that owns the replica."""
        settings = {**self.settings(account), "TEM_DATA": str(self.folder)}
        with self.machine.entered():
            return CliRunner().invoke(main, arguments, env=settings)

    def subscribe(self, source: "Record", *more: str) -> Result:
        """`tem replica subscribe` to the record, under its address seen from here."""
        secret = self.folder / "tem_replication"
        found = make_url(source.server.url("tem_registry", "tem_replication"))
        secret.write_text(str(found.password))
        address = found.set(
            drivername="postgresql", password=None, host=source.addresses[self.machine]
        )
        return self.tem(
            *("replica", "subscribe", address.render_as_string(), "--password-file", str(secret)),
            *("--name", self.folder.name, *more),
        )

    def settings(self, account: str = "tem_verifier") -> dict[str, str]:
        """Where the verifiers of this machine find their databases."""
        return {
            "TEM_PUBLISHED_DATABASE_URL": self.server.url("tem_published", account),
            "TEM_VERIFIER_DATABASE_URL": self.server.url("tem_verifier", account),
            "TEM_TRUST_FILE": str(self._trust_file),
            "TEM_PUBLIC_URL": "https://tem.example.vn",
            "TEM_VERIFIER_RATE": "0",
        }

    def serve(self) -> "Process":
        """One more verifier, a process of its own; it may not be ready yet."""
        number = len(self.verifiers)
        made = Process(self, 8103 + number, self.folder / f"verifier-{number}")
        self.verifiers.append(made)
        made.start()
        return made

    def query(self, statement: str, database: str = "tem_published") -> list[tuple[Any, ...]]:
        """What a query says to the superuser of this server."""
        address = self.server.url(database).replace("+psycopg", "")
        with self.machine.entered(), psycopg.connect(address, autocommit=True) as connection:
            cursor = connection.execute(statement.encode())
            return cursor.fetchall() if cursor.description else []

    def stop(self) -> None:
        """Stop verifiers and server."""
        for verifier in self.verifiers:
            verifier.terminate()
        for verifier in self.verifiers:
            verifier.stop()
        self.server.stop()


class Process:
    """A verifier process as a container runs it, asked on its own machine."""

    def __init__(self, edge: Edge, port: int, data: Path) -> None:
        self._edge, self._port, self._data = edge, port, data
        self._process: subprocess.Popen[bytes] | None = None
        data.mkdir()

    def start(self) -> None:
        """Start it with one worker; returns at once."""
        command = [sys.executable, "-m", "tem", "serve", "verifier", "--workers", "1"]
        with self._edge.machine.entered(), (self._data / "log").open("ab") as log:
            self._process = subprocess.Popen(
                [*command, "--bind", f"127.0.0.1:{self._port}"],
                env=environment(self._data, self._edge.settings()),
                stdout=log,
                stderr=log,
                preexec_fn=die_with_parent,
            )

    def terminate(self) -> None:
        """Tell it to stop, if it runs."""
        if self._process is not None:
            self._process.send_signal(signal.SIGQUIT)  # at once: nobody waits for an answer

    def stop(self) -> None:
        """Stop it, if it runs."""
        self.terminate()
        if self._process is not None:
            self._process.wait(30)
            self._process = None

    @property
    def log(self) -> list[Json]:
        """What it has logged, of lines that are JSON."""
        lines = (self._data / "log").read_text("utf-8").splitlines()
        return [json.loads(line) for line in lines if line.startswith("{")]

    @property
    def running(self) -> bool:
        """Whether the process it was started as is still there."""
        return self._process is not None and self._process.poll() is None

    def get(self, path: str) -> httpx.Response | None:
        """An answer within 2 s; None while there is none."""
        headers = {"Accept": "application/json"}
        with self._edge.machine.entered():
            try:
                url = f"http://127.0.0.1:{self._port}{path}"
                return plain_http.get(url, headers=headers, timeout=2)
            except httpx.TransportError:
                return None

    def look_up(self, code: str) -> Json:
        """The JSON of a look-up."""
        answer = self.get(f"/s/{code}")
        found: Json = answer.json() if answer is not None else {"verdict": None}
        return found

    def verdict(self, code: str) -> str | None:
        """The same in one word."""
        word: str | None = self.look_up(code)["verdict"]
        return word

    def as_of(self) -> datetime | None:
        """Up to when it knows the record; None while it knows nothing."""
        answer = self.get("/readyz")
        told = answer.json().get("as_of") if answer is not None else None
        return datetime.fromisoformat(told) if told else None

    def metric(self, name: str) -> float:
        """One number of /metrics."""
        answer = self.get("/metrics")
        assert answer is not None
        lines = [line.split() for line in answer.text.splitlines()]
        return float(next(line[1] for line in lines if line and line[0] == name))


@dataclass
class Record:
    """The registry's server with a register to act on, and its heartbeat."""

    machine: Machine
    mint: Mint
    server: PostgresServer
    addresses: dict[Machine, str] = field(default_factory=dict)

    def start(self) -> None:
        """Start the server with the registry's database, populated."""
        with self.machine.entered():
            self.server.start()
            self.server.make_accounts()
            let_in(self.server)
            prepare_record(self.server)
            self.open()
            self.register = populated(self.engine, PresentClock())

    def open(self) -> None:
        """Open the database at its present address, and let the heart beat."""
        with self.machine.entered():
            self.engine = open_engine(self.server.url("tem_registry", "tem_registry"))
            self.rest = heartbeat.start(self.engine, PresentClock())
            self.register = Register(self.engine, PresentClock())

    def close(self) -> None:
        """Nobody acts on it any more."""
        self.rest()
        self.engine.dispose()

    def batch(self, number: int) -> Minted:
        """A batch delivered, with a lot L<number> of 10 stamps activated in it."""
        with self.machine.entered():
            minted = publish(self.register, self.mint.sign(number, 20))
            dates = {"production_date": day(-10), "best_before": day(200)}
            self.register.lot(f"L{number}", **dates)
            self.register.activate(f"L{number}", number, 1, 10)
        return minted

    def activate(self, number: int, first: int, last: int) -> None:
        """Activate more of a batch."""
        with self.machine.entered():
            self.register.activate(f"L{number}", number, first, last)

    def recall(self, number: int) -> None:
        """Recall the lot of a batch."""
        notice = {"kind": "mandatory", "ordered_by": "Sở A", "reason_public": "kiểm nghiệm"}
        with self.machine.entered(), self.register.write() as connection:
            recall_acts.recall(connection, datetime.now(UTC), "office:Lan#1", f"L{number}", notice)

    def stop(self) -> None:
        """Stop the server."""
        self.close()
        self.server.stop()


@dataclass
class Site:
    """A record and its edges, each on a machine of its own; wire n leads to edge n - 1."""

    record: Record
    edges: list[Edge]

    @property
    def verifiers(self) -> list[Process]:
        """Every verifier of every edge."""
        return [verifier for edge in self.edges for verifier in edge.verifiers]

    def all_say(self, code: str, verdict: str, seconds: float = 30) -> None:
        """Wait until every verifier answers so."""
        for verifier in self.verifiers:
            until(lambda one=verifier: one.verdict(code) == verdict, seconds)  # type: ignore[misc]


@contextlib.contextmanager
def site(
    folder: Path, edges: int, verifiers: int, server: PostgresServer | None = None
) -> Iterator[Site]:
    """Machines, servers, subscriptions and ready verifiers, for as long as the block lasts."""
    with contextlib.ExitStack() as stack:
        record_machine = stack.enter_context(Machine())
        mint = Mint(folder)
        server = server or PostgresServer(settings=shipped_settings("record"))
        record = Record(record_machine, mint, server)
        stack.callback(record.stop)
        record.start()
        made = Site(record, [])
        for number in range(1, edges + 1):
            machine = stack.enter_context(Machine())
            record.addresses[machine], _ = record_machine.wire(machine, number)
            edge = Edge(machine, folder / f"edge{number}", mint.trust_file)
            stack.callback(edge.stop)
            made.edges.append(edge)
            edge.start()
            done = edge.subscribe(record)
            assert done.exit_code == 0, done.output
            for _ in range(verifiers):
                edge.serve()
        for verifier in made.verifiers:
            until(lambda one=verifier: is_ready(one))  # type: ignore[misc]
        yield made


def is_ready(verifier: Process) -> bool:
    """Whether a verifier says that it is ready."""
    answer = verifier.get("/readyz")
    return answer is not None and answer.status_code == 200
