"""A labelled stream of stamps' lives: a million honest ones with all that happens to goods, and a
thousand families of copies. From a seed, one stamp after the other.

It shares no code and no constant with what looks for copies (a test sees to that), and its numbers
were set before: they are guesses about people and shops, not about a rule.
"""

from collections import Counter
from collections.abc import Iterator
from random import Random
from typing import NamedTuple

from loadtests.copies_world import DAY, HOUR, MINUTE, Attempt, Entry, World

GENUINE, FAMILIES = 1_000_000, 1_000


class ScanDay(NamedTuple):
    """Scans of a stamp on a day, and from how many different networks."""

    day: int
    scans: int
    origins: int


class Life(NamedTuple):
    """All that is known of a stamp. ``copies``: 0 for an honest one, else how many packages bear
    its code; ``till_sales``: at how many packages with it a till was asked to sell."""

    copies: int
    till_sales: int
    made_day: int
    entries: list[Entry]
    scans: list[ScanDay]


def stream(
    seed: int,
    genuine: int = GENUINE,
    families: int = FAMILIES,
    habits: float = 1.0,
    one_store: float = 0.0,
) -> Iterator[Life]:
    """Honest stamps and families mixed. ``habits`` multiplies how often honest goods are returned,
    sold again, scanned twice: 1 is what we believe, 3 a careless trade. ``one_store``: of so many
    families all copies go to one store, which the families of a thousand do not."""
    rng = Random(seed)
    people = People(rng, World(rng), habits, one_store)
    left = {"genuine": genuine, "family": families}
    while total := left["genuine"] + left["family"]:
        kind = "family" if rng.random() * total < left["family"] else "genuine"
        left[kind] -= 1
        yield people.family() if kind == "family" else people.honest()


class People:
    """What shops, buyers and counterfeiters do."""

    def __init__(self, rng: Random, world: World, habits: float, one_store: float) -> None:
        self._rng, self._world, self._habits = rng, world, habits
        self._one_store = one_store

    def _happens(self, rate: float) -> bool:
        return self._rng.random() < rate * self._habits

    def honest(self) -> Life:
        """A stamp on one package. Six in ten are sold at a till that asks, the others on a market
        or in a shop without."""
        rng = self._rng
        made = int(rng.random() * 365)
        seen: Counter[tuple[int, int]] = Counter()
        if rng.random() < 0.001:  # the producer tries some blank stamps
            self._look(seen, made - rng.randint(1, 40), 1, rng.randint(1, 4))
        sold_at = (made + 3 + rng.expovariate(1 / 40)) * DAY + self._hour()
        if rng.random() < 0.01:  # a shop looks what it has on its shelf
            self._look(seen, int(sold_at // DAY) - rng.randint(0, 20), 1, rng.randint(1, 3))
        attempts: list[Attempt] = []
        if rng.random() < 0.62:
            self._sell(attempts, sold_at, self._world.any_store(rng))
        self._buyer(seen, sold_at)
        return self._life(0, min(1, len(attempts)), made, attempts, seen)

    def family(self) -> Life:
        """One honest stamp copied onto 2 to 200 packages, each sold in a store of its own as long
        as there are stores; on markets mostly, mixed, or mostly at tills, and some through one
        chain alone, whose supplier was deceived."""
        rng = self._rng
        made = int(rng.random() * 365)
        copies = round(2 * 100 ** rng.random())
        at_tills = rng.choice((0.1, 0.4, 0.8))
        stores = self._world.any_chain(rng) if rng.random() < 0.3 else []
        if len(stores) < 2:
            stores = list(range(len(self._world.stores)))
        places = rng.sample(stores, min(copies, len(stores)))
        if self._one_store and rng.random() < self._one_store:
            places = places[:1]
        begins, lasts = made + rng.uniform(3, 60), rng.uniform(2, 120)
        attempts: list[Attempt] = []
        seen: Counter[tuple[int, int]] = Counter()
        till_sales = 0
        for number in range(copies):
            when = int(begins + rng.random() * lasts) * DAY + self._hour()
            if rng.random() < at_tills:
                till_sales += 1
                self._sell(attempts, when, places[number % len(places)])
            self._buyer(seen, when)
        return self._life(copies, till_sales, made, attempts, seen)

    def _life(
        self,
        copies: int,
        till_sales: int,
        made: int,
        attempts: list[Attempt],
        seen: Counter[tuple[int, int]],
    ) -> Life:
        entries = self._world.ledger(attempts) if attempts else []
        days: dict[int, list[int]] = {}
        for (day, _), count in seen.items():
            days.setdefault(day, []).append(count)
        scans = [ScanDay(day, sum(counts), len(counts)) for day, counts in sorted(days.items())]
        return Life(copies, till_sales, made, entries, scans)

    def _hour(self) -> float:
        """Shops are open from seven to ten."""
        return self._rng.uniform(7, 22) * HOUR

    def _sell(self, attempts: list[Attempt], when: float, store: int) -> None:
        """A package over the counter, and what may come of it: scanned twice, sent twice, brought
        back, sold on by a trader."""
        rng, world = self._rng, self._world
        attempts.append(world.attempt(when, store))
        if self._happens(0.004):  # one package scanned for several, or once too often
            for _ in range(rng.choice((1, 1, 1, 2, 3, 5))):
                attempts.append(world.attempt(when + rng.uniform(1, 90), store))
        if self._happens(0.0005):  # the till fell over in the middle of it
            attempts.append(world.attempt(when + rng.uniform(1, 25) * MINUTE, store))
        if self._happens(0.0001):  # one package lies beside the till and is scanned for all
            lasts = rng.choice((1, 1, 1, 2, 4)) * DAY
            for _ in range(rng.randint(3, 25)):
                attempts.append(world.attempt(when + rng.random() * lasts, store))
        if self._happens(0.0002):  # a day's sales were sent again later
            sent = attempts[-1]
            attempts.append(sent._replace(recorded_at=sent.recorded_at + rng.uniform(0.1, 5) * DAY))
        if self._happens(0.0002):  # a small shop buys from a large one, and sells at its own till
            later = when + rng.uniform(0.2, 15) * DAY
            self._sell(attempts, later, rng.choice(world.any_chain(rng)))
        elif self._happens(0.008):
            self._bring_back(attempts, when + rng.expovariate(1 / 3) * DAY, store)

    def _bring_back(self, attempts: list[Attempt], when: float, store: int) -> None:
        """Brought back: mostly where it was bought, mostly written down; six in ten go back on a
        shelf, a few of them in another store of the chain."""
        rng, world = self._rng, self._world
        where = store if rng.random() < 0.92 else world.sister(rng, store)
        if rng.random() < 0.9:
            attempts.append(world.attempt(when, where, is_return=True))
        if rng.random() < 0.6:
            shelf = where if rng.random() < 0.9 else world.sister(rng, where)
            self._sell(attempts, when + HOUR + rng.expovariate(1 / 6) * DAY, shelf)

    def _buyer(self, seen: Counter[tuple[int, int]], sold_at: float) -> None:
        """One in ten looks at the stamp; a few do again and again, carry it about, give it away or
        show it to the world."""
        rng, day = self._rng, int(sold_at // DAY)
        if rng.random() < 0.1:
            self._look(seen, day, rng.choice((1, 1, 2)), rng.randint(1, 3))
        kind = rng.random()
        if kind < 0.002:  # a household that looks often
            for _ in range(rng.randint(5, 60)):
                self._look(seen, day + rng.randint(0, 60), rng.choice((1, 1, 2, 3)), 2)
        elif kind < 0.012:  # a gift, a journey
            for _ in range(rng.randint(1, 5)):
                self._look(seen, day + rng.randint(0, 40), rng.choice((1, 2)), 1)
        elif kind < 0.0121:  # a picture that is passed on
            for _ in range(rng.randint(2, 20)):
                self._look(seen, day + rng.randint(0, 10), rng.randint(5, 80), 1)

    def _look(
        self, seen: Counter[tuple[int, int]], day: int, origins: int, scans_each: int
    ) -> None:
        """Scans on a day from so many networks not met that day before."""
        for _ in range(origins):
            seen[day, len(seen)] += scans_each
