"""The algebra of ranges: a batch's stamps as intervals that never overlap and cover it whole."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date
from itertools import pairwise

from tem.vocabulary import StampState


@dataclass(frozen=True, slots=True)
class Interval:
    """Stamps ``first..last`` of a batch that are alike. ``lot_id`` stays after a void."""

    first: int
    last: int
    state: StampState
    lot_id: str | None = None
    reason: str | None = None
    revoked_on: date | None = None

    @property
    def stamps(self) -> int:
        """How many there are."""
        return self.last - self.first + 1

    def continued_by(self, other: "Interval") -> bool:
        """Whether the next interval differs in its place only."""
        joined = replace(self, first=other.first, last=other.last)
        return self.last + 1 == other.first and joined == other


def clip(intervals: Iterable[Interval], first: int, last: int) -> list[Interval]:
    """The parts of intervals that lie within ``first..last``."""
    return [
        replace(one, first=max(one.first, first), last=min(one.last, last))
        for one in intervals
        if one.first <= last and one.last >= first
    ]


def change(
    intervals: Sequence[Interval], first: int, last: int, act: Callable[[Interval], Interval]
) -> list[Interval]:
    """The intervals after ``act`` on the parts within ``first..last``, neighbours joined.

    The result covers exactly what ``intervals`` covered.
    """
    start, end = intervals[0].first, intervals[-1].last
    after = [
        *clip(intervals, start, first - 1),
        *(act(part) for part in clip(intervals, first, last)),
        *clip(intervals, last + 1, end),
    ]
    return joined(after)


def joined(intervals: Iterable[Interval]) -> list[Interval]:
    """Neighbours that are alike become one."""
    out: list[Interval] = []
    for one in intervals:
        if out and out[-1].continued_by(one):
            out[-1] = replace(out[-1], last=one.last)
        else:
            out.append(one)
    return out


def cover_faults(intervals: Sequence[Interval], quantity: int) -> list[str]:
    """What is wrong with a batch's intervals, in words; they must cover ``1..quantity``."""
    if not intervals or intervals[0].first != 1 or intervals[-1].last != quantity:
        return [f"they do not reach from 1 to {quantity}"]
    found = [f"{i.first}..{i.last} is empty" for i in intervals if i.first > i.last]
    for left, right in pairwise(intervals):
        if right.first != left.last + 1:
            found.append(f"between {left.last} and {right.first} there is a gap or an overlap")
    return found
