"""Tables that are held against acts while many rows are gone through in one transaction.

Acts lock rows in an order of their own; one transaction that does many of them would meet others
half-way. So it has the tables to itself, at once or not at all, and reading goes on.
"""

import time
from collections.abc import Iterable

from sqlalchemy import Connection, text
from sqlalchemy.exc import OperationalError

from tem.errors import Unavailable

TRIES, PAUSE_SECONDS = 10, 0.5
GIVE_WAY_MS = 500  # less than the second after which PostgreSQL looks for a deadlock


def hold(connection: Connection, names: Iterable[str], busy: str) -> None:
    """Lock tables of PostgreSQL against acts, in this order. Raises Unavailable with ``busy``.

    Nobody's act is ever ended for it: before PostgreSQL would look for a deadlock this gives up.
    SQLite has one writer as it is.
    """
    if connection.dialect.name != "postgresql":
        return
    for left in reversed(range(TRIES)):
        try:
            with connection.begin_nested():
                connection.execute(text(f"SET LOCAL statement_timeout = {GIVE_WAY_MS}"))
                connection.execute(text(f"LOCK TABLE {', '.join(names)} IN EXCLUSIVE MODE"))
                connection.execute(text("SET LOCAL statement_timeout = DEFAULT"))
        except OperationalError as error:
            if not left:
                raise Unavailable("registry_busy", busy) from error
            time.sleep(PAUSE_SECONDS)
        else:
            return
