"""The wire of dates as labels write them."""

from marshmallow import Schema, fields, validate

from tem.http.wire import Strict
from tem_registry.fields import Day
from tem_registry.lots.label_text import EXPIRY, LONGEST, PRODUCTION

_TEXT = validate.Length(1, LONGEST)


class LabelDateQuery(Strict):
    """Query of GET /v1/label-dates."""

    text = fields.String(
        required=True,
        validate=_TEXT,
        metadata={"description": "as the label has it", "example": "HSD: 021028"},
    )
    kind = fields.String(
        load_default=EXPIRY,
        validate=validate.OneOf([PRODUCTION, EXPIRY]),
        metadata={"description": "which date it is to be"},
    )
    produced = Day(metadata={"description": "the production date, for a period counted from it"})
    expires = Day(metadata={"description": "the expiry, for a production date counted back"})


class WordsShown(Schema):
    """A date in words."""

    vi = fields.String(required=True, metadata={"example": "ngày 2 tháng 10 năm 2028"})
    en = fields.String(required=True, metadata={"example": "2 October 2028"})


class ReadingShown(Schema):
    """One meaning of the text."""

    date = fields.String(
        required=True,
        metadata={"format": "date", "description": "of a month its last day"},
    )
    precision = fields.String(required=True, validate=validate.OneOf(["day", "month"]))
    value = fields.String(
        required=True,
        metadata={"description": "what to send in a lot's body", "example": "2028-10-02"},
    )
    shown = fields.String(required=True, metadata={"example": "02/10/2028"})
    form = fields.String(
        required=True,
        metadata={
            "description": "how it was read: day_month_year, year_month_day, month_year, … in the "
            "order of its parts; term_from_production, term_before_expiry",
            "example": "day_month_year",
        },
    )
    words = fields.Nested(WordsShown, required=True)
    doubts = fields.List(
        fields.String(
            validate=validate.OneOf(["production_date_in_future", "past_date", "before_production"])
        ),
        required=True,
        metadata={"description": "why it is hardly the date meant"},
    )


class YearsShown(Schema):
    """The years that two digits stand for."""

    first = fields.Integer(required=True, metadata={"example": 1977})
    last = fields.Integer(required=True, metadata={"example": 2076})


class LabelDateShown(Schema):
    """Every reading of a text, the usual one first. A person chooses."""

    readings = fields.List(fields.Nested(ReadingShown), required=True)
    ambiguous = fields.Boolean(required=True, metadata={"description": "there are several"})
    two_digit_years = fields.Nested(YearsShown, required=True)
