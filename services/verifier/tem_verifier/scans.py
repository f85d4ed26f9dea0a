"""Counting scans: from memory by Valkey, or straight, into the verifier's own database.

Two threads beside the look-ups. *Out* hands over what this worker counted, every second. *In*
counts what came by Valkey, keeps the set of stamps scanned often, and does what a day asks for.
"""

import atexit
import threading
import time
from datetime import datetime

from prometheus_client import Counter, Gauge
from sqlalchemy import Engine
from sqlalchemy.exc import DataError, IntegrityError, SQLAlchemyError, StatementError

from tem.clock import Clock
from tem.databases.database import reading, writing
from tem.logs import log
from tem_verifier import scan_counts, scan_stream, scan_upkeep, scanned_often
from tem_verifier.alarms import Trouble
from tem_verifier.background import begin
from tem_verifier.origins import DayKey
from tem_verifier.parcels import Parcel
from tem_verifier.scan_buffer import LOST, ScanBuffer
from tem_verifier.scan_stream import Consumer
from tem_verifier.scanned_often import Edition
from tem_verifier.shared_valkey import Away, Link
from tem_verifier.stamp_set import StampSet
from tem_verifier.stamps_scanned import Day, Rules

SHIP_SECONDS = 1.0
DRAIN_SECONDS = 0.5
REFRESH_SECONDS = 5.0
# Valkey away for so long: then the database takes the counts without it.
PATIENCE_SECONDS = 5.0
MOST_ROUNDS = 50

COUNTED = Counter("tem_verifier_scans_counted", "Scans counted in the database")
OFTEN = Gauge(
    "tem_verifier_stamps_scanned_often", "Stamps with MANY_SCANS", multiprocess_mode="livemax"
)


class Scans:
    """What a look-up needs of counting (``add``, ``often``) and the work done beside it."""

    def __init__(
        self,
        store: Engine,
        clock: Clock,
        rules: Rules,
        outward: Link | None = None,
        inward: Link | None = None,
        consumer: Consumer | None = None,
    ) -> None:
        self.buffer = ScanBuffer()
        self.often = StampSet()
        self._edition: Edition = ()
        self._store, self._clock, self._rules = store, clock, rules
        self._outward, self._inward = outward, inward
        self._consumer = consumer or Consumer()
        self._uncounted = Trouble("scans_not_counted")
        self._next_refresh = 0.0
        self._today = self._refreshed_on = Day.at(clock())
        self._key: DayKey | None = None

    def add(self, batch: int, index: int, origin: str | None = None) -> None:
        """Somebody looked at a stamp, from a network if it is known: remembered in memory.

        The network itself is not kept, and counts only once the key of the day is known.
        """
        now, today, key = self._clock(), self._today, self._key
        if not today.begins <= now < today.ends:
            today = self._today = Day.at(now)
        bucket = None
        if origin is not None and key is not None and key.day == today.number:
            bucket = key.bucket(origin, batch, index)
        self.buffer.add((batch, index, today.number), bucket)

    def ship(self) -> int:
        """Hand over what is in memory; how many scans somebody took."""
        return self.buffer.ship(self._clock().timestamp(), self._take)

    def _take(self, parcels: list[Parcel]) -> bool:
        if self._outward is not None:
            try:
                self._outward(lambda client: scan_stream.send(client, parcels))
                return True
            except Away:
                if self._outward.away_seconds < PATIENCE_SECONDS:
                    return False
        return self._count(parcels)

    def _count(self, parcels: list[Parcel]) -> bool:
        """Into the database; a parcel that got there by another way counts once.

        What cannot be counted for what it holds is found one by one, and dropped.
        """
        now = self._clock()
        try:
            with writing(self._store) as connection:
                counted = scan_counts.count(connection, parcels, now, self._rules)
        except Exception as error:
            if not _is_of_parcels(error):
                self._uncounted.begins(error=type(error).__name__)
                return False
            if len(parcels) != 1:
                return all(self._count([parcel]) for parcel in parcels)
            log.error("scans_dropped", scans=parcels[0].total, error=type(error).__name__)
            LOST.inc(parcels[0].total)
            return True
        COUNTED.inc(counted)
        LOST.inc(sum(parcel.total for parcel in parcels if not scan_counts.in_time(parcel, now)))
        self._uncounted.ends()
        return True

    def drain(self) -> bool:
        """Count what came by Valkey; whether there may be more at once."""
        if self._inward is None:
            return False
        try:
            delivery = self._inward(self._consumer.receive)
            if not delivery.ids or not self._count(delivery.parcels):
                return False
            self._inward(lambda client: self._consumer.confirm(client, delivery))
            LOST.inc(delivery.unreadable)
        except Away:
            return False  # what was counted and not confirmed comes again, and is known
        return True

    def refresh(self) -> None:
        """Get the key of the day and tidy, once a day; read which stamps are scanned often."""
        now = self._clock()
        self._refreshed_on = Day.at(now)
        try:
            self._begin_day(now)
            with reading(self._store) as connection:
                more = not scan_upkeep.is_tidy(connection, now, self._rules)
            while more:
                with writing(self._store) as connection:
                    more = scan_upkeep.tidy(connection, now, self._rules)
            with reading(self._store) as connection:
                edition = scanned_often.edition(connection)
                if edition != self._edition:
                    self.often = StampSet(scanned_often.often(connection))
                    self._edition = edition
        except SQLAlchemyError as error:
            self._uncounted.begins(error=type(error).__name__)
            return
        OFTEN.set(len(self.often))

    def _begin_day(self, now: datetime) -> None:
        """Forget yesterday's key, whether or not there is another one to be had."""
        if not self._rules.origins:
            return
        if self._key is not None and self._key.day == Day.at(now).number:
            return
        self._key = None
        with writing(self._store) as connection:
            self._key = scan_upkeep.begin_day(connection, now)

    def start(self, stopping: threading.Event) -> None:
        """Do all this until told to stop; a worker that ends in peace hands over what it has."""
        begin(self.ship, SHIP_SECONDS, stopping)
        begin(self._work, DRAIN_SECONDS, stopping)
        atexit.register(self.ship)

    def _work(self) -> None:
        for _ in range(MOST_ROUNDS):
            if not self.drain():
                break
        new_day = not self._refreshed_on.begins <= self._clock() < self._refreshed_on.ends
        if new_day or time.monotonic() >= self._next_refresh:
            self._next_refresh = time.monotonic() + REFRESH_SECONDS
            self.refresh()


def _is_of_parcels(error: Exception) -> bool:
    """Whether what we wrote is at fault, and not a database that is away, locked or not ours."""
    if isinstance(error, SQLAlchemyError):
        return isinstance(error, DataError | IntegrityError) or type(error) is StatementError
    return True
