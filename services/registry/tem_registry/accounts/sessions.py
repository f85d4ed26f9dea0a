"""Sessions of people signed in: a random cookie in the browser, its hash here.

Looked up at each request, so that a disabled account or a reset counts from the next one on.
"""

import hashlib
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection, delete, select, update

from tem_registry.account_tables import account, known_browser, portal_session
from tem_registry.accounts import account_records
from tem_registry.accounts.account_records import Account
from tem_registry.accounts.account_rules import WHOLE, session_ends

TOUCH = timedelta(minutes=1)  # so seldom a request that only reads writes
KNOWN_FOR = timedelta(days=365)


@dataclass(frozen=True, slots=True)
class Session:
    """A person signed in. ``id`` is the hash of the cookie."""

    id: str
    person: Account
    begun_at: datetime
    seen_at: datetime


def hash_of(token: str) -> str:
    """What is stored of a cookie: it is 256 random bits, so a fast hash is right."""
    return hashlib.sha256(token.encode()).hexdigest()


def begin(connection: Connection, now: datetime, account_id: str) -> str:
    """A new session; its cookie, told this once. Old ones of the same account are swept away."""
    p = portal_session.c
    longest = max(WHOLE.values())
    connection.execute(
        delete(portal_session).where(p.account_id == account_id, p.begun_at < now - longest)
    )
    token = secrets.token_urlsafe(32)
    row = {"id": hash_of(token), "account_id": account_id, "begun_at": now, "seen_at": now}
    connection.execute(portal_session.insert().values(**row))
    return token


def find(connection: Connection, now: datetime, token: str) -> Session | None:
    """The session of a cookie, or None where there is none, or none any more."""
    p = portal_session.c
    query = select(p.id.label("session"), p.begun_at, p.seen_at, *account_records.columns())
    row = connection.execute(
        query.join(account, account.c.id == p.account_id).where(p.id == hash_of(token))
    ).first()
    if row is None:
        return None
    person = account_records.of_row(row)
    over = now >= session_ends(person.role, row.begun_at, row.seen_at)
    if over or person.disabled_at is not None or not person.has_password:
        return None
    return Session(row.session, person, row.begun_at, row.seen_at)


def touch(connection: Connection, now: datetime, session: Session) -> None:
    """Remember that somebody is still there."""
    p = portal_session.c
    connection.execute(update(portal_session).where(p.id == session.id).values(seen_at=now))


def end(connection: Connection, id: str) -> None:
    """Sign out."""
    connection.execute(delete(portal_session).where(portal_session.c.id == id))


def know_browser(connection: Connection, now: datetime, account_id: str) -> str:
    """Remember a browser in which somebody has signed in; its cookie, told this once."""
    b = known_browser.c
    connection.execute(
        delete(known_browser).where(b.account_id == account_id, b.since < now - KNOWN_FOR)
    )
    token = secrets.token_urlsafe(32)
    row = {"id": hash_of(token), "account_id": account_id, "since": now}
    connection.execute(known_browser.insert().values(**row))
    return token


def is_known(connection: Connection, token: str, login: str) -> bool:
    """Whether the account of this login was signed in before in the browser with this cookie."""
    b = known_browser.c
    query = select(b.id).join(account, account.c.id == b.account_id)
    found = query.where(b.id == hash_of(token), account.c.login == login)
    return connection.execute(found).first() is not None
