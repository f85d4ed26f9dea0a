"""The wire of those who count."""

from typing import Any

from marshmallow import Schema, ValidationError, fields, validate, validates_schema

from tem.http.wire import Strict
from tem_registry.fields import Day, Id

GROUPS = ("batch", "product", "producer", "commune", "category", "day", "month", "year")
_FORMAT = "json or csv; without it the Accept header decides (text/csv), and JSON is the default"


class ReportQuery(Strict):
    """Query of every report: of whom, of what, issued when, and in which form."""

    product_id = Id()
    producer_id = Id()
    commune = fields.String(
        validate=validate.Regexp(r"[0-9]{1,10}\Z"),
        metadata={"description": "code of the producer's commune today", "example": "18781"},
    )
    format = fields.String(
        validate=validate.OneOf(["json", "csv"]), metadata={"description": _FORMAT}
    )
    issued_from = Day(metadata={"description": "first day of issue, Vietnam"})
    issued_until = Day(metadata={"description": "last day of issue, included"})

    @validates_schema
    def ordered(self, data: dict[str, Any], **_: Any) -> None:
        """A period does not end before it begins."""
        if data.get("issued_from", "") > data.get("issued_until", "9"):
            raise ValidationError("The period ends before it begins.", "issued_until")


class StatisticsQuery(ReportQuery):
    """Query of the statistics: how to group."""

    by = fields.String(load_default="batch", validate=validate.OneOf(GROUPS))


class FeesQuery(ReportQuery):
    """Query of the fees: how to group."""

    by = fields.String(
        load_default="order",
        validate=validate.OneOf(["order", *GROUPS]),
        metadata={"example": "month"},
    )


def _stamps(description: str, example: int) -> fields.Integer:
    return fields.Integer(metadata={"description": description, "example": example})


def _key(description: str, example: str) -> fields.String:
    return fields.String(metadata={"description": description, "example": example})


class StatisticsTotal(Schema):
    """quantity = activated + not_activated; not_activated = usable + void + revoked."""

    quantity = _stamps("stamps issued", 400)
    activated = _stamps("tied to a lot, also if voided or revoked afterwards", 340)
    not_activated = _stamps("never tied to a lot", 60)
    not_activated_usable = _stamps("of these, neither void nor revoked", 57)
    void = _stamps("of these, void", 3)
    revoked = _stamps("of these, revoked", 0)


class StatisticsRow(StatisticsTotal):
    """The columns of one group."""

    key = _key("batch's imported id or number, id, code, or date of issue; may be empty", "2026-11")


class StatisticsShown(Schema):
    """Stamps issued, activated and not, in groups and in all."""

    rows = fields.List(fields.Nested(StatisticsRow))
    total = fields.Nested(StatisticsTotal)


class FeesTotal(Schema):
    """What was issued and what it cost, whole VND."""

    orders = _stamps("orders whose batch was issued", 1)
    stamps = _stamps("stamps issued", 400)
    fee_vnd = _stamps("what producers pay for the blanks", 80_000)
    subsidy_vnd = _stamps("what the programme spends", 60_000)
    total_vnd = _stamps("both", 140_000)


class FeesRow(FeesTotal):
    """The figures of one group."""

    key = _key("order, id, code, or date of issue; may be empty", "2026-11")


class FeesShown(Schema):
    """Fees and subsidies, in groups and in all."""

    rows = fields.List(fields.Nested(FeesRow))
    total = fields.Nested(FeesTotal)
