"""Which cores serve and which ask: nobody shares one with its generator if there are two."""

import os
import time
from dataclasses import dataclass
from pathlib import Path

BUSY = 0.15  # of all cores, used by others before we begin


@dataclass(frozen=True, slots=True)
class Cores:
    """``one`` serves alone; ``two`` for servers of two workers; the others of each ask."""

    one: frozenset[int]
    two: frozenset[int]
    beside_one: frozenset[int]
    beside_two: frozenset[int]

    def told(self) -> str:
        """In words, for the report."""
        return (
            f"one worker on core {_list(self.one)}, its generator on {_list(self.beside_one)}; "
            f"two workers on {_list(self.two)}, their generator on {_list(self.beside_two)}"
        )


def shared_out(cores: list[int]) -> Cores:
    """Two cores serve two workers only where two are left to ask. Pure."""
    ordered = sorted(cores)
    one = ordered[:1]
    two = ordered[:2] if len(ordered) >= 4 else one
    return Cores(
        frozenset(one),
        frozenset(two),
        frozenset(ordered[len(one) :] or one),
        frozenset(ordered[len(two) :] or one),
    )


def here() -> Cores:
    """Of this machine, as far as we may use it."""
    return shared_out(sorted(os.sched_getaffinity(0)))


def used_by_others(seconds: float = 1.0) -> float:
    """The share of all cores that is busy while we do nothing."""
    before = _times()
    time.sleep(seconds)
    idle, whole = (now - then for now, then in zip(_times(), before, strict=True))
    return 1 - idle / max(whole, 1)


def _times() -> tuple[int, int]:
    first = Path("/proc/stat").read_text().splitlines()[0]
    ticks = [int(word) for word in first.split()[1:9]]
    return ticks[3] + ticks[4], sum(ticks)


def _list(cores: frozenset[int]) -> str:
    return ", ".join(map(str, sorted(cores)))
