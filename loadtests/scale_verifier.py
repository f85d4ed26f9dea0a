"""One verifier worker at a size: run in a process of its own, so that its memory is its own.

``python -m loadtests.scale_verifier FOLDER FILE URL TURN CODES``: FOLDER is a seeded
installation, URL its registry's database, TURN picks the stamps it activates, CODES says how many
it looks up in a round. What it measured goes into FILE.
"""

import json
import os
import random
import resource
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path

from loadtests import scale_store
from loadtests.running import forged
from loadtests.seed_codes import Seed

from tem.clock import system_clock
from tem.installation import Installation
from tem_verifier import settings
from tem_verifier.app import open_index
from tem_verifier.index import Index
from tem_verifier.lookup import Lookup
from tem_verifier.rendering import Renderer
from tem_verifier.store import open_store

ROUNDS = 5
LIMIT_SECONDS = 1800.0


def main() -> None:
    """Load, look up, and tell."""
    folder, out = Path(sys.argv[1]), Path(sys.argv[2])
    config = settings.read(os.environ, Installation.at(folder))
    before = memory_mb()
    store = open_store(config)
    began, worked = time.perf_counter(), processor()
    index = open_index(config, store, system_clock, Renderer(config.office_contact).fingerprint)
    while index.view.position is None:  # a process of its own makes a snapshot first
        if time.perf_counter() - began > LIMIT_SECONDS:
            raise RuntimeError("the snapshot is not made in half an hour")
        time.sleep(0.05)
        index.catch_up()
    found = {"load_s": time.perf_counter() - began, "cpu_s": processor() - worked}
    found["pss_mb"] = memory_mb() - before
    found["peak_mb"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    found["batches"] = index.view.count
    seed = Seed.read(folder)
    found |= rates(index, seed, config.prefix, int(sys.argv[5]))
    found["fingerprints_mb"] = sum(f.stat().st_size for f in config.fingerprints.glob("*")) / 1e6
    found["pss_after_mb"] = memory_mb() - before
    found["apply_s"] = scale_store.apply_seconds(sys.argv[3], seed.plan, index, int(sys.argv[4]))
    out.write_text(json.dumps(found))


def processor() -> float:
    """Seconds of the processor that we and what we started have used."""
    children = resource.getrusage(resource.RUSAGE_CHILDREN)
    return time.process_time() + children.ru_utime + children.ru_stime


def memory_mb() -> float:
    """This process's share of memory (PSS), in MB."""
    text = Path("/proc/self/smaps_rollup").read_text()
    kilobytes = next(line.split()[1] for line in text.splitlines() if line.startswith("Pss:"))
    return int(kilobytes) / 1024


def rates(index: Index, seed: Seed, prefix: str, count: int) -> dict[str, float]:
    """Look-ups a second without HTTP: codes with a fingerprint, without one, and forged."""
    lookup, chance = Lookup(index, system_clock, prefix), random.Random(1)
    coded = seed.plan.coded()
    plain = [n for n in range(1, seed.plan.batches + 1) if n not in coded]

    def codes(batches: "range | list[int]") -> list[str]:
        quantity = seed.plan.quantity
        stamps = [(chance.choice(batches), chance.randint(1, quantity)) for _ in range(count)]
        return [seed.code(batch, index) for batch, index in stamps]

    asked = {"young_per_s": codes(coded), "old_per_s": codes(plain)}
    asked["forged_per_s"] = [forged(code, chance) for code in asked["young_per_s"]]
    for name, some in asked.items():
        _require(lookup, some, genuine=name != "forged_per_s")
    return {name: rate(lookup.answer, some) for name, some in asked.items()}


def _require(lookup: Lookup, codes: list[str], *, genuine: bool) -> None:
    """Raises RuntimeError where a genuine code is not known, or a forged one is."""
    verdicts = {lookup.answer(code)["verdict"] for code in codes}
    if (verdicts & {"UNKNOWN", "UNAVAILABLE", "MALFORMED"}) != (set() if genuine else {"UNKNOWN"}):
        raise RuntimeError(f"wrong answers: {sorted(verdicts)}")


def rate(answer: Callable[[str], object], codes: list[str]) -> float:
    """Median of some rounds."""
    rounds = []
    for _ in range(ROUNDS):
        began = time.perf_counter()
        for code in codes:
            answer(code)
        rounds.append(len(codes) / (time.perf_counter() - began))
    return statistics.median(rounds)


if __name__ == "__main__":
    main()
