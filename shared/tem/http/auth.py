"""API keys: ``tem_<id>_<256-bit secret><checksum>``, shown once, kept as a hash.

A fast hash is right here because the secret is 256 random bits, not a password. The checksum
lets secret scanners and our own error messages tell a mistyped key from a revoked one.
"""

import hashlib
import hmac
import re
import secrets
import zlib
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from sqlalchemy import Column, Connection, Engine, String, Table, select, update

from tem.databases.database import UtcDateTime, plumbing, writing
from tem.errors import Conflict, Forbidden, Invalid, NotFound, Unauthenticated
from tem.installation import write_private
from tem.trail import audit
from tem.vocabulary import Role

_TOKEN = re.compile(r"tem_([0-9a-f]{12})_([0-9a-f]{64})([0-9a-f]{8})", re.ASCII)
NAME = re.compile(r"[\w .@:+-]{1,60}")  # of a key, and of what a key is for
MAX_LIVE_KEYS_PER_NAME = 2  # the old and the new one while a key is being changed

key_table = Table(
    "api_key",
    plumbing,
    Column("id", String(12), primary_key=True),
    Column("name", String(60), nullable=False),
    Column("role", String(20), nullable=False),
    Column("producer_id", String(64)),  # only for role producer
    Column("secret_hash", String(64), nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Column("revoked_at", UtcDateTime),  # absent: the key is live
)


@dataclass(frozen=True, slots=True)
class Principal:
    """Who is asking. ``producer_id`` limits a producer to its own things."""

    key_id: str
    name: str
    role: Role
    producer_id: str | None = None

    @property
    def actor(self) -> str:
        """How the audit trail names it."""
        return f"{self.role}:{self.name}#{self.key_id}"

    @property
    def tenant(self) -> str:
        """Who an idempotency key belongs to; it outlives a change of API keys."""
        return f"producer:{self.producer_id}" if self.producer_id else str(self.role)

    def require(self, *roles: Role) -> None:
        """Raises Forbidden unless the role is one of those named."""
        if self.role not in roles:
            wanted = " or ".join(roles)
            raise Forbidden("role_not_allowed", f"This needs a key with the role {wanted}.")


def create_key(
    connection: Connection,
    now: datetime,
    actor: str,
    role: Role,
    name: str,
    producer_id: str | None = None,
) -> str:
    """Make a key and return its only copy. Raises Invalid or Conflict."""
    if (role is Role.PRODUCER) != (producer_id is not None):
        raise Invalid("producer_mismatch", "A producer's key needs --producer, and only that one.")
    if not NAME.fullmatch(name):
        raise Invalid(
            "invalid_name", "A key's name is 1 to 60 letters, digits, blanks or . @ : + -"
        )
    live = [k for k in list_keys(connection) if k.name == name and k.revoked_at is None]
    if len(live) >= MAX_LIVE_KEYS_PER_NAME:
        raise Conflict(
            "too_many_live_keys",
            f"{name} has two live keys already: revoke one with `key revoke {live[0].id}`.",
        )
    key_id, secret = secrets.token_hex(6), secrets.token_hex(32)
    connection.execute(
        key_table.insert().values(
            id=key_id,
            name=name,
            role=role,
            producer_id=producer_id,
            secret_hash=_hash(secret),
            created_at=now,
        )
    )
    details = {"name": name, "role": role, "producer_id": producer_id}
    audit.record(connection, now, actor, "key.created", f"key:{key_id}", details)
    return f"tem_{key_id}_{secret}{_checksum(key_id, secret)}"


def make_key_file(
    engine: Engine,
    now: datetime,
    actor: str,
    role: Role,
    name: str,
    path: Path,
    *,
    needed: bool = False,
) -> bool:
    """Make a key once and hand it over in a private file; whether one was made.

    Whoever it is for may delete the file or revoke the key: neither brings a new one. With
    ``needed`` (a service's key) a missing file does, and the key it held is revoked.
    The file is written before the commit: cut short, it names no key and is replaced next time.
    """
    with writing(engine) as connection:
        known = [k for k in list_keys(connection) if (k.role, k.name) == (role, name)]
        live = [k for k in known if k.revoked_at is None]
        if (live and path.exists()) if needed else known:
            return False
        for key in live:
            revoke_key(connection, now, actor, key.id)
        token = create_key(connection, now, actor, role, name)
        write_private(path, f"{token}\n".encode())
    return True


@dataclass(frozen=True, slots=True)
class KeyInfo:
    """A key as listed: everything but the secret."""

    id: str
    name: str
    role: str
    producer_id: str | None
    created_at: datetime
    revoked_at: datetime | None


def list_keys(connection: Connection) -> list[KeyInfo]:
    """All keys, live and revoked, oldest first."""
    c = key_table.c
    query = select(c.id, c.name, c.role, c.producer_id, c.created_at, c.revoked_at)
    return [KeyInfo(*row) for row in connection.execute(query.order_by(c.created_at, c.id))]


def revoke_key(connection: Connection, now: datetime, actor: str, key_id: str) -> None:
    """Revoke at once: the next request with it is refused. Raises NotFound."""
    c = key_table.c
    changed = connection.execute(
        update(key_table).where(c.id == key_id, c.revoked_at.is_(None)).values(revoked_at=now)
    )
    if changed.rowcount == 0:
        raise NotFound("no_such_key", f"There is no live key {key_id}: see `key list`.")
    audit.record(connection, now, actor, "key.revoked", f"key:{key_id}")


def authenticate(connection: Connection, authorization: str | None) -> Principal:
    """The holder of ``Authorization: Bearer tem_…``. Raises Unauthenticated.

    Asked of the database each time, so that a revocation counts from the next request on.
    """
    scheme, _, token = (authorization or "").partition(" ")
    if scheme.lower() != "bearer" or not token:
        raise Unauthenticated("key_missing", "Send your key as `Authorization: Bearer tem_…`.")
    found = _TOKEN.fullmatch(token.strip())
    if not found or not hmac.compare_digest(_checksum(found[1], found[2]), found[3]):
        raise Unauthenticated("key_malformed", "This is not a key of ours: is it complete?")
    c = key_table.c
    row = connection.execute(
        select(c.name, c.role, c.producer_id, c.secret_hash, c.revoked_at).where(c.id == found[1])
    ).first()
    good = row is not None and hmac.compare_digest(row.secret_hash, _hash(found[2]))
    if row is None or not good or row.revoked_at is not None:
        raise Unauthenticated("key_not_valid", "This key does not exist or has been revoked.")
    return Principal(found[1], row.name, Role(row.role), row.producer_id)


def _hash(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()


def _checksum(key_id: str, secret: str) -> str:
    return f"{zlib.crc32(f'{key_id}_{secret}'.encode()):08x}"
