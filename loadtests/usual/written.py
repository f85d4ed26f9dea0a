"""The usual design as usually written: the ORM with its relations loaded by one joined query, and
marshmallow for the answer. ``USUAL_DATABASE`` is the database's address."""

import os
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from flask import Flask, Response, jsonify
from loadtests.usual.models import Lot, Product, Stamp
from loadtests.usual.rule import SHOWN, verdict
from marshmallow import Schema, fields
from sqlalchemy import create_engine, select
from sqlalchemy.orm import Session, joinedload, sessionmaker

app = Flask(__name__)
app.json.ensure_ascii = False  # type: ignore[attr-defined]
engine = create_engine(os.environ["USUAL_DATABASE"], pool_size=8, max_overflow=0)
Sessions = sessionmaker(engine)
WHOLE = joinedload(Stamp.lot).joinedload(Lot.product).joinedload(Product.producer)


class ProducerSchema(Schema):
    """A producer as shown."""

    id = fields.Integer()
    name = fields.String()
    producer_type = fields.String()
    address = fields.String()
    address_before = fields.String()
    phone = fields.String()
    email = fields.String()
    website = fields.String()
    latitude = fields.Float()
    longitude = fields.Float()


class ProductSchema(Schema):
    """A product as shown."""

    id = fields.Integer()
    name = fields.String()
    category_code = fields.String()
    gtin = fields.String()
    unit = fields.String()
    packaging = fields.String()
    preservation = fields.String()
    usage = fields.String()
    process = fields.String()
    story = fields.String()
    raw_material_source = fields.String()
    declared_standard = fields.String()
    test_lab = fields.String()
    test_report_no = fields.String()
    tested_on = fields.Date()


class CertificateSchema(Schema):
    """The certificate of a product."""

    stars = fields.Integer()
    decision_no = fields.String()
    decision_date = fields.Date()
    issuing_authority = fields.String()
    valid_from = fields.Date()
    valid_until = fields.Date()


class LotSchema(Schema):
    """A lot as shown."""

    code = fields.String()
    production_date = fields.Date()
    best_before = fields.Date()
    info_expires_on = fields.Date()
    recall_reason = fields.String()


class PointOfSaleSchema(Schema):
    """A shop as shown."""

    pos_id = fields.String()
    name = fields.String()
    address = fields.String()
    phone = fields.String()
    opening_hours = fields.String()


class AnswerSchema(Schema):
    """The answer to a scan."""

    verdict = fields.String()
    as_of = fields.DateTime()
    batch = fields.Integer()
    number = fields.Integer()
    product = fields.Nested(ProductSchema)
    producer = fields.Nested(ProducerSchema)
    lot = fields.Nested(LotSchema)
    certificate = fields.Nested(CertificateSchema)
    points_of_sale = fields.List(fields.Nested(PointOfSaleSchema))


ANSWER = AnswerSchema()


@app.get("/s/<uuid:code>")
def look_up(code: UUID) -> Response:
    """What is known of a stamp."""
    now = datetime.now(UTC)
    with Sessions() as session:
        return jsonify(ANSWER.dump(answer(session, code, now)))


def answer(session: Session, code: UUID, now: datetime) -> dict[str, Any]:
    """The parts of the answer."""
    stamp = session.scalars(select(Stamp).where(Stamp.code == code).options(WHOLE)).one_or_none()
    if stamp is None:
        return {"verdict": "UNKNOWN", "as_of": now}
    told: dict[str, Any] = {"as_of": now, "batch": stamp.batch, "number": stamp.number}
    lot = stamp.lot
    if lot is None:
        return {**told, "verdict": "NOT_ACTIVATED"}
    told["verdict"] = verdict(
        stamp.state, lot.best_before, lot.info_expires_on, lot.recall_reason, now.date()
    )
    if told["verdict"] in SHOWN:
        product = lot.product
        told |= {"product": product, "producer": product.producer, "lot": lot}
        if told["verdict"] == "OK":
            told |= {"certificate": product, "points_of_sale": product.points_of_sale}
    return told


@app.get("/livez")
def alive() -> str:
    """It has started."""
    return "ok"
