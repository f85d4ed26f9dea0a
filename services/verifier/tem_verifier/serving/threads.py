"""Threads that run the app, and how many requests may wait for one."""

import contextlib
import threading
from collections.abc import Callable
from queue import SimpleQueue

WAITING_EACH = 8  # requests for each thread; more would be answered later than anybody waits


class Threads:
    """A pool of its own: the standard one waits for its threads when the process ends.

    :meth:`begin` and :meth:`ended` are called by one thread, the event loop's.
    """

    def __init__(self, size: int, name: str) -> None:
        self._size, self._under_way = size, 0
        self._work: SimpleQueue[Callable[[], None]] = SimpleQueue()
        for number in range(size):
            threading.Thread(target=self._run, daemon=True, name=f"{name}-{number}").start()

    def begin(self, work: Callable[[], None]) -> bool:
        """Have it done; False if too many wait already. It must raise nothing."""
        if self._under_way >= self._size * (1 + WAITING_EACH):
            return False
        self._under_way += 1
        self._work.put(work)
        return True

    def ended(self) -> None:
        """To be told once for each piece of work that began."""
        self._under_way -= 1

    def _run(self) -> None:
        while True:
            work = self._work.get()
            with contextlib.suppress(SystemExit):  # an app's: it ends a request, never a thread
                work()
            del work
