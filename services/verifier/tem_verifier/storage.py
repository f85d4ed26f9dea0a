"""What the verifier remembers itself: how far it has read, and which manifests are final."""

from dataclasses import dataclass

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Connection,
    Integer,
    MetaData,
    String,
    Table,
    or_,
    select,
    update,
)

from tem.database import insert_or_ignore

metadata = MetaData()

# The furthest position read; the registry's may stand before it only after a restore.
position_table = Table(
    "read_position",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("epoch", String(32)),
    Column("change", BigInteger, nullable=False),
    Column("went_back", Boolean, nullable=False),
    Column("restores", Integer, nullable=False),
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


@dataclass(frozen=True, slots=True)
class ReadPosition:
    """How far any worker of this verifier has ever read.

    ``epoch`` is None while the registry's present state is to be taken as it is: at first, and
    after an operator said so; ``restores`` counts how often one did. ``went_back`` stays until
    then.
    """

    epoch: str | None = None
    change: int = -1
    went_back: bool = False
    restores: int = 0


def position(connection: Connection) -> ReadPosition:
    """How far it has been read."""
    c = position_table.c
    query = select(c.epoch, c.change, c.went_back, c.restores).where(c.id == 1)
    row = connection.execute(query).first()
    return ReadPosition() if row is None else ReadPosition(*row)


def advance(connection: Connection, epoch: str, change: int) -> None:
    """Remember a position, if it is further in the same epoch."""
    _begin(connection)
    c = position_table.c
    further = or_(c.epoch.is_(None), (c.epoch == epoch) & (c.change < change))
    connection.execute(update(position_table).where(further).values(epoch=epoch, change=change))


def note_went_back(connection: Connection) -> None:
    """Remember that the registry stood before the position read."""
    connection.execute(update(position_table).values(went_back=True))


def accept_restore(connection: Connection) -> None:
    """Take whatever the registry says next as it is: an operator's decision after a restore."""
    _begin(connection)
    c = position_table.c
    connection.execute(
        update(position_table).values(
            epoch=None, change=-1, went_back=False, restores=c.restores + 1
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
