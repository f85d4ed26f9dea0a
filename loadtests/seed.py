"""``python -m loadtests.seed``: a registry of any size, valid throughout, in a few minutes.

What it writes is what the registry would have written: records, orders with their approvals,
batches under manifests that a trusted office key really signed, ranges, the log of activations,
and the published tables. ``tem fsck`` finds nothing in it. Only the audit trail is empty.
"""

import argparse
import json
import secrets
import sys
import time
from collections.abc import Iterator
from datetime import date, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from loadtests import seed_catalogue
from loadtests.bulk import insert
from loadtests.seed_codes import FILE, TABLES, Seed
from loadtests.seed_plan import RECALLED_EVERY, Plan, lot_id, producer_id, product_id
from sqlalchemy import Connection, Engine, update

from tem.clock import system_clock
from tem.databases import published
from tem.databases.database import open_engine, sqlite_url, writing
from tem.databases.migrations import bring_up_to_date
from tem.databases.published import PIECE_BYTES
from tem.dates import info_expires_on, rfc3339, shelf_life_end, vietnam_day
from tem.vocabulary import StampState
from tem_registry import publication, tables
from tem_registry.history import HISTORIES
from tem_registry.lots import lot_cards

ACTOR = "seed"
Row = dict[str, Any]
INTERVAL = ("batch", "first", "last", "state", "lot_id")


def fill(engine: Engine, seed: Seed, kept: Path, now: datetime) -> None:
    """Fill an empty registry in one transaction; ``kept`` is a file of signed fingerprints."""
    with writing(engine) as connection:
        if engine.dialect.name == "postgresql":
            # Rows that are valid anyway, as fsck says: foreign keys are not looked up for each.
            connection.exec_driver_sql("SET LOCAL session_replication_role = replica")
        publication.begin(connection, now)
        seed_catalogue.write(connection, seed.plan, vietnam_day(now))
        _lots(connection, seed.plan, now)
        _orders(connection, seed.plan, now)
        _batches(connection, seed, kept, now)
        _ranges(connection, seed.plan, now)
        at = {"change": seed.plan.batches + 1, "changed_at": now}
        connection.execute(update(published.state).values(**at))
    if engine.dialect.name == "postgresql":
        with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.exec_driver_sql("VACUUM ANALYZE")
            for table in (tables.activation, tables.recall):
                connection.exec_driver_sql(
                    f"SELECT setval(pg_get_serial_sequence('{table.name}', 'id'), "
                    f"(SELECT coalesce(max(id), 1) FROM {table.name}))"
                )


def lot_row(plan: Plan, number: int, now: datetime) -> Row:
    """A lot as the registry would keep it."""
    product = number % plan.products
    production = plan.made_on(number, vietnam_day(now))
    best_before = shelf_life_end(production, 12, "month")
    return {
        "id": lot_id(number),
        "product_id": product_id(product),
        "producer_id": producer_id(product // 2),
        "lot_code": f"{production:%y%m%d}-{number}",
        "production_date": production,
        "production_date_kind": "production_date",
        "best_before": best_before,
        "info_expires_on": info_expires_on(best_before),
        "window_ends_on": info_expires_on(best_before),
        "undated": False,
        "best_before_basis": "computed_from_shelf_life",
        "precision": "day",
        "quantity": 1_000_000,
        "unit": "chai",
        "beyond_shelf_life": False,
        "created_at": now,
    }


def _lots(connection: Connection, plan: Plan, now: datetime) -> None:
    rows = [lot_row(plan, number, now) for number in range(plan.lots)]
    recalls = [_recall(row, vietnam_day(now)) for row in rows[::RECALLED_EVERY]]
    insert(connection, tables.lot, tuple(rows[0]), (tuple(row.values()) for row in rows))
    insert(connection, tables.recall, tuple(recalls[0]), (tuple(one.values()) for one in recalls))
    recalled = {one["lot_id"]: _shown(one) for one in recalls}

    def cards() -> Iterator[tuple[str, str, str, int]]:
        for row in rows:
            facts = lot_cards.Facts(SimpleNamespace(**row, purged_at=None))  # type: ignore[arg-type]
            if row["id"] in recalled:
                facts.recalls.append(recalled[row["id"]])
            body = json.dumps(lot_cards.full(facts), ensure_ascii=False, sort_keys=True)
            yield "lot", row["id"], body, 1

    insert(connection, published.card, ("kind", "id", "body", "change"), cards())


def _recall(lot: Row, today: date) -> Row:
    return {
        "id": int(lot["id"][1:]) + 1,
        "lot_id": lot["id"],
        "kind": "mandatory",
        "ordered_on": today,
        "ordered_by": "Chi cục mẫu",
        "reason_public": "Lô hàng bị thu hồi để đo (mẫu)",
        "lifted_at": None,
    }


def _shown(recall: Row) -> Row:
    """A recall as a lot's card tells it."""
    told = {name: recall[name] for name in ("kind", "ordered_by", "reason_public", "lifted_at")}
    return {**told, "ordered_on": recall["ordered_on"].isoformat(), "decision_no": None}


def _owned(plan: Plan, batch: int) -> Row:
    product = plan.product_of(batch)
    owner = producer_id(product // 2)
    return {"product_id": product_id(product), "producer_id": owner, "quantity": plan.quantity}


def _orders(connection: Connection, plan: Plan, now: datetime) -> None:
    """Orders that were asked for, approved and issued."""

    def orders() -> Iterator[Row]:
        for batch in range(1, plan.batches + 1):
            yield {
                "id": f"DH-{batch:08d}",
                **_owned(plan, batch),
                "unit_fee_vnd": 200,
                "unit_subsidy_vnd": 0,
                "state": "delivered",
                "requested_at": now,
                "requested_by": ACTOR,
                "sent": True,
                "batch": batch,
            }

    _insert(connection, tables.stamp_order, orders())
    approvals = ((f"DH-{batch:08d}", ACTOR, now) for batch in range(1, plan.batches + 1))
    insert(connection, tables.approval, ("order_id", "approver", "at"), approvals)


def _batches(connection: Connection, seed: Seed, kept: Path, now: datetime) -> None:
    """Batches with manifests, on record and published, and the tables of fingerprints."""
    digests: dict[int, bytes] = {}
    pieces = published.fingerprints
    signed: dict[int, tuple[str, bytes]] = {}

    def contents() -> Iterator[tuple[int, int, bytes]]:
        for batch, table in seed.tables(kept):
            signed[batch] = seed.manifest(batch, table, rfc3339(now))
            for piece, at in enumerate(range(0, len(table), PIECE_BYTES)):
                yield batch, piece, table[at : at + PIECE_BYTES]

    insert(connection, pieces, ("batch", "piece", "content"), contents())
    for batch in range(1, seed.plan.batches + 1):
        if batch not in signed:
            signed[batch] = seed.manifest(batch, b"", rfc3339(now))
        digests[batch] = seed.keys(batch)[0]
    _insert(connection, tables.stamp_batch, _on_record(seed.plan, signed, digests, now))
    _insert(connection, published.batch, _published(seed.plan, signed))


Signed = dict[int, tuple[str, bytes]]


def _on_record(plan: Plan, signed: Signed, keys: dict[int, bytes], now: datetime) -> Iterator[Row]:
    day = vietnam_day(now)
    for batch in range(1, plan.batches + 1):
        manifest, signature = signed[batch]
        yield {
            "number": batch,
            "order_id": f"DH-{batch:08d}",
            **_owned(plan, batch),
            "public_key": keys[batch],
            "manifest": manifest,
            "signature": signature,
            "issued_on": day,
            "misprinted": 0,
            "delivered_on": day,
            "receipt": "BB-mẫu",
            "delivered_quantity": plan.quantity,
            "short_before": 0,
            "lost_since": 0,
            "revision": 0,
        }


def _published(plan: Plan, signed: Signed) -> Iterator[Row]:
    for batch in range(1, plan.batches + 1):
        manifest, signature = signed[batch]
        owned = _owned(plan, batch)
        del owned["quantity"]
        yield {"number": batch, "manifest": manifest, "signature": signature, **owned} | {
            "change": batch + 1
        }


def _ranges(connection: Connection, plan: Plan, now: datetime) -> None:
    """Intervals on record and published, and the activations that tied them to their lots."""
    revoked = vietnam_day(now)
    why = {StampState.VOID: "rách (mẫu)", StampState.REVOKED: "quyết định (mẫu)"}

    def each() -> Iterator[tuple[int, Any, str | None, date | None]]:
        for batch in range(1, plan.batches + 1):
            for one in plan.ranges_of(batch):
                lot = None if one.lot is None else lot_id(one.lot)
                yield batch, one, lot, revoked if one.state is StampState.REVOKED else None

    own = (
        (batch, one.first, one.last, str(one.state), lot, why.get(one.state), day)
        for batch, one, lot, day in each()
    )
    insert(connection, tables.stamp_interval, (*INTERVAL, "reason", "revoked_on"), own)
    shown = (
        (batch, one.first, one.last, str(one.state), lot, day and day.isoformat(), batch + 1)
        for batch, one, lot, day in each()
    )
    insert(connection, published.interval, (*INTERVAL, "revoked_on", "change"), shown)
    ties = (
        (number, lot, batch, one.first, one.last, now, ACTOR)
        for number, (batch, one, lot, _) in enumerate(each(), 1)
        if lot is not None
    )
    columns = ("id", "lot_id", "batch", "first", "last", "activated_at", "actor")
    insert(connection, tables.activation, columns, ties)


def _insert(connection: Connection, table: Any, rows: Iterator[Row]) -> None:
    first = next(rows)
    insert(connection, table, tuple(first), (tuple(r.values()) for r in _with(first, rows)))


def _with(first: Row, rows: Iterator[Row]) -> Iterator[Row]:
    yield first
    yield from rows


def seed_registry(plan: Plan, folder: Path, url: str | None = None) -> float:
    """Make ``folder`` an installation with such a registry; the seconds it took.

    ``url`` is an empty PostgreSQL database, read as a superuser; else it is the SQLite file of the
    folder. Raises RuntimeError if the folder holds a seeded registry already.
    """
    began = time.perf_counter()
    if url is None and (folder / "registry" / "registry.db").exists():
        raise RuntimeError(f"{folder} holds a registry already: choose another --out")
    seed = Seed.read(folder) if (folder / FILE).exists() else None
    if seed is None or seed.plan != plan:
        seed = Seed(plan, secrets.token_bytes(32))
        seed.write(folder)
    (folder / "registry").mkdir(exist_ok=True)
    engine = open_engine(url or sqlite_url(folder / "registry" / "registry.db"))
    try:
        with writing(engine) as connection:
            bring_up_to_date(connection, HISTORIES)
        fill(engine, seed, folder / TABLES, system_clock())
    finally:
        engine.dispose()
    return time.perf_counter() - began


def main() -> int:
    """Fill a registry and say how long it took."""
    parser = argparse.ArgumentParser(prog="python -m loadtests.seed", description=__doc__)
    parser.add_argument("--ranges", type=int, default=1_500_000)
    parser.add_argument("--lots", type=int, default=60_000)
    parser.add_argument("--stamps-with-codes", type=int, default=10_000_000)
    parser.add_argument("--quantity", type=int, default=10_000, help="stamps of each batch")
    parser.add_argument("--ranges-of-batch", type=int, default=15)
    parser.add_argument("--sampled", type=int, default=0, help="sign so many stamps of all batches")
    parser.add_argument("--out", type=Path, required=True, help="folder of the installation")
    parser.add_argument("--url", help="an empty PostgreSQL database instead of a SQLite file")
    given = parser.parse_args()
    plan = Plan(
        given.ranges,
        given.lots,
        given.stamps_with_codes,
        given.quantity,
        given.ranges_of_batch,
        given.sampled,
    )
    seconds = seed_registry(plan, given.out, given.url)
    print(f"{plan.batches:,} batches, {plan.ranges:,} ranges, {plan.lots:,} lots: {seconds:.1f} s")
    return 0


if __name__ == "__main__":
    sys.exit(main())
