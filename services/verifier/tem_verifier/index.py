"""The index in memory: what the published tables say, laid out to be asked.

A follower asks for the change number several times a second and reads only rows written since.
What a request sees is replaced, never altered, so no look-up waits for a lock.
"""

import json
import threading
import time
from array import array
from bisect import bisect_left
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Engine, Row, select
from sqlalchemy.exc import SQLAlchemyError

from tem import published
from tem.answer import Card
from tem.clock import Clock
from tem.database import reading
from tem.logs import log
from tem.vocabulary import StampState
from tem_verifier.alarms import raise_alarm
from tem_verifier.manifests import Acceptance, Accepted

POLL_SECONDS = 0.1
_STATES = list(StampState)


@dataclass(frozen=True, slots=True)
class Ranges:
    """A batch's intervals by their last stamp, with a small code for each one's state."""

    lasts: "array[int]"
    firsts: "array[int]"
    states: bytes
    lots: tuple[str | None, ...]
    revoked_on: tuple[str | None, ...]

    def at(self, index: int) -> tuple[StampState, str | None, str | None] | None:
        """State, lot and date of withdrawal of a stamp; None in a gap."""
        place = bisect_left(self.lasts, index)
        if place == len(self.lasts) or self.firsts[place] > index:
            return None
        return _STATES[self.states[place]], self.lots[place], self.revoked_on[place]

    @classmethod
    def of(cls, rows: Iterable[tuple[Any, ...]]) -> "Ranges":
        """From (first, last, state, lot, revoked_on), in order."""
        ordered = sorted(rows)
        return cls(
            array("I", (row[1] for row in ordered)),
            array("I", (row[0] for row in ordered)),
            bytes(_STATES.index(StampState(row[2])) for row in ordered),
            tuple(row[3] for row in ordered),
            tuple(row[4] for row in ordered),
        )

    def rows(self) -> list[tuple[Any, ...]]:
        """What :meth:`of` takes."""
        states = (str(_STATES[code]) for code in self.states)
        return list(zip(self.firsts, self.lasts, states, self.lots, self.revoked_on, strict=True))

    def with_changes(self, changed: list[tuple[Any, ...]]) -> "Ranges":
        """After an act: its rows take the place of every row they overlap."""
        kept = [
            row
            for row in self.rows()
            if not any(row[0] <= new[1] and row[1] >= new[0] for new in changed)
        ]
        return Ranges.of([*kept, *changed])


EMPTY = Ranges.of(())


@dataclass(frozen=True, slots=True)
class Batch:
    """A published batch. ``accepted`` is None while its manifest is refused."""

    number: int
    product_id: str
    producer_id: str
    accepted: Accepted | None
    ranges: Ranges = EMPTY


@dataclass(slots=True)
class Position:
    """How far we have read, and when we last knew that nothing newer was there."""

    epoch: str
    change: int
    as_of: datetime


@dataclass(slots=True)
class Index:
    """Everything a look-up needs. ``position`` is None until the first reading succeeded."""

    engine: Engine
    acceptance: Acceptance
    clock: Clock
    batches: dict[int, Batch] = field(default_factory=dict)
    cards: dict[tuple[str, str], Card] = field(default_factory=dict)
    position: Position | None = None
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _checked: float = 0.0

    def catch_up(self, not_within: float = 0.0) -> None:
        """Read what is new; does nothing if that was done in the last ``not_within`` seconds.

        Whatever goes wrong leaves the index as it was: answers then carry an older ``as_of``.
        """
        if not_within and time.monotonic() - self._checked < not_within:
            return
        with self._lock:
            if not_within and time.monotonic() - self._checked < not_within:
                return
            try:
                self._read()
            except SQLAlchemyError as error:
                log.warning("published_unreadable", error=type(error).__name__)
            self._checked = time.monotonic()

    def _read(self) -> None:
        if self.acceptance.trust_changed():
            self.position = None  # judge every manifest anew
        now = self.clock()
        with reading(self.engine) as connection:
            found = published.position(connection)
            if found is None:
                return
            epoch, change, _ = found
            if not self._may_read(epoch, change):
                return
            since = self.position.change if self.position else -1
            if change > since:
                self._load(connection, since)
        self.acceptance.remember_position(epoch, change)
        self.position = Position(epoch, change, now)

    def _may_read(self, epoch: str, change: int) -> bool:
        """Never back: a restored backup would un-recall lots and revive voided stamps."""
        known = self.acceptance.position()
        if known is None or (epoch == known[0] and change >= known[1]):
            return True
        raise_alarm("went_back", epoch=epoch, change=change, known=list(known))
        return False

    def _load(self, connection: Connection, since: int) -> None:
        """Take in all rows written after a change number, cards and batches before ranges."""
        c = published.card.c
        cards = dict(self.cards) if since >= 0 else {}
        for row in connection.execute(select(c.kind, c.id, c.body).where(c.change > since)):
            cards[row.kind, row.id] = json.loads(row.body)
        batches = dict(self.batches) if since >= 0 else {}
        b = published.batch.c
        columns = (b.number, b.manifest, b.signature, b.product_id, b.producer_id)
        for new in connection.execute(select(*columns).where(b.change > since)).all():
            accepted = self.acceptance.accept(connection, new)
            batches[new.number] = Batch(new.number, new.product_id, new.producer_id, accepted)
        for number, changed in _changed_ranges(connection, since).items():
            batch = batches[number]
            ranges = (
                batch.ranges.with_changes(changed) if batch.ranges.lasts else Ranges.of(changed)
            )
            batches[number] = Batch(
                number, batch.product_id, batch.producer_id, batch.accepted, ranges
            )
        self.cards, self.batches = cards, batches

    def follow(self, stopping: Callable[[], bool]) -> None:
        """Keep up until told to stop."""
        while not stopping():
            self.catch_up()
            time.sleep(POLL_SECONDS)


def _changed_ranges(connection: Connection, since: int) -> dict[int, list[tuple[Any, ...]]]:
    i = published.interval.c
    columns = (i.batch, i.first, i.last, i.state, i.lot_id, i.revoked_on)
    rows: Iterable[Row[Any]] = connection.execute(select(*columns).where(i.change > since))
    found: dict[int, list[tuple[Any, ...]]] = {}
    for row in rows:
        found.setdefault(row.batch, []).append(tuple(row)[1:])
    return found
