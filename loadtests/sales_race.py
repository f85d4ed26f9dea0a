"""Ten thousand stamps, each sold by two chains at once, the verifiers killed meanwhile.

``python -m loadtests.sales_race --stamps 10000 --kills 10`` starts an installation with two
verifier processes, on SQLite and then on a durable PostgreSQL server, all on loopback. Pairs of
tills tell the same stamps at the same moment, in opposite orders, each call under an
Idempotency-Key of its own until it is acknowledged. One half is sold in peace, and measured;
during the other all verifier processes are killed with -9 again and again, and PostgreSQL in turn
with them. It ends with status 1 unless each stamp was sold exactly once, to the chain that was
told so.
"""

import argparse
import random
import statistics
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import httpx
from sqlalchemy import select
from tests.journey.acts import Maker, new_key
from tests.journey.on_postgresql import databases
from tests.postgres import PostgresServer
from tests.running import Running, running

from tem.databases.database import open_engine, reading, sqlite_url
from tem.installation import Installation
from tem_verifier.retail.tables import sale_table

CHAINS = ("A", "B")
PAIRS = 4  # of tills, so eight calls at a time
SIZES = (1, 1, 1, 2, 10, 40)  # stamps of a call
PATIENCE = 90.0  # seconds in which a call must be acknowledged, whatever happens
BETWEEN = 40  # calls acknowledged between two kills, at least
SETTINGS = {"TEM_VERIFIER_RETAILER_RATE": "100000/second"}


@dataclass
class Race:
    """What the tills of both chains were told."""

    url: str
    keys: dict[str, str]
    sold: dict[str, set[str]] = field(default_factory=lambda: {chain: set() for chain in CHAINS})
    late: dict[str, set[str]] = field(default_factory=lambda: {chain: set() for chain in CHAINS})
    seconds: list[float] = field(default_factory=list)
    repeats: int = 0
    failures: list[BaseException] = field(default_factory=list)

    def run(self, codes: Sequence[str], meanwhile: Callable[[Callable[[], bool]], None]) -> float:
        """Let the pairs sell these stamps, and something happen meanwhile; how long it took."""
        threads = []
        for pair in range(PAIRS):
            calls = list(_calls(codes[pair::PAIRS], random.Random(pair)))
            start = threading.Barrier(len(CHAINS), timeout=PATIENCE * 2)
            for chain in CHAINS:
                threads.append(threading.Thread(target=self._till, args=(chain, calls, start)))
        began = time.monotonic()
        for thread in threads:
            thread.start()
        meanwhile(lambda: any(thread.is_alive() for thread in threads))
        for thread in threads:
            thread.join()
        for failure in self.failures:
            raise failure
        return time.monotonic() - began

    def _till(self, chain: str, calls: list[list[str]], start: threading.Barrier) -> None:
        try:
            headers = {"Authorization": f"Bearer {self.keys[chain]}"}
            with httpx.Client(headers=headers, timeout=30) as client:
                for codes in calls:
                    start.wait()
                    self._sell(client, chain, codes if chain == "A" else codes[::-1])
        except BaseException as error:
            start.abort()
            self.failures.append(error)

    def _sell(self, client: httpx.Client, chain: str, codes: list[str]) -> None:
        """One call, sent again until it is acknowledged."""
        body = {"sales": [{"code": code, "store": "S"} for code in codes]}
        name, began = {"Idempotency-Key": new_key()}, time.monotonic()
        while True:
            try:
                answer = client.post(self.url, json=body, headers=name)
                if answer.status_code == 200:
                    break
                assert answer.status_code == 503, answer.text
            except httpx.TransportError:
                pass
            assert time.monotonic() < began + PATIENCE, "a call was never acknowledged"
            self.repeats += 1
            time.sleep(0.05)
        self.seconds.append(time.monotonic() - began)
        for code, became in zip(codes, answer.json()["sales"], strict=True):
            told = {"sold": self.sold, "already_sold": self.late}[became["outcome"]]
            told[chain].add(code)


def _calls(codes: Sequence[str], chance: random.Random) -> Iterator[list[str]]:
    at = 0
    while at < len(codes):
        size = chance.choice(SIZES)
        yield list(codes[at : at + size])
        at += size


def require_once(race: Race, codes: Sequence[str], owners: dict[int, str]) -> None:
    """Raises AssertionError unless of each stamp one chain was told that it sold it, the other
    that it came late, and the sale of the first stands. ``owners`` by the stamp's index."""
    a, b = (race.sold[chain] for chain in CHAINS)
    assert not a & b, f"{len(a & b)} stamps were sold twice"
    assert a | b == set(codes), f"{len(set(codes) - a - b)} stamps were sold to nobody"
    assert (race.late["A"], race.late["B"]) == (b, a), "a till was told another's outcome"
    for index, code in enumerate(codes, 1):
        told = "A" if code in a else "B"
        assert owners.get(index) == told, f"the sale of stamp {index} that was told is not there"


@contextmanager
def _on_sqlite(folder: Path) -> Iterator[tuple[Running, str, Callable[[int], None]]]:
    with running(folder / "data", SETTINGS) as installation:
        url = sqlite_url(Installation.at(folder / "data").database("verifier"))
        yield installation, url, lambda kill: installation.kill9("verifier")


@contextmanager
def _on_postgresql(folder: Path) -> Iterator[tuple[Running, str, Callable[[int], None]]]:
    with PostgresServer(durable=True) as server:
        server.make_accounts()
        with databases(server) as there:
            there.migrate(folder / "data")
            with running(folder / "data", {**there.settings, **SETTINGS}) as installation:

                def kill(number: int) -> None:
                    if number % 2:
                        server.kill()
                        server.restart()
                    else:
                        installation.kill9("verifier")

                yield installation, there.settings["TEM_VERIFIER_DATABASE_URL"], kill


ENGINES = {"sqlite": _on_sqlite, "postgresql": _on_postgresql}


def campaign(engine: str, folder: Path, stamps: int, kills: int) -> Iterator[str]:
    """Race on one engine: lines that tell what was measured. Raises AssertionError."""
    with ENGINES[engine](folder) as (installation, url, kill):
        maker = Maker(installation, "Bán lẻ")
        batch = maker.delivered(stamps)
        codes = maker.addresses(batch)
        keys = {one: installation.make_key("verifier", "retailer", one) for one in CHAINS}
        race = Race(f"{installation.url('verifier')}/v1/sales", keys)
        took = race.run(codes[: stamps // 2], lambda alive: None)
        calls, half = len(race.seconds), statistics.quantiles(race.seconds, n=100)
        yield (
            f"{engine}: {stamps // 2} stamps raced in {took:.1f} s, {calls} calls, "
            f"{stamps // 2 * 2 / took:.0f} items/s, median {half[49] * 1000:.0f} ms, "
            f"p99 {half[98] * 1000:.0f} ms, sent again {race.repeats}"
        )
        killed = 0

        def meanwhile(alive: Callable[[], bool]) -> None:
            nonlocal killed
            while killed < kills:
                enough = len(race.seconds) + BETWEEN
                while alive() and len(race.seconds) < enough:
                    time.sleep(0.02)
                if not alive():
                    break
                kill(killed)
                killed += 1

        took = race.run(codes[stamps // 2 :], meanwhile)
        require_once(race, codes, _owners(url, batch))
        assert "every invariant holds" in installation.tem("fsck")
        yield (
            f"{engine}: {stamps - stamps // 2} more with {killed} kills in {took:.1f} s, "
            f"sent again {race.repeats}; sold once each: A {len(race.sold['A'])}, "
            f"B {len(race.sold['B'])}, lost 0, twice 0"
        )


def _owners(url: str, batch: int) -> dict[int, str]:
    engine, s = open_engine(url), sale_table.c
    with reading(engine) as connection:
        rows = connection.execute(select(s["index"], s.chain).where(s.batch == batch)).all()
    engine.dispose()
    return {row[0]: row[1] for row in rows}


def main() -> int:
    """Race on both engines and print; status 1 if a stamp was sold twice, or a sale is lost."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--stamps", type=int, default=10_000)
    parser.add_argument("--kills", type=int, default=10)
    parser.add_argument("--engine", choices=sorted(ENGINES), action="append")
    options = parser.parse_args()
    for engine in options.engine or ENGINES:
        with tempfile.TemporaryDirectory(prefix="tem-sales-") as folder:
            try:
                for line in campaign(engine, Path(folder), options.stamps, options.kills):
                    print(line, flush=True)
            except AssertionError as error:
                print(f"{engine}: {error}", file=sys.stderr)
                return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
