"""``python -m loadtests.snapshot_shapes``: ways to lay out ranges, compared before one is chosen.

Each candidate answers the same question in a process of its own: which range holds stamp ``index``
of batch ``number``? Printed are microseconds a question over random stamps of all batches, each
asked for the first time, and the memory it takes, of which a mapped file is shared by all workers.
"""

import argparse
import multiprocessing
import os
import random
import sqlite3
import struct
import sys
import tempfile
import time
from array import array
from bisect import bisect_left
from collections.abc import Callable
from mmap import ACCESS_READ, mmap
from pathlib import Path

import numpy

OF_BATCH, OF_RANGE = 50, 4
ASKED = 200_000
Find = Callable[[int, int], int]


def objects(folder: Path, batches: int) -> Find:
    """A dictionary of batches, each with an array of its own: what a worker held before."""
    held = {
        number: array("I", range(OF_RANGE, OF_BATCH * OF_RANGE + 1, OF_RANGE))
        for number in range(1, batches + 1)
    }

    def find(number: int, index: int) -> int:
        return bisect_left(held[number], index)

    return find


def one_array(folder: Path, batches: int) -> Find:
    """All ranges in one mapped array, by batch and last stamp."""
    path = folder / "keys"
    with path.open("wb") as file:
        for number in range(1, batches + 1):
            file.write(array("Q", (number << 24 | OF_RANGE * n for n in range(1, OF_BATCH + 1))))
    keys = memoryview(_map(path)).cast("Q")

    def find(number: int, index: int) -> int:
        return bisect_left(keys, number << 24 | index) % OF_BATCH

    return find


def searched(folder: Path, batches: int) -> Find:
    """The same, searched by numpy."""
    one_array(folder, batches)
    keys = numpy.memmap(folder / "keys", dtype=numpy.uint64, mode="r")

    def find(number: int, index: int) -> int:
        return int(keys.searchsorted(numpy.uint64(number << 24 | index))) % OF_BATCH

    return find


def two_arrays(folder: Path, batches: int) -> Find:
    """Mapped: where each batch's ranges stand, then their last stamps. What a snapshot is."""
    bounds, lasts = folder / "bounds", folder / "lasts"
    record = struct.Struct("<IIIIII")
    with bounds.open("wb") as file:
        for row in range(batches):
            file.write(record.pack(row * OF_BATCH, (row + 1) * OF_BATCH, 0, 0, 0, 0))
    with lasts.open("wb") as file:
        for _ in range(batches):
            file.write(array("I", range(OF_RANGE, OF_BATCH * OF_RANGE + 1, OF_RANGE)))
    hot, ends = _map(bounds), memoryview(_map(lasts)).cast("I")

    def find(number: int, index: int) -> int:
        begin, end, *_ = record.unpack_from(hot, (number - 1) * record.size)
        return bisect_left(ends, index, begin, end) - begin

    return find


def database(folder: Path, batches: int) -> Find:
    """SQLite, one question by its primary key, a connection kept open."""
    connection = sqlite3.connect(folder / "ranges.db")
    connection.execute("CREATE TABLE r (batch, last, n, PRIMARY KEY (batch, last)) WITHOUT ROWID")
    rows = ((b, OF_RANGE * (n + 1), n) for b in range(1, batches + 1) for n in range(OF_BATCH))
    connection.executemany("INSERT INTO r VALUES (?, ?, ?)", rows)
    connection.commit()
    question = "SELECT n FROM r WHERE batch = ? AND last >= ? ORDER BY last LIMIT 1"

    def find(number: int, index: int) -> int:
        found: int = connection.execute(question, (number, index)).fetchone()[0]
        return found

    return find


def _map(path: Path) -> mmap:
    with path.open("rb") as file:
        return mmap(file.fileno(), 0, access=ACCESS_READ)


def measure(make: Callable[[Path, int], Find], batches: int) -> tuple[float, float]:
    """Microseconds a question, and megabytes. Raises RuntimeError on a wrong answer."""
    chance = random.Random(1)
    asked = [
        (chance.randint(1, batches), chance.randint(1, OF_BATCH * OF_RANGE)) for _ in range(ASKED)
    ]
    before = _megabytes()
    with tempfile.TemporaryDirectory() as folder:
        find = make(Path(folder), batches)
        if any(find(n, i) != (i - 1) // OF_RANGE for n, i in asked[:100]):
            raise RuntimeError(f"{make.__name__} finds another range")
        began = time.perf_counter()
        for number, index in asked:
            find(number, index)
        taken = time.perf_counter() - began
        return taken / ASKED * 1e6, _megabytes() - before


def _megabytes() -> float:
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


def main() -> int:
    """Measure all, one after the other."""
    parser = argparse.ArgumentParser(
        prog="python -m loadtests.snapshot_shapes", description=__doc__
    )
    parser.add_argument("--ranges", type=int, default=1_500_000)
    batches = max(1, parser.parse_args().ranges // OF_BATCH)
    spawn = multiprocessing.get_context("spawn")
    for make in (objects, one_array, searched, two_arrays, database):
        with spawn.Pool(1) as process:
            taken, megabytes = process.apply(measure, (make, batches))
        print(f"{taken:8.2f} µs {megabytes:8.1f} MB  {(make.__doc__ or '').splitlines()[0]}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
