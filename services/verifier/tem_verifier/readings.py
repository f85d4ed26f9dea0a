"""When the published tables are read: several times a second, and sooner when a request asks.

One thread reads. A request never does, for a database that hangs would hang it too: it asks for
a reading that begins after it arrived, and waits a moment for that one's end.
"""

import threading
import time
from collections.abc import Callable

POLL_SECONDS = 0.1
# A request that waits for a reading goes on with what there is after this long.
WAIT_SECONDS = 0.5


class Readings:
    """Readings one after the other. ``read`` must not raise."""

    def __init__(self, read: Callable[[], None]) -> None:
        self._read = read
        self._lock = threading.Lock()
        self._wanted = threading.Event()
        self._ended = threading.Condition()
        self._begun = self._done = 0
        self._began = self._tried = -POLL_SECONDS
        self._followed = False
        self._read_from = -POLL_SECONDS  # when the last reading that has ended began

    def now(self) -> None:
        """Read, after whoever is at it."""
        with self._lock:
            self._began, self._begun = time.monotonic(), self._begun + 1
            self._read()
            self._read_from = self._began
            with self._ended:
                self._tried, self._done = time.monotonic(), self._begun
                self._ended.notify_all()

    def soon(self, not_within: float) -> None:
        """For a request: at most so often for all of them, and it never waits long."""
        if time.monotonic() - self._tried < not_within or self._hangs():
            return
        if not self._followed:
            self.now()
            return
        with self._ended:
            next_one = self._begun + 1
            self._wanted.set()
            self._ended.wait_for(lambda: self._done >= next_one, WAIT_SECONDS)

    def is_due(self, arrived: float, not_within: float) -> bool:
        """For a request that cannot wait here: whether it should ask again in a moment, because
        a reading that begins after it ``arrived`` (monotonic seconds) is under way or wanted."""
        recent = 0 <= arrived - self._tried < not_within
        if not self._followed or recent or self._read_from > arrived:
            return False
        if time.monotonic() - arrived > WAIT_SECONDS or self._hangs():
            return False
        self._wanted.set()
        return True

    def follow(self, stopping: Callable[[], bool]) -> None:
        """Keep reading until told to stop."""
        self._followed = True
        while not stopping():
            self._wanted.clear()
            self.now()
            self._wanted.wait(POLL_SECONDS)
        self._followed = False

    def _hangs(self) -> bool:
        """Whether the reading under way takes longer than anybody waits."""
        under_way = self._begun > self._done
        return under_way and time.monotonic() - self._began > WAIT_SECONDS
