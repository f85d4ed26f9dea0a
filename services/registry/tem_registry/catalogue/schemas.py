"""The wire of the catalogue. Field names are those of ``shared/sample``."""

from typing import Any

from marshmallow import ValidationError, fields, validate, validates_schema

from tem.http.wire import Strict, WholeNumber
from tem.vocabulary import DateKind, ProducerStatus
from tem_registry.catalogue.schemas_parts import (
    Address,
    Consent,
    FormerAddress,
    Recorded,
    StatusTurn,
    derived,
    past_addresses,
)
from tem_registry.fields import Day, Flag, Gps, Id, Words
from tem_registry.files.file_types import FILE_ID


class Producer(Recorded):
    """A producer (chủ thể)."""

    producer_id = Id()
    name = Words(200, required=True, metadata={"example": "Hợp tác xã Nước mắm Sóng Lam"})
    producer_type = fields.String(
        required=True,
        validate=validate.OneOf(["cooperative", "cooperative_group", "household", "company"]),
    )
    representative = Words(
        200, allow_none=True, metadata={"description": "published only with consent"}
    )
    phone = Words(40, allow_none=True, metadata={"example": "0239 385 5555"})
    email = Words(200, allow_none=True, metadata={"example": "ten@mien.vn"})
    website = Words(300, allow_none=True, metadata={"example": "https://mien.vn"})
    consent = fields.Nested(Consent, allow_none=True)
    address = fields.Nested(
        Address,
        required=True,
        metadata={"description": "a changed one leaves the old one among former_addresses"},
    )
    address_before_2025_07_01 = fields.Nested(FormerAddress, allow_none=True)
    former_addresses = past_addresses()
    gps = fields.Nested(Gps, allow_none=True)
    gln = Words(20, allow_none=True, metadata={"description": "13 digits"})
    tax_code = Words(20, allow_none=True)
    status = fields.String(
        validate=validate.OneOf([str(s) for s in ProducerStatus]),
        metadata={"description": "shown: that of today; left out when added: active"},
    )
    status_since = Day(
        metadata={
            "description": "its first day; left out: today; sent alone: moves the day of the status"
        }
    )
    statuses = fields.List(fields.Nested(StatusTurn), metadata=derived("in order of their day"))
    sample = fields.Boolean()


class ShelfLife(Strict):
    """How long a product keeps."""

    value = WholeNumber(required=True, validate=validate.Range(1, 3660))
    unit = fields.String(required=True, validate=validate.OneOf(["day", "month"]))


class FileId(fields.String):
    """The id of a file that was sent to /v1/files."""

    def __init__(self, **options: Any) -> None:
        wanted = validate.Regexp(FILE_ID, error="It is a file_id from POST /v1/files (F-…).")
        super().__init__(validate=wanted, **options)


class QualityTest(Strict):
    """A test report."""

    report_no = Words(100, required=True)
    lab = Words(200)
    tested_on = Day()
    file = FileId()


class DeclaredOutput(Strict):
    """How many units a year the producer says it makes: what orders are measured against."""

    quantity = WholeNumber(required=True, validate=validate.Range(1, 1_000_000_000))
    declared_on = Day()


class Product(Recorded):
    """A product of one producer; one stamp carries one of these."""

    product_id = Id()
    producer_id = Id(required=True)
    name = Words(300, required=True)
    brand = Words(100, allow_none=True)
    model = Words(100, allow_none=True)
    category_code = Words(
        20, required=True, metadata={"description": "one of /v1/categories", "example": "I.4.a"}
    )
    gtin = Words(
        20,
        allow_none=True,
        metadata={"description": "8, 12, 13 or 14 digits", "example": "09521234000013"},
    )
    packaging = Words(200, allow_none=True)
    unit = Words(40, allow_none=True)
    shelf_life = fields.Nested(ShelfLife, allow_none=True, load_default=None)
    date_kind = fields.String(
        required=True, validate=validate.OneOf([str(kind) for kind in DateKind])
    )
    gs1_date_ai = Words(
        4, allow_none=True, metadata={"description": "15 best before, 17 use by", "example": "15"}
    )
    production_date_kind = fields.String(
        validate=validate.OneOf(["production_date", "packing_date"]),
        load_default="production_date",
    )
    stampable = Flag(metadata={"description": "left out: what the category says"})
    declared_output = fields.Nested(DeclaredOutput, allow_none=True)
    raw_material_source = Words(4000, allow_none=True)
    process = Words(4000, allow_none=True)
    preservation = Words(4000, allow_none=True)
    usage = Words(4000, allow_none=True)
    story = Words(8000, allow_none=True)
    quality_test = fields.Nested(QualityTest, allow_none=True)
    quality_tests = fields.List(fields.Nested(QualityTest), validate=validate.Length(0, 50))
    declared_standard = Words(200, allow_none=True)
    image = FileId(allow_none=True, metadata={"description": "a picture sent to /v1/files"})
    stars = fields.Integer(allow_none=True, metadata=derived("of the current certificate"))
    current_certificate_id = fields.String(
        allow_none=True, metadata=derived("the newest in force, else the latest")
    )
    certificate_status = fields.String(
        allow_none=True, metadata=derived("as of today", example="valid")
    )
    missing = fields.List(
        fields.String(),
        metadata=derived("which of the minimum data of Circular 02/2024 are absent"),
    )
    sample = fields.Boolean()


class Certificate(Recorded):
    """A recognition: a lapse is worked out from its dates, a revocation is recorded.

    Left out, stars follow from the score, authority and legal basis from the decision's date,
    the term from its first day (36 months); what is given stands as it is printed.
    """

    certificate_id = Id()
    product_id = Id(required=True)
    stars = WholeNumber(
        validate=validate.Range(3, 5),
        metadata={"description": "left out: the band of the score", "example": 4},
    )
    score = fields.Float(
        validate=validate.Range(0, 100),
        allow_none=True,
        metadata={"description": "the council's mean, 0 to 100", "example": 72.9},
    )
    decision_no = Words(100, required=True, metadata={"example": "2394/QĐ-UBND"})
    decision_date = Day(required=True)
    issuing_authority = Words(
        200,
        metadata={
            "description": "as printed; left out: by the rule in force on the decision's date",
            "example": "UBND tỉnh Hà Tĩnh",
        },
    )
    authority_still_exists = fields.Boolean(
        metadata={"description": "false for districts, abolished on 2025-07-01"}
    )
    legal_basis = Words(200, allow_none=True, metadata={"example": "QĐ 148/QĐ-TTg"})
    valid_from = Day(metadata={"description": "left out: the decision's date"})
    valid_until = Day(metadata={"description": "the last day; left out: 36 months later"})
    lab_report = Words(200, allow_none=True, metadata={"description": "number of the test report"})
    revoked_on = Day(
        allow_none=True,
        metadata={"description": "setting it withdraws the product's unused stamps at once"},
    )
    revocation_decision_no = Words(100, allow_none=True)
    revocation_reason = Words(1000, allow_none=True)
    status_at_as_of = fields.String(metadata=derived("as of today", example="valid"))
    sample = fields.Boolean()

    @validates_schema
    def term(self, data: dict[str, Any], **_: Any) -> None:
        """A term begins before it ends."""
        if data.get("valid_from", "") > data.get("valid_until", "9"):
            raise ValidationError("It ends before it begins.", "valid_until")


class PointOfSale(Recorded):
    """A certified point of sale."""

    pos_id = Id()
    name = Words(200, required=True)
    pos_type = Words(
        40,
        metadata={
            "description": "free text; known are ocop_center, ocop_shop, tourist_site, rest_stop, "
            "specialty_shop, farm_gate, mini_mart",
            "example": "ocop_shop",
        },
    )
    address = fields.Nested(Address, required=True)
    former_addresses = past_addresses()
    gps = fields.Nested(Gps, allow_none=True)
    phone = Words(40, allow_none=True)
    opening_hours = Words(100, allow_none=True)
    certified_no = Words(100, required=True)
    certified_on = Day(required=True)
    certified_until = Day(allow_none=True, metadata={"description": "the last day"})
    status = fields.String(
        load_default="active", validate=validate.OneOf(["active", "suspended", "closed"])
    )
    sample = fields.Boolean()


class Contract(Recorded):
    """A distribution contract between a point of sale and a producer."""

    contract_id = Id()
    contract_no = Words(100)
    pos_id = Id(required=True)
    producer_id = Id(required=True)
    product_ids = fields.List(Id(), required=True, validate=validate.Length(1, 200))
    signed_on = Day(required=True)
    valid_until = Day(required=True)
    status_at_as_of = fields.String(metadata=derived("as of today", example="valid"))
    sample = fields.Boolean()
