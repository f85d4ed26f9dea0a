"""The signer: watches for batches to sign and gives each run a process of its own.

It holds no key itself. A run is forked from it, opens the office key, makes the batch key and
forgets both by exiting. One signer works on an installation at a time (a lock file says so).
"""

import os
import signal
import time
import traceback
from collections.abc import Callable

from sqlalchemy import Engine

from tem import audit
from tem.clock import Clock
from tem.database import reading, writing
from tem.logs import log, mask
from tem.process import die_with_parent, forbid_core_dumps, hold_lock
from tem_issuer import batch_files, prints, signing_run, storage
from tem_issuer.domain import Batch
from tem_issuer.settings import Settings

POLL_SECONDS = 0.1
SWEEP_SECONDS = 30  # how soon codes are destroyed whose destroyer was killed
SMALL_BATCH = 20_000  # such runs do not wait for a large one
MAX_FAILURES = 5
RETRY_SECONDS = 1.0  # after the first failure, then twice as long each time
SUPERSEDED = 3  # exit status of a run that found another one in its place


class Signer:
    """The loop. ``engine`` is opened by ``open_engine`` anew in each forked run."""

    def __init__(
        self, settings: Settings, open_engine: Callable[[], Engine], clock: Clock, cores: int
    ) -> None:
        self._settings, self._open_engine = settings, open_engine
        self._clock, self._cores = clock, cores
        self._runs: dict[int, Batch] = {}  # process id -> batch
        self._not_before: dict[int, float] = {}  # batch that failed -> when to try it again

    def serve(self, stopping: Callable[[], bool]) -> None:
        """Sign what there is to sign until told to stop. Raises LockHeld if one runs already."""
        lock = hold_lock(self._settings.signer_lock)
        engine = self._open_engine()
        try:
            swept = 0.0
            while not stopping():
                if time.monotonic() - swept > SWEEP_SECONDS:
                    prints.finish_destroying(engine, self._settings)
                    swept = time.monotonic()
                self._reap(engine)
                self._start_runs(engine)
                time.sleep(POLL_SECONDS)
        finally:
            self._stop_runs()
            engine.dispose()
            os.close(lock)

    def _start_runs(self, engine: Engine) -> None:
        with reading(engine) as connection:
            waiting = storage.unsigned_batches(connection)
        running = {batch.number for batch in self._runs.values()}
        if waiting:
            engine.dispose()  # a forked run must inherit no open connection
        for batch in waiting:
            large = batch.quantity > SMALL_BATCH
            busy = large and any(b.quantity > SMALL_BATCH for b in self._runs.values())
            if batch.number in running or busy or len(self._runs) >= self._cores + 1:
                continue
            if time.monotonic() < self._not_before.get(batch.number, 0.0):
                continue
            self._runs[self._fork(batch)] = batch

    def _fork(self, batch: Batch) -> int:
        signer = os.getpid()
        child = os.fork()
        if child:
            return child
        status = 1
        try:
            die_with_parent(signer)
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
        except BaseException:
            log.error("signing_failed", batch=batch.number, trace=mask(traceback.format_exc()))
        finally:
            os._exit(status)

    def _reap(self, engine: Engine) -> None:
        while self._runs:
            child, status = os.waitpid(-1, os.WNOHANG)
            if child == 0:
                return
            batch = self._runs.pop(child, None)
            if batch is None:  # a dead run's helper: they become ours where we are process 1
                continue
            if status == 0:
                log.info("batch_released", batch=batch.number, quantity=batch.quantity)
            elif os.waitstatus_to_exitcode(status) != SUPERSEDED:
                self._note_failure(engine, batch, os.waitstatus_to_exitcode(status))

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
