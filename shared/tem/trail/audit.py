"""The audit trail: append-only, hash-chained, in the transaction of the act it tells of.

Each entry's hash covers the entry before it, so a changed, removed or inserted entry breaks
the chain at its place; ``tem fsck`` walks it.
"""

import hashlib
import json
from collections.abc import Iterator, Mapping
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import (
    BigInteger,
    Column,
    Connection,
    Index,
    Integer,
    Row,
    String,
    Table,
    Text,
    select,
    update,
)

from tem.databases.database import UtcDateTime, insert_or_ignore, plumbing
from tem.dates import rfc3339

GENESIS = "0" * 64
AT_ONCE = 1000  # entries held in memory while the whole chain is walked
# The request that an act belongs to; set at the edge, empty for commands and followers.
request_id: ContextVar[str] = ContextVar("request_id", default="")


def _by_code(length: int) -> String:
    """A text in the order of its code points on both engines: an index serves its beginning."""
    return String(length).with_variant(String(length, collation="C"), "postgresql")


entry_table = Table(
    "audit_entry",
    plumbing,
    Column("seq", BigInteger().with_variant(Integer, "sqlite"), primary_key=True),
    Column("at", UtcDateTime, nullable=False, index=True),
    Column("actor", _by_code(100), nullable=False),
    Column("action", String(60), nullable=False),
    Column("object", _by_code(120), nullable=False),
    Column("request_id", String(64), nullable=False, index=True),
    Column("details", Text, nullable=False),  # canonical JSON: the hash is over this very text
    Column("prev_hash", String(64), nullable=False),
    Column("hash", String(64), nullable=False),
    # With ``seq``, so that a page of one object's or one kind of act is read in order.
    Index("audit_entry_object", "object", "seq"),
    Index("audit_entry_action", "action", "seq"),
    Index("audit_entry_actor", "actor", "seq"),
)
# One locked row orders the entries; its absence means that nothing was ever recorded.
head_table = Table(
    "audit_head",
    plumbing,
    Column("id", Integer, primary_key=True),
    Column("seq", BigInteger, nullable=False),
    Column("hash", String(64), nullable=False),
)


@dataclass(frozen=True, slots=True)
class Entry:
    """One act: who did what to which object, when, and its place in the chain."""

    seq: int
    at: datetime
    actor: str
    action: str
    object: str
    request_id: str
    details: dict[str, Any]
    prev_hash: str
    hash: str


def record(
    connection: Connection,
    now: datetime,
    actor: str,
    action: str,
    object: str,
    details: Mapping[str, Any] | None = None,
) -> int:
    """Append an entry in the caller's transaction and give its number.

    ``actor`` is a key's name or a process, ``object`` reads ``kind:id``; ``details`` holds
    JSON values, never a secret, a stamp's code or a person's data: entries cannot be erased.
    What changed stands in its members ``before`` and ``after`` (:func:`difference`).
    """
    insert_or_ignore(connection, head_table, {"id": 1, "seq": 0, "hash": GENESIS})
    head = connection.execute(
        update(head_table)
        .where(head_table.c.id == 1)
        .values(seq=head_table.c.seq + 1)
        .returning(head_table.c.seq, head_table.c.hash)
    ).one()
    text = json.dumps(dict(details or {}), sort_keys=True, ensure_ascii=False, default=str)
    at = now.replace(microsecond=0)
    request = request_id.get()
    digest = _hash(head.hash, head.seq, at, actor, action, object, request, text)
    connection.execute(
        entry_table.insert().values(
            seq=head.seq,
            at=at,
            actor=actor,
            action=action,
            object=object,
            request_id=request,
            details=text,
            prev_hash=head.hash,
            hash=digest,
        )
    )
    connection.execute(update(head_table).where(head_table.c.id == 1).values(hash=digest))
    return int(head.seq)


def difference(
    before: Mapping[str, Any], after: Mapping[str, Any], personal: frozenset[str] = frozenset()
) -> dict[str, Any]:
    """What changed, as the members ``before`` and ``after`` of an entry's details.

    Fields of ``personal`` are named under ``withheld`` and not told: an entry outlives a consent.
    """
    changed = {n for n in before.keys() | after.keys() if before.get(n) != after.get(n)}
    told = sorted(changed - personal)
    out: dict[str, Any] = {
        "before": {name: before[name] for name in told if name in before},
        "after": {name: after[name] for name in told if name in after},
    }
    if changed & personal:
        out["withheld"] = sorted(changed & personal)
    return out


def _hash(
    prev: str,
    seq: int,
    at: datetime,
    actor: str,
    action: str,
    object: str,
    request: str,
    details: str,
) -> str:
    parts = [prev, str(seq), rfc3339(at), actor, action, object, request, details]
    return hashlib.sha256(json.dumps(parts, ensure_ascii=False).encode()).hexdigest()


COLUMNS = tuple(entry_table.c)


def entry(row: Row[Any]) -> Entry:
    """An entry from a row of :data:`COLUMNS`."""
    return Entry(**{**row._mapping, "details": json.loads(row.details)})


def entries(
    connection: Connection, after: int = 0, limit: int = 200, object: str | None = None
) -> list[Entry]:
    """Entries with a number above ``after``, oldest first, at most ``limit``."""
    c = entry_table.c
    query = select(*COLUMNS).where(c.seq > after).order_by(c.seq).limit(limit)
    if object is not None:
        query = query.where(c.object == object)
    return [entry(row) for row in connection.execute(query)]


def head(connection: Connection) -> tuple[int, str]:
    """Number and hash of the last entry, as the head names it; 0 and GENESIS before the first."""
    row = connection.execute(select(head_table.c.seq, head_table.c.hash)).first()
    return (row.seq, row.hash) if row else (0, GENESIS)


def faults(connection: Connection, after: tuple[int, str] = (0, GENESIS)) -> Iterator[str]:
    """What is wrong with the chain, one sentence each; nothing if it is whole.

    ``after`` is number and hash of an entry known to be right: only what follows it is read.
    """
    c = entry_table.c
    seq, prev = after
    query = select(*COLUMNS).where(c.seq > seq).order_by(c.seq)
    with connection.execute(query.execution_options(yield_per=AT_ONCE)) as rows:
        for row in rows:
            seq += 1
            wanted = _hash(
                prev,
                row.seq,
                row.at,
                row.actor,
                row.action,
                row.object,
                row.request_id,
                row.details,
            )
            if row.seq != seq or row.prev_hash != prev or row.hash != wanted:
                yield f"audit entry {row.seq} does not continue the chain after entry {seq - 1}"
                return
            prev = row.hash
    if head(connection) != (seq, prev):
        named = head(connection)[0]
        told = f"names entry {named}" if named else "is missing"
        yield f"the audit chain ends at entry {seq}, but its head {told}"
