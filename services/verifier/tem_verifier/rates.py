"""Rates, and the token bucket that keeps them: what it holds follows from one instant.

The bucket of a client is the instant it will be full again, if nothing more is taken: the generic
cell rate algorithm (ITU-T I.371, Annex A), which is the same rule as a bucket that is filled drop
by drop, without the dropping.
"""

import math
import re
from dataclasses import dataclass, field

_PERIODS = {"second": 1, "minute": 60, "hour": 3600}
_TEXT = re.compile(r"([1-9]\d{0,8})/(second|minute|hour)(?:;burst=([1-9]\d{0,8}))?", re.ASCII)
MOST_AT_ONCE = 1000  # what one call may cost: as many codes as a bulk call may hold
# Who comes exactly at the rate must not be refused for how instants are rounded: floats tell
# 0.1 µs apart for thirty years if they count from when a process began, and not from 1970.
_ROUNDING = 1e-6


@dataclass(frozen=True, slots=True)
class Rate:
    """``quota`` look-ups come back in ``period`` seconds; a bucket holds ``burst``, by default a
    whole quota.

    In any ``t`` seconds no more than ``burst + quota / period × t`` are granted one by one; a call
    that costs more is granted whole and owed. Who asks no faster than the rate is never refused.
    """

    quota: int
    period: int
    burst: int = 0
    each: float = field(init=False, compare=False, repr=False)  # seconds until one comes back
    refill: float = field(init=False, compare=False, repr=False)  # seconds from empty to full
    longest: float = field(init=False, compare=False, repr=False)  # furthest a bucket can be behind
    _room: float = field(init=False, compare=False, repr=False)

    def __post_init__(self) -> None:
        burst, each = self.burst or self.quota, self.period / self.quota
        object.__setattr__(self, "burst", burst)
        object.__setattr__(self, "each", each)
        object.__setattr__(self, "refill", burst * each)
        object.__setattr__(self, "longest", (burst + MOST_AT_ONCE) * each + 1)
        object.__setattr__(self, "_room", (burst - 1) * each + _ROUNDING)

    def spend(self, full_at: float, now: float, cost: int, spared: float = 0.0) -> float | None:
        """When the bucket will be full if ``cost`` is taken; None if it does not hold one look-up
        beside the share of it that is ``spared`` for others.

        A bucket further behind than any call can bring it was filled by a clock that has been
        set back since: it is taken for full.
        """
        behind = full_at - now
        if 0 < behind <= self._room * (1 - spared):
            return full_at + min(cost, MOST_AT_ONCE) * self.each
        if behind <= 0 or behind > self.longest:
            return now + min(cost, MOST_AT_ONCE) * self.each
        return None

    def owe(self, full_at: float, now: float, cost: int) -> float:
        """The same for what was granted elsewhere: taken in any case, as far as a call can go."""
        begins = full_at if now < full_at <= now + self.longest else now
        return min(begins + cost * self.each, max(begins, now + self.longest))

    def wait(self, full_at: float, now: float, spared: float = 0.0) -> int:
        """Whole seconds, 1 at least, until a look-up is there again if nothing more is taken."""
        return max(1, math.ceil(full_at - self._room * (1 - spared) - now))

    def left(self, behind: float) -> int:
        """Look-ups in a bucket that is full in ``behind`` seconds."""
        held = (self.refill - max(0.0, behind) + _ROUNDING) / self.each
        return max(0, min(self.burst, int(held)))


def parse(text: str) -> Rate | None:
    """``600/minute`` or ``600/minute;burst=100`` as a rate, ``0`` as none. Raises ValueError for
    anything else."""
    if text == "0":
        return None
    found = _TEXT.fullmatch(text)
    if found is None:
        raise ValueError(
            "write it like 600/minute, with second, minute or hour, or like "
            "600/minute;burst=100 for another burst than 600; 0 is no limit"
        )
    return Rate(int(found[1]), _PERIODS[found[2]], int(found[3] or 0))
