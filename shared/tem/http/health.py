"""``/livez``, ``/readyz`` and ``/metrics``: for the machine room, not for the public."""

import threading
import time
from collections.abc import Callable
from typing import Any

from flask import Flask, Response
from sqlalchemy import Connection, text
from sqlalchemy.exc import SQLAlchemyError

from tem import metrics
from tem.databases import patience
from tem.databases.migrations import History, metadata_of, require_columns
from tem.errors import TemError, Unavailable
from tem.http import problems
from tem.logs import log

ANSWER_SECONDS = 1.7  # within 2 s whoever asks has an answer
REMARK_SECONDS = 10.0  # between two lines of the same bad news
Ask = Callable[[], dict[str, Any]]


class Probe:
    """Asks one question at a time, in a thread of its own; nobody waits for it any longer.

    However often it is asked while a database hangs, one thread and one connection wait there.
    """

    def __init__(self, ask: Ask, within: float = ANSWER_SECONDS) -> None:
        self._ask, self._within = ask, within
        self._lock = threading.Lock()
        self._running: _Asked | None = None

    def __call__(self) -> dict[str, Any]:
        """The members of the answer. Raises Unavailable with what is wrong."""
        with self._lock:
            asked = self._running
            if asked is None or asked.done.is_set():
                asked = self._running = _Asked(self._ask, self._within)
                threading.Thread(target=asked.run, daemon=True, name="readyz").start()
        if not asked.done.wait(self._within):
            raise Unavailable(
                "database_unavailable",
                f"The database has not answered within {self._within} s: does it run, and can it "
                "be reached from here?",
            )
        if asked.error is not None:
            raise asked.error
        return asked.members


class Schema:
    """Asks now and then whether a database has the columns that this version names."""

    def __init__(self, histories: tuple[History, ...], seconds: float = 30.0) -> None:
        self._histories, self._seconds = histories, seconds
        self._found = -seconds

    def check(self, connection: Connection) -> None:
        """Raises Conflict (``database_of_another_version``) with what is lacking.

        And Unavailable (``database_read_only``) on a standby of PostgreSQL not yet promoted.
        """
        if _is_standby(connection):
            raise Unavailable(
                "database_read_only",
                "This is a standby: promote it, or ask the database that is written to.",
            )
        if time.monotonic() - self._found >= self._seconds:
            require_columns(connection, metadata_of(self._histories))
            self._found = time.monotonic()


def _is_standby(connection: Connection) -> bool:
    if connection.dialect.name != "postgresql":
        return False
    return bool(connection.execute(text("SELECT pg_is_in_recovery()")).scalar())


class _Asked:
    """One question on its way."""

    def __init__(self, ask: Ask, within: float) -> None:
        self._ask, self._within = ask, within
        self.done = threading.Event()
        self.members: dict[str, Any] = {}
        self.error: Unavailable | None = None

    def run(self) -> None:
        """Ask, and keep the answer or what stands in its way."""
        patience.seconds.set(self._within)
        try:
            self.members = self._ask()
        except Exception as error:
            self.error = _refusal(error)
        self.done.set()


def _refusal(error: Exception) -> Unavailable:
    """What is wrong, as a 503 with a stable code; never the words of a driver."""
    if isinstance(error, Unavailable):
        return error
    if isinstance(error, TemError):
        return Unavailable(error.code, error.detail, **error.extra)
    if isinstance(error, SQLAlchemyError):
        return Unavailable(
            "database_unavailable",
            f"The database cannot be asked ({type(error).__name__}): see the log.",
        )
    log.error("not_ready", exc_info=error)
    return Unavailable("not_ready", f"Something unforeseen ({type(error).__name__}): see the log.")


class Remarks:
    """Bad news leaves a line when it is news, and every ten seconds for as long as it lasts."""

    def __init__(self) -> None:
        self._code, self._until = "", 0.0

    def remark(self, error: Unavailable) -> None:
        """Somebody was told that we are not ready."""
        now = time.monotonic()
        if error.code != self._code or now >= self._until:
            self._code, self._until = error.code, now + REMARK_SECONDS
            log.warning("not_ready", code=error.code, detail=error.detail)


def register(app: Flask, ready: Ask) -> None:
    """The three addresses. ``ready`` gives the members of ``/readyz`` or raises Unavailable."""
    probe, told = Probe(ready), Remarks()

    @app.get("/livez")
    def livez() -> dict[str, str]:
        return {"status": "ok"}

    @app.get("/readyz")
    def readyz() -> Any:
        try:
            return {"status": "ok", **probe()}
        except Unavailable as error:
            told.remark(error)
            return problems.from_tem_error(error)

    @app.get("/metrics")
    def exposed() -> Response:
        return Response(metrics.exposition(), content_type=metrics.CONTENT_TYPE)
