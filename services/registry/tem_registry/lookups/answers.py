"""What the verifier may say: anything else is an answer that we do not have.

Members that are new to us are dropped; texts are bounded, since strangers may have written them.
"""

import re
from typing import Any, TypeVar

from marshmallow import EXCLUDE, Schema, ValidationError, fields, validate

from tem.dates import parse_instant
from tem.errors import Unavailable
from tem.http.wire import WholeNumber
from tem.vocabulary import Noticed
from tem_registry.fields import MAX_BATCH, MAX_INDEX, Day, Flag

MOST_COUNTED = 2**53
REPORT_STATES = ("open", "closed")
# NUL and half a character can neither be stored nor shown.
_TEXT = re.compile("[^\x00\ud800-\udfff]*\\Z")
_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:-]{0,39}\Z", re.ASCII)
Said = TypeVar("Said")


class _Said(Schema):
    class Meta:
        unknown = EXCLUDE


def _count() -> WholeNumber:
    return WholeNumber(required=True, validate=validate.Range(0, MOST_COUNTED))


def _batch(**options: Any) -> WholeNumber:
    return WholeNumber(validate=validate.Range(1, MAX_BATCH), **options)


def _index(**options: Any) -> WholeNumber:
    return WholeNumber(validate=validate.Range(1, MAX_INDEX), **options)


def _text(most: int, **options: Any) -> fields.String:
    return fields.String(validate=[validate.Length(max=most), validate.Regexp(_TEXT)], **options)


def _id(**options: Any) -> fields.String:
    """What stands in an address when it is asked for again."""
    return fields.String(validate=validate.Regexp(_ID), **options)


class Moment(fields.Field[str]):
    """An instant of RFC 3339, kept as text."""

    def _deserialize(self, value: Any, attr: Any, data: Any, **_: Any) -> str:
        try:
            parse_instant(value)
        except (ValueError, TypeError) as error:
            raise ValidationError("Not an instant.") from error
        return str(value)


class DaySaid(_Said):
    """Look-ups of all stamps on a day."""

    day = Day(required=True)
    count = _count()


class DaysSaid(_Said):
    """Answer to GET /v1/scans/days."""

    days = fields.List(fields.Nested(DaySaid), required=True, validate=validate.Length(max=366))
    kept_from = Day(required=True)


class RangeSaid(_Said):
    """Look-ups of a range."""

    count = _count()
    last_day = Day()


class RangesSaid(_Said):
    """Answer to POST /v1/scans/ranges."""

    ranges = fields.List(fields.Nested(RangeSaid), required=True)


class NoticedSaid(_Said):
    """A stamp that is worth a look."""

    kinds = fields.List(
        fields.String(validate=validate.OneOf([str(one) for one in Noticed])),
        required=True,
        validate=validate.Length(1, len(Noticed)),
    )
    batch = _batch(required=True)
    index = _index(required=True)
    count = _count()
    origins = _count()
    first_day = Day(required=True)
    last_day = Day(required=True)


class NoticedPageSaid(_Said):
    """Answer to GET /v1/scans/noticed."""

    items = fields.List(
        fields.Nested(NoticedSaid), required=True, validate=validate.Length(max=500)
    )
    next = _id()
    as_of = Moment(required=True)


class StampSaid(_Said):
    """The stamp that a report is about."""

    batch = _batch(required=True)
    index = _index(required=True)


class PlaceSaid(_Said):
    """Where a report was sent from, if that was offered: degrees."""

    lat = fields.Float(required=True, validate=validate.Range(-90, 90))
    lng = fields.Float(required=True, validate=validate.Range(-180, 180))


class ReportSaid(_Said):
    """A report of a shopper; its texts are a stranger's."""

    report_id = _id(required=True)
    state = fields.String(required=True, validate=validate.OneOf(REPORT_STATES))
    reported_at = Moment(required=True)
    kind = _text(40, required=True)
    text = _text(2000)
    place = _text(400)
    position = fields.Nested(PlaceSaid)
    verdict = _text(20)
    stamp = fields.Nested(StampSaid)
    has_photo = Flag(required=True)
    handled_at = Moment()
    handled_by = _text(100)
    handling_note = _text(2000)


class ReportPageSaid(_Said):
    """Answer to GET /v1/reports."""

    items = fields.List(fields.Nested(ReportSaid), required=True, validate=validate.Length(max=500))
    next = _id(allow_none=True)


def checked(shape: type[Schema], answer: Any) -> dict[str, Any]:
    """An answer of the verifier, if it is of that shape. Raises Unavailable if not."""
    try:
        found: dict[str, Any] = shape().load(answer)
    except ValidationError as error:
        raise Unavailable(
            "lookups_unavailable",
            "The verifier's answer is not one to what was asked: do registry and verifier run the "
            "same version?",
        ) from error
    return found
