"""One maker of packs at a time, whichever machine it runs on: the others wait for its end.

On PostgreSQL a lock of the server's, held by a connection of its own; on SQLite a lock file
beside the database.
"""

import os
from contextlib import suppress
from pathlib import Path

from sqlalchemy import Connection, Engine, text
from sqlalchemy.exc import SQLAlchemyError

from tem.process import LockHeld, hold_lock

LOCK_NUMBER = 0x7465_6D70  # "temp": of the application's choice, one for all registries


class PackTurn:
    """Whether it is this process that makes packs."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._connection: Connection | None = None
        self._held = False
        self._file: int | None = None

    def is_mine(self) -> bool:
        """Take the turn if nobody has it; asked again before each pack. Raises SQLAlchemyError."""
        if self._engine.dialect.name != "postgresql":
            return self._file_is_mine()
        if self._connection is None:
            self._connection = self._engine.connect().execution_options(
                isolation_level="AUTOCOMMIT"
            )
        try:
            if not self._held:
                asked = text("SELECT pg_try_advisory_lock(:number)")
                found = self._connection.execute(asked, {"number": LOCK_NUMBER})
                self._held = bool(found.scalar())
            else:
                self._connection.execute(text("SELECT 1"))  # the lock ends with its connection
        except SQLAlchemyError:
            self._lost()
            raise
        return self._held

    def _file_is_mine(self) -> bool:
        if not self._held:
            database = Path(str(self._engine.url.database))
            try:
                self._file = hold_lock(database.with_name("packs.lock"))
            except LockHeld:
                return False
            self._held = True
        return True

    def give_up(self) -> None:
        """Let another process make packs."""
        if self._file is not None:
            os.close(self._file)
            self._file = None
        self._lost()

    def _lost(self) -> None:
        if self._connection is not None:
            with suppress(SQLAlchemyError):
                self._connection.invalidate()  # the lock must not go back to the pool with it
                self._connection.close()
        self._connection, self._held = None, False
