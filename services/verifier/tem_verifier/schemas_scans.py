"""The wire of figures of scans: what the registry asks, and what it is told."""

import re
from datetime import date
from typing import Any

from marshmallow import Schema, ValidationError, fields, validate, validates_schema

from tem.dates import FIRST_DATE, LAST_DATE
from tem.http.wire import QueryNumber, Strict, WholeNumber
from tem.stampcode import MAX_BATCH, MAX_INDEX
from tem.vocabulary import Noticed, StampState
from tem_verifier.stamp_cursor import Cursor

KINDS = [str(one) for one in Noticed]
MAX_RANGES = 1000
MAX_DAYS = 366
NOTICED_DAYS = 30  # that many are kept by the day whatever the setting says


class CalendarDay(fields.Field[date]):
    """A day, ``2026-11-20`` and no other spelling."""

    def _deserialize(self, value: Any, attr: Any, data: Any, **_: Any) -> date:
        try:
            if not re.fullmatch(r"\d{4}-\d\d-\d\d", value, re.ASCII):
                raise ValueError
            day = date.fromisoformat(value)
        except ValueError as error:
            raise ValidationError("Not a day like 2026-11-20.") from error
        if not FIRST_DATE <= day <= LAST_DATE:
            raise ValidationError(f"Years {FIRST_DATE.year} to {LAST_DATE.year} only.")
        return day


def _day(name: str, description: str) -> CalendarDay:
    told = {"type": "string", "format": "date", "description": description}
    return CalendarDay(data_key=name, metadata={**told, "example": "2026-11-20"})


class DaysQuery(Strict):
    """Query of GET /v1/scans/days."""

    first = _day("from", "first day, Vietnam; 30 days before the last if left out")
    last = _day("to", "last day, included; today if left out")


class DayScans(Schema):
    """One day."""

    day = fields.Date(required=True)
    count = fields.Integer(required=True, metadata={"description": "scans of all stamps"})


class DaysShown(Schema):
    """Scans by the day of Vietnam's calendar; days with none are there, days to come are not."""

    days = fields.List(fields.Nested(DayScans), required=True)
    kept_from = fields.Date(
        required=True, metadata={"description": "earlier days are not known by the day any more"}
    )


class RangeAsked(Strict):
    """Stamps of a batch, both ends included."""

    batch = WholeNumber(
        required=True, validate=validate.Range(1, MAX_BATCH), metadata={"example": 12}
    )
    first = WholeNumber(
        required=True, validate=validate.Range(1, MAX_INDEX), metadata={"example": 1}
    )
    last = WholeNumber(
        required=True, validate=validate.Range(1, MAX_INDEX), metadata={"example": 60}
    )

    @validates_schema
    def ordered(self, one: dict[str, Any], **_: Any) -> None:
        """A range does not end before it begins."""
        if one["first"] > one["last"]:
            raise ValidationError("The range ends before it begins.", "last")


class RangesAsked(Strict):
    """Body of POST /v1/scans/ranges."""

    ranges = fields.List(
        fields.Nested(RangeAsked),
        required=True,
        validate=validate.Length(1, MAX_RANGES),
        metadata={"description": "no two of which share a stamp"},
    )


class RangeShown(Schema):
    """The scans of one range."""

    count = fields.Integer(required=True, metadata={"description": "since counting began"})
    last_day = fields.Date(metadata={"description": "absent: never scanned, or not kept"})


class RangesShown(Schema):
    """Scans of ranges, in the order asked."""

    ranges = fields.List(fields.Nested(RangeShown), required=True)


class NoticedQuery(Strict):
    """Query of GET /v1/scans/noticed."""

    days = QueryNumber(
        load_default=NOTICED_DAYS,
        validate=validate.Range(1, NOTICED_DAYS),
        metadata={"description": "scanned within so many days, today included"},
    )
    kind = fields.String(load_default=None, validate=validate.OneOf(KINDS))
    after = Cursor()
    limit = QueryNumber(load_default=100, validate=validate.Range(1, 500))


class NoticedShown(Schema):
    """A stamp and the evidence, in numbers of the days asked for."""

    kinds = fields.List(
        fields.String(metadata={"enum": KINDS}),
        required=True,
        metadata={"description": "why it is told: one kind by its state, and many_scans"},
    )
    batch = fields.Integer(required=True)
    index = fields.Integer(required=True)
    serial = fields.String(required=True, metadata={"description": "as printed beside the code"})
    state = fields.String(required=True, metadata={"enum": [str(one) for one in StampState]})
    count = fields.Integer(required=True)
    origins = fields.Integer(
        required=True, metadata={"description": "different networks, each day's added up"}
    )
    first_day = fields.Date(required=True)
    last_day = fields.Date(required=True)


class NoticedList(Schema):
    """A page of them, the newest batches first."""

    items = fields.List(fields.Nested(NoticedShown), required=True)
    next = fields.String(
        metadata={
            "description": "send it as `after`; absent at the end. A page with it may be short."
        }
    )
    as_of = fields.String(
        required=True,
        metadata={"format": "date-time", "description": "how fresh the states are"},
    )
