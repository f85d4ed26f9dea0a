"""The wire of stamps over time."""

from typing import Any

from marshmallow import Schema, ValidationError, fields, validate, validates_schema

from tem.http.wire import Strict
from tem_registry.fields import Day, Id
from tem_registry.reports.periods import MAX_PERIODS, PERIODS
from tem_registry.reports.series import FIGURES

_FORMAT = "json or csv; without it the Accept header decides (text/csv), and JSON is the default"


class Figures(fields.Field[list[str]]):
    """Some of the figures, once each, with commas between them."""

    def _deserialize(self, value: Any, attr: Any, data: Any, **_: Any) -> list[str]:
        named = str(value).split(",")
        if not set(named) <= set(FIGURES) or len(set(named)) < len(named):
            raise ValidationError(f"Name some of {', '.join(FIGURES)}, with commas, once each.")
        return named


class SeriesQuery(Strict):
    """Query of stamps over time: which figures, in which periods, of whom."""

    by = fields.String(load_default="month", validate=validate.OneOf(PERIODS))
    of = Figures(
        load_default=["issued", "activated"],
        metadata={
            "type": "string",
            "description": f"some of {', '.join(FIGURES)}, with commas",
            "example": "issued,activated",
        },
    )
    first = Day(
        data_key="from",
        metadata={"description": "first day, Vietnam; left out: 31 days, 26 weeks or 12 months"},
    )
    last = Day(data_key="to", metadata={"description": "last day, included; left out: today"})
    product_id = Id()
    producer_id = Id()
    commune = fields.String(
        validate=validate.Regexp(r"[0-9]{1,10}\Z"),
        metadata={"description": "code of the producer's commune today", "example": "18781"},
    )
    format = fields.String(
        validate=validate.OneOf(["json", "csv"]), metadata={"description": _FORMAT}
    )

    @validates_schema
    def ordered(self, data: dict[str, Any], **_: Any) -> None:
        """A report does not end before it begins."""
        if data.get("first", "") > data.get("last", "9"):
            raise ValidationError("The report ends before it begins.", "to")


def _stamps(description: str, example: int) -> fields.Integer:
    return fields.Integer(metadata={"description": description, "example": example})


class SeriesTotal(Schema):
    """What all periods added; only the figures asked for."""

    ordered = _stamps("stamps of orders neither refused, taken back nor failed", 400)
    issued = _stamps("stamps of batches issued on these days", 400)
    activated = _stamps("stamps tied to a lot, less those untied by a correction", 340)


class SeriesRow(SeriesTotal):
    """The figures of one period, and what had come together by its end."""

    key = fields.String(
        metadata={"description": "day, ISO 8601 week (2026-W47) or month", "example": "2026-11"}
    )
    first = Day(metadata={"description": "first day of the period within the report"})
    last = Day(metadata={"description": "last day of the period within the report"})
    ordered_total = _stamps("ordered by the period's end", 400)
    issued_total = _stamps("issued by the period's end", 400)
    activated_total = _stamps("activated by the period's end", 340)
    not_activated = _stamps("issued_total less activated_total, where both are asked for", 60)


class SeriesShown(Schema):
    """Stamps over time, at most 400 periods, in order."""

    rows = fields.List(fields.Nested(SeriesRow), validate=validate.Length(max=MAX_PERIODS))
    total = fields.Nested(SeriesTotal)
