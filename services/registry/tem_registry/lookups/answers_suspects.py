"""What the verifier may say of stamps that show signs of being copied; texts are bounded."""

import re

from marshmallow import EXCLUDE, Schema, fields, validate

from tem.http.wire import WholeNumber
from tem_registry.fields import MAX_BATCH, MAX_INDEX
from tem_registry.lookups.answers import MOST_COUNTED, Moment

_CODE = re.compile(r"[a-z_]{1,40}\Z", re.ASCII)
_TEXT = re.compile("[^\x00\ud800-\udfff]{1,400}\\Z")


class _Said(Schema):
    class Meta:
        unknown = EXCLUDE


def _number(least: int, most: int) -> WholeNumber:
    return WholeNumber(required=True, validate=validate.Range(least, most))


def _text() -> fields.String:
    return fields.String(required=True, validate=validate.Regexp(_TEXT))


def _code() -> fields.String:
    return fields.String(required=True, validate=validate.Regexp(_CODE))


class WordsSaid(_Said):
    """A sentence in both languages."""

    vi = _text()
    en = _text()


class EvidenceSaid(_Said):
    """A sign."""

    code = _code()
    points = _number(0, MOST_COUNTED)
    words = fields.Nested(WordsSaid, required=True)


class EventSaid(_Said):
    """What a till told."""

    kind = _code()
    at = Moment(required=True)
    chain = _text()
    store = _text()


class SuspectSaid(_Said):
    """A stamp."""

    batch = _number(1, MAX_BATCH)
    index = _number(1, MAX_INDEX)
    score = _number(0, MOST_COUNTED)
    since = Moment(required=True)
    last_at = Moment(required=True)
    evidence = fields.List(
        fields.Nested(EvidenceSaid), required=True, validate=validate.Length(1, 20)
    )
    events = fields.List(fields.Nested(EventSaid), required=True, validate=validate.Length(max=50))


class SuspectPageSaid(_Said):
    """Answer to GET /v1/suspects."""

    items = fields.List(
        fields.Nested(SuspectSaid), required=True, validate=validate.Length(max=200)
    )
    next = fields.String(validate=validate.Regexp(r"[0-9]{1,10}-[0-9]{1,8}\Z"))
    as_of = Moment(required=True)
