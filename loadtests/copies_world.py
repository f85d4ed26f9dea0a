"""The trade in which stamps are sold: chains, their stores, the stores' clocks, and the ledger
that says "sold" once. Knows nothing of how copies are looked for.

All numbers are guesses from the trade, made before anything that looks for copies was run on them.
Times are seconds since the stream's first day.
"""

from bisect import bisect
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import accumulate
from random import Random
from typing import NamedTuple

MINUTE, HOUR, DAY = 60, 3600, 86_400


class Attempt(NamedTuple):
    """What a till sends: ``at`` is its own clock's, ``recorded_at`` when it reached us."""

    recorded_at: float
    at: float
    is_return: bool
    store: int


class Entry(NamedTuple):
    """What is kept of it: ``kind`` is sale, return or refused_sale."""

    kind: str
    chain: str
    store: str
    at: float
    recorded_at: float


@dataclass(frozen=True, slots=True)
class Store:
    """A place with a till: how wrong its clock is, and how late it sends what it sold."""

    name: str
    chain: int
    clock_error: float
    sends_after: float


class World:
    """Twenty-five chains of 3 to 180 stores, and 400 shops that are a chain of one."""

    def __init__(self, rng: Random) -> None:
        self.stores: list[Store] = []
        self.of_chain: list[list[int]] = []
        sizes = [int(3 * 60 ** rng.random()) for _ in range(25)] + [1] * 400
        for chain, size in enumerate(sizes):
            first = len(self.stores)
            self.stores += [_store(rng, chain, number) for number in range(size)]
            self.of_chain.append(list(range(first, first + size)))
        self._weights = list(accumulate(len(stores) for stores in self.of_chain))

    def any_store(self, rng: Random) -> int:
        """A store, each as likely as another."""
        return int(rng.random() * len(self.stores))

    def any_chain(self, rng: Random) -> list[int]:
        """The stores of a chain, the larger the likelier."""
        return self.of_chain[bisect(self._weights, rng.random() * self._weights[-1])]

    def sister(self, rng: Random, store: int) -> int:
        """Another store of the same chain; the same one where there is no other."""
        others = self.of_chain[self.stores[store].chain]
        if len(others) == 1:
            return store
        return rng.choice([one for one in others if one != store])

    def attempt(self, when: float, store: int, *, is_return: bool = False) -> Attempt:
        """What the till of a store sends of something that happens at ``when``."""
        place = self.stores[store]
        return Attempt(when + place.sends_after, when + place.clock_error, is_return, store)

    def ledger(self, attempts: Iterable[Attempt]) -> list[Entry]:
        """What is kept: sold once, until the chain that sold it takes it back; other returns are
        refused and leave nothing."""
        kept, seller = [], ""
        for one in sorted(attempts):
            place = self.stores[one.store]
            chain = f"chain-{place.chain}"
            if one.is_return and seller != chain:
                continue
            kind = "return" if one.is_return else "refused_sale" if seller else "sale"
            seller = "" if one.is_return else seller or chain
            kept.append(Entry(kind, chain, f"{chain}/{place.name}", one.at, one.recorded_at))
        return kept


def _store(rng: Random, chain: int, number: int) -> Store:
    """Most clocks are right to some seconds; one in 50 is hours off, one in 300 a day or more."""
    luck = rng.random()
    if luck < 1 / 300:
        error = rng.choice((-1, 1)) * rng.uniform(1, 3) * DAY
    elif luck < 1 / 50:
        error = rng.uniform(-7, 7) * HOUR
    else:
        error = rng.gauss(0, 40)
    habit = rng.random()
    sends_after = 1.0 if habit < 0.8 else rng.uniform(2, 12) * HOUR
    if habit > 0.97:
        sends_after = rng.uniform(1, 4) * DAY
    return Store(f"store-{number}", chain, error, sends_after)
