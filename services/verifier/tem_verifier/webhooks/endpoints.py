"""The webhooks of a chain: added, changed, their secrets, and from where on they are told."""

import secrets
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

from sqlalchemy import Connection, delete, func, select, update

from tem.errors import Conflict, Invalid, NotFound
from tem.http.idempotency import idempotency_table
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


def find(connection: Connection, chain: str, id: str, *, locked: bool = False) -> Webhook:
    """One of a chain's, for who changes it as well as its messages ``locked``. Raises NotFound."""
    query = select(*_COLUMNS).where(w.id == id, w.chain == chain)
    row = connection.execute(query.with_for_update() if locked else query).first()
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
    id = f"wh_{secrets.token_hex(8)}"
    # First: from here on nobody else's entry, so no address comes before this is committed.
    _record(connection, now, by, "added", id, {"host": urlsplit(url).hostname})
    if len(_others(connection, by.chain, url)) >= MOST:
        raise Conflict("too_many_webhooks", f"A chain has at most {MOST}: delete one first.")
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
    return find(connection, by.chain, id)


def _others(connection: Connection, chain: str, url: str) -> list[Webhook]:
    """The webhooks that a chain has. Raises Conflict if one of them has this address."""
    known = all_of(connection, chain)
    if any(one.url == url for one in known):
        raise Conflict("webhook_exists", "Your chain has a webhook with this address already.")
    return known


def change(
    connection: Connection, now: datetime, by: Till, id: str, fields: dict[str, Any]
) -> Webhook:
    """Another address, other types, or told again after it was disabled. Raises NotFound,
    Conflict."""
    before, values = find(connection, by.chain, id, locked=True), dict[str, Any]()
    if "url" in fields and fields["url"] != before.url:
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
        told = {"fields": sorted(fields)}
        told |= {"host": urlsplit(values["url"]).hostname} if "url" in values else {}
        _record(connection, now, by, "changed", id, told)  # first, as in `add`
        if "url" in values:
            _others(connection, by.chain, values["url"])
        _set(connection, id, **values)
    return find(connection, by.chain, id)


_ENABLED = {
    **dict.fromkeys(("disabled_at", "disabled_because", "failing_since", "quiet_until")),
    "failures": 0,
}


def rotate(connection: Connection, now: datetime, by: Till, id: str) -> Webhook:
    """A new secret, told at ``now``; the one before signs beside it for a day. Raises NotFound."""
    before = find(connection, by.chain, id, locked=True)
    _forget_answers(connection, by, before)
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
    find(connection, by.chain, id, locked=True)
    if after > log.newest:
        raise Invalid(
            "after_not_reached", f"The newest change is {log.newest}: replay after one before it."
        )
    _set(connection, id, cursor=after, epoch=log.epoch)
    _record(connection, now, by, "replayed", id, {"after": after})


def remove(connection: Connection, now: datetime, by: Till, id: str) -> None:
    """Forget it, and what it had yet to be told. Raises NotFound."""
    _forget_answers(connection, by, find(connection, by.chain, id, locked=True))
    for table in (message_table, delivery_table):
        connection.execute(delete(table).where(table.c.webhook_id == id))
    connection.execute(delete(webhook_table).where(w.id == id))
    _record(connection, now, by, "removed", id, {})


def _forget_answers(connection: Connection, by: Till, of: Webhook) -> None:
    """Delete the stored answer that told its secret, which is of no more use to who asks again."""
    told_at = of.created_at if of.before_until is None else of.before_until - BEFORE_LASTS
    c = idempotency_table.c
    mine = (c.tenant == by.tenant, c.created_at == told_at)
    told = c.answer.contains(of.secret, autoescape=True)
    connection.execute(delete(idempotency_table).where(*mine, told))


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
