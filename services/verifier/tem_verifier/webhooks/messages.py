"""What a webhook has yet to be told: made out of the log of changes, gone when it was taken.

A message is kept until it was delivered, so one that is sent and not noted is sent again, under the
same id: at least once, never lost.
"""

import json
import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, delete, select, update

from tem.databases.database import insert_or_ignore
from tem.dates import rfc3339
from tem.errors import Conflict
from tem_verifier.changes.feed import Change
from tem_verifier.webhooks.endpoints import Webhook
from tem_verifier.webhooks.retry_rules import Answer
from tem_verifier.webhooks.tables import delivery_table, message_table, webhook_table

TEST = "webhook.test"
_ENABLE = '{"enabled": true}'
KEPT = 50  # attempts of each webhook that its owner can see

m, w, d = message_table.c, webhook_table.c, delivery_table.c


@dataclass(frozen=True, slots=True)
class Message:
    """One thing to tell; ``body`` is sent as it stands."""

    id: str
    webhook_id: str
    seq: int
    type: str
    body: str
    queued_at: datetime
    attempts: int


def queue(
    connection: Connection, now: datetime, to: Webhook, epoch: str, changes: Iterable[Change]
) -> None:
    """Make messages of changes, in order, and remember how far that was done."""
    last = 0 if to.epoch != epoch else to.cursor
    for one in changes:
        last = one.seq
        if to.wants(one.type):
            data = {"epoch": epoch, **one.shown()}
            # The same change has the same id for ever, a replay's too.
            id = f"msg_{to.id}_{epoch[:12]}_{one.seq}"
            _add(connection, now, to.id, id, one.seq, one.type, rfc3339(one.at), data)
    # Unless its owner has asked meanwhile for another place to go on from.
    same = (w.id == to.id, w.cursor == to.cursor, w.epoch.is_not_distinct_from(to.epoch))
    connection.execute(update(webhook_table).where(*same).values(cursor=last, epoch=epoch))


def queue_test(connection: Connection, now: datetime, to: Webhook) -> str:
    """Make a message that tells nothing, and give its id; ``to`` was found locked.

    Raises Conflict if nothing would be sent, or the last one has yet to be taken.
    """
    if to.disabled_at is not None:
        raise Conflict("webhook_disabled", f"Nothing is sent there: first PATCH {_ENABLE}.")
    waiting = select(m.id).where(m.webhook_id == to.id, m.type == TEST).limit(1)
    if connection.execute(waiting).first() is not None:
        raise Conflict(
            "test_waiting",
            f"The last test is in line still: wait for it, or PATCH {_ENABLE} to have all that "
            "waits sent now.",
        )
    id = f"msg_{to.id}_test_{secrets.token_hex(6)}"
    _add(connection, now, to.id, id, 0, TEST, rfc3339(now), {"webhook_id": to.id})
    return id


def _add(
    connection: Connection,
    now: datetime,
    webhook_id: str,
    id: str,
    seq: int,
    type: str,
    at: str,
    data: dict[str, Any],
) -> None:
    body = json.dumps({"type": type, "timestamp": at, "data": data}, ensure_ascii=False)
    row = {"id": id, "webhook_id": webhook_id, "seq": seq, "type": type, "body": body}
    when = {"queued_at": now, "next_at": now, "attempts": 0}
    insert_or_ignore(connection, message_table, {**row, **when})


def due(connection: Connection, now: datetime, webhook_id: str) -> Message | None:
    """The next one that may be sent at an instant, in the order of the log."""
    columns = (m.id, m.webhook_id, m.seq, m.type, m.body, m.queued_at, m.attempts)
    query = select(*columns).where(m.webhook_id == webhook_id, m.next_at <= now)
    row = connection.execute(query.order_by(m.seq, m.queued_at).limit(1)).first()
    return None if row is None else Message(**row._mapping)


def drop(connection: Connection, id: str) -> None:
    """It was delivered, or is given up."""
    connection.execute(delete(message_table).where(m.id == id))


def put_off(connection: Connection, message: Message, until: datetime) -> None:
    """It is tried again, not before an instant."""
    values = {"attempts": message.attempts + 1, "next_at": until}
    connection.execute(update(message_table).where(m.id == message.id).values(values))


def note(connection: Connection, at: datetime, message: Message, answer: Answer) -> None:
    """Keep what became of an attempt for the owner to see, the last ones alone."""
    counted = update(webhook_table).where(w.id == message.webhook_id)
    counted = counted.values(deliveries=w.deliveries + 1)
    number = connection.execute(counted.returning(w.deliveries)).scalar()
    if number is None:  # it was deleted meanwhile
        return
    connection.execute(
        delivery_table.insert().values(
            webhook_id=message.webhook_id,
            number=number,
            message_id=message.id,
            type=message.type,
            at=at,
            status=answer.status,
            problem=answer.problem,
            milliseconds=round(timedelta(seconds=answer.seconds) / timedelta(milliseconds=1)),
        )
    )
    old = (d.webhook_id == message.webhook_id, d.number <= number - KEPT)
    connection.execute(delete(delivery_table).where(*old))


def last_deliveries(connection: Connection, webhook_id: str) -> list[dict[str, Any]]:
    """The attempts that are kept, the newest first."""
    columns = (d.message_id, d.type, d.at, d.status, d.problem, d.milliseconds)
    query = select(*columns).where(d.webhook_id == webhook_id).order_by(d.number.desc())
    return [dict(row._mapping) for row in connection.execute(query)]
