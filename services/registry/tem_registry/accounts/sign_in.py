"""Signing in: guessing is slowed down for whoever guesses, and for nobody else.

A wrong password counts against the network that it came from, for this login and for all; in a
browser where this person has signed in before, against that browser alone. So no stranger's
guesses keep a person out of a browser of theirs, and nobody is locked out everywhere. Each try is
counted before its password is looked at: tries at once do not slip through together.
"""

import hashlib
import hmac
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection, Engine, delete, select, update

from tem.databases.database import insert_or_ignore, writing
from tem.dates import vietnam_day
from tem.errors import TooMany, Unauthenticated
from tem.trail import audit
from tem.vocabulary import Role
from tem_registry.account_tables import account, sign_in_failure, sign_in_key
from tem_registry.accounts import (
    account_records,
    account_rules,
    accounts,
    passwords,
    sessions,
)

WINDOW = timedelta(minutes=15)
FROM_ONE_NETWORK = 10  # for one login
FROM_ONE_NETWORK_IN_ALL = 60  # an office, or a telephone company's customers behind one address
IN_A_KNOWN_BROWSER = 10
_WRONG = "Login or password is wrong: try again, or ask the office for a new invitation."


@dataclass(frozen=True, slots=True)
class SignedIn:
    """The cookies of somebody who has just signed in; ``browser`` if it was not known yet."""

    session: str
    browser: str | None
    role: Role


@dataclass(frozen=True, slots=True)
class Attempt:
    """A try to sign in. ``network`` is whom the request counts for, ``browser`` its cookie."""

    login: str
    password: str
    network: str | None
    browser: str | None


def sign_in(engine: Engine, now: datetime, attempt: Attempt) -> SignedIn:
    """Let somebody in. Raises Unauthenticated, the same for whatever is wrong, or TooMany."""
    proven = require_password(engine, now, attempt)
    with writing(engine) as connection:
        found = account_records.find(connection, proven.account_id, locked=True)
        c = account.c
        same = (c.id == proven.account_id, c.password_hash == proven.password_hash)
        unchanged = connection.execute(select(c.id).where(*same)).first()
        if found.disabled_at is not None or unchanged is None:
            raise Unauthenticated("sign_in_refused", _WRONG)
        return begin(connection, now, found, known=proven.in_known_browser)


@dataclass(frozen=True, slots=True)
class Proven:
    """A password was right: whose, and by which hash."""

    account_id: str
    password_hash: str
    in_known_browser: bool


def require_password(engine: Engine, now: datetime, attempt: Attempt) -> Proven:
    """Check a password, and count the try if it is wrong. Raises as :func:`sign_in`."""
    login = attempt.login
    with writing(engine) as connection:
        known = attempt.browser is not None and sessions.is_known(
            connection, attempt.browser, login
        )
        counted = _count(connection, now, _counted_against(connection, now, attempt, known=known))
        c = account.c
        row = connection.execute(select(c.id, c.password_hash).where(c.login == login)).first()
    # Outside of any transaction: it takes a tenth of a second on purpose.
    if not passwords.is_right(row.password_hash if row else None, attempt.password) or row is None:
        raise Unauthenticated("sign_in_refused", _WRONG)
    with writing(engine) as connection:
        _uncount(connection, counted)
    return Proven(row.id, row.password_hash, known)


def change_password(
    engine: Engine, now: datetime, attempt: Attempt, password: str, *, keep: str
) -> None:
    """Another password for who knows the present one; every session but ``keep`` ends.

    The caller has checked the new one. Raises as :func:`sign_in`, also if the office has reset the
    account since the present one was proven: the reset counts.
    """
    proven = require_password(engine, now, attempt)
    hashed = passwords.hash_of(password)
    with writing(engine) as connection:
        if not accounts.change_password(
            connection, now, proven.account_id, proven.password_hash, hashed, keep=keep
        ):
            raise Unauthenticated("sign_in_refused", _WRONG)


def begin(
    connection: Connection, now: datetime, person: account_records.Account, *, known: bool
) -> SignedIn:
    """Begin the session of somebody whose password is right."""
    audit.record(
        connection, now, person.principal.actor, "account.signed_in", f"account:{person.id}"
    )
    browser = None if known else sessions.know_browser(connection, now, person.id)
    return SignedIn(sessions.begin(connection, now, person.id), browser, person.role)


def take_up(
    engine: Engine, now: datetime, login: str, code: str, password: str, network: str | None
) -> SignedIn:
    """Take up an invitation and sign in with it.

    Raises Invalid for the password, Unauthenticated for login or code, TooMany.
    """
    account_rules.check_password(password, login)
    with writing(engine) as connection:
        attempt = Attempt(login, "", network, None)
        counted = _count(connection, now, _counted_against(connection, now, attempt, known=False))
    hashed = passwords.hash_of(password)
    with writing(engine) as connection:
        person = accounts.take_up(connection, now, login, code, hashed)
        _uncount(connection, counted)
        return begin(connection, now, person, known=False)


def _counted_against(
    connection: Connection, now: datetime, attempt: Attempt, *, known: bool
) -> dict[str, int]:
    """Whom a try counts against, as keyed hashes, with how many each may make in a window."""
    if known and attempt.browser is not None:
        return {_keyed(connection, now, "browser", attempt.browser): IN_A_KNOWN_BROWSER}
    if attempt.network is None:  # this very machine
        return {_keyed(connection, now, "here", attempt.login): FROM_ONE_NETWORK}
    return {
        _keyed(connection, now, "login", attempt.network, attempt.login): FROM_ONE_NETWORK,
        _keyed(connection, now, "all", attempt.network): FROM_ONE_NETWORK_IN_ALL,
    }


def _keyed(connection: Connection, now: datetime, *words: str) -> str:
    """Nobody can work out an address or a login from it once the day's key is gone."""
    today = vietnam_day(now)
    fresh = {"day": today, "key": secrets.token_hex(32)}
    if insert_or_ignore(connection, sign_in_key, fresh):
        connection.execute(delete(sign_in_key).where(sign_in_key.c.day < today))
        connection.execute(delete(sign_in_failure).where(sign_in_failure.c.since < now - WINDOW))
    key = connection.execute(
        select(sign_in_key.c.key).where(sign_in_key.c.day == today)
    ).scalar_one()
    return hmac.new(bytes.fromhex(key), "\0".join(words).encode(), hashlib.sha256).hexdigest()


def _count(connection: Connection, now: datetime, against: dict[str, int]) -> list[str]:
    """Count a try before it is looked at. Raises TooMany if there were too many already."""
    f = sign_in_failure.c
    for name, most in sorted(against.items()):
        insert_or_ignore(
            connection, sign_in_failure, {"counted_against": name, "count": 0, "since": now}
        )
        tries, since = connection.execute(
            select(f["count"], f.since).where(f.counted_against == name).with_for_update()
        ).one()
        is_over = now - since >= WINDOW
        if not is_over and tries >= most:
            raise TooMany(
                "too_many_sign_ins",
                "Too many tries: wait a quarter of an hour, or ask the office for an invitation.",
            )
        counted = {"count": 1, "since": now} if is_over else {"count": tries + 1}
        connection.execute(
            update(sign_in_failure).where(f.counted_against == name).values(**counted)
        )
    return sorted(against)


def _uncount(connection: Connection, counted: list[str]) -> None:
    """A right password was no failure."""
    f = sign_in_failure.c
    for name in counted:
        connection.execute(
            update(sign_in_failure)
            .where(f.counted_against == name, f["count"] > 0)
            .values(count=f["count"] - 1)
        )
