"""Public cards out of the registry's records: exactly what a shopper may see, nothing more.

Personal data stays behind unless its person consents: the representative's name, and phone,
e-mail and coordinates of a household, whose business is at home (Law 91/2025/QH15).
"""

import json
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, select

from tem_registry import publication, tables
from tem_registry.catalogue import consents
from tem_registry.files import images

Card = dict[str, Any]

_PRODUCT = (
    "product_id",
    "producer_id",
    "name",
    "brand",
    "model",
    "packaging",
    "unit",
    "gtin",
    "category_code",
    "date_kind",
    "raw_material_source",
    "process",
    "preservation",
    "usage",
    "story",
    "declared_standard",
    "quality_test",
    "quality_tests",
)
_CERTIFICATE = (
    "certificate_id",
    "stars",
    "decision_no",
    "decision_date",
    "issuing_authority",
    "valid_from",
    "valid_until",
    "revoked_on",
    "revocation_decision_no",
)


def publish(
    connection: Connection, now: datetime, kind: str, id: str, no_longer: Sequence[str] = ()
) -> None:
    """Publish the cards that a changed record of the catalogue shows on.

    ``no_longer`` are the products it showed on until now.
    """
    change = publication.next_change(connection, now)
    if kind == "producer":
        publication.put_card(connection, change, "producer", id, producer(connection, id))
    elif kind == "point_of_sale":
        publication.put_card(connection, change, "pos", id, point_of_sale(connection, id))
    else:
        for product_id in (*_products_touched(connection, kind, id), *no_longer):
            card = product(connection, product_id)
            images.publish(connection, change, product_id, card)


def _products_touched(connection: Connection, kind: str, id: str) -> list[str]:
    if kind == "product":
        return [id]
    record = _record(connection, getattr(tables, kind), id)
    return [record["product_id"]] if kind == "certificate" else list(record["product_ids"])


def _record(connection: Connection, table: Any, id: str) -> Card:
    found = select(table.c.record).where(table.c.id == id)
    record: Card = json.loads(connection.execute(found).scalar_one())
    return record


def producer(connection: Connection, id: str) -> Card:
    """Name, kind, place and business contact of a producer, and its statuses."""
    record = _record(connection, tables.producer, id)
    address: Card = {"full": record["address"]["full"]}
    former = record.get("address_before_2025_07_01")
    if former:
        address["before_2025_07_01"] = former["full"]
    card = {
        "producer_id": id,
        "name": record["name"],
        "producer_type": record["producer_type"],
        "address": address,
    }
    shown = ["website"]
    if consents.shows_contact(record):
        shown += ["phone", "email", "gps"]
    if consents.given(record, "representative"):
        shown.append("representative")
    card |= {name: record[name] for name in shown if record.get(name)}
    if "gps" in card:
        card["gps"] = {axis: card["gps"][axis] for axis in ("lat", "lon")}
    c = tables.producer_status.c
    statuses = select(c.status, c.since).where(c.producer_id == id).order_by(c.since)
    card["statuses"] = [
        {"status": row.status, "since": row.since.isoformat()}
        for row in connection.execute(statuses)
    ]
    return card


def product(connection: Connection, id: str) -> Card:
    """A product with its certificates and the contracts under which it is sold."""
    record = _record(connection, tables.product, id)
    card = {name: record.get(name) for name in _PRODUCT if record.get(name) is not None}
    card |= _reports_without_files(card)
    if record.get("image"):
        card["image"] = images.shown(connection, record["image"])
    c = tables.certificate.c
    certificates = select(c.record).where(c.product_id == id).order_by(c.id)
    card["certificates"] = [
        {name: found.get(name) for name in _CERTIFICATE}
        for found in map(json.loads, connection.execute(certificates).scalars())
    ]
    c = tables.contract.c
    contracts = select(c.record).where(c.producer_id == record["producer_id"]).order_by(c.id)
    card["points_of_sale"] = [
        {name: found[name] for name in ("pos_id", "signed_on", "valid_until")}
        for found in map(json.loads, connection.execute(contracts).scalars())
        if id in found["product_ids"]
    ]
    return card


def _reports_without_files(card: Card) -> Card:
    """Test reports as the public sees them: number, laboratory, day; files stay in the office."""

    def told(report: Card) -> Card:
        return {name: report[name] for name in report if name != "file"}

    one, more = card.get("quality_test"), card.get("quality_tests")
    shown: Card = {"quality_test": told(one)} if one else {}
    return {**shown, "quality_tests": [told(report) for report in more]} if more else shown


def point_of_sale(connection: Connection, id: str) -> Card:
    """Where a product can be bought."""
    record = _record(connection, tables.point_of_sale, id)
    card = {"pos_id": id, "name": record["name"], "address": record["address"]["full"]}
    card |= {n: record[n] for n in ("phone", "opening_hours") if record.get(n)}
    if record.get("gps"):
        card["gps"] = {axis: record["gps"][axis] for axis in ("lat", "lon")}
    if record.get("certified_until"):
        card["certified_until"] = record["certified_until"]
    return {**card, "certified_on": record["certified_on"], "status": record["status"]}
