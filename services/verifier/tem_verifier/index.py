"""The index: what the published tables say, laid out to be asked, and kept up to date.

A follower asks for the change number several times a second and reads only rows written since.
What a request sees (:mod:`tem_verifier.view`) is replaced, never altered, so no look-up waits for
a lock. Of a large registry most is in a snapshot that all workers share; each holds in memory what
was written since.
"""

import json
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

from sqlalchemy import Connection, Engine, Row, func, select

from tem.clock import Clock
from tem.databases import published, replica
from tem.databases.database import reading
from tem.databases.replica import Known
from tem.errors import Unavailable
from tem.logs import log
from tem_verifier.alarms import Trouble, raise_alarm
from tem_verifier.manifests import Acceptance
from tem_verifier.ranges import EMPTY
from tem_verifier.readings import Readings
from tem_verifier.snapshot.snapshot import Snapshot
from tem_verifier.snapshot.snapshots import Snapshots
from tem_verifier.storage import ReadPosition
from tem_verifier.view import Batch, Position, View

AT_ONCE = 500  # batches judged in one transaction
# More rows than these are not held in every worker's memory: a snapshot is made first.
MOST_ROWS = 20_000
# What is forgotten by the record must not stay in an old snapshot for long.
MOST_AGE = timedelta(days=1)
# So many subjects rendered anew in every worker cost more than another snapshot.
MOST_STALE, LACKING_AGE = 2_000, timedelta(minutes=10)


_b = published.batch.c
_PUBLISHED = select(_b.number, _b.product_id, _b.producer_id, _b.manifest, _b.signature).order_by(
    _b.number
)


class Making(Exception):
    """There is too much to read: a snapshot has to be made first."""


class Index:
    """Keeps the newest :class:`View` of the published tables."""

    def __init__(
        self,
        engine: Engine,
        acceptance: Acceptance,
        clock: Clock,
        snapshots: Snapshots | None = None,
        most_rows: int = MOST_ROWS,
    ) -> None:
        """Without ``snapshots`` everything is held in memory."""
        self.acceptance = acceptance
        self.view = View()
        self._engine, self._clock = engine, clock
        self._snapshots, self._most_rows = snapshots, most_rows
        self._rows = 0  # read since the base was made
        self.readings = Readings(self._try_to_read)
        self._anew = False  # whom we believe has changed: what was refused has to be judged again
        self._lacking = False  # whether many answers are asked for that the base does not hold
        self.is_making = False  # whether a snapshot has to be made before anything can be read
        self._unreadable = Trouble("published_unreadable")
        self._went_back, self._behind = Trouble("went_back"), Trouble("replica_behind")
        self.told: Callable[[View], None] = lambda view: None  # who is told of each reading

    @property
    def source(self) -> Engine:
        """Where it reads. Pictures, which it does not hold, are read there when asked for."""
        return self._engine

    def catch_up(self) -> None:
        """Read what is new. Whatever goes wrong leaves the view as it was, its ``as_of`` too."""
        self.readings.now()

    def catch_up_soon(self, not_within: float) -> None:
        """The same for a request: at most so often for all of them, and it never waits long."""
        self.readings.soon(not_within)

    def follow(self, stopping: Callable[[], bool]) -> None:
        """Keep up until told to stop."""
        self.readings.follow(stopping)

    def lacks(self) -> None:
        """Many answers are asked for that the snapshot in use does not hold."""
        self._lacking = True

    def _try_to_read(self) -> None:
        try:
            self._read()
        except Making:
            if not self.is_making:
                log.info("snapshot_awaited")
            self.is_making = True
        except Exception as error:  # the follower must outlive everything it may find there
            why = type(error).__name__
            self._unreadable.begins(error=why, detail=str(error).partition("\n")[0][:200])
        else:
            self.is_making = False
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
            view = self._up_to(connection, known, epoch, change)
        self.acceptance.remember_position(known, epoch, change, complete.until)
        position = Position(epoch, change, known.restores, complete.until)
        self.view = replace(view, position=position)
        self._anew = False
        self._renew_if_due()

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

    def _up_to(self, connection: Connection, known: ReadPosition, epoch: str, change: int) -> View:
        """The view at a change number. Raises Making if it would hold too much in memory."""
        base = self._base(epoch, known.restores, change)
        mine = self.view.position
        same = mine is not None and (mine.epoch, mine.restores) == (epoch, known.restores)
        if mine is not None and same and not self._anew and base is self.view.base:
            new = change > mine.change
            return self._load(connection, self.view, mine.change) if new else self.view
        since = base.change if base else -1
        # Upon an old snapshot more is held than none is, so that nobody has to wait for the new.
        most = self._most_rows * (5 if base else 1)
        if self._snapshots is not None and _rows_since(connection, since) > most:
            self._snapshots.make()
            raise Making
        self._rows = 0
        return self._load(connection, *self._upon(base, since))

    def _base(self, epoch: str, restores: int, change: int) -> Snapshot | None:
        """The newest snapshot, if it is one of this life of the registry."""
        newest = self._snapshots.newest() if self._snapshots else None
        for one in (newest, self.view.base):  # ours goes on where the file is gone
            if one is not None and (one.epoch, one.restores) == (epoch, restores):
                return one if one.change <= change else None
        return None

    def _upon(self, base: Snapshot | None, since: int) -> tuple[View, int, Collection[int]]:
        """A view of the base alone, and its batches that have to be judged again."""
        if base is None:
            return View(), since, ()
        lost, never = base.doubtful(self.acceptance.trust)
        self._tell_lost(lost)
        return View(base, refused=lost), since, never

    def _renew_if_due(self) -> None:
        """Have another snapshot made when much was read since, when it lacks many an answer, or
        when anything at all was read long ago."""
        base = self.view.base
        if self._snapshots is None:
            return
        many = self._rows > self._most_rows // 2
        if base is not None:
            age = self._clock().timestamp() - base.made_at
            lacks = self._lacking or len(self.view.stale) > MOST_STALE
            many |= lacks and age > LACKING_AGE.total_seconds()
            many |= bool(self._rows) and age > MOST_AGE.total_seconds()
            many |= not self._snapshots.is_wanted(base)
        if many:
            self._lacking = False
            self._snapshots.make()

    def _tell_lost(self, lost: frozenset[int]) -> None:
        """One alarm for all batches of a snapshot that are believed no longer."""
        if lost - self.view.refused:
            why = "its office key is trusted no longer, or no longer for it"
            raise_alarm("manifest_refused", batch=min(lost), batches=len(lost), why=why)

    def _judge_again(self) -> None:
        """Whom we believe has changed: what we no longer believe goes at once, even while the
        registry is away; what we believe from now on comes with the next reading."""
        base = self.view.base
        batches = {
            batch.number: batch
            if self.acceptance.believes(batch.manifest, batch.signature)
            else replace(batch, accepted=None)
            for batch in self.view.batches.values()
        }
        lost = base.doubtful(self.acceptance.trust)[0] if base else frozenset()
        self._tell_lost(lost)
        self.view = replace(self.view, batches=batches, refused=lost)
        self._anew = True

    def _load(
        self, connection: Connection, view: View, since: int, again: Collection[int] = ()
    ) -> View:
        """A view after all rows written since a change number; ``again`` are batches to judge
        although they were not written since."""
        c = published.card.c
        cards, stale = dict(view.cards), set(view.stale)
        for row in connection.execute(select(c.kind, c.id, c.body).where(c.change > since)):
            cards[row.kind, row.id] = json.loads(row.body)
            stale.update(view.base.users_of(row.kind, row.id) if view.base else ())
            self._rows += 1
        batches = dict(view.batches)
        for page in _batches(connection, since, again):
            accepted = self.acceptance.accept(connection, page)
            for new in page:
                before = batches.get(new.number) or view.batch(new.number)
                batches[new.number] = Batch(
                    new.number,
                    new.product_id,
                    new.producer_id,
                    new.manifest,
                    new.signature,
                    accepted[new.number],
                    before.ranges if before else EMPTY,
                )
                self._rows += 1
        changed = _changed_ranges(connection, since)
        batches = _to_change(connection, view, changed.keys() - batches.keys()) | batches
        for number, rows in changed.items():
            self._rows += len(rows)
            if number not in batches:
                raise_alarm("publication_incomplete", batch=number)
                continue
            ranges = batches[number].ranges.with_changes(rows)
            batches[number] = replace(batches[number], ranges=ranges)
        return replace(view, batches=batches, cards=cards, stale=frozenset(stale))


def _is_behind(known: ReadPosition, found: Known) -> bool:
    """Whether a copy may lack what was read because it has not arrived yet."""
    return not found.is_record and known.as_of is not None and found.until <= known.as_of


def _rows_since(connection: Connection, since: int) -> int:
    tables = (published.card, published.batch, published.interval)
    counts = (select(func.count()).where(table.c.change > since) for table in tables)
    return sum(connection.execute(one).scalar_one() for one in counts)


def _batches(connection: Connection, since: int, again: Collection[int]) -> Iterator[Sequence[Any]]:
    """Batches written since, and those named, in pages."""
    c = published.batch.c
    yield from connection.execute(_PUBLISHED.where(c.change > since)).partitions(AT_ONCE)
    named = sorted(again)
    for at in range(0, len(named), AT_ONCE):
        some = _PUBLISHED.where(c.number.in_(named[at : at + AT_ONCE]), c.change <= since)
        yield connection.execute(some).all()


def _to_change(connection: Connection, view: View, numbers: Collection[int]) -> dict[int, Batch]:
    """Batches of the base as they were, with what is needed to judge them again."""
    wanted, found = sorted(numbers), {}
    for at in range(0, len(wanted), AT_ONCE):
        some = _PUBLISHED.where(published.batch.c.number.in_(wanted[at : at + AT_ONCE]))
        for row in connection.execute(some):
            batch = view.batch(row.number)
            if batch is not None:
                found[row.number] = replace(batch, manifest=row.manifest, signature=row.signature)
    return found


def _changed_ranges(connection: Connection, since: int) -> dict[int, list[tuple[Any, ...]]]:
    i = published.interval.c
    columns = (i.batch, i.first, i.last, i.state, i.lot_id, i.revoked_on)
    rows: Iterable[Row[Any]] = connection.execute(select(*columns).where(i.change > since))
    found: dict[int, list[tuple[Any, ...]]] = {}
    for row in rows:
        found.setdefault(row.batch, []).append(tuple(row)[1:])
    return found
