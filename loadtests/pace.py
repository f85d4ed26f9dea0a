"""A pace to ask at, and what became of every request."""

from dataclasses import dataclass, field
from pathlib import Path

BROKEN, GIVEN_UP, LATE = 0, 1, 2  # in place of a status: twice cut off, never sent, no answer
NEVER = 30.0  # seconds that count for a request without its answer


@dataclass(frozen=True, slots=True)
class Pace:
    """``rate`` requests a second for some seconds, over so many connections.

    ``gives_up``: a request that finds no connection free is not sent at all; else it waits.
    """

    port: int
    codes: Path
    rate: float
    seconds: float
    connections: int
    gives_up: bool = False

    def share(self, parts: int) -> "Pace":
        """What each of several generators does."""
        each = max(1, self.connections // parts)
        return Pace(self.port, self.codes, self.rate / parts, self.seconds, each, self.gives_up)


@dataclass(slots=True)
class Outcome:
    """Of every request: when it was due and when it was answered (seconds since the beginning), and
    its status. ``lags`` are how late some were sent though a connection was free; ``seen`` are some
    answers with 200 as they came, each with its code. ``began`` is that beginning by
    time.monotonic(), of the generator that began last."""

    due: list[float] = field(default_factory=list)
    done: list[float] = field(default_factory=list)
    status: list[int] = field(default_factory=list)
    lags: list[float] = field(default_factory=list)
    seen: list[tuple[str, bytes]] = field(default_factory=list)
    retried: int = 0
    began: float = 0.0

    def add(self, other: "Outcome") -> None:
        """Join another generator's."""
        self.due += other.due
        self.done += other.done
        self.status += other.status
        self.lags += other.lags
        self.seen += other.seen
        self.retried += other.retried
        self.began = max(self.began, other.began)

    def times(self, first: float = 0.0, last: float = 1e9) -> list[float]:
        """Seconds from due to answered with 200, of those due in an interval."""
        answered = zip(self.due, self.done, self.status, strict=True)
        return [
            done - due for due, done, status in answered if status == 200 and first <= due < last
        ]

    def waits(self, first: float = 0.0, last: float = 1e9) -> list[float]:
        """Seconds of every request due in an interval; what got no 200 waited for NEVER, so that
        a refusal is not taken for a quick answer."""
        asked = zip(self.due, self.done, self.status, strict=True)
        return [
            done - due if status == 200 else NEVER
            for due, done, status in asked
            if first <= due < last
        ]

    def good(self, within: float) -> int:
        """Answers with 200 in time."""
        return sum(1 for taken in self.times() if taken <= within)

    def count(self, *statuses: int) -> int:
        """How many ended so."""
        return sum(1 for status in self.status if status in statuses)

    def count_but(self, status: int) -> int:
        """How many ended otherwise."""
        return len(self.status) - self.count(status)
