"""The wire of the catalogue. Field names are those of ``shared/sample``."""

import re
from typing import Any

from marshmallow import ValidationError, fields, validate, validates_schema

from tem.vocabulary import DateKind, ProducerStatus
from tem.wire import Strict, WholeNumber
from tem_registry.fields import DERIVED, Day, Gps, Id, Words


class Address(Strict):
    """An address since 01/07/2025: two levels, commune code of QĐ 19/2025/QĐ-TTg."""

    line = Words(200)
    commune_code = fields.String(validate=validate.Regexp(re.compile(r"\d{5}\Z", re.ASCII)))
    commune = Words(100)
    province_code = fields.String(validate=validate.Regexp(re.compile(r"\d{2}\Z", re.ASCII)))
    province = Words(100)
    valid_from = Day()
    full = Words(400, required=True)


class FormerAddress(Strict):
    """An address as it was printed before 01/07/2025."""

    line = Words(200)
    commune = Words(100)
    district = Words(100)
    province = Words(100)
    full = Words(400, required=True)


class Producer(Strict):
    """A producer (chủ thể)."""

    producer_id = Id()
    name = Words(200, required=True)
    producer_type = fields.String(
        required=True,
        validate=validate.OneOf(["cooperative", "cooperative_group", "household", "company"]),
    )
    representative = Words(200, allow_none=True)
    phone = Words(40, allow_none=True)
    email = Words(200, allow_none=True)
    website = Words(300, allow_none=True)
    address = fields.Nested(Address, required=True)
    address_before_2025_07_01 = fields.Nested(FormerAddress, allow_none=True)
    gps = fields.Nested(Gps, allow_none=True)
    gln = Words(20, allow_none=True)
    tax_code = Words(20, allow_none=True)
    status = fields.String(validate=validate.OneOf([str(s) for s in ProducerStatus]))
    status_since = Day()
    sample = fields.Boolean()


class ShelfLife(Strict):
    """How long a product keeps."""

    value = WholeNumber(required=True, validate=validate.Range(1, 3660))
    unit = fields.String(required=True, validate=validate.OneOf(["day", "month"]))


class QualityTest(Strict):
    """A test report."""

    report_no = Words(100, required=True)
    lab = Words(200)
    tested_on = Day()


class DeclaredOutput(Strict):
    """How many units a year the producer says it makes: what orders are measured against."""

    quantity = WholeNumber(required=True, validate=validate.Range(1, 1_000_000_000))
    declared_on = Day()


class Product(Strict):
    """A product of one producer; one stamp carries one of these."""

    product_id = Id()
    producer_id = Id(required=True)
    name = Words(300, required=True)
    category_code = Words(20, required=True)
    gtin = Words(14, allow_none=True)
    packaging = Words(200, allow_none=True)
    unit = Words(40, allow_none=True)
    shelf_life = fields.Nested(ShelfLife, allow_none=True, load_default=None)
    date_kind = fields.String(
        required=True, validate=validate.OneOf([str(kind) for kind in DateKind])
    )
    gs1_date_ai = Words(4, allow_none=True)
    production_date_kind = fields.String(
        validate=validate.OneOf(["production_date", "packing_date"]),
        load_default="production_date",
    )
    stampable = fields.Boolean(load_default=True)
    declared_output = fields.Nested(DeclaredOutput, allow_none=True)
    raw_material_source = Words(4000, allow_none=True)
    process = Words(4000, allow_none=True)
    preservation = Words(4000, allow_none=True)
    usage = Words(4000, allow_none=True)
    story = Words(8000, allow_none=True)
    quality_test = fields.Nested(QualityTest, allow_none=True)
    declared_standard = Words(200, allow_none=True)
    stars = fields.Integer(metadata={"description": DERIVED})
    current_certificate_id = fields.String(metadata={"description": DERIVED})
    certificate_status = fields.String(metadata={"description": DERIVED})
    sample = fields.Boolean()


class Certificate(Strict):
    """A recognition: a lapse is worked out from its dates, a revocation is recorded."""

    certificate_id = Id()
    product_id = Id(required=True)
    stars = WholeNumber(required=True, validate=validate.Range(3, 5))
    score = fields.Float(validate=validate.Range(0, 100), allow_none=True)
    decision_no = Words(100, required=True)
    decision_date = Day(required=True)
    issuing_authority = Words(200, required=True)
    authority_still_exists = fields.Boolean()
    legal_basis = Words(200, allow_none=True)
    valid_from = Day(required=True)
    valid_until = Day(required=True)
    revoked_on = Day(allow_none=True)
    revocation_decision_no = Words(100, allow_none=True)
    revocation_reason = Words(1000, allow_none=True)
    status_at_as_of = fields.String(metadata={"description": DERIVED})
    sample = fields.Boolean()

    @validates_schema
    def term(self, data: dict[str, Any], **_: Any) -> None:
        """A term begins before it ends."""
        if data.get("valid_from", "") > data.get("valid_until", "9"):
            raise ValidationError("It ends before it begins.", "valid_until")


class PointOfSale(Strict):
    """A certified point of sale."""

    pos_id = Id()
    name = Words(200, required=True)
    pos_type = Words(40, required=True)
    address = fields.Nested(Address, required=True)
    gps = fields.Nested(Gps, allow_none=True)
    phone = Words(40, allow_none=True)
    opening_hours = Words(100, allow_none=True)
    certified_no = Words(100, required=True)
    certified_on = Day(required=True)
    status = Words(20, load_default="active")
    sample = fields.Boolean()


class Contract(Strict):
    """A distribution contract between a point of sale and a producer."""

    contract_id = Id()
    contract_no = Words(100, required=True)
    pos_id = Id(required=True)
    producer_id = Id(required=True)
    product_ids = fields.List(Id(), required=True, validate=validate.Length(1, 200))
    signed_on = Day(required=True)
    valid_until = Day(required=True)
    status_at_as_of = fields.String(metadata={"description": DERIVED})
    sample = fields.Boolean()
