"""What the verifier remembers itself: how far it has read, final manifests, scans counted."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    ColumnElement,
    Connection,
    Date,
    Index,
    Insert,
    Integer,
    MetaData,
    String,
    Table,
    and_,
    false,
    or_,
    select,
    update,
)
from sqlalchemy.dialects import postgresql, sqlite

from tem.databases.database import UtcDateTime, insert_or_ignore

metadata = MetaData()
ASKED_AT_ONCE = 500

# The furthest position read; the registry's may stand before it only after a restore.
position_table = Table(
    "read_position",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("epoch", String(32)),
    Column("change", BigInteger, nullable=False),
    Column("went_back", Boolean, nullable=False),
    Column("restores", Integer, nullable=False),
    Column("as_of", UtcDateTime),  # up to when the tables were complete that showed the change
)
# The first manifest accepted for a number is final, whatever the published tables say later,
# and so is the first batch that had a key.
manifest_table = Table(
    "accepted_manifest",
    metadata,
    Column("batch", BigInteger, primary_key=True, autoincrement=False),
    Column("digest", String(64), nullable=False),
    Column("public_key", String(64), nullable=False, unique=True),
)
# Scans of a stamp on a day of Vietnam's calendar, and from how many different origins, as far as
# the note needs to know; nothing about who scanned. After some days they are folded into one total.
scan_day_table = Table(
    "scan_day",
    metadata,
    Column("batch", BigInteger, primary_key=True, autoincrement=False),
    Column("index", Integer, primary_key=True, autoincrement=False),
    Column("day", Date, primary_key=True),
    Column("count", BigInteger, nullable=False),
    Column("origins", Integer, nullable=False, server_default="0"),
    Index("scan_day_day", "day"),
)
scan_total_table = Table(
    "scan_total",
    metadata,
    Column("batch", BigInteger, primary_key=True, autoincrement=False),
    Column("index", Integer, primary_key=True, autoincrement=False),
    Column("first_day", Date, nullable=False),
    Column("count", BigInteger, nullable=False),
    Column("last_day", Date),  # None where a version folded that did not keep it
    Column("origins", BigInteger, nullable=False, server_default="0"),
)
# The buckets of origins that were counted today, to know the next one from them. Nothing here
# outlives its day: on PostgreSQL it is in no WAL and no base backup (UNLOGGED).
scan_origin_table = Table(
    "scan_origin",
    metadata,
    Column("day", Date, primary_key=True),
    Column("batch", BigInteger, primary_key=True, autoincrement=False),
    Column("index", Integer, primary_key=True, autoincrement=False),
    Column("origin", Integer, primary_key=True, autoincrement=False),
)
# The key of today under which they are hashed, one for all workers; in hexadecimal.
scan_key_table = Table(
    "scan_key",
    metadata,
    Column("day", Date, primary_key=True),
    Column("key", String(64), nullable=False),
)
# Names of parcels counted: one delivered again, or written again after a broken connection, is
# known by its name.
scan_parcel_table = Table(
    "scan_parcel",
    metadata,
    Column("writer", String(32), primary_key=True),
    Column("sequence", BigInteger, primary_key=True, autoincrement=False),
    Column("made_at", BigInteger, nullable=False),
    Index("scan_parcel_made_at", "made_at"),
)
# Stamps that get the note MANY_SCANS at present: few, so that every worker can hold them.
scanned_often_table = Table(
    "scanned_often",
    metadata,
    Column("batch", BigInteger, primary_key=True, autoincrement=False),
    Column("index", Integer, primary_key=True, autoincrement=False),
)
# One row: the day up to which this was tidied, and the thresholds of the table above.
scan_upkeep_table = Table(
    "scan_upkeep",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("done_on", Date),
    Column("threshold", Integer, nullable=False),
    Column("origin_threshold", Integer, nullable=False, server_default="0"),
)


def inserting(connection: Connection, table: Any) -> Insert:
    """An INSERT that can say what to do where the row is there already."""
    on_server = connection.dialect.name == "postgresql"
    return postgresql.insert(table) if on_server else sqlite.insert(table)


def among(
    batch: ColumnElement[int], index: ColumnElement[int], stamps: Iterable[tuple[int, int]]
) -> ColumnElement[bool]:
    """Whether a row is about one of some stamps, :data:`ASKED_AT_ONCE` at most.

    Batch by batch: asked for pairs, SQLite walks the whole table and leaves its index alone.
    """
    of_batch: defaultdict[int, list[int]] = defaultdict(list)
    for number, one in stamps:
        of_batch[number].append(one)
    return or_(
        false(), *(and_(batch == number, index.in_(of_batch[number])) for number in of_batch)
    )


@dataclass(frozen=True, slots=True)
class ReadPosition:
    """How far any worker of this verifier has ever read.

    ``epoch`` is None while the registry's present state is to be taken as it is: at first, and
    after an operator said so; ``restores`` counts how often one did. ``went_back`` stays until
    then. Tables complete beyond ``as_of`` must have the change; None if that is not known.
    """

    epoch: str | None = None
    change: int = -1
    went_back: bool = False
    restores: int = 0
    as_of: datetime | None = None


def position(connection: Connection) -> ReadPosition:
    """How far it has been read."""
    c = position_table.c
    query = select(c.epoch, c.change, c.went_back, c.restores, c.as_of).where(c.id == 1)
    row = connection.execute(query).first()
    return ReadPosition() if row is None else ReadPosition(*row)


def advance(connection: Connection, epoch: str, change: int, as_of: datetime | None = None) -> None:
    """Remember a position, if it is further in the same epoch."""
    _begin(connection)
    c = position_table.c
    further = or_(c.epoch.is_(None), (c.epoch == epoch) & (c.change < change))
    values = {"epoch": epoch, "change": change, "as_of": as_of}
    connection.execute(update(position_table).where(further).values(values))


def note_went_back(connection: Connection, restores: int) -> None:
    """Remember that the registry stood before the position read.

    Unless an operator has accepted a restore since the worker saw so few of them.
    """
    same = position_table.c.restores == restores
    connection.execute(update(position_table).where(same).values(went_back=True))


def accept_restore(connection: Connection) -> None:
    """Take whatever the registry says next as it is: an operator's decision after a restore."""
    _begin(connection)
    c = position_table.c
    connection.execute(
        update(position_table).values(
            epoch=None, change=-1, went_back=False, restores=c.restores + 1, as_of=None
        )
    )


def _begin(connection: Connection) -> None:
    row = {"id": 1, "epoch": None, "change": -1, "went_back": False, "restores": 0}
    insert_or_ignore(connection, position_table, row)


def is_final(connection: Connection, batch: int, digest: str, public_key: str) -> bool:
    """Whether this manifest is the first for its number, and its key's first batch."""
    row = {"batch": batch, "digest": digest, "public_key": public_key}
    insert_or_ignore(connection, manifest_table, row)
    c = manifest_table.c
    found = select(c.batch).where(c.batch == batch, c.digest == digest, c.public_key == public_key)
    return connection.execute(found).first() is not None


def final_digests(connection: Connection, batches: Sequence[int]) -> dict[int, str]:
    """The digest of the final manifest of each of some batches that has one."""
    c = manifest_table.c
    found: dict[int, str] = {}
    for at in range(0, len(batches), ASKED_AT_ONCE):
        asked = select(c.batch, c.digest).where(c.batch.in_(batches[at : at + ASKED_AT_ONCE]))
        found |= {row.batch: row.digest for row in connection.execute(asked)}
    return found
