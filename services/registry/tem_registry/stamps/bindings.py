"""The log of bindings, played: which lot each stamp of a batch is tied to, and since when. Pure.

The log is table ``activation`` in the order of its ids. An activation ties stamps that are tied
to nothing; a correction ties stamps anew, or to nothing.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Binding:
    """Stamps ``first..last`` of a batch tied to a lot at an instant; ``lot_id`` None unties."""

    first: int
    last: int
    lot_id: str | None
    at: datetime
    corrects: bool = False


@dataclass(slots=True)
class Played:
    """What a log leaves: bindings in order, and what in it cannot have happened."""

    bindings: list[Binding] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)
    _firsts: list[int] = field(default_factory=list)
    _lasts: list[int] = field(default_factory=list)

    def add(self, new: Binding) -> None:
        """The next entry of the log covers what it touches."""
        start = bisect_left(self._lasts, new.first)
        end = bisect_right(self._firsts, new.last)
        hit = self.bindings[start:end]
        self._judge(new, hit)
        after = [
            *(replace(one, last=new.first - 1) for one in hit[:1] if one.first < new.first),
            new,
            *(replace(one, first=new.last + 1) for one in hit[-1:] if one.last > new.last),
        ]
        self.bindings[start:end] = after
        self._firsts[start:end] = [one.first for one in after]
        self._lasts[start:end] = [one.last for one in after]

    def _judge(self, new: Binding, hit: list[Binding]) -> None:
        tied = sum(
            min(one.last, new.last) - max(one.first, new.first) + 1
            for one in hit
            if one.lot_id is not None
        )
        if tied != (new.last - new.first + 1 if new.corrects else 0):
            act = "corrects what was not activated" if new.corrects else "was activated before"
            self.faults.append(f"{new.first}..{new.last}, tied to {new.lot_id}, {act}")


def play(log: Iterable[Binding]) -> Played:
    """What a log, in its order, leaves of each stamp it touches."""
    played = Played()
    for one in log:
        played.add(one)
    return played


def clip(log: Iterable[Binding], first: int, last: int) -> list[Binding]:
    """The parts of bindings within ``first..last``."""
    return [
        replace(one, first=max(one.first, first), last=min(one.last, last))
        for one in log
        if one.first <= last and one.last >= first
    ]
