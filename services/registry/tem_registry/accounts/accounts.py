"""Accounts of people: invited by the office, taken up with a code, disabled for good or a while.

Whoever signs in acts as an API key of the same role would; the audit trail names the login.
"""

import hashlib
import hmac
import secrets
from datetime import datetime, timedelta

from sqlalchemy import Connection, delete, select, update

from tem.errors import Conflict, Invalid, NotFound, Unauthenticated
from tem.trail import audit
from tem.vocabulary import Role
from tem_registry import tables
from tem_registry.account_tables import account, known_browser, portal_session
from tem_registry.accounts import account_rules
from tem_registry.accounts.account_records import Account, find

ROLES = (Role.OFFICE, Role.PRODUCER, Role.AUDITOR)
_MOST_NAME = 60


def invite(
    connection: Connection,
    now: datetime,
    actor: str,
    *,
    login: str,
    name: str,
    role: Role,
    producer_id: str | None = None,
) -> tuple[Account, str]:
    """Make an account and its invitation: the code is told this once, and good for seven days.

    Raises Invalid, NotFound for a producer that is nobody, Conflict for a login that is taken.
    """
    folded = account_rules.fold_login(login)
    shown_name = " ".join(name.split())
    if not 1 <= len(shown_name) <= _MOST_NAME:
        raise Invalid("name_invalid", f"A name has 1 to {_MOST_NAME} characters.")
    if (role is Role.PRODUCER) != (producer_id is not None):
        raise Invalid("producer_mismatch", "A producer's account names its producer, no other's.")
    if producer_id is not None:
        _require_producer(connection, producer_id)
    if connection.execute(select(account.c.id).where(account.c.login == folded)).first():
        raise Conflict("login_taken", f"There is an account {folded} already: choose another.")
    id = f"A-{secrets.token_hex(6)}"
    connection.execute(
        account.insert().values(
            id=id,
            login=folded,
            name=shown_name,
            role=role,
            producer_id=producer_id,
            created_at=now,
        )
    )
    details = {"login": folded, "role": role, "producer_id": producer_id}
    audit.record(connection, now, actor, "account.invited", f"account:{id}", details)
    return _with_invitation(connection, now, id)


def reset(connection: Connection, now: datetime, actor: str, id: str) -> tuple[Account, str]:
    """A new invitation in place of the password; who is signed in is signed out. Raises NotFound,
    or Conflict for a disabled account."""
    found = find(connection, id, locked=True)
    if found.disabled_at is not None:
        raise Conflict("account_disabled", f"{found.login} is disabled: enable it first.")
    connection.execute(update(account).where(account.c.id == id).values(password_hash=None))
    sign_out_everywhere(connection, id)
    audit.record(connection, now, actor, "account.reset", f"account:{id}")
    return _with_invitation(connection, now, id)


def take_up(
    connection: Connection, now: datetime, login: str, code: str, password_hash: str
) -> Account:
    """Set the first password with an invitation's code, which is good once.

    The caller has checked the password. Raises Unauthenticated, the same for whatever is wrong.
    """
    c = account.c
    row = connection.execute(
        select(c.id, c.login, c.invitation_hash, c.invitation_until, c.disabled_at)
        .where(c.login == login)
        .with_for_update()  # good once, also when it is sent twice at once
    ).first()
    given = _hash(account_rules.fold_code(code))
    good = row is not None and hmac.compare_digest(row.invitation_hash or "", given)
    if row is None or not good or row.disabled_at is not None or row.invitation_until <= now:
        raise Unauthenticated(
            "invitation_not_valid",
            "Login and code do not belong together, or the code was used or is over: "
            "ask the office for a new one.",
        )
    used = {"password_hash": password_hash, "invitation_hash": None, "invitation_until": None}
    connection.execute(update(account).where(c.id == row.id).values(**used))
    sign_out_everywhere(connection, row.id)  # whoever else was in is not the invited person
    actor = find(connection, row.id).principal.actor
    audit.record(connection, now, actor, "account.taken_up", f"account:{row.id}")
    return find(connection, row.id)


def change_password(
    connection: Connection, now: datetime, id: str, old_hash: str, new_hash: str, *, keep: str
) -> bool:
    """Put another password in place of the one that was proven, and end every session but ``keep``
    (its id). Whether it was still in place: a reset or disabling in between counts."""
    c = account.c
    same = (c.id == id, c.password_hash == old_hash, c.disabled_at.is_(None))
    changed = connection.execute(update(account).where(*same).values(password_hash=new_hash))
    if changed.rowcount == 0:
        return False
    p = portal_session.c
    connection.execute(delete(portal_session).where(p.account_id == id, p.id != keep))
    connection.execute(delete(known_browser).where(known_browser.c.account_id == id))
    actor = find(connection, id).principal.actor
    audit.record(connection, now, actor, "account.password_changed", f"account:{id}")
    return True


def disable(connection: Connection, now: datetime, actor: str, id: str) -> Account:
    """Let an account do nothing any more, at once. Raises NotFound, or Conflict for the last
    account of the office that can sign in."""
    found = find(connection, id, locked=True)
    if found.disabled_at is not None:
        return found
    if found.role is Role.OFFICE and _others_of_office(connection, id) == 0:
        raise Conflict(
            "last_office_account",
            "Nobody of the office could sign in any more: invite somebody else first.",
        )
    gone = {"disabled_at": now, "invitation_hash": None, "invitation_until": None}
    connection.execute(update(account).where(account.c.id == id).values(**gone))
    sign_out_everywhere(connection, id)
    audit.record(connection, now, actor, "account.disabled", f"account:{id}")
    return find(connection, id)


def enable(connection: Connection, now: datetime, actor: str, id: str) -> Account:
    """Undo :func:`disable`; the password is the one of before. Raises NotFound."""
    found = find(connection, id, locked=True)
    if found.disabled_at is None:
        return found
    connection.execute(update(account).where(account.c.id == id).values(disabled_at=None))
    audit.record(connection, now, actor, "account.enabled", f"account:{id}")
    return find(connection, id)


def sign_out_everywhere(connection: Connection, id: str) -> None:
    """End every session of an account and forget the browsers it is known in."""
    connection.execute(delete(portal_session).where(portal_session.c.account_id == id))
    connection.execute(delete(known_browser).where(known_browser.c.account_id == id))


def _with_invitation(connection: Connection, now: datetime, id: str) -> tuple[Account, str]:
    letters = account_rules.CODE_LETTERS
    code = "".join(secrets.choice(letters) for _ in range(account_rules.CODE_LENGTH))
    until = now + timedelta(days=account_rules.INVITATION_DAYS)
    open_now = {"invitation_hash": _hash(code), "invitation_until": until}
    connection.execute(update(account).where(account.c.id == id).values(**open_now))
    return find(connection, id), account_rules.written_code(code)


def _others_of_office(connection: Connection, id: str) -> int:
    """How many others of the office can sign in; their rows are held."""
    c = account.c
    able = (c.role == Role.OFFICE, c.disabled_at.is_(None), c.password_hash.is_not(None))
    others = select(c.id).where(*able, c.id != id).with_for_update()
    return len(connection.execute(others).all())


def _require_producer(connection: Connection, id: str) -> None:
    p = tables.producer.c
    if connection.execute(select(p.id).where(p.id == id)).first() is None:
        raise NotFound("no_such_producer", f"There is no producer {id}: is the id right?")


def _hash(code: str) -> str:
    """A fast hash is right: the code is 98 random bits."""
    return hashlib.sha256(code.encode()).hexdigest()
