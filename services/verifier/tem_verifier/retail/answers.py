"""Stored answers to a chain's calls: for those who send again, which is a matter of days.

Those about webhooks may hold a secret, which is to stand with its webhook alone.
"""

from datetime import datetime, timedelta

from sqlalchemy import Connection

from tem.http import idempotency

KEPT = timedelta(days=8)
_CALLS = ("POST /v1/sales", "POST /v1/returns")
_WEBHOOKS = ("POST /v1/webhooks",)


def forget(connection: Connection, now: datetime) -> int:
    """Delete those that are older, and give their number: what was sold stays known."""
    return idempotency.forget(connection, now - KEPT, _CALLS, under=_WEBHOOKS)
