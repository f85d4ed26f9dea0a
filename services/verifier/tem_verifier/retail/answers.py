"""Stored answers to sales and returns: for tills that send again, which is a matter of days."""

from datetime import datetime, timedelta

from sqlalchemy import Connection

from tem.http import idempotency

KEPT = timedelta(days=8)
_CALLS = ("POST /v1/sales", "POST /v1/returns")


def forget(connection: Connection, now: datetime) -> int:
    """Delete those that are older, and give their number: what was sold stays known."""
    return idempotency.forget(connection, now - KEPT, _CALLS)
