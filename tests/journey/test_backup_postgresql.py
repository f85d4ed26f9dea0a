"""A drill on PostgreSQL: base backup and WAL under load, back to the end and back to a moment."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import psycopg
import pytest
from loadtests.kill_postgres import Clients
from tests import plain_http
from tests.journey.acts import Maker, refused
from tests.journey.on_postgresql import Databases, databases
from tests.postgres import PostgresServer
from tests.running import Running, running, until

STAMPS = 3000
ACTS = 20
# Seen from the data folder, in which the server runs both. Half a file must not get its name.
ARCHIVING = (
    "archive_command=test ! -f ../archive/%f && cp %p ../archive/.%f"
    " && mv ../archive/.%f ../archive/%f"
)
RESTORING = "restore_command = 'cp ../archive/%f %p'"
PROMOTE = "recovery_target_action = 'promote'"


@dataclass
class Drill:
    """A busy installation on a server that keeps its WAL."""

    installation: Running
    server: PostgresServer
    there: Databases
    maker: Maker
    batch: int
    lot: str
    codes: list[str]

    def clients(self) -> Clients:
        """Clients that activate stamps of the drill's batch."""
        url = f"{self.installation.url('registry')}/v1/lots/{self.lot}/activations"
        key = str(self.maker.client.headers["Authorization"])
        return Clients(url, key, self.batch, STAMPS)

    def activated(self) -> set[int]:
        """The stamps that the database says are activated."""
        query = "SELECT first, last FROM stamp_interval WHERE state = 'activated'"
        rows = self.ask(query)
        return {index for first, last in rows for index in range(first, last + 1)}

    def ask(self, query: str) -> list[tuple[int, int]]:
        """Rows of a query, asked as the superuser of the registry's database."""
        address = self.server.url(self.there.names["registry"]).replace("+psycopg", "")
        with psycopg.connect(address, autocommit=True) as connection:
            return connection.execute(query.encode()).fetchall()

    def verdict(self, index: int) -> str:
        """What a shopper is told of a stamp."""
        address = f"{self.installation.url('verifier')}/s/{self.codes[index - 1]}"
        answer = plain_http.get(address, headers={"Accept": "application/json"})
        return str(answer.json()["verdict"])

    def ready(self, service: str) -> bool:
        """Whether a service says that it is."""
        return plain_http.get(f"{self.installation.url(service)}/readyz").status_code == 200

    def accept_everywhere(self) -> None:
        """What docs/operations.md says under "After a restore"."""
        self.installation.tem("registry", "accept-restore", "--yes")
        self.installation.tem("issuer", "accept-restore", "--yes")
        self.installation.tem("verifier", "accept-restore", "--yes")
        for service in ("issuer", "registry", "verifier"):
            until(lambda service=service: self.ready(service))


@pytest.fixture
def drill(tmp_path: Path) -> Iterator[Drill]:
    """An installation with its three databases on one durable server."""
    settings = ["archive_mode=on", ARCHIVING]
    with PostgresServer(durable=True, settings=settings) as server:
        server.space("archive")
        server.make_accounts()
        with databases(server) as there:
            there.migrate(tmp_path / "data")
            # The verifier's own is elsewhere, as on an edge: it remembers what the record forgot.
            given = {k: v for k, v in there.settings.items() if k != "TEM_VERIFIER_DATABASE_URL"}
            with running(tmp_path / "data", given) as installation:
                maker = Maker(installation, "Lưu")
                batch, lot = maker.delivered(STAMPS), maker.lot(STAMPS)
                codes = [one.rsplit("/", 1)[1] for one in maker.addresses(batch)]
                yield Drill(installation, server, there, maker, batch, lot, codes)


def archived(drill: Drill) -> None:
    """End the piece of WAL that is being written and wait until it is in the archive."""
    ((name, _),) = drill.ask("SELECT pg_walfile_name(pg_switch_wal()), 0")
    assert drill.server.folder is not None
    until((drill.server.folder / "archive" / str(name)).exists)


def act(drill: Drill, clients: Clients, first: int) -> set[int]:
    """Some acts, one after the other; the stamps that were acknowledged."""
    stamps = set(range(first, first + ACTS))
    headers = {"Authorization": clients.key}
    with plain_http.Client(headers=headers, timeout=30) as client:
        for index in stamps:
            clients.activate(client, index, f"drill-{index}")
    return stamps


def test_a_server_comes_back_from_base_backup_and_wal(drill: Drill) -> None:
    """To the end of the archive all that was acknowledged before its last piece is there; to a
    moment, all before it and nothing after. Issuer and verifier notice both and wait for a word."""
    clients = drill.clients()
    clients.start(3)
    clients.reach(ACTS)
    base = drill.server.base_backup("base")
    clients.reach(len(clients.acknowledged) + ACTS)
    clients.stop()
    early = set(clients.acknowledged)
    ((moment, _),) = drill.ask("SELECT clock_timestamp()::text, 0")
    later = act(drill, clients, 900)  # each client was at its own third, far from these
    archived(drill)
    late = act(drill, clients, 1900)
    lost_batch = drill.maker.delivered(10)
    until(lambda: drill.verdict(1900) == "OK")

    drill.server.kill()
    assert drill.verdict(1900) == "OK"  # from memory, while there is no database
    drill.server.restart_from(base, RESTORING)
    assert drill.activated() == early | later
    until(lambda: drill.ready("registry"))
    told = plain_http.get(f"{drill.installation.url('issuer')}/readyz")
    assert refused(told, 503, "issuer_restored"), told.text
    log = drill.installation.data / "logs" / "verifier.log"
    until(lambda: "went_back" in log.read_text())
    assert drill.verdict(1900) == "OK"  # still what it read before: it does not follow
    drill.accept_everywhere()
    until(lambda: drill.verdict(1900) == "NOT_ACTIVATED")
    assert drill.verdict(min(early)) == drill.verdict(900) == "OK"
    assert drill.maker.delivered(10) == lost_batch + 1
    assert "every invariant holds" in drill.installation.tem("fsck")

    drill.server.kill()
    to_moment = f"recovery_target_time = '{moment}'"
    drill.server.restart_from(base, RESTORING, to_moment, PROMOTE)
    assert drill.activated() == early
    drill.accept_everywhere()
    until(lambda: drill.verdict(900) == "NOT_ACTIVATED")
    assert drill.verdict(min(early)) == "OK"
    assert not late & drill.activated()
    assert "every invariant holds" in drill.installation.tem("fsck")
