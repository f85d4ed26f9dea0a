"""``make bench``: ratios measured in one run, printed and written to a file.

Absolute figures depend on the machine and on who else uses it; each rate here is that of two
things measured in turn, several times, and the row has the median and the spread of the ratio.
What it means and how it was measured: ``docs/performance.md``.
"""

import argparse
import json
import os
import platform
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import asdict
from importlib.metadata import version
from pathlib import Path
from typing import Any

from loadtests import (
    bench_acts,
    bench_answers,
    bench_latency,
    bench_minting,
    bench_overload,
    bench_speed,
    engines,
)
from loadtests import cores as machine_cores
from loadtests.bench_place import SMALL, WHOLE, Place, Sizes, prepared
from loadtests.measured import machine as this_machine
from loadtests.ratios import Ratio
from loadtests.started import service


def measured(folder: Path, sizes: Sizes, cores: machine_cores.Cores) -> Iterator[Ratio]:
    """Every row, on one installation."""
    with prepared(folder, sizes, cores) as place:
        _say("registries are seeded, the usual design is filled")
        with service("verifier", place.data, cores.one, 1) as ours:
            yield bench_answers.compared(place, ours.port)
            yield from bench_speed.rows(place, ours)
            yield from bench_overload.rows(place, ours)
            yield bench_overload.slow_senders(ours)
        yield from _two_workers(place)
    yield bench_minting.row(folder / "issuer", sizes.minted)


def _two_workers(place: Place) -> Iterator[Ratio]:
    with service("verifier", place.data, place.cores.two, 2) as two:
        yield from bench_latency.rows(place, two)
        yield bench_acts.row(place, two)


def machine(cores: machine_cores.Cores) -> dict[str, Any]:
    """This machine, how busy others kept it, how it was shared out, and what ran on it."""
    found = engines.require_engines()
    packages = ("gunicorn", "uvloop", "httptools", "flask", "sqlalchemy", "psycopg")
    return {
        **this_machine(),
        "system": platform.release(),
        "pinned": cores.told(),
        "used_by_others": round(machine_cores.used_by_others(), 2),
        "engines": {name: engines.version(path) for name, path in found.items()},
        "packages": {name: version(name) for name in packages},
    }


def line(row: Ratio) -> str:
    """A row as it is printed."""
    low, high = row.spread
    met = "met" if row.met else "MISSED"
    spread = f"{low:g}-{high:g}"
    return (
        f"{row.value:>9g} {row.unit:<5} target {row.bound} {row.target:<6g} {met:<6} "
        f"{spread:<17} {row.name}"
    )


def written(out: Path, about: dict[str, Any], sizes: Sizes, rows: list[Ratio]) -> None:
    """Keep what is done, in the form that the contract names."""
    results = {
        "machine": about,
        "is_whole": sizes.is_whole,
        "plan": asdict(sizes.plan),
        "ratios": [asdict(row) for row in rows],
    }
    out.write_text(json.dumps(results, indent=1, ensure_ascii=False) + "\n", "utf-8")


def main() -> int:
    """Measure, print, write; status 1 if a target is missed."""
    parser = argparse.ArgumentParser(prog="make bench", description=__doc__)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--small", action="store_true", help="to try the bench itself; no figures")
    given = parser.parse_args()
    out: Path = given.out.absolute()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # as Ctrl-C: everything ends
    sizes, cores = SMALL if given.small else WHOLE, machine_cores.here()
    about, rows = machine(cores), list[Ratio]()
    if about["used_by_others"] > machine_cores.BUSY:
        busy = f"{about['used_by_others']:.0%} of it is used by others"
        print(f"warning: the machine is busy, {busy}: figures will be low and spread", flush=True)
    folder = Path(tempfile.mkdtemp(prefix="bench-", dir=out.parent))
    try:
        for row in measured(folder, sizes, cores):
            rows.append(row)
            _say(line(row))
            written(out, about, sizes, rows)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    about |= {"load_after": round(os.getloadavg()[0], 1), "seconds": round(_seconds())}
    written(out, about, sizes, rows)
    print(
        f"{sum(row.met for row in rows)} of {len(rows)} targets met, in {_seconds():.0f} s: {out}"
    )
    return 0 if all(row.met for row in rows) else 1


BEGAN = time.monotonic()


def _seconds() -> float:
    return time.monotonic() - BEGAN


def _say(text: str) -> None:
    print(f"{_seconds():4.0f} s  {text}", flush=True)


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit("stopped: everything that was started has ended")
