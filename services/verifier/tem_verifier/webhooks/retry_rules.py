"""When an attempt is made again, and when nobody waits any longer."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

FIRST_SECONDS = 5.0
LONGEST_SECONDS = 3 * 3600.0
LONGEST_ASKED_SECONDS = 3600.0  # that a receiver may ask us to wait
GIVEN_UP_AFTER = timedelta(days=3)
GONE = 410
_BUSY = (429, 503)


@dataclass(frozen=True, slots=True)
class Answer:
    """What became of an attempt. ``problem`` is None if it was delivered, ``status`` None if
    nobody answered; ``retry_after`` in seconds, if the receiver said so."""

    status: int | None = None
    problem: str | None = None
    retry_after: float | None = None
    seconds: float = 0.0

    @property
    def is_delivered(self) -> bool:
        """Whether the receiver took it."""
        return self.problem is None

    @property
    def is_gone(self) -> bool:
        """Whether the receiver wants nothing any more."""
        return self.status == GONE

    @property
    def concerns_all(self) -> bool:
        """Whether no other message would fare better: it cannot be reached, or is too busy."""
        return not self.is_delivered and (self.status is None or self.status in _BUSY)


def answered(status: int, retry_after: str | None, seconds: float) -> Answer:
    """What a status means: 2xx alone is delivered, a redirect is not followed."""
    if 200 <= status < 300:
        return Answer(status, seconds=seconds)
    problem = "gone" if status == GONE else "redirected" if 300 <= status < 400 else "refused"
    asked = (
        float(retry_after)
        if retry_after and retry_after.isascii() and retry_after.isdigit()
        else None
    )
    return Answer(status, problem, asked, seconds)


def wait_seconds(
    attempts: int, asked: float | None, uniform: Callable[[float, float], float]
) -> float:
    """How long to wait after so many attempts: anything up to a bound that doubles each time, so
    that many who failed at once do not come back at once. Never sooner than the receiver asked."""
    bound = min(LONGEST_SECONDS, FIRST_SECONDS * 2.0 ** min(attempts - 1, 20))
    return max(uniform(1.0, bound), min(asked or 0.0, LONGEST_ASKED_SECONDS))


def is_given_up(since: datetime | None, now: datetime) -> bool:
    """Whether something has failed for too long."""
    return since is not None and now - since >= GIVEN_UP_AFTER
