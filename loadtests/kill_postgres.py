"""PostgreSQL killed with -9 under load, again and again: is anything acknowledged lost or doubled?

``python -m loadtests.kill_postgres --kills 200`` starts a durable PostgreSQL server and an
installation on it, both on loopback. Clients activate stamp after stamp over HTTP, each act under
an Idempotency-Key of its own until it is acknowledged. The server and all its processes are killed
in the middle of that; after each kill it recovers, and every act acknowledged so far must be there.
It ends with status 1 at the first that is not.
"""

import argparse
import tempfile
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import psycopg
from tests.journey.acts import Json, Maker, get, new_key
from tests.journey.on_postgresql import Databases, databases
from tests.postgres import PostgresServer
from tests.running import Running, running, until

MOST_STAMPS = 90_000  # larger orders need two people
STAMPS_A_KILL = 200  # more than are ever activated between two
BETWEEN = 12  # acts acknowledged between two kills, at least
PATIENCE = 60.0  # seconds in which an act must be acknowledged, whatever happens
ONCE = "SELECT count(*) FROM audit_entry WHERE action = 'stamps.activated'"


@dataclass
class Clients:
    """Threads that activate stamps, and what they were told."""

    url: str
    key: str
    batch: int
    stamps: int
    acknowledged: dict[int, tuple[str, Json]] = field(default_factory=dict)
    repeats: int = 0
    failures: list[BaseException] = field(default_factory=list)
    stopping: threading.Event = field(default_factory=threading.Event)
    threads: list[threading.Thread] = field(default_factory=list)

    def start(self, count: int) -> None:
        """Let so many clients work, each on stamps of its own."""
        share = self.stamps // count
        for client in range(count):
            stamps = range(1 + client * share, 1 + (client + 1) * share)
            self.threads.append(threading.Thread(target=self._work, args=(stamps,)))
        for thread in self.threads:
            thread.start()

    def stop(self) -> None:
        """Let each end with the act it is at. Raises what went wrong in one of them."""
        self.stopping.set()
        for thread in self.threads:
            thread.join()
        for failure in self.failures:
            raise failure

    def reach(self, count: int) -> None:
        """Wait until so many acts have been acknowledged."""
        until(lambda: self.failures or len(self.acknowledged) >= count, PATIENCE)
        for failure in self.failures:
            raise failure

    def _work(self, stamps: range) -> None:
        try:
            with httpx.Client(headers={"Authorization": self.key}, timeout=30) as client:
                for index in stamps:
                    if self.stopping.is_set():
                        return
                    name = new_key()
                    self.acknowledged[index] = (name, self.activate(client, index, name))
        except BaseException as error:
            self.failures.append(error)

    def activate(self, client: httpx.Client, index: int, name: str) -> Json:
        """One act, sent again until it is acknowledged; the answer."""
        body = {"batch": self.batch, "first": index, "last": index}
        deadline = time.monotonic() + PATIENCE
        while True:
            try:
                answer = client.post(self.url, json=body, headers={"Idempotency-Key": name})
                if answer.status_code == 201:
                    told: Json = answer.json()
                    return told
                assert answer.status_code == 503, answer.text
                assert "Retry-After" in answer.headers, answer.text
            except httpx.TransportError:
                pass
            assert time.monotonic() < deadline, f"stamp {index} was never acknowledged"
            self.repeats += 1
            time.sleep(0.05)


@dataclass(frozen=True)
class Outcome:
    """What a campaign counted, and how long a recovery took (seconds)."""

    kills: int
    acts: int
    repeats: int
    longest_recovery: float


def campaign(folder: Path, kills: int, clients: int = 4) -> Outcome:
    """Kill the server so often. Raises AssertionError if an acknowledged act is lost or doubled."""
    with PostgresServer(durable=True) as server:
        server.make_accounts()
        with databases(server) as there:
            there.migrate(folder / "data")
            with running(folder / "data", there.settings) as installation:
                outcome = _kill(installation, server, there, kills, clients)
                assert "every invariant holds" in installation.tem("fsck")
    return outcome


def _kill(
    installation: Running, server: PostgresServer, there: Databases, kills: int, clients: int
) -> Outcome:
    maker = Maker(installation, "Bền")
    stamps = min(STAMPS_A_KILL * kills, MOST_STAMPS)
    batch, lot = maker.delivered(stamps), maker.lot(stamps)
    url = f"{installation.url('registry')}/v1/lots/{lot}/activations"
    work = Clients(url, str(maker.client.headers["Authorization"]), batch, stamps)
    longest = 0.0
    work.start(clients)
    try:
        for _ in range(kills):
            work.reach(len(work.acknowledged) + BETWEEN)
            server.kill()
            told = set(work.acknowledged)  # nobody is told anything until it is up again
            began = time.monotonic()
            server.restart()
            longest = max(longest, time.monotonic() - began)
            lost = told - _activated(there)
            assert not lost, f"acknowledged and lost: {sorted(lost)}"
    finally:
        work.stop()
    _compare(maker, there, work)
    return Outcome(kills, len(work.acknowledged), work.repeats, longest)


def _activated(there: Databases) -> set[int]:
    """The stamps that the recovered database says are activated."""
    query = "SELECT first, last FROM stamp_interval WHERE state = 'activated'"
    address = there.server.url(there.names["registry"]).replace("+psycopg", "")
    with psycopg.connect(address) as connection:
        rows = connection.execute(query).fetchall()
    return {index for first, last in rows for index in range(first, last + 1)}


def _compare(maker: Maker, there: Databases, work: Clients) -> None:
    """Each act happened once, and whoever asks again under its key is told the same."""
    assert _activated(there) == set(work.acknowledged)
    address = there.server.url(there.names["registry"]).replace("+psycopg", "")
    with psycopg.connect(address) as connection:
        assert connection.execute(ONCE).fetchone() == (len(work.acknowledged),)
    shown = get(maker.client, f"/v1/batches/{work.batch}")["ranges"]
    active = sum(one["last"] - one["first"] + 1 for one in shown if one["state"] == "activated")
    assert active == len(work.acknowledged)
    with httpx.Client(headers={"Authorization": work.key}, timeout=30) as client:
        for index in list(work.acknowledged)[::50]:
            name, told = work.acknowledged[index]
            assert work.activate(client, index, name) == told


def main() -> None:
    """The command."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=200, choices=range(1, 1001), metavar="N")
    parser.add_argument("--clients", type=int, default=4, choices=range(1, 33), metavar="N")
    given = parser.parse_args()
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="tem-kills-") as folder:
        done = campaign(Path(folder), given.kills, given.clients)
    print(
        f"{done.kills} kills in {time.monotonic() - began:.0f} s: {done.acts} acts acknowledged, "
        f"none lost, none twice; {done.repeats} sent again; "
        f"longest recovery {done.longest_recovery:.1f} s"
    )


if __name__ == "__main__":
    main()
