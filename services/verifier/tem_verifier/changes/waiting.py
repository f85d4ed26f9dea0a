"""Callers who wait for the next change: few at a time, and never for long.

Each holds a thread of the worker while it waits, and the look-ups of others need those.
"""

import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager

MOST = 8  # of a worker's 32 threads
MOST_EACH = 2  # of one address, so that nobody takes all places
MAX_SECONDS = 20
LOOK_SECONDS = 0.1
# Set when the worker ends: who waits gets an answer, and the worker waits for nobody.
ENDING = threading.Event()


class Waiting:
    """The places of one worker."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._taken: Counter[str] = Counter()

    def until(self, there: Callable[[], bool], seconds: float, client: str | None) -> bool:
        """Whether ``there`` came true within so many seconds; False at once without a place."""
        with self._place(client or "") as has_place:
            deadline = time.monotonic() + (seconds if has_place else 0.0)
            while not there():
                left = deadline - time.monotonic()
                if left <= 0 or ENDING.wait(min(left, LOOK_SECONDS)):
                    return False
            return True

    @contextmanager
    def _place(self, client: str) -> Iterator[bool]:
        with self._lock:
            free = self._taken.total() < MOST and self._taken[client] < MOST_EACH
            if free:
                self._taken[client] += 1
        try:
            yield free
        finally:
            if free:
                with self._lock:
                    self._taken[client] -= 1
                    self._taken += Counter()  # nobody is remembered who does not wait
