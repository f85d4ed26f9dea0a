"""How long we wait for a PostgreSQL server that says nothing.

A server whose machine is gone, or whose processes stand still, leaves its clients waiting for ever:
``statement_timeout`` is the server's own to keep. So the client counts. Requests have a limit
(:data:`seconds`); imports, purges and migrations have none, they wait as long as it takes.
"""

import time
from contextvars import ContextVar
from typing import Any

import psycopg
from psycopg.abc import PQGen
from sqlalchemy import Engine, event

seconds: ContextVar[float | None] = ContextVar("patience", default=None)
CONNECT_SECONDS = 5
PING_SECONDS = 3.0  # the pool asks `SELECT 1` of a connection before it hands it out
# Packets that nobody acknowledges: a machine switched off, a cable pulled. In milliseconds.
UNACKNOWLEDGED = 15_000
KEEP_ALIVE = {
    "connect_timeout": CONNECT_SECONDS,
    "keepalives_idle": 15,
    "keepalives_interval": 5,
    "keepalives_count": 3,
    "tcp_user_timeout": UNACKNOWLEDGED,
}
# A statement whose client has gone gives its locks back; in milliseconds.
_LEAVE = "-c client_connection_check_interval=5000"


class PatientConnection(psycopg.Connection[Any]):
    """A connection that is closed when its server says nothing within the limit in force."""

    def wait(self, gen: PQGen[Any], interval: float = 0.1, timeout: float | None = None) -> Any:
        """Wait for an answer. Raises OperationalError once the limit has passed."""
        limit = seconds.get()
        if timeout is not None or limit is None:
            return super().wait(gen, interval, timeout)
        if self.autocommit:
            limit = min(limit, PING_SECONDS)
        began = time.monotonic()
        try:
            return super().wait(gen, interval, limit)
        except psycopg.OperationalError:
            if time.monotonic() - began >= limit:
                self.pgconn.finish()  # what may still arrive answers a question given up
            raise


def limit_waiting(engine: Engine) -> None:
    """Let an engine of PostgreSQL make such connections; others are left as they are."""
    if engine.dialect.name != "postgresql":
        return

    @event.listens_for(engine, "do_connect")
    def connect(_: Any, __: Any, args: tuple[Any, ...], parameters: dict[str, Any]) -> Any:
        options = " ".join(filter(None, (parameters.get("options"), _LEAVE)))
        limits = {**KEEP_ALIVE, **parameters, "options": options}
        return PatientConnection.connect(*args, **limits)
