"""Who sends to a webhook at present: one process at a time, noted in the database.

The note runs out by itself, so the webhooks of a process that died are taken over.
"""

from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, Connection, and_, exists, false, or_, select, update

from tem_verifier.webhooks.endpoints import Log
from tem_verifier.webhooks.tables import message_table, webhook_table

LEASE = timedelta(seconds=60)  # longer than a turn, and the last attempt in it

w, m = webhook_table.c, message_table.c


def due(connection: Connection, now: datetime, log: Log) -> list[str]:
    """Webhooks to which there is something to send now, and nobody does."""
    behind = or_(w.epoch.is_distinct_from(log.epoch), w.cursor < log.newest)
    behind = behind if log.epoch is not None else false()
    queued = exists().where(m.webhook_id == w.id, m.next_at <= now)
    query = select(w.id).where(_free(now), or_(behind, queued))
    return list(connection.execute(query.order_by(w.id)).scalars())


def any_there(connection: Connection) -> bool:
    """Whether there is any webhook that is not disabled."""
    query = select(w.id).where(w.disabled_at.is_(None)).limit(1)
    return connection.execute(query).first() is not None


def claim(connection: Connection, now: datetime, id: str) -> bool:
    """Take a webhook for a while; False if somebody else has it."""
    taken = update(webhook_table).where(w.id == id, _free(now)).values(lease_until=now + LEASE)
    return connection.execute(taken).rowcount == 1


def release(connection: Connection, id: str) -> None:
    """Let others have it."""
    connection.execute(update(webhook_table).where(w.id == id).values(lease_until=None))


def _free(now: datetime) -> ColumnElement[bool]:
    nobody = or_(w.lease_until.is_(None), w.lease_until <= now)
    not_quiet = or_(w.quiet_until.is_(None), w.quiet_until <= now)
    return and_(w.disabled_at.is_(None), nobody, not_quiet)
