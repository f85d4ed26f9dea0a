"""Canaries looked up: counted in memory by whoever finds one, written behind.

A canary was signed and never printed. Whoever shows its code has got at codes that were to be on
paper alone; so each of them is an alarm, and stays on the list.
"""

import atexit
import threading
from collections import Counter
from datetime import date
from typing import Any

from sqlalchemy import Connection, Engine, func, select

from tem.clock import Clock
from tem.databases.database import writing
from tem.dates import vietnam_day
from tem_verifier.background import begin
from tem_verifier.copies.tables import canary_day_table
from tem_verifier.stamp_set import Stamp
from tem_verifier.storage import among, inserting

WRITE_SECONDS = 1.0
MOST_WAITING = 10_000  # canaries and days: there are a few in a batch
Seen = tuple[int, int, date]


class Canaries:
    """Bounded. ``seen`` never waits for anything but a short lock."""

    def __init__(self, store: Engine, clock: Clock) -> None:
        self._store, self._clock = store, clock
        self._lock = threading.Lock()
        self._waiting: Counter[Seen] = Counter()

    def seen(self, batch: int, index: int) -> None:
        """Remember that somebody showed a canary's code."""
        one = (batch, index, vietnam_day(self._clock()))
        with self._lock:
            if one in self._waiting or len(self._waiting) < MOST_WAITING:
                self._waiting[one] += 1

    def write(self) -> None:
        """Add to the database what waits; what it does not take waits on."""
        with self._lock:
            waiting, self._waiting = self._waiting, Counter()
        if not waiting:
            return
        try:
            with writing(self._store) as connection:
                add(connection, waiting)
        except BaseException:
            with self._lock:
                self._waiting += waiting
            raise

    def start(self, stopping: threading.Event) -> None:
        """Write every second until told to stop, and once more at the end."""
        begin(self.write, WRITE_SECONDS, stopping)
        atexit.register(self.write)


def add(connection: Connection, counts: Counter[Seen]) -> None:
    """Add to what is known; rows in one order, so that any number of workers may do this."""
    statement: Any = inserting(connection, canary_day_table)
    c = canary_day_table.c
    statement = statement.on_conflict_do_update(
        index_elements=[c.batch, c.index, c.day],
        set_={"count": c.count + statement.excluded["count"]},
    )
    rows = [
        {"batch": batch, "index": index, "day": day, "count": count}
        for (batch, index, day), count in sorted(counts.items())
    ]
    connection.execute(statement, rows)


def looked_up(connection: Connection, stamps: list[Stamp]) -> dict[Stamp, tuple[int, date, date]]:
    """Of those stamps that are canaries somebody showed: how often, first and last day."""
    c = canary_day_table.c
    query = (
        select(c.batch, c.index, func.sum(c.count), func.min(c.day), func.max(c.day))
        .where(among(c.batch, c.index, stamps))
        .group_by(c.batch, c.index)
    )
    rows = connection.execute(query)
    return {(batch, index): (int(count), first, last) for batch, index, count, first, last in rows}
