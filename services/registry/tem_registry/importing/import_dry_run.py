"""What an import would do: the ordinary import, every rule asked, and all of it undone.

On SQLite it works on a private copy of the file; on PostgreSQL in one transaction that is rolled
back. Every table is locked for it at the start, so that acts wait for it without holding anything
it needs, while reading goes on; where it cannot have them at once it gives way. Batches get a
stand-in on record instead of being issued.
"""

import fcntl
import os
import shutil
import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from datetime import datetime
from functools import partial
from pathlib import Path

from sqlalchemy import Connection, func, make_url, select, update

from tem.clock import Clock
from tem.databases import migrations, published
from tem.databases.database import BUSY_SECONDS, open_engine, sqlite_url
from tem.dates import vietnam_day
from tem.trail import audit
from tem.vocabulary import StampState
from tem_registry import publication, tables
from tem_registry.history import HISTORIES
from tem_registry.importing import import_issue, table_locks
from tem_registry.importing.import_folder import Folder
from tem_registry.importing.import_report import Progress, Report
from tem_registry.importing.importing import Import
from tem_registry.intervals import Interval
from tem_registry.orders.orders import Order
from tem_registry.settings import Settings
from tem_registry.stamps import stamps

PREFIX = "dry-run-"
# The order in which acts lock; what they never lock follows in any order.
LOCKED_FIRST = (tables.lot, tables.product, tables.stamp_batch, published.state, audit.head_table)
_BUSY = (
    "Somebody works on the registry all the time, and a dry run waits for nobody: "
    "start it again when less is done."
)


def run(config: Settings, clock: Clock, folder: Folder, progress: Progress) -> Report:
    """Every row that would be refused, faults of form among them; nothing is changed."""
    report = Report(
        dry_run=True,
        refused=list(folder.faults),
        nothing_until_mended=bool(folder.faults),
        unknown=folder.unknown,
    )
    with _undone(config.database_url, clock()) as connection:

        @contextmanager
        def row() -> Iterator[Connection]:
            with connection.begin_nested():
                yield connection

        issue = partial(_put_on_record, connection, clock, progress)
        Import(row, config, clock, issue, report, progress, folder.places).run(folder.files)
    return report


@contextmanager
def _undone(url: str, now: datetime) -> Iterator[Connection]:
    """A connection with the registry as it is, in a transaction that comes to nothing."""
    with _own(url) as database:
        engine = open_engine(database)
        try:
            with (
                engine.connect().execution_options(writing=True) as connection,
                connection.begin() as transaction,
            ):
                if engine.dialect.name == "sqlite":
                    migrations.bring_up_to_date(connection, HISTORIES)
                migrations.require_columns(connection, migrations.metadata_of(HISTORIES))
                if engine.dialect.name == "postgresql":
                    _lock_all(connection)
                publication.begin(connection, now)
                yield connection
                transaction.rollback()
        finally:
            engine.dispose()


@contextmanager
def _own(url: str) -> Iterator[str]:
    """A SQLite file is copied while it is in use; one that is not there is an empty one in memory.

    The copy is as private as the file, and lies beside it: whoever may not read the one may not
    read the other, and there is room.
    """
    parsed = make_url(url)
    if parsed.get_backend_name() != "sqlite":
        yield url
        return
    path = Path(str(parsed.database)).resolve()
    if not path.exists():
        yield "sqlite://"
        return
    with _private_folder(path.parent) as folder:
        copy = folder / "registry.db"
        _copy(path, copy)
        yield sqlite_url(copy)


@contextmanager
def _private_folder(parent: Path) -> Iterator[Path]:
    """A folder of ours, gone afterwards; those left by runs that were killed go first."""
    with _locked(parent):
        for stale in parent.glob(f"{PREFIX}*"):
            with suppress(BlockingIOError), _locked(stale, wait=False):
                shutil.rmtree(stale)
        folder = Path(tempfile.mkdtemp(prefix=PREFIX, dir=parent))
        held = os.open(folder, os.O_RDONLY | os.O_CLOEXEC)
        fcntl.flock(held, fcntl.LOCK_EX)
    try:
        yield folder
    finally:
        shutil.rmtree(folder)
        os.close(held)


@contextmanager
def _locked(folder: Path, *, wait: bool = True) -> Iterator[None]:
    """Hold a folder against other dry runs. Raises BlockingIOError if one holds it."""
    held = os.open(folder, os.O_RDONLY | os.O_CLOEXEC)
    try:
        fcntl.flock(held, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
        yield
    finally:
        os.close(held)


def _lock_all(connection: Connection) -> None:
    """Lock every table against acts, at once or not at all. Raises Unavailable."""
    known = migrations.metadata_of(HISTORIES)
    others = [table for metadata in known for table in metadata.sorted_tables]
    names = dict.fromkeys(table.fullname for table in (*LOCKED_FIRST[:3], *others))
    del names[published.beat.fullname]  # verifiers tell by it that we are alive
    for last in LOCKED_FIRST[3:]:
        names[last.fullname] = names.pop(last.fullname)
    table_locks.hold(connection, names, _BUSY)


def _copy(path: Path, copy: Path) -> None:
    """Read only: the last one to close a file that it may write would change it."""
    source = sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True, timeout=BUSY_SECONDS)
    with closing(source), closing(sqlite3.connect(copy)) as target:
        source.backup(target)


def _put_on_record(connection: Connection, clock: Clock, progress: Progress) -> None:
    """Every batch that waits, as if it had been issued."""
    left = import_issue.waiting(connection)
    for place, order in enumerate(left, start=1):
        with connection.begin_nested():
            _stand_in(connection, clock(), order)
        progress("stamp_batch issue", place, len(left))


def _stand_in(connection: Connection, now: datetime, order: Order) -> None:
    """A batch without manifest: what the rules of later rows look at."""
    number = order.batch or _free_number(connection)
    o = tables.stamp_order
    connection.execute(update(o).where(o.c.id == order.id).values(state="issued", batch=number))
    connection.execute(
        tables.stamp_batch.insert().values(
            number=number,
            order_id=order.id,
            product_id=order.product_id,
            producer_id=order.producer_id,
            quantity=order.quantity,
            public_key=number.to_bytes(32),
            manifest="",
            signature=b"",
            issued_on=vietnam_day(now),
            revision=0,
        )
    )
    stamps.write(connection, number, [Interval(1, order.quantity, StampState.ISSUED)])


def _free_number(connection: Connection) -> int:
    """A number that no batch on record and no order has."""
    columns = (tables.stamp_batch.c.number, tables.stamp_order.c.batch)
    taken = [connection.execute(select(func.max(c))).scalar() or 0 for c in columns]
    return int(max(taken)) + 1
