"""Are offline answers the online ones? Random worlds, asked online, in Python and in JavaScript.

``python -m loadtests.pack_equal --cases 1000000`` takes some minutes; it fails at the first case
that differs. What is compared, and what a pack may say otherwise: docs/offline-packs.md.
"""

import argparse
import json
import multiprocessing
import random
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import structlog
from loadtests.pack_cards import instant_near
from loadtests.pack_online import Online
from loadtests.pack_worlds import DAYS, World, empty_registry
from tests.tills import Till

from tem import ed25519
from tem.pack import reader, rfc8032, trust_list
from tem.pack.reader import NEWER_THAN_PACK, Pack

CASES_OF_A_WORLD = 8_000
AT_ONCE = 400
PLAIN_ONE_IN = 200  # of so many Python answers one is given without a library for signatures
SERVED_ONE_IN = 5  # of so many worlds one is asked over HTTP too,
OVER_HTTP = 300  # so often
Json = dict[str, Any]


class Compared:
    """One world, asked in all three ways."""

    def __init__(self, seed: int, folder: Path, empty: Path, till: Till) -> None:
        self.world = World(seed, folder, empty)
        self._online, self._till = Online(self.world, folder), till
        self.verdicts, self.compared = Counter[str](), 0
        self._trust = json.loads(self.world.mint.trust_file.read_text())
        self._list = trust_list.parse(json.dumps(self._trust))

    def run(self, cases: int) -> None:
        """A full pack, then deltas after acts, then another full one. Raises AssertionError."""
        full = self._made()
        told = self._till.open(full, self._trust)
        self._ask(self._opened(full), cases // 3)
        delta = b""
        for _ in range(2):
            self.world.act()
            delta = self._made()
            told = self._till.update(delta)
            assert "refused" not in told and told["base"] < told["sequence"], told
            self._ask(self._opened(full + delta), cases // 3)
        self._same_as_full(self._opened(full + delta), cases // 20)

    def over_http(self, cases: int) -> None:
        """The verifier's answers over HTTP are those of its look-up. Raises AssertionError."""
        with self._online.served() as ask:
            # In order: what is rendered is kept for as long as it holds, and clocks do not go back.
            for code, at in sorted(self._asked(cases), key=lambda one: one[1]):
                told = self._online.answer(code, at)
                if code.isascii() and code.isdigit() and NEWER_THAN_PACK not in told["reasons"]:
                    served = ask(code)
                    assert served == told, (code, at, told, served)
                    self.verdicts["(over HTTP too)"] += 1

    def _made(self) -> bytes:
        made = self.world.maker.if_due()
        assert made is not None
        self._online.catch_up()
        return made.content

    def _opened(self, file: bytes) -> tuple[Pack, Pack]:
        fast = reader.open_pack(file, self._list, verifies=ed25519.verifies)
        return fast, reader.open_pack(file, self._list, verifies=rfc8032.verifies)

    def _ask(self, packs: tuple[Pack, Pack], cases: int) -> None:
        asked = list(self._asked(cases))
        for begin in range(0, len(asked), AT_ONCE):
            some = asked[begin : begin + AT_ONCE]
            told = self._till.check([(code, at.isoformat()) for code, at in some])
            for (code, at), in_script in zip(some, told, strict=True):
                self._compare(code, at, packs, in_script)

    def _asked(self, cases: int) -> Iterator[tuple[str, datetime]]:
        for code in self.world.codes(cases):
            yield code, instant_near(self.world.random, self.world.now, DAYS - 2)

    def _compare(self, code: str, at: datetime, packs: tuple[Pack, Pack], in_script: Json) -> None:
        self.compared += 1
        online = self._online.answer(code, at)
        in_python = packs[self.compared % PLAIN_ONE_IN == 0].answer(code, at)
        if not online == in_python == in_script:
            raise AssertionError(f"{code} at {at}:\n{online}\n{in_python}\n{in_script}")
        note = "+".join(online["notes"])
        self.verdicts[f"{online['verdict']} {note}".strip()] += 1

    def _same_as_full(self, with_delta: tuple[Pack, Pack], cases: int) -> None:
        """A full pack made anew says the same as the old one with its delta."""
        self.world.now += timedelta(days=1, seconds=1)
        anew = self._made()
        told = self._till.update(anew)
        assert told["base"] == told["sequence"], told
        packs = self._opened(anew)
        for code, at in self._asked(cases):
            if at <= self.world.now + timedelta(days=DAYS - 3):
                old, new = (one.answer(code, at) for one in (with_delta[0], packs[0]))
                assert old | {"as_of": ""} == new | {"as_of": ""}, (code, at, old, new)
        self._ask(packs, cases)

    def close(self) -> None:
        """Let go of the world."""
        self._online.close()
        self.world.close()


def compared(seeds: list[int], cases: int) -> tuple[Counter[str], int]:
    """Worlds of some seeds, one after the other: verdicts with their notes, and cases."""
    verdicts, count = Counter[str](), 0
    with tempfile.TemporaryDirectory() as name, Till() as till:
        empty = empty_registry(Path(name))
        for seed in seeds:
            folder = Path(name) / str(seed)
            folder.mkdir()
            world = Compared(seed, folder, empty, till)
            try:
                world.run(cases)
                if seed % SERVED_ONE_IN == 0:
                    world.over_http(OVER_HTTP)
            finally:
                world.close()
            verdicts.update(world.verdicts)
            count += world.compared
    return verdicts, count


def _of_worlds(given: tuple[list[int], int]) -> tuple[Counter[str], int]:
    structlog.configure(logger_factory=structlog.ReturnLoggerFactory())  # alarms are meant here
    return compared(*given)


def main() -> None:
    """Ask until the cases are through and print what they were."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cases", type=int, default=20_000)
    parser.add_argument("--processes", type=int, default=3)
    parser.add_argument("--seed", type=int, default=random.randrange(2**32))
    given = parser.parse_args()
    begun, verdicts, count = time.monotonic(), Counter[str](), 0
    print(f"seed {given.seed}", flush=True)
    worlds = -(-given.cases // CASES_OF_A_WORLD)
    tasks = [([given.seed + world], CASES_OF_A_WORLD) for world in range(worlds)]
    with multiprocessing.Pool(given.processes) as pool:
        for done, (some, cases) in enumerate(pool.imap_unordered(_of_worlds, tasks), 1):
            verdicts.update(some)
            count += cases
            if done % 10 == 0:
                print(f"{count} cases, {time.monotonic() - begun:.0f} s", flush=True)
    for name, times in verdicts.most_common():
        print(f"{times:9,d}  {name}")
    print(f"{count:,d} cases in {worlds} worlds, all equal, {time.monotonic() - begun:.0f} s")
    sys.exit(0 if count >= given.cases else 1)


if __name__ == "__main__":
    main()
