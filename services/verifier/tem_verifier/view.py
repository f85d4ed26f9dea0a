"""What a look-up sees: a snapshot and what changed since, replaced as a whole and never altered."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from tem.answer import Card
from tem.vocabulary import StampState
from tem_verifier.manifests import Accepted
from tem_verifier.ranges import EMPTY, Ranges
from tem_verifier.snapshot.snapshot import Snapshot


@dataclass(frozen=True, slots=True)
class Batch:
    """A published batch. ``accepted`` is None while its manifest is refused."""

    number: int
    product_id: str
    producer_id: str
    manifest: str
    signature: bytes
    accepted: Accepted | None
    ranges: Ranges = EMPTY


@dataclass(frozen=True, slots=True)
class Position:
    """How far we have read, and when we last knew that nothing newer was there."""

    epoch: str
    change: int
    restores: int
    as_of: datetime


@dataclass(frozen=True, slots=True)
class View:
    """All that a request sees. ``position`` is None until the first reading succeeded.

    ``batches`` and ``cards`` are those written since ``base`` was made, all of them without one.
    ``refused`` are batches of the base that we believed when it was made and do not believe now;
    ``stale`` its subjects whose answers were made with a card written since.
    """

    base: Snapshot | None = None
    batches: Mapping[int, Batch] = field(default_factory=dict)
    cards: Mapping[tuple[str, str], Card] = field(default_factory=dict)
    refused: frozenset[int] = frozenset()
    stale: frozenset[int] = frozenset()
    position: Position | None = None

    @property
    def count(self) -> int:
        """How many batches are known."""
        if self.base is None:
            return len(self.batches)
        return self.base.count + sum(1 for one in self.batches if self.base.row_of(one) < 0)

    def numbers(self) -> Iterator[int]:
        """The numbers of all batches known, in no order."""
        yield from self.batches
        if self.base is not None:
            yield from (number for number in self.base.numbers if number not in self.batches)

    def row_of(self, number: int) -> int:
        """Where a batch stands in the base; -1 if it is not there."""
        return -1 if self.base is None else self.base.row_of(number)

    def knows(self, number: int) -> bool:
        """Whether a batch is published, as far as we have read."""
        return number in self.batches or self.row_of(number) >= 0

    def card(self, kind: str, id: str) -> Card:
        """A card as it is now. Raises KeyError if there is none."""
        found = self.cards.get((kind, id))
        if found is not None:
            return found
        if self.base is None:
            raise KeyError((kind, id))
        return self.base.card(kind, id)

    def state(self, number: int, index: int) -> StampState | None:
        """The state of a stamp; None if its batch is not known, or in a hole of its ranges."""
        return self.at(number, index)[0]

    def at(self, number: int, index: int) -> tuple[StampState | None, str | None]:
        """State and lot of a stamp, as far as they are known."""
        changed = self.batches.get(number)
        if changed is not None:
            found = changed.ranges.at(index)
            return (None, None) if found is None else found[:2]
        row = self.row_of(number)
        return (None, None) if self.base is None or row < 0 else self.base.at(row, index)

    def batch(self, number: int) -> Batch | None:
        """A batch, out of the base with its ranges laid out to be changed; None if unknown."""
        changed = self.batches.get(number)
        row = -1 if changed else self.row_of(number)
        if self.base is None or row < 0:
            return changed
        accepted = None if number in self.refused else self.base.accepted(row)
        return Batch(number, *self.base.owner(row), "", b"", accepted, self.base.ranges(row))
