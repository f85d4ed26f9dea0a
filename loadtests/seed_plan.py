"""What a seeded registry holds: how many of everything, and which stamps are what. Pure.

The shape of a country: batches of 10,000 stamps, fifteen ranges each, most of them tied to one of
the five lots of their product; what is void, revoked or not activated yet is among them.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cache
from typing import NamedTuple

from tem.vocabulary import StampState

LOTS_OF_PRODUCT, PRODUCTS_OF_PRODUCER = 5, 2
CANARIES = 3
# A lot in a hundred is under recall; the oldest are past their date or their window.
RECALLED_EVERY, OLDEST_DAYS = 100, 420


class Range(NamedTuple):
    """Stamps ``first..last`` of a batch; ``lot`` is the number of a lot, from 0."""

    first: int
    last: int
    state: StampState
    lot: int | None = None


@dataclass(frozen=True, slots=True)
class Plan:
    """``quantity`` stamps a batch; so many batches that ``stamps_with_codes`` fit have a table of
    fingerprints made of really signed codes. The others have none: their signature decides.

    With ``sampled`` every batch has a table instead, and so many stamps, the same number of each
    batch, have a code that is really signed (see :mod:`loadtests.seed_codes`).
    """

    ranges: int
    lots: int
    stamps_with_codes: int = 0
    quantity: int = 10_000
    ranges_of_batch: int = 15
    sampled: int = 0

    @property
    def batches(self) -> int:
        """Numbered from 1."""
        return -(-self.ranges // self.ranges_of_batch)

    @property
    def sampled_of_batch(self) -> int:
        """Stamps of each batch with a code, when only a sample has one."""
        return -(-self.sampled // self.batches)

    @property
    def products(self) -> int:
        """Numbered from 0, as lots and producers are."""
        return max(1, self.lots // LOTS_OF_PRODUCT)

    @property
    def producers(self) -> int:
        """Each makes two products."""
        return -(-self.products // PRODUCTS_OF_PRODUCER)

    @property
    def last_index(self) -> int:
        """Of each batch, canaries included."""
        return self.quantity + CANARIES

    def coded(self) -> range:
        """The batches with a table of fingerprints, spread over all."""
        if self.sampled:
            return range(1, self.batches + 1)
        tables = min(self.batches, self.stamps_with_codes // self.quantity)
        return (
            range(0) if tables == 0 else range(1, self.batches + 1, self.batches // tables)[:tables]
        )

    def product_of(self, batch: int) -> int:
        """Batches go round the products."""
        return (batch - 1) % self.products

    def lots_of(self, product: int) -> range:
        """The lots of a product."""
        return range(product, self.lots, self.products)

    def ranges_of(self, batch: int) -> Iterator[Range]:
        """What has become of a batch's stamps: neighbours always differ."""
        lots = self.lots_of(self.product_of(batch))
        count = min(self.ranges_of_batch, self.ranges - (batch - 1) * self.ranges_of_batch)
        for place, (first, last, state) in enumerate(_shape(self.quantity, count)):
            tied = state is not StampState.DELIVERED
            yield Range(first, last, state, lots[(batch + place) % len(lots)] if tied else None)

    def made_on(self, lot: int, today: date) -> date:
        """The day of production of a lot."""
        return today - timedelta(days=1 + lot * 37 % OLDEST_DAYS)


@cache
def _shape(quantity: int, count: int) -> tuple[tuple[int, int, StampState], ...]:
    """Equal ranges of a batch: first, last and state; the last three are not on the shelves."""
    ends = (StampState.VOID, StampState.REVOKED, StampState.DELIVERED)
    states = ((StampState.ACTIVATED,) * count + ends)[-count:]
    cuts = [quantity * place // count for place in range(count + 1)]
    return tuple((cuts[n] + 1, cuts[n + 1], state) for n, state in enumerate(states))


def producer_id(number: int) -> str:
    """Ids have one length, so that none is the beginning of another."""
    return f"P{number:07d}"


def product_id(number: int) -> str:
    """The id of a product."""
    return f"SP{number:07d}"


@cache
def lot_id(number: int) -> str:
    """The id of a lot."""
    return f"L{number:07d}"
