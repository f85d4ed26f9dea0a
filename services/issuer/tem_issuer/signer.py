"""The signer: watches for batches to sign and gives each run a process of its own.

It holds no key itself. A run is forked from it, opens the office key, makes the batch key and
forgets both by exiting. One signer works on an installation at a time: a lock file says so on one
machine, a lock of the database's where several machines share PostgreSQL.
"""

import os
import signal
import time
import traceback
from collections.abc import Callable

from sqlalchemy import Engine
from sqlalchemy.exc import InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from tem.clock import Clock
from tem.databases.database import reading, writing
from tem.errors import Unavailable
from tem.logs import log, mask
from tem.process import die_with_parent, forbid_core_dumps, hold_lock
from tem.trail import audit
from tem_issuer import batch_files, metrics, prints, restoring, signing_run, storage
from tem_issuer.domain import Batch
from tem_issuer.office_keys import OfficeKeyAway
from tem_issuer.settings import Settings
from tem_issuer.turn import Turn

POLL_SECONDS = 0.1
SWEEP_SECONDS = 30  # how soon codes are destroyed whose destroyer was killed
SMALL_BATCH = 20_000  # such runs do not wait for a large one
MAX_FAILURES = 5
RETRY_SECONDS = 1.0  # after the first failure, then twice as long each time
AWAY_SECONDS = 0.5  # between looks at a database or a high-water mark that is away
SUPERSEDED = 3  # exit status of a run that found another one in its place
DATABASE_AWAY = 4  # of one that lost its database: no fault of the batch
KEY_AWAY = 5  # of one that found no office key to sign with: no fault of it either
KEY_AWAY_SECONDS = 2.0  # until it looks again
AWAY = (OperationalError, InterfaceError, PoolTimeout)


class Signer:
    """The loop. ``engine`` is opened by ``open_engine`` anew in each forked run."""

    def __init__(
        self, settings: Settings, open_engine: Callable[[], Engine], clock: Clock, cores: int
    ) -> None:
        self._settings, self._open_engine = settings, open_engine
        self._clock, self._cores = clock, cores
        self._runs: dict[int, Batch] = {}  # process id -> batch
        self._not_before: dict[int, float] = {}  # batch that failed -> when to try it again
        self._swept = 0.0
        self._waiting_for = ""  # what the log was last told to be away

    def serve(self, stopping: Callable[[], bool]) -> None:
        """Sign what there is to sign until told to stop. Raises LockHeld if one runs already."""
        lock = hold_lock(self._settings.signer_lock)
        engine = self._open_engine()
        turn = Turn(engine)
        told = metrics.told(engine)
        try:
            turn.take()
            restoring.begin(engine, self._settings, self._clock(), signing_run.ACTOR)
            while not stopping():
                told.if_due()
                self._work(engine, turn)
                time.sleep(POLL_SECONDS)
        finally:
            self._stop_runs()
            turn.leave()
            engine.dispose()
            os.close(lock)

    def _work(self, engine: Engine, turn: Turn) -> None:
        """One look at what there is to do. A database or a mark that is away is waited for."""
        try:
            turn.keep()
            if time.monotonic() - self._swept > SWEEP_SECONDS:
                prints.finish_destroying(engine, self._settings)
                restoring.keep_up(engine, self._settings)
                self._swept = time.monotonic()
            if self._reap(engine):
                restoring.keep_up(engine, self._settings)
            self._start_runs(engine, turn)
        except AWAY as error:
            self._wait(type(error).__name__)
        except Unavailable as refused:
            self._wait(refused.code)

    def _wait(self, why: str) -> None:
        if why != self._waiting_for:
            log.error("signing_waits", why=why)
        self._waiting_for = why
        time.sleep(AWAY_SECONDS)

    def _start_runs(self, engine: Engine, turn: Turn) -> None:
        with reading(engine) as connection:
            waiting = storage.unsigned_batches(connection)
        running = {batch.number for batch in self._runs.values()}
        if {batch.number for batch in waiting} != running:
            # No code of a number exists before the mark knows that the number was given.
            restoring.keep_up(engine, self._settings)
        self._waiting_for = ""
        if waiting:
            engine.dispose()  # a forked run must inherit no open connection
        for batch in waiting:
            large = batch.quantity > SMALL_BATCH
            busy = large and any(b.quantity > SMALL_BATCH for b in self._runs.values())
            if batch.number in running or busy or len(self._runs) >= self._cores + 1:
                continue
            if time.monotonic() < self._not_before.get(batch.number, 0.0):
                continue
            self._runs[self._fork(batch, turn)] = batch

    def _fork(self, batch: Batch, turn: Turn) -> int:
        signer = os.getpid()
        child = os.fork()
        if child:
            return child
        status = 1
        try:
            die_with_parent(signer)
            turn.let_go()
            forbid_core_dumps()
            signal.signal(signal.SIGTERM, signal.SIG_DFL)
            signal.signal(signal.SIGINT, signal.SIG_IGN)
            engine = self._open_engine()
            signing_run.run(
                engine, self._settings, self._clock, batch.number, processes=self._cores
            )
            status = 0
        except signing_run.RunAbandoned:
            status = SUPERSEDED
        except OfficeKeyAway as error:
            status = KEY_AWAY
            log.error("alarm", alarm="office_key_away", batch=batch.number, why=error.detail)
        except AWAY as error:
            status = DATABASE_AWAY
            log.warning("run_without_database", batch=batch.number, error=type(error).__name__)
        except BaseException:
            log.error("signing_failed", batch=batch.number, trace=mask(traceback.format_exc()))
        finally:
            os._exit(status)

    def _reap(self, engine: Engine) -> bool:
        """Note how runs ended; whether one did."""
        some = False
        while self._runs:
            child, status = os.waitpid(-1, os.WNOHANG)
            if child == 0:
                break
            batch = self._runs.pop(child, None)
            if batch is None:  # a dead run's helper: they become ours where we are process 1
                continue
            some = True
            if status == 0:
                log.info("batch_released", batch=batch.number, quantity=batch.quantity)
            elif os.waitstatus_to_exitcode(status) == KEY_AWAY:
                self._not_before[batch.number] = time.monotonic() + KEY_AWAY_SECONDS
            elif os.waitstatus_to_exitcode(status) == DATABASE_AWAY:
                self._not_before[batch.number] = time.monotonic() + RETRY_SECONDS
            elif os.waitstatus_to_exitcode(status) != SUPERSEDED:
                self._note_failure(engine, batch, os.waitstatus_to_exitcode(status))
        return some

    def _note_failure(self, engine: Engine, batch: Batch, status: int) -> None:
        """Try again, but not for ever: a batch that keeps failing says so to everybody."""
        with writing(engine) as connection:
            failures = storage.count_failure(connection, batch.number)
            self._not_before[batch.number] = time.monotonic() + RETRY_SECONDS * 2 ** (failures - 1)
            gave_up = failures >= MAX_FAILURES and storage.give_up(connection, batch.number)
            action = "batch.failed" if gave_up else "batch.run_failed"
            details = {"failures": failures, "status": status}
            if failures:
                audit.record(
                    connection,
                    self._clock(),
                    signing_run.ACTOR,
                    action,
                    f"batch:{batch.number}",
                    details,
                )
        log.error(action.replace(".", "_"), batch=batch.number, **details)
        if gave_up:
            batch_files.discard(self._settings, batch.number, keep_attempt=None)

    def _stop_runs(self) -> None:
        """A run that is stopped is thrown away; the next start signs its batch anew.

        A run can be killed at any point, and one just forked would still catch SIGTERM.
        """
        for child in self._runs:
            os.kill(child, signal.SIGKILL)
        for child in self._runs:
            os.waitpid(child, 0)
        self._runs.clear()
