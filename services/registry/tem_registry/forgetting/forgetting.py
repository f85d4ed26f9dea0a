"""Forgetting, step one: when a lot's information window has closed its public facts go.

A sweep puts tombstones in the place of full cards, then what was overwritten is taken out of the
files as well. No verdict depends on whether it ran: the clock decides, here and in the verifier.
The office's record stays as it is; what ends it is :mod:`tem_registry.purging`.
"""

import contextlib
import sqlite3
import time
from datetime import datetime

from sqlalchemy import Connection, Engine, select
from sqlalchemy.exc import SQLAlchemyError

from tem.clock import Clock
from tem.databases import published
from tem.databases.database import BUSY_SECONDS, reading, writing
from tem.dates import vietnam_day
from tem.logs import log
from tem.trail import audit
from tem_registry import public_events, publication, tables
from tem_registry.catalogue import answers
from tem_registry.lots import lot_cards, lot_windows
from tem_registry.months import Months

ACTOR = "sweep"
LOTS_AT_ONCE = 500
SWEEP_SECONDS = 3600
TRIES = 20
_WAIT_MS = 250
_BUSY = (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED)  # of an error's code, its low byte


def sweep(engine: Engine, now: datetime) -> int:
    """Forget all lots whose time has come, and give their number; a second run finds none.

    In transactions of at most ``LOTS_AT_ONCE`` lots, each with its audit entry. A lot somebody
    is working on is left to the next run.
    """
    total, after = 0, ""
    while True:
        with writing(engine) as connection:
            found = _closed_lots(connection, now, after)
            total += _forget(connection, now, found)
        if len(found) < LOTS_AT_ONCE:
            return total
        after = found[-1]


def _closed_lots(connection: Connection, now: datetime, after: str) -> list[str]:
    """Lots past their window that are still published in full, locked against a recall.

    Those under recall are among them; they stay public until it is over.
    """
    c, p = tables.lot.c, published.card.c
    full = ~p.body.startswith(lot_cards.TOMBSTONE)
    query = (
        select(c.id)
        .join(published.card, p.id == c.id)
        .where(p.kind == "lot", full, c.window_ends_on < vietnam_day(now), c.id > after)
        .order_by(c.id)
        .limit(LOTS_AT_ONCE)
        .with_for_update(of=tables.lot, key_share=True, skip_locked=True)
    )
    return list(connection.execute(query).scalars())


def _forget(connection: Connection, now: datetime, lots: list[str]) -> int:
    found = lot_cards.facts(connection, lots)
    right = {id: lot_cards.right(facts, now) for id, facts in found.items()}
    gone = {id: card for id, card in right.items() if "closed" in card}
    if gone:
        change = publication.next_change(connection, now)
        for id, card in gone.items():
            publication.put_card(connection, change, "lot", id, card)
        public_events.forget(connection, gone)
        audit.record(
            connection, now, ACTOR, "lots.forgotten", "published:lots", {"lots": len(gone)}
        )
    return len(gone)


def _written_anew(table: str, columns: str, key: str) -> tuple[str, ...]:
    return (
        f"CREATE TEMP TABLE kept AS SELECT {columns} FROM {table}",  # noqa: S608 - names of ours
        f"DELETE FROM {table}",  # noqa: S608
        f"INSERT INTO {table} ({columns}) SELECT {columns} FROM kept ORDER BY {key}",  # noqa: S608
        "DROP TABLE temp.kept",
    )


# The published cards and events, written anew in one transaction: their old pages become free, and
# free pages are zeroed (``secure_delete``). In memory meanwhile: no temporary file has them.
_REWRITE = (
    "PRAGMA temp_store=MEMORY",
    "BEGIN IMMEDIATE",
    *_written_anew("published_card", "kind, id, body, change", "kind, id"),
    *_written_anew("published_event", "seq, change, at, type, body", "seq"),
    "COMMIT",
)
_EMPTY_WAL = ("PRAGMA wal_checkpoint(TRUNCATE)",)


def scrub(engine: Engine) -> bool:
    """Take what a sweep overwrote out of the published table's pages; whether that is done.

    SQLite zeroes what is deleted, but not the copies that a split of a page leaves behind, so
    the table's pages are written anew; then old ones leave the -wal. It takes as long as the
    cards are many (a second for some ten thousand lots), whatever else the file holds.
    PostgreSQL makes the room of dead rows free. A busy database is tried again a few times; a
    full disk, or whatever else is in the way, waits for the next call.
    """
    if engine.dialect.name == "postgresql":
        return _vacuumed(engine)
    return _done(engine, _REWRITE) and _done(engine, _EMPTY_WAL)


def rebuild(engine: Engine) -> bool:
    """The same for every table, after records were purged: the whole file is written anew.

    It takes long on a large file, and writers wait: for an explicit command, not for an hour.
    """
    if engine.dialect.name == "postgresql":
        return _vacuumed(engine)
    return _done(engine, ("VACUUM",)) and _done(engine, _EMPTY_WAL)


def _done(engine: Engine, statements: tuple[str, ...]) -> bool:
    for _ in range(TRIES):
        try:
            if _succeeds(engine, statements):
                return True
        except (SQLAlchemyError, sqlite3.Error) as error:
            log.warning("scrub_postponed", detail=str(error).partition("\n")[0][:200])
            return False
        time.sleep(_WAIT_MS / 1000)
    log.warning("scrub_postponed", detail="Somebody keeps the database busy.")
    return False


def _succeeds(engine: Engine, statements: tuple[str, ...]) -> bool:
    """Run statements on a connection of their own; False if others stand in their way.

    Raises the database's own error for what waiting does not mend.
    """
    with contextlib.closing(engine.raw_connection()) as connection:
        cursor = connection.cursor()
        cursor.execute(f"PRAGMA busy_timeout={_WAIT_MS}")  # writers wait while this one does
        try:
            for statement in statements:
                cursor.execute(statement)
                answer = cursor.fetchone()
            return answer is None or not answer[0]  # of a checkpoint: whether it was kept from it
        except sqlite3.Error as error:
            if connection.in_transaction:
                cursor.execute("ROLLBACK")
            if error.sqlite_errorcode & 0xFF in _BUSY:
                return False
            raise
        finally:
            cursor.execute(f"PRAGMA busy_timeout={BUSY_SECONDS * 1000}")
            cursor.close()


def _vacuumed(engine: Engine) -> bool:
    """PostgreSQL's part; without the right to it autovacuum does the same, later."""
    try:
        with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            for table in (
                published.card,
                published.event,
                published.image,
                tables.lot,
                tables.recall,
            ):
                connection.exec_driver_sql(f"VACUUM {table.fullname}")
    except SQLAlchemyError as error:
        log.warning("scrub_postponed", detail=str(error).partition("\n")[0][:200])
        return False
    return True


class HourlySweep:
    """Sweeps at the first call and every hour after it, and scrubs what was overwritten since.

    Not the sweep alone overwrites: a recall that is lifted after the window, a consent that is
    withdrawn. So it scrubs whenever anything was published since the last time that succeeded.
    Before it sweeps, windows of undated goods are brought into line with ``window_months``.
    """

    def __init__(self, engine: Engine, clock: Clock, window_months: Months) -> None:
        self._engine, self._clock, self._months = engine, clock, window_months
        self._next = 0.0
        # Up to which publication; whoever ran before may have been killed in between.
        self._scrubbed: tuple[str, int] | None = None

    def if_due(self) -> None:
        """Sweep if an hour has passed. What goes wrong is logged, and tried again in an hour."""
        if time.monotonic() < self._next:
            return
        self._next = time.monotonic() + SWEEP_SECONDS
        try:
            renewed = lot_windows.renew_all(self._engine, self._clock(), self._months)
            forgotten = sweep(self._engine, self._clock())
            answers.forget(self._engine, self._clock())
            if renewed:
                log.info("windows_changed", lots=renewed)
            if forgotten:
                log.info("lots_forgotten", lots=forgotten)
            self._scrub()
        # The orders that this process follows must not wait for it.
        except (SQLAlchemyError, sqlite3.Error) as error:
            log.error("sweep_failed", error=type(error).__name__)

    def _scrub(self) -> None:
        with reading(self._engine) as connection:
            position = published.position(connection)
        latest = position[:2] if position else ("", 0)
        if latest != self._scrubbed and scrub(self._engine):
            self._scrubbed = latest
