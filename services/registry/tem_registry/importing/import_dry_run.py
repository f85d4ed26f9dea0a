"""What an import would do: the ordinary import, every rule asked, and all of it undone.

On SQLite it works on a private copy of the file; on PostgreSQL in one transaction that is rolled
back, so that other acts wait for it. Batches get a stand-in on record instead of being issued.
"""

import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import datetime
from functools import partial
from pathlib import Path

from sqlalchemy import Connection, func, make_url, select, update

from tem import published
from tem.clock import Clock
from tem.database import BUSY_SECONDS, open_engine, plumbing, sqlite_url
from tem.dates import vietnam_day
from tem.vocabulary import StampState
from tem_registry import publication, tables
from tem_registry.importing import import_issue
from tem_registry.importing.import_folder import Folder
from tem_registry.importing.import_report import Progress, Report
from tem_registry.importing.importing import Import
from tem_registry.intervals import Interval
from tem_registry.orders.orders import Order
from tem_registry.settings import Settings
from tem_registry.stamps import stamps


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
                for metadata in (plumbing, tables.metadata, published.metadata):
                    metadata.create_all(connection)
                publication.begin(connection, now)
                yield connection
                transaction.rollback()
        finally:
            engine.dispose()


@contextmanager
def _own(url: str) -> Iterator[str]:
    """A SQLite file is copied while it is in use; a file that is not there is an empty one."""
    parsed = make_url(url)
    if parsed.get_backend_name() != "sqlite":
        yield url
        return
    path = Path(str(parsed.database)).resolve()
    with tempfile.TemporaryDirectory(prefix="tem-dry-run-") as folder:
        copy = Path(folder) / "registry.db"
        if path.exists():
            _copy(path, copy)
        yield sqlite_url(copy)


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
