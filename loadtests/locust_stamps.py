"""Which stamps the users of a load test hold in their hands, and what each must be answered.

Pure: both come from the plan of a seeded registry and a day, so that an answer can be checked
without asking the service under test.
"""

import random
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from math import exp, log

from loadtests.seed_plan import RECALLED_EVERY, Plan, Range

from tem.dates import info_expires_on, shelf_life_end
from tem.vocabulary import StampState

# Lots that the office recalls and gives back during a run; nobody else asks about them.
OFFICE_LOTS, OFFICE_LOT = 100, 50
BATCHES_READ = 4000  # whose ranges are looked through for stamps of every kind
POPULAR = 1_000_000  # the least popular rank somebody still asks for
ENDED = {StampState.VOID: "VOID", StampState.REVOKED: "STAMP_REVOKED"}


@dataclass(frozen=True, slots=True)
class Lot:
    """A lot as the seed has put it on record."""

    number: int
    made: date

    @property
    def code(self) -> str:
        """The lot code on the label."""
        return f"{self.made:%y%m%d}-{self.number}"

    @property
    def best_before(self) -> date:
        """Twelve months, as every product of the seed."""
        return shelf_life_end(self.made, 12, "month")

    def verdict(self, today: date) -> str:
        """What the dates of the lot say of an activated stamp."""
        if today > info_expires_on(self.best_before):
            return "INFO_EXPIRED"
        return "PAST_DATE" if today > self.best_before else "OK"


@dataclass(frozen=True, slots=True)
class Stamp:
    """A stamp of the plan, and what it must be answered on a day."""

    batch: int
    index: int
    state: StampState
    lot: Lot | None

    def verdict(self, today: date) -> str:
        """The expected verdict (docs/life-of-a-stamp.md): a recall stands above everything."""
        if self.lot is not None and self.lot.number % RECALLED_EVERY == 0:
            return "RECALLED"
        if self.state in ENDED:
            return ENDED[self.state]
        return "NOT_ACTIVATED" if self.lot is None else self.lot.verdict(today)


class Stock:
    """The stamps of a seeded registry by what they must be answered on its first day.

    ``seeded`` is that day, ``producers`` how many of the first producers act during the run: what
    they have not activated yet is left to them, and the office's lots to the office.
    """

    def __init__(self, plan: Plan, seeded: date, producers: int) -> None:
        self.plan, self.seeded, self._producers = plan, seeded, producers
        self.pools: dict[str, list[tuple[int, Range]]] = {}
        self.office: list[tuple[int, Range]] = []
        for batch, one in self._ranges():
            if one.lot is not None and one.lot % OFFICE_LOTS == OFFICE_LOT:
                self.office.append((batch, one))
            elif one.lot is not None or not self.is_producers(batch):
                verdict = self._stamp(batch, one, one.first).verdict(seeded)
                self.pools.setdefault(verdict, []).append((batch, one))

    def _ranges(self) -> Iterator[tuple[int, Range]]:
        """Ranges of some batches: those with a table of fingerprints come first, so that young
        batches are the popular ones."""
        chance, plan = random.Random(1), self.plan
        coded = list(plan.coded())[: BATCHES_READ // 2]
        others = chance.sample(range(1, plan.batches + 1), min(BATCHES_READ, plan.batches))
        for batches in (coded, [batch for batch in others if batch not in set(coded)]):
            found = [(batch, one) for batch in batches for one in plan.ranges_of(batch)]
            chance.shuffle(found)
            yield from found

    def is_producers(self, batch: int) -> bool:
        """Whether a batch belongs to one of the producers who act."""
        return self.plan.product_of(batch) // 2 < self._producers

    def _stamp(self, batch: int, one: Range, index: int) -> Stamp:
        lot = None if one.lot is None else Lot(one.lot, self.plan.made_on(one.lot, self.seeded))
        return Stamp(batch, index, one.state, lot)

    def stamp(self, verdict: str, rank: int) -> Stamp:
        """The stamp of a popularity, from 0, among those that had this verdict at the start.

        The first ranks lie in different ranges, the next ones are their neighbours.
        """
        pool = self.pools[verdict]
        turn, place = divmod(rank, len(pool))
        return self.first_of(pool[place], turn)

    def first_of(self, place: tuple[int, Range], turn: int = 0) -> Stamp:
        """A stamp of a range; ``turn`` goes round in it."""
        batch, one = place
        return self._stamp(batch, one, one.first + turn % (one.last - one.first + 1))

    def unused(self, producer: int) -> Iterator[tuple[int, Range]]:
        """Batches of a producer and their range that may still be activated."""
        for batch in range(1, self.plan.batches + 1):
            if self.plan.product_of(batch) // 2 == producer:
                *_, rest = self.plan.ranges_of(batch)
                if rest.state is StampState.DELIVERED:
                    yield batch, rest


def popularity(chance: random.Random, most: int = POPULAR) -> int:
    """A rank from 0: long-tailed, rank n asked for about 1/(n+1) as often as the first (Zipf)."""
    return int(exp(chance.random() * log(most + 1))) - 1
