"""The heartbeat: what replicas of the published tables tell their age by.

A change that has reached a replica says when it was made, but silence says nothing: is nothing
new, or does nothing arrive? So a registry on PostgreSQL writes the time every second; what was
committed before it reaches a replica before it. On SQLite verifiers read the record itself.
"""

import threading
from collections.abc import Callable

from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError

from tem.clock import Clock
from tem.databases import patience
from tem.databases.database import writing
from tem.logs import log
from tem_registry import publication

SECONDS = 1.0
PATIENCE_SECONDS = 5.0  # a server that stands still is asked anew on another connection


def start(engine: Engine, clock: Clock) -> Callable[[], None]:
    """Beat in the background until the function given is called; nothing to do on SQLite.

    Every process of the registry does: whichever is first in a second has done it for all.
    """
    stopping = threading.Event()
    if engine.dialect.name == "postgresql":
        arguments = (engine, clock, stopping)
        threading.Thread(target=_beat, args=arguments, name="heartbeat", daemon=True).start()
    return stopping.set


def _beat(engine: Engine, clock: Clock, stopping: threading.Event) -> None:
    patience.seconds.set(PATIENCE_SECONDS)
    while not stopping.wait(SECONDS / 2):
        try:
            with writing(engine) as connection:
                publication.beat(connection, clock(), SECONDS)
        except SQLAlchemyError as error:  # the server starts anew: verifiers see our silence
            log.warning("no_heartbeat", error=type(error).__name__)
