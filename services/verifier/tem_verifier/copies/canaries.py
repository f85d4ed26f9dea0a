"""Canaries looked up: counted in memory by whoever finds one, written behind.

A canary was signed and never printed. Whoever shows its code has got at codes that were to be on
paper alone; so each of them is an alarm, and stays on the list.
"""

import atexit
import threading
from collections import Counter
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import Connection, Engine, func, select

from tem.clock import Clock
from tem.databases.database import writing
from tem.dates import start_of_day, vietnam_day
from tem_verifier.background import begin
from tem_verifier.copies.tables import canary_day_table
from tem_verifier.stamp_set import Stamp
from tem_verifier.storage import among, inserting

WRITE_SECONDS = 1.0
MOST_WAITING = 10_000  # canaries and days: there are a few in a batch
Seen = tuple[int, int, date]


@dataclass(frozen=True, slots=True)
class Shown:
    """How often a canary was shown, since the beginning of which day, and when that was recorded
    last."""

    times: int
    since: datetime
    last_at: datetime


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
                add(connection, self._clock(), waiting)
        except BaseException:
            with self._lock:
                self._waiting += waiting
            raise

    def start(self, stopping: threading.Event) -> None:
        """Write every second until told to stop, and once more at the end."""
        begin(self.write, WRITE_SECONDS, stopping)
        atexit.register(self.write)


def add(connection: Connection, now: datetime, counts: Counter[Seen]) -> None:
    """Add to what is known; rows in one order, so that any number of workers may do this."""
    statement: Any = inserting(connection, canary_day_table)
    c = canary_day_table.c
    statement = statement.on_conflict_do_update(
        index_elements=[c.batch, c.index, c.day],
        set_={
            "count": c.count + statement.excluded["count"],
            "recorded_at": statement.excluded.recorded_at,
        },
    )
    rows = [
        {"batch": batch, "index": index, "day": day, "count": count, "recorded_at": now}
        for (batch, index, day), count in sorted(counts.items())
    ]
    connection.execute(statement, rows)


def looked_up(connection: Connection, stamps: list[Stamp]) -> dict[Stamp, Shown]:
    """Those stamps that are canaries somebody showed."""
    c = canary_day_table.c
    last = func.max(c.recorded_at)
    query = (
        select(c.batch, c.index, func.sum(c.count), func.min(c.day), func.max(c.day), last)
        .where(among(c.batch, c.index, stamps))
        .group_by(c.batch, c.index)
    )
    found: dict[Stamp, Shown] = {}
    for batch, index, count, *days, recorded_at in connection.execute(query):
        began, latest = (start_of_day(day) for day in days)
        found[batch, index] = Shown(int(count), began, max(latest, recorded_at or latest))
    return found
