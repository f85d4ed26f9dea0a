"""A connection to PostgreSQL that does not wait for ever: :mod:`tem.databases.patience`."""

import time
from typing import Any

import psycopg
from psycopg.abc import PQGen

from tem.databases.patience import seconds

PING_SECONDS = 3.0  # the pool asks `SELECT 1` of a connection before it hands it out


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
