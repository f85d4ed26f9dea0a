"""The usual design, tuned as far as it goes without becoming another: no ORM and no schemas, one
prepared statement on a connection that each thread keeps, no transaction around it, the text of
JSON columns passed on as it is, and the standard library's encoder in C for the rest."""

import json
import os
import threading
from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID

import psycopg
from flask import Flask, Response
from loadtests.usual.rule import SHOWN, verdict

app = Flask(__name__)
ADDRESS = os.environ["USUAL_DATABASE"].replace("+psycopg", "")
PRODUCT = (
    *("id", "name", "category_code", "gtin", "unit", "packaging", "preservation", "usage"),
    *("process", "story", "raw_material_source", "declared_standard", "test_lab"),
    *("test_report_no", "tested_on"),
)
PRODUCER = (
    *("id", "name", "producer_type", "address", "address_before", "phone", "email", "website"),
    *("latitude", "longitude"),
)
CERTIFICATE = (
    *("stars", "decision_no", "decision_date", "issuing_authority", "valid_from", "valid_until"),
)
LOT = ("code", "production_date", "best_before", "info_expires_on", "recall_reason")
COLUMNS = (
    *(f"lot.{name}" for name in LOT),
    *(f"product.{name}" for name in PRODUCT),
    *(f"producer.{name}" for name in PRODUCER),
    *(f"product.{name}" for name in CERTIFICATE),
)
QUERY = f"""
SELECT stamp.state, stamp.batch, stamp.number, stamp.lot_id, product.points_of_sale::text,
       {", ".join(COLUMNS)}
FROM stamp
LEFT JOIN lot ON lot.id = stamp.lot_id
LEFT JOIN product ON product.id = lot.product_id
LEFT JOIN producer ON producer.id = product.producer_id
WHERE stamp.code = %s
"""
AFTER_LOT = 5 + len(LOT)
AFTER_PRODUCT = AFTER_LOT + len(PRODUCT)
AFTER_PRODUCER = AFTER_PRODUCT + len(PRODUCER)
mine = threading.local()


def cursor() -> "psycopg.Cursor[tuple[Any, ...]]":
    """The cursor that this thread keeps, with its statement prepared once."""
    if not hasattr(mine, "cursor"):
        connection = psycopg.connect(ADDRESS, autocommit=True, prepare_threshold=0)
        mine.cursor = connection.cursor(binary=True)
    found: psycopg.Cursor[tuple[Any, ...]] = mine.cursor
    return found


@app.get("/s/<uuid:code>")
def look_up(code: UUID) -> Response:
    """What is known of a stamp."""
    row = cursor().execute(QUERY, (code,)).fetchone()
    return Response(answer(row, datetime.now(UTC)), mimetype="application/json")


def answer(row: tuple[Any, ...] | None, now: datetime) -> str:
    """The JSON of an answer."""
    as_of = now.isoformat(timespec="seconds")
    if row is None:
        return json.dumps({"verdict": "UNKNOWN", "as_of": as_of})
    state, batch, number, lot_id, shops = row[:5]
    told: dict[str, Any] = {"as_of": as_of, "batch": batch, "number": number}
    if lot_id is None:
        return json.dumps({"verdict": "NOT_ACTIVATED", **told})
    told["verdict"] = verdict(state, row[7], row[8], row[9], now.date())
    if told["verdict"] not in SHOWN:
        return json.dumps(told)
    told["product"] = dict(zip(PRODUCT, row[AFTER_LOT:AFTER_PRODUCT], strict=True))
    told["producer"] = dict(zip(PRODUCER, row[AFTER_PRODUCT:AFTER_PRODUCER], strict=True))
    told["lot"] = dict(zip(LOT, row[5:AFTER_LOT], strict=True))
    if told["verdict"] != "OK":
        return written(told)
    told["certificate"] = dict(zip(CERTIFICATE, row[AFTER_PRODUCER:], strict=True))
    return f'{written(told)[:-1]}, "points_of_sale": {shops}}}'


def written(told: dict[str, Any]) -> str:
    """As JSON; dates as ISO 8601."""
    return json.dumps(told, default=date.isoformat, ensure_ascii=False)


@app.get("/livez")
def alive() -> str:
    """It has started."""
    return "ok"
