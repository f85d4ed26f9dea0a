"""What a worker tells the others of one client, and what follows from what they tell.

Each tells its own total, which only grows: told again it is the same. What others granted since
they were heard last is owed here. A worker that has just met a client cannot tell from a total what
has come back since; so each also tells when, as far as it knows, the bucket will be full.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from tem_verifier.rates import Rate

_ENTRY = re.compile(r"(\d{1,15}):(\d{1,15}):(\d{1,12}\.\d{3})", re.ASCII)


@dataclass(frozen=True, slots=True)
class Entry:
    """A worker's word: of its account number ``born`` the look-ups it granted itself, and when
    the bucket will be full (seconds since 1970)."""

    born: int
    own: int
    full_at: float

    def __str__(self) -> str:
        return f"{self.born}:{self.own}:{self.full_at:.3f}"


def read(text: str) -> Entry | None:
    """An entry as we write it; anything else is none."""
    found = _ENTRY.fullmatch(text)
    return Entry(int(found[1]), int(found[2]), float(found[3])) if found else None


@dataclass(slots=True)
class Account:
    """One client's, of one worker. ``born`` tells it from an earlier one that was forgotten;
    ``heard`` is what the others have said, None before they were asked."""

    born: int
    told_at: float
    own: int = 0
    heard: Mapping[str, Entry] | None = None

    def is_old(self, now: float, lasts: float) -> bool:
        """Whether nothing was exchanged for so long that it begins anew: after an hour without
        the others, an hour's look-ups are not owed at once."""
        return not 0 <= now - self.told_at <= lasts

    def hear(self, others: Mapping[str, Entry], now: float, rate: Rate) -> int:
        """How many look-ups are owed here for what others granted. ``others``: the latest entry
        of each worker but this one."""
        if self.heard is None:
            behind = max((entry.full_at - now for entry in others.values()), default=0.0)
            owed = min(rate.burst, max(0, round(behind / rate.each)))
            self.heard = dict(others)
            return owed
        owed = sum(entry.own - self._known(worker, entry) for worker, entry in others.items())
        self.heard = {**self.heard, **others}
        return owed

    def _known(self, worker: str, entry: Entry) -> int:
        before = (self.heard or {}).get(worker)
        return min(before.own, entry.own) if before and before.born == entry.born else 0
