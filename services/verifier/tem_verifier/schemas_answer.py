"""The JSON of a look-up, described part by part, for who writes or generates a client.

An answer is passed on as it was made (:mod:`tem.answer`): nothing here filters or dumps it. What a
verdict does not show is absent; a client takes members that it does not know.
"""

from collections.abc import Iterable
from enum import StrEnum
from typing import Any

from marshmallow import Schema, fields

from tem.advice import Advice, Check
from tem.vocabulary import DateKind, Note, Verdict


def _word(words: Iterable[StrEnum | str], description: str, **more: Any) -> fields.String:
    """One of some words, in the document alone."""
    described = {"description": description, "enum": [str(one) for one in words]}
    return fields.String(metadata=described, **more)


def _text(description: str, example: str, **more: Any) -> fields.String:
    return fields.String(metadata={"description": description, "example": example}, **more)


def _day(description: str, example: str = "2027-11-20", **more: Any) -> fields.String:
    described = {"format": "date", "description": description, "example": example}
    return fields.String(metadata=described, **more)


def _instant(description: str, **more: Any) -> fields.String:
    described = {"format": "date-time", "description": description}
    return fields.String(metadata={**described, "example": "2026-11-20T02:00:00Z"}, **more)


class StampAnswered(Schema):
    """Which stamp a code is: its batch and its place in it, as the printed serial says."""

    batch = fields.Integer(required=True, metadata={"minimum": 1, "example": 12})
    index = fields.Integer(required=True, metadata={"minimum": 1, "example": 345})


class ImageAnswered(Schema):
    """A picture of the product."""

    id = fields.String(metadata={"description": "SHA-256 of the picture"})
    url = fields.String(metadata={"description": "a path on this host"})


class ProductAnswered(Schema):
    """The product a stamp was ordered for."""

    product_id = _text("as the registry names it", "HT-SP001", required=True)
    name = _text("as on the label", "Nước mắm cốt cá cơm Sóng Lam 40°N (mẫu)", required=True)
    gtin = _text("14 digits, of products that have one", "09521234000013")
    packaging = _text("what is sold", "Chai thủy tinh 500 ml")
    unit = _text("what is counted", "chai")
    category_code = _text("group of the OCOP programme", "I.4.a")
    date_kind = _word(DateKind, "what `best_before` of a lot means")
    image = fields.Nested(ImageAnswered)


class AddressAnswered(Schema):
    """Where a producer is."""

    full = _text("in one line", "Phường Hải Ninh, Tỉnh Hà Tĩnh", required=True)
    before_2025_07_01 = fields.String(metadata={"description": "as older labels have it"})


class ProducerAnswered(Schema):
    """Who made the product; contacts as far as the producer agreed to show them."""

    producer_id = _text("as the registry names it", "HT-P001", required=True)
    name = _text("of the producer", "Hợp tác xã Nước mắm Sóng Lam (mẫu)", required=True)
    producer_type = fields.String(metadata={"example": "cooperative"})
    address = fields.Nested(AddressAnswered)
    phone = fields.String()
    email = fields.String()
    website = fields.String()


class LotAnswered(Schema):
    """The production lot the stamp was activated for, and its dates; ends are inclusive, in
    Vietnam's days."""

    code = _text("as printed on the package", "L240919-A1", required=True)
    production_date = _day("of production or packing", "2026-11-20", required=True)
    production_date_kind = fields.String(metadata={"example": "production_date"})
    best_before = _day("null where none is declared", allow_none=True)
    info_expires_on = _day("last day on which this is shown", "2027-12-20", allow_none=True)
    precision = _word(("day", "month"), "how the label writes `best_before`")


class CertificateTerm(Schema):
    """A recognition under the OCOP programme; stars only while it is in force."""

    stars = fields.Integer(metadata={"minimum": 3, "maximum": 5, "example": 4})
    decision_no = _text("of the recognition", "90011/QĐ-UBND (mẫu)")
    decision_date = _day("of the decision", "2024-10-15")
    issuing_authority = _text("who recognised it", "UBND tỉnh Hà Tĩnh")
    valid_from = _day("first day", "2024-10-15")
    valid_until = _day("last day", "2027-10-15")


class CertificateAnswered(CertificateTerm):
    """The recognition at production and, after a new one, the present one."""

    revoked_on = _day("from which day it no longer counts", "2026-03-16")
    revocation_decision_no = fields.String()
    current = fields.Nested(CertificateTerm)


class PointOfSaleAnswered(Schema):
    """A certified shop that has a contract for the product."""

    pos_id = _text("as the registry names it", "HT-DB01")
    name = fields.String()
    address = fields.String()


class RecallAnswered(Schema):
    """The notice under which the lot is recalled."""

    kind = _word(("voluntary", "mandatory"), "by the producer, or by an authority")
    ordered_on = _day("from this day", "2026-11-20", required=True)
    ordered_by = fields.String()
    decision_no = fields.String(allow_none=True)
    reason_public = fields.String()


class SoldAnswered(Schema):
    """The sale that stands; told to retailers' keys alone."""

    sold_at = _instant("as the till that sold it said", required=True)
    store = _text("of your own chain alone", "HT-01")


class Answer(Schema):
    """The answer to one code: about the stamp, never about the goods."""

    verdict = _word(Verdict, "what is on record", required=True)
    notes = fields.List(_word(Note, "a remark beside OK"), required=True)
    reason = _text("stable: why this verdict", "activated", required=True)
    reasons = fields.List(
        fields.String(metadata={"example": "activated"}),
        required=True,
        metadata={"description": "the reason, and `already_sold` where a till has sold it"},
    )
    checked = fields.List(
        _word(Check, "a question that was asked"),
        required=True,
        metadata={"description": "in their order; `sold` for retailers' keys alone"},
    )
    advice = _word(Advice, "for a till: go on, let a person decide, or do not sell", required=True)
    as_of = _instant("how fresh the record was", required=True)
    stamp = fields.Nested(StampAnswered)
    product = fields.Nested(ProductAnswered)
    producer = fields.Nested(ProducerAnswered)
    lot = fields.Nested(LotAnswered)
    certificate = fields.Nested(CertificateAnswered)
    points_of_sale = fields.List(fields.Nested(PointOfSaleAnswered))
    recall = fields.Nested(RecallAnswered)
    sold = fields.Nested(SoldAnswered)
    revoked_on = _day("day from which the stamp is withdrawn", "2026-03-16")
    info_expires_on = _day("last day on which its information was shown", "2026-10-20")
