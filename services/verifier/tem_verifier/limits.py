"""Rate limits: counted in this worker's memory, and corrected by what others counted.

Nothing here waits. :mod:`tem_verifier.limit_sharing` exchanges the counts beside the look-ups.
Who asked is kept as a keyed hash only; the key changes every day and is written nowhere.
"""

import hashlib
import secrets
import threading
from collections.abc import Iterator
from dataclasses import dataclass

from prometheus_client import Counter

from tem.clock import Clock
from tem_verifier.rates import Rate

MOST_CLIENTS = 100_000  # a window and kind, some 30 MB
# A client is shared with other workers once it has used a share of its quota here: most never
# do, and 64 workers together cannot let through more than the quota before they know.
SHARED_FROM = 64

REFUSED = Counter("tem_verifier_limits_refused", "Requests over their rate", ["kind"])
UNTRACKED = Counter("tem_verifier_limits_untracked", "Requests not counted: too many clients")


class Seal:
    """Names clients by a keyed hash. All workers that share counts have the same key."""

    def __init__(self) -> None:
        self.key = secrets.token_hex(32)

    def name(self, client: str) -> str:
        """A name that nobody can turn into an address without the key."""
        hashed = hashlib.blake2b(client.encode(), key=bytes.fromhex(self.key), digest_size=12)
        return hashed.hexdigest()


@dataclass(slots=True)
class Tally:
    """What a client used in the present window: here (``own``) and elsewhere (``others``).

    ``sent`` is the part of ``own`` that the others know of; ``before`` the window before.
    """

    before: int
    own: int = 0
    sent: int = 0
    others: int = 0

    @property
    def total(self) -> int:
        """All of it, as far as known here."""
        return self.own + self.others


@dataclass(frozen=True, slots=True)
class Refusal:
    """Over the limit: what it is, and when to come again, in seconds."""

    rate: Rate
    retry_after: int


class Limit:
    """One rate for each client of one kind."""

    def __init__(self, kind: str, rate: Rate | None, clock: Clock, seal: Seal) -> None:
        self.kind, self.rate = kind, rate
        self._clock, self._seal = clock, seal
        self._lock = threading.Lock()
        self._window, self._key = 0, ""
        self._tallies: dict[str, Tally] = {}
        self._before: dict[str, int] = {}

    def take(self, client: str | None, cost: int = 1) -> Refusal | None:
        """Use some of a client's quota. While anything is left the whole ``cost`` is granted, and
        owed: a call may be larger than what is left, the next one waits the longer."""
        if self.rate is None or client is None:
            return None
        now = self._clock().timestamp()
        name = self._seal.name(client)
        with self._lock:
            tally = self._tally(name, now)
            if tally is None:
                UNTRACKED.inc()
                return None
            if self.rate.used(now, tally.before, tally.total) < self.rate.quota:
                tally.own += cost
                return None
            wait = self.rate.wait(now, tally.before, tally.total)
        REFUSED.labels(self.kind).inc()
        return Refusal(self.rate, wait)

    def _tally(self, name: str, now: float) -> Tally | None:
        self._turn(now)
        tally = self._tallies.get(name)
        if tally is None and len(self._tallies) < MOST_CLIENTS:
            tally = self._tallies[name] = Tally(self._before.get(name, 0))
        return tally

    def _turn(self, now: float) -> None:
        """Begin a new window if it is time, or anew if the names have changed."""
        assert self.rate is not None
        window = self.rate.window(now)
        if (window, self._seal.key) == (self._window, self._key):
            return
        follows = window == self._window + 1 and self._seal.key == self._key
        self._before = {n: t.total for n, t in self._tallies.items()} if follows else {}
        self._tallies = {}
        self._window, self._key = window, self._seal.key

    def unsent(self) -> Iterator[tuple[int, str, Tally, int]]:
        """Window, name, tally and all we counted, of clients of whom the others know less."""
        if self.rate is None:
            return
        least = max(1, self.rate.quota // SHARED_FROM)
        with self._lock:
            self._turn(self._clock().timestamp())
            found = [
                (self._window, name, tally, tally.own)
                for name, tally in self._tallies.items()
                if tally.own > tally.sent and tally.own >= least
            ]
        yield from found

    def learn(self, tally: Tally, sent: int, others: int, before: int) -> None:
        """The others know ``sent`` of ours; what they counted, and all in the window before."""
        with self._lock:
            tally.sent, tally.others = sent, others
            tally.before = max(tally.before, before)
