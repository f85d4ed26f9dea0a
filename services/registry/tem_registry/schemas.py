"""The registry's wire. Field names are those of ``shared/sample``; unknown ones are refused."""

import re
from datetime import date
from typing import Any

from marshmallow import ValidationError, fields, validate, validates_schema

from tem.dates import FIRST_DATE, LAST_DATE
from tem.vocabulary import DateKind, ProducerStatus
from tem.wire import IDENTIFIER, MAX_QUANTITY, Strict, WholeNumber

MAX_BATCH, MAX_INDEX = 2**32 - 1, 2**24 - 1
_ID_OR_NONE = re.compile(r"[A-Za-z0-9._:/-]{0,64}\Z", re.ASCII)
DERIVED = "worked out by the registry; ignored when sent"


class Id(fields.String):
    """An opaque identifier."""

    def __init__(self, **options: Any) -> None:
        super().__init__(validate=IDENTIFIER, **options)


class Words(fields.String):
    """Text for people, not blank, at most ``limit`` characters."""

    def __init__(self, limit: int = 500, **options: Any) -> None:
        super().__init__(validate=validate.Length(1, limit), **options)

    def _deserialize(self, value: Any, *args: Any, **options: Any) -> str:
        return str(super()._deserialize(value, *args, **options)).strip()


class Day(fields.Field[str]):
    """A calendar date, ISO 8601, kept as text; no time part, within the years we keep."""

    def _deserialize(self, value: Any, attr: Any, data: Any, **_: Any) -> str:
        if not isinstance(value, str) or not re.fullmatch(r"\d{4}-\d\d-\d\d", value, re.ASCII):
            raise ValidationError("Not a date like 2026-11-20.")
        try:
            day = date.fromisoformat(value)
        except ValueError as error:
            raise ValidationError("There is no such day.") from error
        if not FIRST_DATE <= day <= LAST_DATE:
            raise ValidationError(f"Years {FIRST_DATE.year} to {LAST_DATE.year} only.")
        return value


class DayOrMonth(Day):
    """A date, or a month (``2026-12``) where the label gives no day."""

    def _deserialize(self, value: Any, attr: Any, data: Any, **options: Any) -> str:
        if isinstance(value, str) and re.fullmatch(r"\d{4}-\d\d", value, re.ASCII):
            super()._deserialize(f"{value}-01", attr, data, **options)
            return value
        return super()._deserialize(value, attr, data, **options)


class Gps(Strict):
    """A place, WGS84 degrees."""

    lat = fields.Float(required=True, validate=validate.Range(-90, 90))
    lon = fields.Float(required=True, validate=validate.Range(-180, 180))
    datum = fields.String(validate=validate.OneOf(["WGS84"]))
    source = Words(200)


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


class Order(Strict):
    """Body of POST /v1/orders: N stamps for one product."""

    product_id = Id(required=True)
    producer_id = Id(metadata={"description": "must be the product's own, if given"})
    quantity = WholeNumber(required=True, validate=validate.Range(1, MAX_QUANTITY))


class Lot(Strict):
    """Body of POST /v1/lots. ``best_before`` may be left to the product's shelf life."""

    lot_id = Id()
    product_id = Id(required=True)
    producer_id = Id(metadata={"description": "must be the product's own, if given"})
    lot_code = Words(60, required=True)
    production_date = Day(required=True)
    production_date_kind = fields.String(
        validate=validate.OneOf(["production_date", "packing_date"])
    )
    best_before = DayOrMonth(allow_none=True, load_default=None)
    quantity = WholeNumber(required=True, validate=validate.Range(1, 100_000_000))
    unit = Words(40)


class StampRange(Strict):
    """Some stamps of a batch, by the numbers printed on them, both ends included."""

    first = WholeNumber(required=True, validate=validate.Range(1, MAX_INDEX))
    last = WholeNumber(required=True, validate=validate.Range(1, MAX_INDEX))

    @validates_schema
    def ordered(self, data: dict[str, Any], **_: Any) -> None:
        """The first stamp does not come after the last."""
        if data.get("first", 0) > data.get("last", MAX_INDEX):
            raise ValidationError("The last stamp comes before the first.", "last")


class Activation(StampRange):
    """Body of POST /v1/lots/{id}/activations."""

    batch = WholeNumber(required=True, validate=validate.Range(1, MAX_BATCH))


class RangeWithReason(StampRange):
    """Body of voids and revocations."""

    reason = Words(500, required=True)


class Delivery(Strict):
    """Body of POST /v1/batches/{n}/delivery."""

    receipt = Words(500)


class Recall(Strict):
    """Body of POST /v1/lots/{id}/recall."""

    kind = fields.String(required=True, validate=validate.OneOf(["voluntary", "mandatory"]))
    ordered_on = Day(metadata={"description": "today, if absent"})
    ordered_by = Words(300, required=True)
    decision_no = Words(100, allow_none=True, load_default=None)
    reason_public = Words(1000, required=True)


class Lift(Strict):
    """Body of POST /v1/lots/{id}/recall/lift."""

    reason = Words(1000)


class Page(Strict):
    """Query of a list: what comes after an id, at most ``limit`` rows."""

    after = fields.String(load_default="", validate=validate.Regexp(_ID_OR_NONE))
    limit = fields.Integer(load_default=100, validate=validate.Range(1, 500))


class BatchPage(Strict):
    """Query of the list of batches: what comes after a number, at most ``limit`` rows."""

    after = fields.Integer(load_default=0, validate=validate.Range(0, MAX_BATCH))
    limit = fields.Integer(load_default=100, validate=validate.Range(1, 500))


class AuditQuery(Strict):
    """Query of the audit trail."""

    after = fields.Integer(load_default=0, validate=validate.Range(0, 2**53))
    limit = fields.Integer(load_default=100, validate=validate.Range(1, 500))
    object = fields.String(
        validate=validate.Regexp(re.compile(r"[!-~]{1,120}\Z", re.ASCII)),
        metadata={"description": "one thing only, as kind:id"},
    )


class StatisticsQuery(Strict):
    """Query of the statistics: how to group, and which months or days of issue."""

    by = fields.String(
        load_default="batch",
        validate=validate.OneOf(["batch", "product", "producer", "commune", "month"]),
    )
    issued_from = Day()
    issued_until = Day()
