"""Rates, and how much of one is used: a window that slides, worked out from two that do not."""

import math
import re
from dataclasses import dataclass

_PERIODS = {"second": 1, "minute": 60, "hour": 3600}
_TEXT = re.compile(r"([1-9]\d{0,8})/(second|minute|hour)", re.ASCII)


@dataclass(frozen=True, slots=True)
class Rate:
    """``quota`` look-ups in any ``period`` seconds."""

    quota: int
    period: int

    def window(self, now: float) -> int:
        """The number of the fixed window an instant lies in (seconds since 1970)."""
        return int(now // self.period)

    def used(self, now: float, before: int, current: int) -> float:
        """How much was used in the last ``period``: of the window before, the part that is left.

        Exact if what came in the window before came evenly; never more than a quota off.
        """
        return before * (1 - now % self.period / self.period) + current

    def wait(self, now: float, before: int, current: int) -> int:
        """Whole seconds, 1 at least, until something is free again if nothing more comes."""
        left = self.period - now % self.period
        if current < self.quota:
            # before × (rest / period) + current < quota
            free_at = self.period * (self.quota - current) / max(before, 1)
            return max(1, math.floor(left - free_at) + 1)
        free_at = self.period * self.quota / current
        return max(1, math.floor(left + self.period - free_at) + 1)


def parse(text: str) -> Rate | None:
    """``600/minute`` as a rate, ``0`` as none. Raises ValueError for anything else."""
    if text == "0":
        return None
    found = _TEXT.fullmatch(text)
    if found is None:
        raise ValueError("write it like 600/minute, with second, minute or hour; 0 is no limit")
    return Rate(int(found[1]), _PERIODS[found[2]])
