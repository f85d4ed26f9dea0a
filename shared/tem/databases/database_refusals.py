"""What a database's refusal means to somebody at the command line: a code and one sentence.

Only the first line of what the driver says is told: it names server, account and reason, never a
password or a statement.
"""

import sqlite3

import psycopg
from psycopg.errors import InsufficientPrivilege
from sqlalchemy.exc import ArgumentError, DBAPIError

from tem.errors import Forbidden, Invalid, TemError, Unavailable

_AWAY = (psycopg.OperationalError, psycopg.InterfaceError, sqlite3.OperationalError)


def is_privilege(error: Exception) -> bool:
    """Whether a database said that this account may not do that."""
    return isinstance(_said(error), InsufficientPrivilege)


def in_plain_words(error: Exception) -> TemError | None:
    """Our own error for one of a database's driver; None for what nobody foresaw."""
    said = _said(error)
    told = (str(said).strip().splitlines() or [type(said).__name__])[0]
    if isinstance(said, InsufficientPrivilege):
        return Forbidden(
            "account_may_not",
            f"The database refuses: {told}. Is this the account for it? docs/operations.md, "
            "Several machines, says which service has which.",
        )
    if isinstance(said, _AWAY):
        return Unavailable(
            "database_unavailable",
            f"The database cannot be used: {told}. Does it run, can it be reached from here, and "
            "are address, account and PGPASSFILE right?"
            if isinstance(said, psycopg.Error)
            else f"The database cannot be used: {told}.",
        )
    if isinstance(said, ArgumentError):  # its words may hold the address, password and all
        return Invalid(
            "bad_setting",
            "A TEM_…_DATABASE_URL is no address: write it like postgresql://tem_registry@record/"
            "tem_registry.",
        )
    return None


def _said(error: Exception) -> BaseException:
    return error.orig or error if isinstance(error, DBAPIError) else error
