"""What the issuer remembers: batches and the counter of their numbers. Columns are named."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import (
    BigInteger,
    Column,
    Connection,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    func,
    or_,
    select,
    text,
    update,
)

from tem.databases.database import UtcDateTime, insert_or_ignore
from tem_issuer.domain import Batch, BatchState

metadata = MetaData()

# A row of its own, so that a number is used once even if the batch's row were ever lost.
counter_table = Table(
    "batch_counter",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("next_number", BigInteger, nullable=False),
)
# Its one row says that a high-water mark is kept: one that is missing was lost.
high_water_table = Table(
    "high_water",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("made_at", UtcDateTime, nullable=False),
)
batch_table = Table(
    "batch",
    metadata,
    Column("number", BigInteger, primary_key=True, autoincrement=False),
    Column("state", String(10), nullable=False, index=True),
    Column("quantity", Integer, nullable=False),
    Column("product_id", String(64), nullable=False),
    Column("producer_id", String(64), nullable=False, index=True),
    Column("reference", String(64), unique=True),  # the order's name, if the caller gave one
    Column("url_prefix", String(200), nullable=False),  # as printed: a reprint is identical
    Column("created_at", UtcDateTime, nullable=False),
    Column("attempt", Integer, nullable=False),  # which signing run; its files carry the number
    Column("failures", Integer, nullable=False),
    Column("signed", Integer, nullable=False),
    Column("last_index", Integer),
    Column("public_key", LargeBinary(32), unique=True),
    Column("manifest", Text),  # absent until released
    Column("signature", LargeBinary(64)),
    Column("released_at", UtcDateTime),
    Column("printed_at", UtcDateTime),  # set: the codes are destroyed, or about to be
)
_COLUMNS = tuple(c for c in batch_table.c)


def next_number(connection: Connection, first: int) -> int:
    """Take the next batch number for good; rolled back only with the whole transaction."""
    insert_or_ignore(connection, counter_table, {"id": 1, "next_number": first})
    return int(
        connection.execute(
            update(counter_table)
            .where(counter_table.c.id == 1)
            .values(next_number=counter_table.c.next_number + 1)
            .returning(counter_table.c.next_number)
        ).scalar_one()
        - 1
    )


def counter(connection: Connection) -> int | None:
    """The number the next batch will get; None before the first."""
    return connection.execute(select(counter_table.c.next_number)).scalar()


def set_counter(connection: Connection, first: int, number: int) -> None:
    """Let the next batch get ``number``, whether or not there was one before."""
    insert_or_ignore(connection, counter_table, {"id": 1, "next_number": first})
    connection.execute(
        update(counter_table).where(counter_table.c.id == 1).values(next_number=number)
    )


def note_high_water(connection: Connection, now: datetime) -> bool:
    """Remember that a high-water mark is kept from now on; False if it was before."""
    return insert_or_ignore(connection, high_water_table, {"id": 1, "made_at": now})


def has_high_water(connection: Connection) -> bool:
    """Whether a high-water mark was ever made for this database."""
    return connection.execute(select(high_water_table.c.id)).first() is not None


def add_batch(connection: Connection, batch: Batch) -> None:
    """Store a newly reserved batch."""
    connection.execute(
        batch_table.insert().values(
            number=batch.number,
            state=batch.state,
            quantity=batch.quantity,
            product_id=batch.product_id,
            producer_id=batch.producer_id,
            reference=batch.reference,
            url_prefix=batch.url_prefix,
            created_at=batch.created_at,
            attempt=0,
            failures=0,
            signed=0,
        )
    )


def find_batch(connection: Connection, number: int) -> Batch | None:
    """One batch by its number."""
    row = connection.execute(select(*_COLUMNS).where(batch_table.c.number == number)).first()
    return None if row is None else Batch(**row._mapping)


def find_reference(connection: Connection, reference: str) -> Batch | None:
    """One batch by the order's reference."""
    query = select(*_COLUMNS).where(batch_table.c.reference == reference)
    row = connection.execute(query).first()
    return None if row is None else Batch(**row._mapping)


def list_batches(connection: Connection, after: int = 0, limit: int = 100) -> list[Batch]:
    """Batches with a higher number, in order."""
    query = select(*_COLUMNS).where(batch_table.c.number > after)
    rows = connection.execute(query.order_by(batch_table.c.number).limit(limit))
    return [Batch(**row._mapping) for row in rows]


def manifest_texts(connection: Connection) -> list[tuple[int, str]]:
    """Numbers and manifests of the batches released."""
    c = batch_table.c
    query = select(c.number, c.manifest).where(c.state == BatchState.RELEASED)
    return [(row.number, row.manifest or "") for row in connection.execute(query)]


def unsigned_batches(connection: Connection) -> list[Batch]:
    """Reserved, or left in the middle of a run, oldest number first."""
    query = (
        select(*_COLUMNS)
        .where(batch_table.c.state.in_([BatchState.RESERVED, BatchState.SIGNING]))
        .order_by(batch_table.c.number)
    )
    return [Batch(**row._mapping) for row in connection.execute(query)]


def unsigned_numbers(connection: Connection) -> list[int]:
    """The numbers of the same batches."""
    states = [BatchState.RESERVED, BatchState.SIGNING]
    query = select(batch_table.c.number).where(batch_table.c.state.in_(states))
    return list(connection.execute(query.order_by(batch_table.c.number)).scalars())


def numbers_to_sign(connection: Connection, first: int) -> list[int]:
    """The numbers that an office key has yet to sign: those that wait, and the next one."""
    return [*unsigned_numbers(connection), counter(connection) or first]


def hold(connection: Connection, table: Table) -> None:
    """Let nobody else write to a table until this transaction ends; SQLite has one writer only."""
    if connection.dialect.name == "postgresql":
        connection.execute(text(f"LOCK TABLE {table.name} IN SHARE ROW EXCLUSIVE MODE"))


def reserved_between(
    connection: Connection, producer_id: str, start: datetime, end: datetime
) -> int:
    """Stamps reserved for a producer in a span of time; failed batches do not count."""
    c = batch_table.c
    total = connection.execute(
        select(func.coalesce(func.sum(c.quantity), 0)).where(
            c.producer_id == producer_id,
            c.created_at >= start,
            c.created_at < end,
            c.state != BatchState.FAILED,
        )
    ).scalar_one()
    return int(total)


def claim(connection: Connection, number: int) -> int | None:
    """Begin a signing run: the number of the attempt, or None if the batch is past signing."""
    c = batch_table.c
    attempt: int | None = connection.execute(
        update(batch_table)
        .where(c.number == number, c.state.in_([BatchState.RESERVED, BatchState.SIGNING]))
        .values(state=BatchState.SIGNING, attempt=c.attempt + 1, signed=0)
        .returning(c.attempt)
    ).scalar()
    return attempt


def set_progress(connection: Connection, number: int, attempt: int, signed: int) -> None:
    """How many stamps the present run has signed."""
    c = batch_table.c
    connection.execute(
        update(batch_table)
        .where(c.number == number, c.attempt == attempt, c.state == BatchState.SIGNING)
        .values(signed=signed)
    )


@dataclass(frozen=True, slots=True)
class Release:
    """What a finished run stores."""

    last_index: int
    public_key: bytes
    manifest: str
    signature: bytes
    released_at: datetime


def release(connection: Connection, number: int, attempt: int, made: Release) -> bool:
    """Store a batch as released; False if this attempt is no longer the current one."""
    c = batch_table.c
    changed = connection.execute(
        update(batch_table)
        .where(c.number == number, c.attempt == attempt, c.state == BatchState.SIGNING)
        .values(
            state=BatchState.RELEASED,
            signed=made.last_index,
            last_index=made.last_index,
            public_key=made.public_key,
            manifest=made.manifest,
            signature=made.signature,
            released_at=made.released_at,
        )
    )
    return changed.rowcount == 1


def count_failure(connection: Connection, number: int) -> int:
    """Note that a run failed; how often it has."""
    c = batch_table.c
    failures = connection.execute(
        update(batch_table)
        .where(c.number == number, c.state == BatchState.SIGNING)
        .values(failures=c.failures + 1)
        .returning(c.failures)
    ).scalar()
    return int(failures or 0)


def give_up(connection: Connection, number: int) -> bool:
    """Mark a batch as failed for good: its number is never used again."""
    c = batch_table.c
    changed = connection.execute(
        update(batch_table)
        .where(c.number == number, c.state == BatchState.SIGNING)
        .values(state=BatchState.FAILED)
    )
    return changed.rowcount == 1


def fail(connection: Connection, numbers: Collection[int]) -> None:
    """Mark batches that wait to be signed as failed for good."""
    c = batch_table.c
    waiting = c.state.in_([BatchState.RESERVED, BatchState.SIGNING])
    for number in numbers:
        failed = update(batch_table).where(c.number == number, waiting)
        connection.execute(failed.values(state=BatchState.FAILED))


def confirm_print(connection: Connection, number: int, now: datetime) -> bool:
    """Record that a released batch was printed; False if it was already or is not released."""
    c = batch_table.c
    changed = connection.execute(
        update(batch_table)
        .where(c.number == number, c.state == BatchState.RELEASED, c.printed_at.is_(None))
        .values(printed_at=now)
    )
    return changed.rowcount == 1


def move_trials(connection: Connection, url_prefix: str) -> None:
    """Let batches issued on loopback follow the installation's present address.

    Plain http, and https without a host, are for one machine: no stamp that others scan has it.
    """
    c = batch_table.c
    local = or_(*(c.url_prefix.startswith(one) for one in ("http://", "https://localhost:")))
    connection.execute(
        update(batch_table).where(local, c.url_prefix != url_prefix).values(url_prefix=url_prefix)
    )
