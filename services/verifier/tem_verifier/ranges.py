"""A batch's intervals laid out to be asked: sorted arrays, replaced and never altered."""

import sys
from array import array
from bisect import bisect_left
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from tem.vocabulary import StampState

_STATES = list(StampState)


@dataclass(frozen=True, slots=True)
class Ranges:
    """A batch's intervals by their last stamp, with a small code for each one's state."""

    lasts: "array[int]"
    firsts: "array[int]"
    states: bytes
    lots: tuple[str | None, ...]
    revoked_on: tuple[str | None, ...]

    def at(self, index: int) -> tuple[StampState, str | None, str | None] | None:
        """State, lot and date of withdrawal of a stamp; None in a gap."""
        if not self.meets(index, index):
            return None
        place = bisect_left(self.lasts, index)
        return _STATES[self.states[place]], self.lots[place], self.revoked_on[place]

    def meets(self, first: int, last: int) -> bool:
        """Whether an interval has a stamp in common with ``first..last``."""
        place = bisect_left(self.lasts, first)
        return place < len(self.lasts) and self.firsts[place] <= last

    @classmethod
    def of(cls, rows: Iterable[tuple[Any, ...]]) -> "Ranges":
        """From (first, last, state, lot, revoked_on), in any order."""
        ordered = sorted(rows, key=lambda row: int(row[0]))
        return cls(
            array("I", (row[1] for row in ordered)),
            array("I", (row[0] for row in ordered)),
            bytes(_STATES.index(StampState(row[2])) for row in ordered),
            tuple(_shared(row[3]) for row in ordered),
            tuple(_shared(row[4]) for row in ordered),
        )

    def rows(self) -> list[tuple[Any, ...]]:
        """What :meth:`of` takes."""
        states = (str(_STATES[code]) for code in self.states)
        return list(zip(self.firsts, self.lasts, states, self.lots, self.revoked_on, strict=True))

    def with_changes(self, changed: Iterable[tuple[Any, ...]]) -> "Ranges":
        """After acts: their rows take the place of every row they overlap."""
        rows = list(changed)
        new = Ranges.of(rows)
        if not self.lasts:
            return new
        return Ranges.of([*(row for row in self.rows() if not new.meets(*row[:2])), *rows])


def _shared(text: str | None) -> str | None:
    """One copy of a lot's id or of a date, however many rows name it."""
    return None if text is None else sys.intern(text)


EMPTY = Ranges.of(())
