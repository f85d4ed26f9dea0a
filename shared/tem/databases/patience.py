"""How long we wait for a PostgreSQL server that says nothing.

A server whose machine is gone, or whose processes stand still, leaves its clients waiting for ever:
``statement_timeout`` is the server's own to keep. So the client counts. Requests have a limit
(:data:`seconds`); imports, purges and migrations have none, they wait as long as it takes.
"""

from contextvars import ContextVar
from typing import Any

from sqlalchemy import Engine, event

seconds: ContextVar[float | None] = ContextVar("patience", default=None)
CONNECT_SECONDS = 5
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


def limit_waiting(engine: Engine) -> None:
    """Let an engine of PostgreSQL make such connections; others are left as they are."""
    if engine.dialect.name != "postgresql":
        return
    # A tenth of a second to import, and most installations have no PostgreSQL.
    from tem.databases.patient_connection import PatientConnection

    @event.listens_for(engine, "do_connect")
    def connect(_: Any, __: Any, args: tuple[Any, ...], parameters: dict[str, Any]) -> Any:
        options = " ".join(filter(None, (parameters.get("options"), _LEAVE)))
        limits = {**KEEP_ALIVE, **parameters, "options": options}
        return PatientConnection.connect(*args, **limits)
