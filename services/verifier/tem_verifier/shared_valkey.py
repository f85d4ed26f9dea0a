"""Valkey, which verifiers share: links that never wait long, and give up for a while.

No request ever waits for it: the threads that use a link work beside the look-ups.
"""

import random
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeVar

from prometheus_client import Gauge

from tem_verifier.alarms import Trouble

if TYPE_CHECKING:
    from valkey import Valkey

CONNECT_SECONDS = 0.25
ANSWER_SECONDS = 0.5
# After a failure a link is left alone, longer each time.
FIRST_PAUSE, LONGEST_PAUSE = 0.25, 2.0

UP = Gauge("tem_verifier_valkey_up", "1 while Valkey answers", multiprocess_mode="livemin")
Result = TypeVar("Result")


class Away(Exception):
    """Valkey does not answer, or did not a moment ago."""


@dataclass(slots=True)
class Presence:
    """Whether all links of this process work: one alarm for all of them."""

    _down: set[str] = field(default_factory=set)
    _trouble: Trouble = field(default_factory=lambda: Trouble("valkey_away"))
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def tell(self, link: str, *, up: bool) -> None:
        """What a link has found."""
        with self._lock:
            (self._down.discard if up else self._down.add)(link)
            UP.set(not self._down)
            if self._down:
                self._trouble.begins()
            else:
                self._trouble.ends()


class Link:
    """One thread's way to Valkey, with a circuit breaker."""

    def __init__(self, name: str, url: str, password: str | None, presence: Presence) -> None:
        # Ten megabytes that a worker without Valkey does without.
        from valkey import Valkey
        from valkey.backoff import NoBackoff
        from valkey.exceptions import ValkeyError
        from valkey.retry import Retry

        self._name, self._presence, self._faults = name, presence, (ValkeyError, OSError)
        self._client = Valkey.from_url(
            url,
            password=password,
            socket_connect_timeout=CONNECT_SECONDS,
            socket_timeout=ANSWER_SECONDS,
            retry=Retry(NoBackoff(), 0),
            decode_responses=True,
            encoding_errors="replace",
            client_name=f"tem-verifier-{name}",
        )
        self._pause = FIRST_PAUSE
        self._closed_until = 0.0
        self._away_since: float | None = None

    def __call__(self, ask: Callable[["Valkey"], Result]) -> Result:
        """What Valkey answers. Raises Away at once while it is left alone, or within a second;
        what was asked may have been done all the same."""
        now = time.monotonic()
        if now < self._closed_until:
            raise Away(self._name)
        try:
            result = ask(self._client)
        except self._faults as error:
            self._fails(now)
            raise Away(type(error).__name__) from error
        self._pause, self._away_since, self._closed_until = FIRST_PAUSE, None, 0.0
        self._presence.tell(self._name, up=True)
        return result

    def _fails(self, now: float) -> None:
        self._client.connection_pool.disconnect()  # half an answer may be left in a connection
        self._away_since = now if self._away_since is None else self._away_since
        self._closed_until = time.monotonic() + self._pause * random.uniform(0.75, 1.25)  # noqa: S311
        self._pause = min(self._pause * 2, LONGEST_PAUSE)
        self._presence.tell(self._name, up=False)

    @property
    def away_seconds(self) -> float:
        """For how long it has not answered; 0 while it does."""
        return 0.0 if self._away_since is None else time.monotonic() - self._away_since

    def close(self) -> None:
        """Give the connection back."""
        self._client.close()
