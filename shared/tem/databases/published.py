"""The published tables: the read model the registry writes and verifiers read.

Small, denormalised, rebuildable from nothing. Each row carries the change number at which it
was last written, so a verifier asks only for what is newer than what it holds.
They hold nothing that the public may not see: they are all that leaves the registry.
"""

from datetime import datetime

from sqlalchemy import (
    BigInteger,
    Column,
    Connection,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    select,
)

from tem.databases.database import UtcDateTime

PIECE_BYTES = 1024 * 1024
# On PostgreSQL they have a schema of their own, which is replicated and granted alone.
SCHEMA = "published"

metadata = MetaData(schema=SCHEMA)

# One row: raised by an UPDATE in each publishing transaction, so numbers commit in order.
# The epoch names a life of the registry's database; a verifier never goes back in either.
state = Table(
    "published_state",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("epoch", String(32), nullable=False),
    Column("change", BigInteger, nullable=False),
    Column("changed_at", UtcDateTime, nullable=False),
)
batch = Table(
    "published_batch",
    metadata,
    Column("number", BigInteger, primary_key=True, autoincrement=False),
    Column("manifest", Text, nullable=False),
    Column("signature", LargeBinary(64), nullable=False),
    Column("product_id", String(64), nullable=False),
    Column("producer_id", String(64), nullable=False),
    Column("change", BigInteger, nullable=False),
    Index("ix_published_batch_change", "change"),
)
# An act writes anew the intervals it touched, under its change number; together they cover
# exactly what the rows they replace had covered, so a reader drops whatever a new row overlaps.
interval = Table(
    "published_interval",
    metadata,
    Column("batch", BigInteger, primary_key=True, autoincrement=False),
    Column("first", Integer, primary_key=True, autoincrement=False),
    Column("last", Integer, nullable=False),
    Column("state", String(12), nullable=False),
    Column("lot_id", String(64)),  # kept when a stamp is voided after its activation
    Column("revoked_on", String(10)),  # the public date of a withdrawal
    Column("change", BigInteger, nullable=False),
    Index("ix_published_interval_change", "change"),
)
# What the public may see of a lot, product, producer or point of sale, as JSON.
card = Table(
    "published_card",
    metadata,
    Column("kind", String(12), primary_key=True),
    Column("id", String(64), primary_key=True),
    Column("body", Text, nullable=False),
    Column("change", BigInteger, nullable=False),
    Index("published_card_change", "change"),
)
# The first 8 bytes of each stamp's hash, in index order, in pieces of at most 1 MiB.
fingerprints = Table(
    "published_fingerprints",
    metadata,
    Column("batch", BigInteger, primary_key=True, autoincrement=False),
    Column("piece", Integer, primary_key=True, autoincrement=False),
    Column("content", LargeBinary, nullable=False),
)

# Pictures of products, drawn anew from what was sent: named by the SHA-256 of their bytes.
image = Table(
    "published_image",
    metadata,
    Column("id", String(64), primary_key=True),
    Column("content_type", String(40), nullable=False),
    Column("content", LargeBinary, nullable=False),
)

# One row, written every second by a registry on PostgreSQL: a replica that has it has everything
# that was committed before that time.
beat = Table(
    "published_beat",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("at", UtcDateTime, nullable=False),
)

# What happened that tills are told at once (a recall above all): a log that only grows. Numbers
# have no gaps: they are given under the lock of the state's row.
event = Table(
    "published_event",
    metadata,
    Column("seq", BigInteger, primary_key=True, autoincrement=False),
    Column("change", BigInteger, nullable=False),
    Column("at", UtcDateTime, nullable=False),
    Column("type", String(40), nullable=False),
    Column("body", Text, nullable=False),
)

# Offline packs as made and signed: a whole one has no ``base``, a delta names the whole one that it
# changes. The verifier hands them out and can make none.
pack = Table(
    "published_pack",
    metadata,
    Column("sequence", BigInteger, primary_key=True, autoincrement=False),
    Column("base", BigInteger),
    Column("change", BigInteger, nullable=False),
    Column("made_at", UtcDateTime, nullable=False),
    Column("size", BigInteger, nullable=False),
)
pack_piece = Table(
    "published_pack_piece",
    metadata,
    Column("sequence", BigInteger, primary_key=True, autoincrement=False),
    Column("piece", Integer, primary_key=True, autoincrement=False),
    Column("content", LargeBinary, nullable=False),
)

TABLE_NAMES = frozenset(table.name for table in metadata.tables.values())


def position(connection: Connection) -> tuple[str, int, datetime] | None:
    """Epoch, change number and time of the last publication; None before the first."""
    row = connection.execute(
        select(state.c.epoch, state.c.change, state.c.changed_at).where(state.c.id == 1)
    ).first()
    return None if row is None else (row.epoch, row.change, row.changed_at)
