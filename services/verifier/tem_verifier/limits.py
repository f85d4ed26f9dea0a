"""Rate limits: a token bucket for each client in this worker's memory; what other workers granted
is taken out of it.

Nothing here waits, and no call takes longer because there are many clients: they lie in some
hundred small tables, each swept by itself. :mod:`tem_verifier.limit_sharing` tells other workers,
beside the look-ups. An address is in memory only, for as long as its bucket is not full.
"""

import threading
from dataclasses import dataclass, field

from prometheus_client import Counter

from tem.clock import Clock
from tem_verifier.rates import Rate

MOST_CLIENTS = 100_000  # of one kind, 10 to 25 MB
TABLES = 512  # so that sweeping one is a matter of microseconds; a power of two
SWEPT_A_ROUND = 16
# Other workers are told of a client that used a share of its burst here since it was forgotten
# last: most never do, and 64 workers together cannot let through more than a burst unknown.
SHARED_FROM = 64
_CROWDED_SECONDS = 1.0  # how soon a table without room is swept again

REFUSED = Counter("tem_verifier_limits_refused", "Requests over their rate", ["kind"])
UNTRACKED = Counter("tem_verifier_limits_untracked", "Requests not counted: too many clients")


@dataclass(frozen=True, slots=True)
class Refusal:
    """Over the limit: what it is, and when to come again, in seconds; of which kind it is."""

    rate: Rate
    retry_after: int
    kind: str


@dataclass(slots=True)
class Table:
    """Some of the clients: when their buckets are full, and what they used since they came.

    Plain numbers by name: objects would be walked by the garbage collector.
    """

    full_at: dict[str, float] = field(default_factory=dict)
    used: dict[str, int] = field(default_factory=dict)
    swept_until: float = 0.0

    def sweep(self, now: float, rate: Rate, most: int) -> None:
        """Forget whose bucket is full, or was filled by a clock that has been set back since."""
        kept = now + rate.longest
        self.full_at = {c: full for c, full in self.full_at.items() if now < full <= kept}
        self.used = {c: used for c, used in self.used.items() if c in self.full_at}
        crowded = len(self.full_at) >= most
        self.swept_until = now + (min(_CROWDED_SECONDS, rate.refill) if crowded else rate.refill)


class Limit:
    """One rate for each client of one kind."""

    def __init__(self, kind: str, rate: Rate | None, clock: Clock) -> None:
        self.kind, self.rate = kind, rate
        self._clock = clock
        self._began = clock().timestamp()  # instants here count from it: finer floats
        self._lock = threading.Lock()
        self._tables = tuple(Table() for _ in range(TABLES if rate else 0))
        self._last, self._next = TABLES - 1, 0
        self._most = -(-MOST_CLIENTS // TABLES)
        self._told_from = max(1, rate.burst // SHARED_FROM) if rate else 0
        self._granted: dict[str, int] | None = None
        self._refused = REFUSED.labels(kind)

    def take(self, client: str | None, cost: int = 1, spared: float = 0.0) -> Refusal | None:
        """Take ``cost`` look-ups out of a client's bucket. While it holds one, beside the share
        that is ``spared``, the whole cost is granted, and owed: the next call waits the longer. A
        refusal costs nothing. None, with the bucket as it was, for a client that is not limited or
        beyond MOST_CLIENTS."""
        rate = self.rate
        if rate is None or client is None:
            return None
        now = self._clock().timestamp() - self._began
        with self._lock:
            table = self._tables[hash(client) & self._last]
            full_at = table.full_at.get(client)
            if full_at is None:
                if not self._has_room(table, now, rate):
                    UNTRACKED.inc()
                    return None
                full_at = now
            after = rate.spend(full_at, now, cost, spared)
            if after is not None:
                if cost:
                    table.full_at[client] = after
                    if self._granted is not None:
                        self._note(table, client, cost, self._granted)
                return None
        if not spared:  # who spares others is slowed down, and was not too fast
            self._refused.inc()
        return Refusal(rate, rate.wait(full_at, now, spared), self.kind)

    def take_more(self, client: str | None, cost: int) -> None:
        """The rest of a call that :meth:`take` has granted one look-up: never refused, and owed."""
        if self.rate is None or client is None or cost <= 0:
            return
        now = self._clock().timestamp() - self._began
        with self._lock:
            table = self._tables[hash(client) & self._last]
            if client in table.full_at:
                table.full_at[client] = self.rate.owe(table.full_at[client], now, cost)
                if self._granted is not None:
                    self._note(table, client, cost, self._granted)

    def _has_room(self, table: Table, now: float, rate: Rate) -> bool:
        self._tidy(table, now, rate)
        return len(table.full_at) < self._most

    def _tidy(self, table: Table, now: float, rate: Rate) -> None:
        if not now < table.swept_until <= now + rate.refill:
            table.sweep(now, rate, self._most)

    def _note(self, table: Table, client: str, cost: int, granted: dict[str, int]) -> None:
        """Keep for the others what was granted: from the first of it on, once it is enough."""
        if client in granted:
            granted[client] += cost
            return
        used = table.used[client] = table.used.get(client, 0) + cost
        if used >= self._told_from:
            granted[client] = cost if used - cost >= self._told_from else used

    def granted(self) -> dict[str, int]:
        """Look-ups granted since this was asked last, by client; those of whom the others need
        not know left out. The first call begins the account."""
        with self._lock:
            found, self._granted = self._granted, {}
        return found or {}

    def behind(self, client: str) -> float:
        """Seconds until a client's bucket is full; 0 for one that is not known here."""
        now = self._clock().timestamp() - self._began
        with self._lock:
            table = self._tables[hash(client) & self._last]
            return max(0.0, table.full_at.get(client, now) - now)

    def owe(self, client: str, look_ups: int) -> None:
        """Take out of a client's bucket what it was granted elsewhere."""
        rate, now = self.rate, self._clock().timestamp() - self._began
        if rate is None:
            return
        with self._lock:
            table = self._tables[hash(client) & self._last]
            full_at = table.full_at.get(client)
            if full_at is not None or self._has_room(table, now, rate):
                begins = now if full_at is None else full_at
                table.full_at[client] = rate.owe(begins, now, look_ups)

    def forget(self) -> None:
        """Sweep the tables that come next: after some seconds of rounds no address is left here
        without need, though nobody asks."""
        if self.rate is None:
            return
        now = self._clock().timestamp() - self._began
        for _ in range(SWEPT_A_ROUND):
            table = self._tables[self._next]
            self._next = (self._next + 1) & self._last
            with self._lock:
                self._tidy(table, now, self.rate)
