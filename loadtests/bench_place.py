"""What the bench measures on: seeded registries, the usual design's database, engines and cores."""

import contextlib
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

from loadtests import engines
from loadtests.cores import Cores
from loadtests.seed_plan import Plan
from loadtests.seed_sample import path
from loadtests.usual import fill
from loadtests.wrk import Wrk

from tem.process import dying_with_me


@dataclass(frozen=True, slots=True)
class Sizes:
    """``plan`` is what everything is measured on, ``smaller`` has a tenth of its ranges and all
    else the same; ``seconds`` is one round of a rate."""

    plan: Plan
    smaller: Plan
    usual_stamps: int
    rounds: int = 3
    seconds: int = 2
    kills: int = 2
    acts_seconds: int = 12
    minted: int = 100_000

    @property
    def is_whole(self) -> bool:
        """As the targets are stated, or only to try the bench itself."""
        return self.plan.ranges >= 1_500_000


WHOLE = Sizes(
    Plan(1_500_000, 60_000, quantity=100, ranges_of_batch=50, sampled=1_000_000),
    Plan(150_000, 60_000, quantity=100, ranges_of_batch=5, sampled=300_000),
    10_000_000,
)
SMALL = Sizes(
    Plan(15_000, 600, quantity=200, ranges_of_batch=50, sampled=10_000),
    Plan(1_500, 600, quantity=200, ranges_of_batch=5, sampled=3_000),
    100_000,
    rounds=1,
    seconds=1,
    kills=1,
    acts_seconds=4,
    minted=10_000,
)


@dataclass(frozen=True, slots=True)
class Place:
    """Where things are; ``usual`` is the address of the usual design's database and ``database``
    the process of its server."""

    folder: Path
    sizes: Sizes
    cores: Cores
    nginx: str
    wrk: str
    usual: str
    database: int

    @property
    def data(self) -> Path:
        """The installation that is measured."""
        return self.folder / "registry"

    @property
    def smaller(self) -> Path:
        """The one with a tenth of the ranges."""
        return self.folder / "smaller"

    def codes(self, kind: str) -> Path:
        """A file of codes of the installation that is measured."""
        return path(self.data, kind)

    @property
    def usual_codes(self) -> Path:
        """Codes of the usual design."""
        return self.folder / "usual-codes.txt"

    def beside_one(self) -> Wrk:
        """The generator for a server on one core."""
        return Wrk(self.wrk, self.cores.beside_one)

    def beside_two(self) -> Wrk:
        """The generator for a server of two workers."""
        return Wrk(self.wrk, self.cores.beside_two)


@contextlib.contextmanager
def prepared(folder: Path, sizes: Sizes, cores: Cores) -> Iterator[Place]:
    """Seed two registries and fill the usual design's database, all at once."""
    found = engines.require_engines()
    with fill.server() as server:
        assert server.process is not None
        seeding = [_seed(sizes.plan, folder / "registry"), _seed(sizes.smaller, folder / "smaller")]
        usual = fill.fill(server, sizes.usual_stamps)
        place = Place(folder, sizes, cores, found["nginx"], found["wrk"], usual, server.process.pid)
        fill.write_codes(place.usual_codes, sizes.usual_stamps, sizes.plan.sampled // 2)
        for process in seeding:
            if process.wait() != 0:
                raise RuntimeError("seeding failed: see above")
        move(place.database, cores.one)
        yield place


def move(process: int, cores: frozenset[int]) -> None:
    """Let a server and what it started run on these cores; what it starts later does too."""
    children = Path(f"/proc/{process}/task/{process}/children").read_text().split()
    for one in (process, *map(int, children)):
        with contextlib.suppress(ProcessLookupError):
            os.sched_setaffinity(one, cores)


def _seed(plan: Plan, out: Path) -> "subprocess.Popen[bytes]":
    command = [sys.executable, "-m", "loadtests.bench_seed", json.dumps(asdict(plan)), str(out)]
    return subprocess.Popen(command, preexec_fn=dying_with_me())
