"""The index in memory: what the published tables say, laid out to be asked.

A follower asks for the change number several times a second and reads only rows written since.
What a request sees is replaced, never altered, so no look-up waits for a lock.
"""

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Engine, Row, select

from tem.answer import Card
from tem.clock import Clock
from tem.databases import published, replica
from tem.databases.database import reading
from tem.databases.replica import Known
from tem.errors import Unavailable
from tem_verifier.alarms import Trouble, raise_alarm
from tem_verifier.manifests import Acceptance, Accepted
from tem_verifier.ranges import EMPTY, Ranges
from tem_verifier.readings import Readings
from tem_verifier.storage import ReadPosition

AT_ONCE = 1000  # batches whose manifests become final in one transaction


@dataclass(frozen=True, slots=True)
class Batch:
    """A published batch. ``accepted`` is None while its manifest is refused."""

    number: int
    product_id: str
    producer_id: str
    manifest: str
    signature: bytes
    accepted: Accepted | None
    ranges: Ranges = EMPTY


@dataclass(frozen=True, slots=True)
class Position:
    """How far we have read, and when we last knew that nothing newer was there."""

    epoch: str
    change: int
    restores: int
    as_of: datetime


@dataclass(frozen=True, slots=True)
class View:
    """All that a request sees. ``position`` is None until the first reading succeeded."""

    batches: Mapping[int, Batch] = field(default_factory=dict)
    cards: Mapping[tuple[str, str], Card] = field(default_factory=dict)
    position: Position | None = None


class Index:
    """Keeps the newest :class:`View` of the published tables."""

    def __init__(self, engine: Engine, acceptance: Acceptance, clock: Clock) -> None:
        self.acceptance = acceptance
        self.view = View()
        self._engine, self._clock = engine, clock
        self._readings = Readings(self._try_to_read)
        self._anew = False  # every manifest has to be judged again, so everything is read again
        self._unreadable = Trouble("published_unreadable")
        self._went_back, self._behind = Trouble("went_back"), Trouble("replica_behind")
        self.told: Callable[[View], None] = lambda view: None  # who is told of each reading

    @property
    def source(self) -> Engine:
        """Where it reads. Pictures, which it does not hold, are read there when asked for."""
        return self._engine

    def catch_up(self) -> None:
        """Read what is new. Whatever goes wrong leaves the view as it was, its ``as_of`` too."""
        self._readings.now()

    def catch_up_soon(self, not_within: float) -> None:
        """The same for a request: at most so often for all of them, and it never waits long."""
        self._readings.soon(not_within)

    def follow(self, stopping: Callable[[], bool]) -> None:
        """Keep up until told to stop."""
        self._readings.follow(stopping)

    def _try_to_read(self) -> None:
        try:
            self._read()
        except Exception as error:  # the follower must outlive everything it may find there
            why = type(error).__name__
            self._unreadable.begins(error=why, detail=str(error).partition("\n")[0][:200])
        else:
            self._unreadable.ends()
        self.told(self.view)

    def _read(self) -> None:
        if self.acceptance.trust_changed():
            self._judge_again()
        # First how far any worker has read, then the tables: they stand there or further on.
        known = self.acceptance.position()
        now = self._clock()
        with reading(self._engine) as connection:
            found = published.position(connection)
            if found is None:
                raise Unavailable("nothing_published", "The published tables have no position.")
            epoch, change, _ = found
            complete = replica.known(connection, now)
            if not self._may_read(known, epoch, change, complete):
                return
            since = self._since(known, epoch)
            view = self._load(connection, since) if change > since else self.view
        self.acceptance.remember_position(known, epoch, change, complete.until)
        position = Position(epoch, change, known.restores, complete.until)
        self.view = replace(view, position=position)
        self._anew = False

    def _may_read(self, known: ReadPosition, epoch: str, change: int, found: Known) -> bool:
        """Never back: a restored backup would un-recall lots and revive voided stamps.

        Once it has gone back only an operator's decision helps: when its numbers have caught
        up they no longer show that they count other changes. A replica that does not say to be
        complete beyond what was read elsewhere is only behind: it is waited for.
        """
        back = known.epoch is not None and (epoch != known.epoch or change < known.change)
        behind = back and not known.went_back and _is_behind(known, found)
        self._behind.lasts(behind)
        if behind:
            return False
        self._went_back.lasts(back or known.went_back, epoch=known.epoch, change=known.change)
        if back:
            self.acceptance.note_went_back(known)
        return not (back or known.went_back)

    def _since(self, known: ReadPosition, epoch: str) -> int:
        """The change number after which rows are new to us; -1 if all are."""
        mine = self.view.position
        same = mine is not None and (mine.epoch, mine.restores) == (epoch, known.restores)
        return mine.change if mine is not None and same and not self._anew else -1

    def _judge_again(self) -> None:
        """Whom we believe has changed: what we no longer believe goes at once, even while the
        registry is away; what we believe from now on comes with the next reading."""
        batches = {
            batch.number: batch
            if self.acceptance.believes(batch.manifest, batch.signature)
            else replace(batch, accepted=None)
            for batch in self.view.batches.values()
        }
        self.view = replace(self.view, batches=batches)
        self._anew = True

    def _load(self, connection: Connection, since: int) -> View:
        """The view after all rows written since a change number."""
        c = published.card.c
        cards = dict(self.view.cards) if since >= 0 else {}
        for row in connection.execute(select(c.kind, c.id, c.body).where(c.change > since)):
            cards[row.kind, row.id] = json.loads(row.body)
        batches = dict(self.view.batches) if since >= 0 else {}
        b = published.batch.c
        columns = (b.number, b.product_id, b.producer_id, b.manifest, b.signature)
        since_then = select(*columns).where(b.change > since).order_by(b.number)
        for page in connection.execute(since_then).partitions(AT_ONCE):
            accepted = self.acceptance.accept(connection, page)
            for new in page:
                before = batches.get(new.number)
                batches[new.number] = Batch(
                    new.number,
                    new.product_id,
                    new.producer_id,
                    new.manifest,
                    new.signature,
                    accepted[new.number],
                    before.ranges if before else EMPTY,
                )
        for number, changed in _changed_ranges(connection, since).items():
            if number not in batches:
                raise_alarm("publication_incomplete", batch=number)
                continue
            ranges = batches[number].ranges.with_changes(changed)
            batches[number] = replace(batches[number], ranges=ranges)
        return View(batches, cards)


def _is_behind(known: ReadPosition, found: Known) -> bool:
    """Whether a copy may lack what was read because it has not arrived yet."""
    return not found.is_record and known.as_of is not None and found.until <= known.as_of


def _changed_ranges(connection: Connection, since: int) -> dict[int, list[tuple[Any, ...]]]:
    i = published.interval.c
    columns = (i.batch, i.first, i.last, i.state, i.lot_id, i.revoked_on)
    rows: Iterable[Row[Any]] = connection.execute(select(*columns).where(i.change > since))
    found: dict[int, list[tuple[Any, ...]]] = {}
    for row in rows:
        found.setdefault(row.batch, []).append(tuple(row)[1:])
    return found
