"""Something done now and then by a process that runs for long, at a bounded share of its time."""

import time
from collections.abc import Callable

from sqlalchemy.exc import SQLAlchemyError

from tem.logs import log

MOST = 0.02  # of the process' time: what takes long is done less often
QUICK_SECONDS, SLOW_SECONDS = 5.0, 60.0


class Paced:
    """Does ``act`` at most once in ``seconds``, whenever :meth:`if_due` is called.

    A database that cannot be asked is waited for: what is told meanwhile stays as it was.
    """

    def __init__(self, act: Callable[[], None], seconds: float) -> None:
        self._act, self._seconds, self._next = act, seconds, 0.0

    def if_due(self) -> None:
        """Do it, if it is time."""
        began = time.monotonic()
        if began < self._next:
            return
        try:
            self._act()
        except SQLAlchemyError as error:
            log.warning("metrics_wait", error=type(error).__name__)
        took = time.monotonic() - began
        self._next = began + max(self._seconds, took / MOST)


class Told:
    """The state of a store, told now and then as numbers: ``quick`` asks for few rows by an
    index, ``slow`` passes over a whole table."""

    def __init__(self, quick: Callable[[], None], slow: Callable[[], None]) -> None:
        self._paced = (Paced(quick, QUICK_SECONDS), Paced(slow, SLOW_SECONDS))

    def if_due(self) -> None:
        """Tell what it is time for."""
        for one in self._paced:
            one.if_due()
