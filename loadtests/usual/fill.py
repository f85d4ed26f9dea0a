"""Fills the usual design: ten million stamps in order of issue, each run of 200 of one batch.

Codes are derived from the stamp's number, so that a generator knows them; a real one would draw
them. Everything is one transaction without a log, so it takes less than a minute.
"""

import hashlib
import json
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import UUID

import psycopg
from loadtests.usual.models import Base
from sqlalchemy import create_engine
from tests.postgres import PostgresServer

NAME = "usual"
LOTS, LOTS_OF_PRODUCT, PRODUCTS_OF_PRODUCER = 60_000, 5, 2
SAMPLE = Path(__file__).parent.parent.parent / "shared" / "sample"
SETTINGS = (
    *("wal_level=minimal", "max_wal_senders=0", "max_wal_size=8GB", "shared_buffers=2GB"),
    *("maintenance_work_mem=512MB", "effective_cache_size=4GB", "random_page_cost=1.1", "jit=off"),
)
# As what we publish: of 50 stamps one void, one revoked, one not activated; a lot in 100 recalled.
STAMPS = """
INSERT INTO stamp (code, batch, number, state, lot_id)
SELECT md5('stamp ' || n)::uuid, 1 + n / 200, 1 + n % 200,
       CASE n % 50 WHEN 0 THEN 'void' WHEN 1 THEN 'revoked' WHEN 2 THEN 'delivered'
                   ELSE 'activated' END,
       CASE WHEN n % 50 <> 2 THEN 1 + n / 200 % {lots} END
FROM generate_series(1, {stamps}) AS n
"""
LOT_ROWS = """
INSERT INTO lot (id, product_id, code, production_date, best_before, info_expires_on, recall_reason)
SELECT n, 1 + n % {products}, to_char(made, 'YYMMDD') || '-' || n, made,
       made + interval '12 months', made + interval '13 months',
       CASE WHEN n % 100 = 0 THEN 'Lô hàng bị thu hồi để đo (mẫu)' END
FROM (SELECT n, current_date - 1 - n * 37 % 420 AS made FROM generate_series(1, {lots}) AS n) AS l
"""


def server() -> PostgresServer:
    """A server for it, tuned for reading from memory; not started yet."""
    return PostgresServer(settings=SETTINGS)


def fill(running: PostgresServer, stamps: int) -> str:
    """Make and fill its database; the address."""
    running.create_database(NAME)
    url = running.url(NAME)
    engine = create_engine(url)
    Base.metadata.create_all(engine)
    engine.dispose()
    with psycopg.connect(url.replace("+psycopg", "")) as connection:
        for statement in (
            "ALTER TABLE stamp DROP CONSTRAINT stamp_pkey",
            "DROP INDEX ix_stamp_lot_id",
        ):
            connection.execute(statement.encode())
        connection.execute(b"ALTER TABLE stamp DROP CONSTRAINT stamp_lot_id_fkey")
        connection.execute(b"TRUNCATE stamp")  # in this transaction: what follows needs no log
        _catalogue(connection)
        sizes = {"stamps": stamps, "lots": LOTS, "products": LOTS // LOTS_OF_PRODUCT}
        connection.execute(LOT_ROWS.format(**sizes).encode())
        connection.execute(STAMPS.format(**sizes).encode())
        connection.execute(b"ALTER TABLE stamp ADD PRIMARY KEY (code)")
        connection.execute(b"CREATE INDEX ix_stamp_lot_id ON stamp (lot_id)")
        connection.execute(
            b"ALTER TABLE stamp ADD FOREIGN KEY (lot_id) REFERENCES lot (id) NOT VALID"
        )
    with psycopg.connect(url.replace("+psycopg", ""), autocommit=True) as connection:
        connection.execute(b"VACUUM (ANALYZE, PARALLEL 2) stamp")
        connection.execute(b"ANALYZE")
    return url


def write_codes(path: Path, stamps: int, sample: int) -> None:
    """A file of codes, one a line, in no order."""
    chance = random.Random(1)
    with path.open("w") as file:
        for _ in range(sample):
            name = f"stamp {chance.randint(1, stamps)}".encode()
            file.write(f"{UUID(hashlib.md5(name).hexdigest())}\n")


def _catalogue(connection: "psycopg.Connection[Any]") -> None:
    """Producers and products: the first of the sample, told of all."""
    products = LOTS // LOTS_OF_PRODUCT
    _copy(connection, "producer", _producer(), range(1, 1 + products // PRODUCTS_OF_PRODUCER))
    _copy(connection, "product", _product(), range(1, 1 + products))


def _copy(
    connection: "psycopg.Connection[Any]", table: str, row: dict[str, Any], ids: range
) -> None:
    def rows() -> Iterator[tuple[Any, ...]]:
        for id in ids:
            owner = {"producer_id": (id + 1) // PRODUCTS_OF_PRODUCER} if table == "product" else {}
            yield tuple({"id": id, **row, **owner}.values())

    columns = ", ".join({"id": 0, **row})
    command = f"COPY {table} ({columns}) FROM STDIN"
    with connection.cursor() as cursor, cursor.copy(command.encode()) as copy:
        for one in rows():
            copy.write_row(one)


def _first(name: str) -> dict[str, Any]:
    rows: list[dict[str, Any]] = json.loads((SAMPLE / f"{name}.json").read_text("utf-8"))[name]
    return rows[0]


def _producer() -> dict[str, Any]:
    one = _first("producers")
    return {
        "name": one["name"],
        "producer_type": one["producer_type"],
        "address": one["address"]["full"],
        "address_before": one["address_before_2025_07_01"]["full"],
        "phone": one["phone"],
        "email": one["email"],
        "website": one["website"],
        "latitude": one["gps"]["lat"],
        "longitude": one["gps"]["lon"],
    }


def _product() -> dict[str, Any]:
    one, shop = _first("products"), _first("points_of_sale")
    certificate, test = _first("certificates"), one["quality_test"]
    names = ("pos_id", "name", "phone", "opening_hours")
    sold_at = {**{name: shop[name] for name in names}, "address": shop["address"]["full"]}
    plain = (
        *("name", "category_code", "gtin", "unit", "packaging", "preservation", "usage", "process"),
        *("story", "raw_material_source", "declared_standard"),
    )
    return {
        "producer_id": 0,
        **{name: one[name] for name in plain},
        "test_lab": test["lab"],
        "test_report_no": test["report_no"],
        "tested_on": test["tested_on"],
        **{name: certificate[name] for name in ("stars", "decision_no", "issuing_authority")},
        **{name: certificate[name] for name in ("decision_date", "valid_from", "valid_until")},
        "points_of_sale": json.dumps([sold_at, sold_at], ensure_ascii=False),
    }
