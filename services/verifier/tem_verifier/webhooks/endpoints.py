"""The webhooks of a chain: added, changed, their secrets, and from where on they are told."""

import secrets
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

from sqlalchemy import Connection, delete, func, select, update

from tem.errors import Conflict, Invalid, NotFound
from tem.trail import audit
from tem_verifier.retail.tills import Till
from tem_verifier.webhooks import signing
from tem_verifier.webhooks.tables import delivery_table, message_table, webhook_table

MOST = 5  # of a chain
# After a new secret the one before signs beside it: time to change it at the receiver.
BEFORE_LASTS = timedelta(hours=24)

w = webhook_table.c
_COLUMNS = (
    *(w.id, w.url, w.types, w.created_at, w.epoch, w.cursor, w.deliveries, w.delivered_at),
    *(w.failures, w.failing_since, w.quiet_until, w.disabled_at, w.disabled_because),
    *(w.secret, w.secret_before, w.before_until),
)


@dataclass(frozen=True, slots=True)
class Webhook:
    """One webhook. ``types`` are those it wants, all if none is named."""

    id: str
    url: str
    types: str
    created_at: datetime
    epoch: str | None
    cursor: int
    deliveries: int
    delivered_at: datetime | None
    failures: int
    failing_since: datetime | None
    quiet_until: datetime | None
    disabled_at: datetime | None
    disabled_because: str | None
    secret: str
    secret_before: str | None
    before_until: datetime | None

    def __repr__(self) -> str:
        """Without its secrets, and without its address, which may hold one."""
        return f"<Webhook {self.id}>"

    def wants(self, type: str) -> bool:
        """Whether it is to be told of this."""
        return not self.types or type in self.types.split()

    def live_secrets(self, now: datetime) -> list[str]:
        """Those that sign at an instant, the newest first."""
        both = self.secret_before and self.before_until and now < self.before_until
        return [self.secret, *([self.secret_before] if both and self.secret_before else [])]


@dataclass(frozen=True, slots=True)
class Log:
    """Where the log of changes stands: its life, and its newest number."""

    epoch: str | None
    newest: int


def all_of(connection: Connection, chain: str) -> list[Webhook]:
    """The webhooks of a chain, the oldest first."""
    query = select(*_COLUMNS).where(w.chain == chain).order_by(w.created_at, w.id)
    return [Webhook(**row._mapping) for row in connection.execute(query)]


def find(connection: Connection, chain: str, id: str) -> Webhook:
    """One of a chain's. Raises NotFound."""
    row = connection.execute(select(*_COLUMNS).where(w.id == id, w.chain == chain)).first()
    if row is None:
        raise NotFound("no_such_webhook", f"There is no webhook {id[:30]} of yours.")
    return Webhook(**row._mapping)


def with_id(connection: Connection, id: str) -> Webhook | None:
    """Any one, for who sends to it."""
    row = connection.execute(select(*_COLUMNS).where(w.id == id)).first()
    return None if row is None else Webhook(**row._mapping)


def add(
    connection: Connection, now: datetime, by: Till, log: Log, url: str, types: Collection[str]
) -> Webhook:
    """A new one, told of what happens from now on; its secret is in what this gives.

    Raises Conflict for a sixth, or an address that the chain has already.
    """
    known = all_of(connection, by.chain)
    if any(one.url == url for one in known):
        raise Conflict("webhook_exists", "Your chain has a webhook with this address already.")
    if len(known) >= MOST:
        raise Conflict("too_many_webhooks", f"A chain has at most {MOST}: delete one first.")
    id = f"wh_{secrets.token_hex(8)}"
    connection.execute(
        webhook_table.insert().values(
            id=id,
            chain=by.chain,
            url=url,
            types=_words(types),
            secret=signing.new_secret(),
            created_at=now,
            created_by=by.actor,
            epoch=log.epoch,
            cursor=log.newest,
            deliveries=0,
            failures=0,
        )
    )
    _record(connection, now, by, "added", id, {"host": urlsplit(url).hostname})
    return find(connection, by.chain, id)


def change(
    connection: Connection, now: datetime, by: Till, id: str, fields: dict[str, Any]
) -> Webhook:
    """Another address, other types, or told again after it was disabled. Raises NotFound,
    Conflict."""
    before, values = find(connection, by.chain, id), dict[str, Any]()
    if "url" in fields and fields["url"] != before.url:
        if any(one.url == fields["url"] for one in all_of(connection, by.chain)):
            raise Conflict("webhook_exists", "Your chain has a webhook with this address already.")
        values["url"] = fields["url"]
    if "types" in fields:
        values["types"] = _words(fields["types"])
    if fields.get("enabled"):
        values |= _ENABLED
        m = message_table.c
        waiting = update(message_table).where(m.webhook_id == id)
        connection.execute(waiting.values(queued_at=now, next_at=now, attempts=0))
    elif "enabled" in fields and before.disabled_at is None:
        values |= {"disabled_at": now, "disabled_because": "owner"}
    if values:
        _set(connection, id, **values)
        told = {"fields": sorted(fields)}
        told |= {"host": urlsplit(values["url"]).hostname} if "url" in values else {}
        _record(connection, now, by, "changed", id, told)
    return find(connection, by.chain, id)


_ENABLED = {
    **dict.fromkeys(("disabled_at", "disabled_because", "failing_since", "quiet_until")),
    "failures": 0,
}


def rotate(connection: Connection, now: datetime, by: Till, id: str) -> Webhook:
    """A new secret; the one before signs beside it for a day. Raises NotFound."""
    before = find(connection, by.chain, id)
    until = now + BEFORE_LASTS
    _set(
        connection,
        id,
        secret=signing.new_secret(),
        secret_before=before.secret,
        before_until=until,
    )
    _record(connection, now, by, "secret_changed", id, {})
    return find(connection, by.chain, id)


def replay(connection: Connection, now: datetime, by: Till, log: Log, id: str, after: int) -> None:
    """Tell again what came after a number. Raises NotFound, or Invalid for one to come."""
    find(connection, by.chain, id)
    if after > log.newest:
        raise Invalid(
            "after_not_reached", f"The newest change is {log.newest}: replay after one before it."
        )
    _set(connection, id, cursor=after, epoch=log.epoch)
    _record(connection, now, by, "replayed", id, {"after": after})


def remove(connection: Connection, now: datetime, by: Till, id: str) -> None:
    """Forget it, and what it had yet to be told. Raises NotFound."""
    find(connection, by.chain, id)
    for table in (message_table, delivery_table):
        connection.execute(delete(table).where(table.c.webhook_id == id))
    connection.execute(delete(webhook_table).where(w.id == id))
    _record(connection, now, by, "removed", id, {})


def waiting(connection: Connection, id: str) -> int:
    """How many messages it has yet to be told."""
    m = message_table.c
    query = select(func.count()).select_from(message_table).where(m.webhook_id == id)
    return int(connection.execute(query).scalar_one())


def _set(connection: Connection, id: str, **values: Any) -> None:
    connection.execute(update(webhook_table).where(w.id == id).values(**values))


def _record(
    connection: Connection, now: datetime, by: Till, what: str, id: str, details: dict[str, Any]
) -> None:
    audit.record(connection, now, by.actor, f"webhook.{what}", f"webhook:{id}", details)


def _words(types: Collection[str]) -> str:
    return " ".join(sorted(set(types)))
