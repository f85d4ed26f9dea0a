"""What the verifier remembers itself: how far it has read, and which manifests are final."""

from sqlalchemy import (
    BigInteger,
    Column,
    Connection,
    Integer,
    MetaData,
    String,
    Table,
    delete,
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
    Column("epoch", String(32), nullable=False),
    Column("change", BigInteger, nullable=False),
)
# The first manifest accepted for a number is final, whatever the published tables say later.
manifest_table = Table(
    "accepted_manifest",
    metadata,
    Column("batch", BigInteger, primary_key=True, autoincrement=False),
    Column("digest", String(64), nullable=False),
)


def position(connection: Connection) -> tuple[str, int] | None:
    """Epoch and change number read so far; None before the first."""
    c = position_table.c
    row = connection.execute(select(c.epoch, c.change).where(c.id == 1)).first()
    return None if row is None else (row.epoch, row.change)


def advance(connection: Connection, epoch: str, change: int) -> None:
    """Remember a position, if it is further in the same epoch."""
    insert_or_ignore(connection, position_table, {"id": 1, "epoch": epoch, "change": change})
    c = position_table.c
    connection.execute(
        update(position_table).where(c.epoch == epoch, c.change < change).values(change=change)
    )


def forget_position(connection: Connection) -> None:
    """Take whatever the registry says next as it is: an operator's decision after a restore."""
    connection.execute(delete(position_table))


def final_digest(connection: Connection, batch: int, digest: str) -> str:
    """The digest that counts for a batch number: the first one ever given."""
    insert_or_ignore(connection, manifest_table, {"batch": batch, "digest": digest})
    c = manifest_table.c
    found: str = connection.execute(select(c.digest).where(c.batch == batch)).scalar_one()
    return found
