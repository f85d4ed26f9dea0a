"""``python -m loadtests.scale``: a country really loaded once, and everything about it measured.

Registries of several sizes are seeded on SQLite and PostgreSQL, a verifier worker loads each, acts
are made, copies taken. Prints a table and writes ``var/scale/results.json``; ``--small`` does the
same in less than a minute. What is larger is worked out from it in ``docs/scale.md``.
"""

import argparse
import json
import os
import random
import shutil
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from loadtests import scale_acts, scale_replica, scale_store
from loadtests.generator import Load, rate
from loadtests.measured import Results, Row, machine, table
from loadtests.seed import seed_registry
from loadtests.seed_codes import Seed
from loadtests.seed_plan import Plan
from loadtests.started import HOST, gunicorn
from tests.postgres import PostgresServer

from tem.databases.database import open_engine, sqlite_url
from tem.process import dying_with_me

HTTP_REQUESTS = 1000
Found = Iterator[Row]


@dataclass(frozen=True, slots=True)
class Run:
    """What is measured: registries of these sizes, acts by so many clients for some seconds,
    so many look-ups a round. Over HTTP only in a whole run."""

    plans: tuple[Plan, ...]
    clients: tuple[int, ...]
    seconds: float
    codes: int

    @property
    def is_whole(self) -> bool:
        """Not the small one."""
        return len(self.plans) > 1


COUNTRY = Plan(1_500_000, 60_000, 10_000_000)
WHOLE = Run(
    (Plan(10_000, 400, 100_000), Plan(100_000, 4_000, 1_000_000), COUNTRY),
    clients=(1, 2, 4, 8, 16),
    seconds=4.0,
    codes=2000,
)
SMALL = Run((Plan(1_500, 60, 2_000, 1_000),), clients=(1, 2), seconds=0.4, codes=50)


def measured(run: Run, folder: Path) -> Found:
    """Every figure; registries smaller than the last are loaded by a verifier only."""
    with scale_replica.logical_server() as server:
        for plan in run.plans:
            name = f"r{plan.ranges}"
            data = folder / name
            seconds = seed_registry(plan, data)
            yield Row("seed, codes signed", seconds, "s", plan.ranges, "sqlite")
            server.create_database(name)
            seconds = seed_registry(plan, data, server.url(name))
            yield Row("seed", seconds, "s", plan.ranges, "postgresql")
            here = sqlite_url(data / "registry" / "registry.db")
            for engine, url in (("sqlite", here), ("postgresql", server.url(name))):
                yield from sizes(plan, engine, url)
                yield from verifier(plan, data, engine, url, run.codes)
                if plan is run.plans[0] and run.is_whole:
                    yield http(plan, data, engine, url)
                if plan is run.plans[-1]:
                    yield from registry(plan, data, engine, url, run)
        yield from replica(run.plans[-1], server, name)


def sizes(plan: Plan, engine: str, url: str) -> Found:
    """Bytes on disk."""
    opened = open_engine(url)
    for what, size in scale_store.published_bytes(opened).items():
        yield Row(f"published tables: {what}", size / 1e6, "MB", plan.ranges, engine)
    whole = sum(scale_store.bytes_of(opened).values())
    yield Row("registry's database", whole / 1e6, "MB", plan.ranges, engine)
    opened.dispose()


def verifier(plan: Plan, data: Path, engine: str, url: str, codes: int) -> Found:
    """A worker that starts for the first time and, on SQLite, one that starts again."""
    told = {
        "pss_mb": ("memory", "MB"),
        "peak_mb": ("memory at its peak", "MB"),
        "pss_after_mb": ("memory, look-ups made", "MB"),
        "fingerprints_mb": ("cache of fingerprints", "MB"),
        "young_per_s": ("look-ups by fingerprint and signature", "/s"),
        "old_per_s": ("look-ups by signature", "/s"),
        "forged_per_s": ("look-ups of forged codes", "/s"),
        "apply_s": ("takes over an act", "s"),
    }
    shutil.rmtree(data / "verifier", ignore_errors=True)
    starts = ("first start", "restart") if engine == "sqlite" else ("first start",)
    for turn, start in enumerate(starts, 5):
        found = _in_a_process(data, url, turn, codes)
        if found["batches"] != plan.batches:
            raise RuntimeError(f"it read {found['batches']} batches of {plan.batches}")
        yield Row(f"verifier load, {start}", found["load_s"], "s", plan.ranges, engine)
        yield Row(f"verifier load, {start}, processor", found["cpu_s"], "s", plan.ranges, engine)
    for name, (label, unit) in told.items():
        yield Row(f"verifier {label}", found[name], unit, plan.ranges, engine)


def _in_a_process(data: Path, url: str, turn: int, codes: int) -> dict[str, float]:
    out = data / "verifier.json"
    command = [sys.executable, "-m", "loadtests.scale_verifier", data, out, url]
    command += [str(turn), str(codes)]
    with (data / "verifier.log").open("w") as log:
        subprocess.run(
            command,
            env=_environment(data, url),
            stdout=log,
            stderr=log,
            check=True,
            preexec_fn=dying_with_me(),
        )
    found: dict[str, float] = json.loads(out.read_text())
    return found


def _environment(data: Path, url: str) -> dict[str, str]:
    """What a verifier of a seeded installation sees; one address may ask without limit."""
    hidden = {name: value for name, value in os.environ.items() if not name.startswith("TEM_")}
    places = {"TEM_DATA": str(data), "TEM_PUBLISHED_DATABASE_URL": url}
    return {**hidden, **places, "TEM_VERIFIER_RATE": "0"}


def http(plan: Plan, data: Path, engine: str, url: str) -> Row:
    """Look-ups a second through one gunicorn worker, out of the smallest registry."""
    seed, chance = Seed.read(data), random.Random(2)
    coded = plan.coded()
    stamps = [(chance.choice(coded), chance.randint(1, plan.quantity)) for _ in range(500)]
    paths = [f"/s/{seed.code(batch, index)}" for batch, index in stamps]
    cores, where = frozenset(os.sched_getaffinity(0)), _environment(data, url)
    with gunicorn("tem_verifier.app:create_app()", data, cores, where) as worker:
        load = Load(HOST, worker.port, paths, b'"verdict"')
        rounds = [rate(load, HTTP_REQUESTS) for _ in range(3)]
    name = "look-ups over HTTP, one worker"
    return Row(name, statistics.median(rounds), "/s", plan.ranges, engine)


def registry(plan: Plan, data: Path, engine: str, url: str, run: Run) -> Found:
    """Acts a second by clients, what they write, then the check and a backup of all of it."""
    for turn, count in enumerate(run.clients):
        before = scale_store.wal_position(url) if engine == "postgresql" else 0
        made = scale_acts.rate(url, plan, count, turn, run.seconds)
        yield Row("activations", made.per_second, "/s", plan.ranges, engine, count)
        yield Row("activation, median", made.median * 1000, "ms", plan.ranges, engine, count)
        yield Row("activation, p99", made.p99 * 1000, "ms", plan.ranges, engine, count)
        if engine == "postgresql":
            written = scale_store.wal_position(url) - before
            yield Row("log an act", written / made.acts / 1000, "kB", plan.ranges, engine, count)
    opened = open_engine(url)
    seconds = scale_store.check_seconds(opened, data / "trust.json")
    yield Row("tem fsck of the registry", seconds, "s", plan.ranges, engine)
    opened.dispose()
    if engine == "sqlite":
        file = data / "registry" / "registry.db"
        seconds, size = scale_store.backup(file, data / "copy.db")
        yield Row("online backup", seconds, "s", plan.ranges, engine)
        yield Row("online backup, bytes", size / 1e6, "MB", plan.ranges, engine)


def replica(plan: Plan, record: PostgresServer, database: str) -> Found:
    """A second server that subscribes to the published tables."""
    with scale_replica.logical_server() as edge:
        seconds = scale_replica.copy_seconds(record, database, edge)
        yield Row("replica's first copy", seconds, "s", plan.ranges, "postgresql")
        lag = scale_replica.lag_seconds(record.url(database), edge, plan)
        yield Row("replica behind an act", lag * 1000, "ms", plan.ranges, "postgresql")
        scale_replica.unsubscribe(edge)


def main() -> int:
    """Measure, print, write."""
    parser = argparse.ArgumentParser(prog="python -m loadtests.scale", description=__doc__)
    parser.add_argument("--small", action="store_true", help="1,500 ranges instead of a country")
    parser.add_argument("--out", type=Path, default=Path("var/scale/results.json"))
    given = parser.parse_args()
    out: Path = given.out.absolute()
    out.parent.mkdir(parents=True, exist_ok=True)
    about, rows = machine(), []
    run = SMALL if given.small else WHOLE
    with tempfile.TemporaryDirectory(prefix="scale-", dir=out.parent) as folder:
        for row in measured(run, Path(folder)):
            rows.append(row)
            print(table([row]), flush=True)
            Results(about, tuple(rows)).write(out)  # what is done is kept if the rest fails
    return 0


if __name__ == "__main__":
    sys.exit(main())
