"""Whose turn it is to sign: on PostgreSQL one signer of all machines, by a lock of the server's.

Safe without it, for only the newest attempt at a batch is ever released; but two signers would
go on superseding each other. On SQLite the lock file of the one machine is enough.
"""

import contextlib
import os

from sqlalchemy import Connection, Engine, NullPool, create_engine, text
from sqlalchemy.exc import SQLAlchemyError

from tem.databases.patience import limit_waiting
from tem.process import LockHeld

_KEY = 0x74656D_7369676E  # "temsign"


class Turn:
    """An advisory lock, held by a connection of its own for as long as that lives."""

    def __init__(self, engine: Engine) -> None:
        self._needed = engine.dialect.name == "postgresql"
        self._url = engine.url
        self._connection: Connection | None = None

    def take(self) -> None:
        """Take the lock. Raises LockHeld if another signer works on this database."""
        if not self._needed:
            return
        # Apart from the engine that is closed before each fork, and in no transaction.
        engine = create_engine(self._url, poolclass=NullPool, isolation_level="AUTOCOMMIT")
        limit_waiting(engine)
        connection = engine.connect()
        if not connection.execute(text(f"SELECT pg_try_advisory_lock({_KEY})")).scalar_one():
            connection.close()
            raise LockHeld(f"the signer of {self._url.render_as_string()}")
        self._connection = connection

    def keep(self) -> None:
        """Make sure that the lock is still held, or take it again after the server was away.

        Raises LockHeld if another signer took it meanwhile, SQLAlchemy's errors while it is away.
        """
        if self._connection is not None:
            try:
                self._connection.execute(text("SELECT 1"))
                return
            except SQLAlchemyError:
                self.leave()
        self.take()

    def let_go(self) -> None:
        """Close what a forked process inherited; the lock stays with the process that took it."""
        if self._connection is not None:
            driver = self._connection.connection.driver_connection
            assert driver is not None
            os.close(driver.fileno())

    def leave(self) -> None:
        """Give the lock back by ending its connection."""
        connection, self._connection = self._connection, None
        if connection is not None:
            with contextlib.suppress(SQLAlchemyError):
                connection.invalidate()
                connection.close()
