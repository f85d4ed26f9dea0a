"""``python -m loadtests.bulk_equality FOLDER``: bulk answers and single ones, a million times.

FOLDER is an installation that ``loadtests.seed`` made. Codes of all kinds and states are looked up
in lists of up to 1,000 and one by one, in this process, over the record as it stands; every pair
must be equal to the byte. The clock is moved through the lots' dates meanwhile.
"""

import argparse
import logging
import random
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import structlog
from loadtests.seed_codes import Seed

from tem.clock import system_clock
from tem.installation import Installation
from tem.stampcode import raw_of, strip_prefix, text_of
from tem_verifier import settings
from tem_verifier.answering import Answering
from tem_verifier.app import open_index
from tem_verifier.bulk import Bulk
from tem_verifier.heads import JSON
from tem_verifier.lookup import Lookup
from tem_verifier.rendering import Renderer
from tem_verifier.store import open_store

MOST_A_LIST = 1000
DAYS = 500  # the oldest lots are past their windows in the end
WRONG = ("", " ", "1", "9" * 174, "ü" * 174, "0" * 174, "http://elsewhere.example/s/1")


class Codes:
    """Codes by chance: three in four are on a stamp, the others are near misses."""

    def __init__(self, seed: Seed, prefix: str, chance: random.Random) -> None:
        self._seed, self._prefix, self._chance = seed, prefix, chance

    def some(self) -> list[str]:
        """As many as a list may hold, or fewer."""
        batch = self._chance.randint(1, self._seed.plan.batches)
        return [self._one(batch) for _ in range(self._chance.randint(1, MOST_A_LIST))]

    def _one(self, batch: int) -> str:
        chance, plan = self._chance, self._seed.plan
        if chance.random() < 0.02:
            return chance.choice(WRONG)
        genuine = self._seed.code(batch, chance.randint(1, plan.last_index))  # canaries too
        kind = chance.random()
        if kind < 0.75:
            return genuine if chance.random() < 0.5 else self._prefix + genuine
        raw = bytearray(raw_of(genuine) or b"")
        if kind < 0.95:  # a bit of body or signature turned over
            raw[chance.randrange(len(raw))] ^= 1 << chance.randrange(8)
            return text_of(bytes(raw))
        return genuine[: chance.randint(0, 173)]


class Moved:
    """A clock that stands where it is put."""

    def __init__(self) -> None:
        self.now = datetime.now(UTC)

    def __call__(self) -> datetime:
        return self.now


def pairs(folder: Path, seed: Seed, chance: random.Random) -> Iterator[tuple[bytes, bytes]]:
    """The same code's answer out of a list and alone, without end."""
    config = settings.read({}, Installation.at(folder))
    with tempfile.TemporaryDirectory(dir=folder) as own:
        config = replace(config, database_url=f"sqlite:///{own}/own.db", folder=Path(own))
        store, clock, renderer = open_store(config), Moved(), Renderer()
        index = open_index(config, store, system_clock, renderer.fingerprint)
        lookup = Lookup(index, clock, config.prefix)
        answering = Answering(lookup, renderer, clock, lambda: None)
        bulk = Bulk(index, answering, config.prefix, store)
        codes, began = Codes(seed, config.prefix, chance), clock.now
        while True:
            clock.now = began + timedelta(days=chance.uniform(-DAYS, DAYS))
            some = codes.some()
            told = bulk.told(some)
            for code, answer in zip(some, told, strict=True):
                raw = raw_of(strip_prefix(code, config.prefix))
                alone = answering.told(index.view, b"", raw, JSON)[2]
                yield answer, alone.removesuffix(b"\n")


def main() -> int:
    """Compare, and say how many were unlike."""
    parser = argparse.ArgumentParser(prog="python -m loadtests.bulk_equality", description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--items", type=int, default=1_000_000)
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args()
    quiet = structlog.make_filtering_bound_logger(logging.CRITICAL)  # canaries raise alarms
    structlog.configure(wrapper_class=quiet)
    began, unlike = time.perf_counter(), 0
    kinds: Counter[str] = Counter()
    chance = random.Random(given.seed)
    found = pairs(given.folder, Seed.read(given.folder), chance)
    for _ in range(given.items):
        many, alone = next(found)
        kinds[many.split(b'"', 4)[3].decode()] += 1
        if many != alone:
            unlike += 1
            print(many[:200], alone[:200], sep="\n", file=sys.stderr)
    print(
        f"{given.items:,} items, seed {given.seed}: {unlike} unlike, "
        f"{time.perf_counter() - began:.0f} s"
    )
    for kind, count in kinds.most_common():
        print(f"  {kind:<15} {count:>9,}")
    return 1 if unlike else 0


if __name__ == "__main__":
    sys.exit(main())
