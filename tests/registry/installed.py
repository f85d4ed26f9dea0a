"""Installations for the tests of import: the whole sample, and small folders cut out of it."""

import json
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, select
from tests.registry.records import all_tables

from tem import trust, up
from tem.clock import system_clock
from tem.databases.database import open_engine, reading, sqlite_url, writing
from tem.installation import Installation
from tem_registry import settings
from tem_registry.importing import import_folder, import_issue, import_report, importing
from tem_registry.orders.issuer_client import IssuerClient

SAMPLE = Path(__file__).parents[2] / "shared" / "sample"
Row = dict[str, Any]


def rows(folder: Path, kind: str) -> list[Row]:
    """The rows of one file."""
    name, member = import_folder.FILES[kind]
    found: list[Row] = json.loads((folder / name).read_text("utf-8"))[member]
    return found


def put(folder: Path, kind: str, content: list[Row]) -> None:
    """Write the rows of one file."""
    name, member = import_folder.FILES[kind]
    (folder / name).write_text(json.dumps({member: content}, ensure_ascii=False), "utf-8")


def small_folder(folder: Path, batch_ids: set[str]) -> Path:
    """A folder with some batches of the sample and all that belongs to them."""
    folder.mkdir()
    batches = [row for row in rows(SAMPLE, "stamp_batch") if row["batch_id"] in batch_ids]
    products = {row["product_id"] for row in batches}
    producers = {row["producer_id"] for row in batches}
    lots = [
        row
        for row in rows(SAMPLE, "lot")
        if {part["batch_id"] for part in row["stamp_ranges"]} <= batch_ids
        and row["product_id"] in products
    ]
    contracts = [r for r in rows(SAMPLE, "contract") if set(r["product_ids"]) <= products]
    shops = {row["pos_id"] for row in contracts}
    put(folder, "stamp_batch", batches)
    put(folder, "lot", lots)
    put(folder, "contract", contracts)
    for kind, field, kept in (
        ("producer", "producer_id", producers),
        ("product", "product_id", products),
        ("certificate", "product_id", products),
        ("point_of_sale", "pos_id", shops),
    ):
        put(folder, kind, [row for row in rows(SAMPLE, kind) if row[field] in kept])
    return folder


@contextmanager
def opened(data: Path) -> Iterator[Engine]:
    """The registry's database of an installation."""
    engine = open_engine(sqlite_url(Installation.at(data).database("registry")))
    yield engine
    engine.dispose()


def run(
    data: Path,
    folder: Path,
    issuer_url: str,
    progress: import_report.Progress = lambda step, done, total: None,
    still_seconds: float = 60,
) -> import_report.Report:
    """Import a folder into an installation whose issuer answers at an address."""
    config = settings.read({}, Installation.at(data))
    report, found = import_report.Report(), import_folder.read_folder(folder)
    trusted = trust.load(config.trust_file)
    with (
        opened(data) as engine,
        IssuerClient.from_key_file(issuer_url, config.issuer_key_file) as c,
    ):
        signing = import_issue.Signing(engine, system_clock, trusted, c, progress, still_seconds)
        begin = partial(writing, engine)
        importing.Import(
            begin, config, system_clock, signing.run, report, progress, found.places
        ).run(found.files)
    return report


@contextmanager
def issuer(data: Path) -> Iterator[str]:
    """An issuer with its signer for an installation, made if it is not there."""
    with up.issuer_of(Installation.at(data)) as url:
        yield url


def copied(data: Path, to: Path) -> Path:
    """A copy of an installation that nobody serves."""
    shutil.copytree(data, to)
    return to


def dump(engine: Engine, leave_out: Callable[[str, str], bool] = lambda t, c: False) -> Any:
    """All rows of all tables, but for the columns left out."""
    with reading(engine) as connection:
        return {
            table.name: [
                tuple(row)
                for row in connection.execute(
                    select(*(c for c in table.c if not leave_out(table.name, c.name))).order_by(
                        *table.primary_key.columns
                    )
                )
            ]
            for table in all_tables()
        }


def without_our_variables() -> dict[str, str]:
    """The environment without what would point at another installation."""
    return {name: value for name, value in os.environ.items() if not name.startswith("TEM_")}
