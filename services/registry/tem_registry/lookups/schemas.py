"""The wire of look-up figures."""

from marshmallow import Schema, fields, validate

from tem.http.wire import QueryNumber, Strict
from tem.vocabulary import Noticed, StampState
from tem_registry.fields import Day

KINDS = [str(one) for one in Noticed]


class LookUpDays(Strict):
    """Query of GET /v1/lookups."""

    first = Day(
        data_key="from",
        metadata={
            "format": "date",
            "description": "first day, Vietnam; 30 days before the last if left out",
        },
    )
    last = Day(
        data_key="to",
        metadata={
            "format": "date",
            "description": "last day, included; today if left out; at most 366 days",
        },
    )


class DayShown(Schema):
    """One day."""

    day = fields.String(required=True, metadata={"format": "date"})
    count = fields.Integer(required=True, metadata={"description": "look-ups of all stamps"})


class DaysShown(Schema):
    """Look-ups by the day; days without any are there, days to come are not."""

    days = fields.List(fields.Nested(DayShown), required=True)
    total = fields.Integer(required=True)
    kept_from = fields.String(
        required=True,
        metadata={"format": "date", "description": "before it no day is known any more"},
    )


class RangeShown(Schema):
    """Stamps of a batch tied to the lot."""

    batch = fields.Integer(required=True)
    first = fields.Integer(required=True)
    last = fields.Integer(required=True)
    count = fields.Integer(required=True, metadata={"description": "look-ups since counting began"})
    last_day = fields.String(metadata={"format": "date", "description": "absent: never"})


class LotLookUps(Schema):
    """How often the stamps of a lot were looked up."""

    lot_id = fields.String(required=True)
    total = fields.Integer(required=True)
    last_day = fields.String(metadata={"format": "date", "description": "absent: never"})
    ranges = fields.List(fields.Nested(RangeShown), required=True)


class NoticedQuery(Strict):
    """Query of GET /v1/lookups/noticed."""

    days = QueryNumber(
        load_default=30,
        validate=validate.Range(1, 30),
        metadata={"description": "looked up within so many days, today included"},
    )
    kind = fields.String(load_default=None, validate=validate.OneOf(KINDS))
    after = fields.String(
        load_default=None, validate=validate.Regexp(r"[1-9][0-9]{0,9}-[1-9][0-9]{0,7}\Z")
    )
    limit = QueryNumber(load_default=100, validate=validate.Range(1, 500))


class NoticedShown(Schema):
    """A stamp, why it is noticed, and the evidence in numbers of the days asked for."""

    kinds = fields.List(
        fields.String(metadata={"enum": KINDS}),
        required=True,
        metadata={"description": "as the verifier saw it when asked"},
    )
    batch = fields.Integer(required=True)
    index = fields.Integer(required=True)
    serial = fields.String(required=True)
    state = fields.String(
        required=True,
        metadata={"enum": [str(one) for one in StampState], "description": "on record, now"},
    )
    lot_id = fields.String()
    product_id = fields.String(required=True)
    product_name = fields.String(required=True)
    producer_id = fields.String(required=True)
    producer_name = fields.String(required=True)
    count = fields.Integer(required=True, metadata={"description": "look-ups"})
    origins = fields.Integer(
        required=True, metadata={"description": "different networks, each day's added up"}
    )
    first_day = fields.String(required=True, metadata={"format": "date"})
    last_day = fields.String(required=True, metadata={"format": "date"})


class NoticedList(Schema):
    """A page of them, the newest batches first."""

    items = fields.List(fields.Nested(NoticedShown), required=True)
    next = fields.String(
        metadata={"description": "send it as `after`; a page with it may be short, even empty"}
    )
    as_of = fields.String(
        required=True, metadata={"format": "date-time", "description": "of what the verifier knew"}
    )
