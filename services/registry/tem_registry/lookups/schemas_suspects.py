"""The wire of stamps that show signs of being copied."""

from marshmallow import Schema, fields, validate

from tem.http.wire import QueryNumber, Strict
from tem.vocabulary import StampState
from tem_registry.fields import Words
from tem_registry.lookups.suspect_decisions import DECISIONS
from tem_registry.lookups.suspects import STATES


class SuspectsQuery(Strict):
    """Query of GET /v1/suspects."""

    state = fields.String(load_default="open", validate=validate.OneOf(STATES))
    after = fields.String(
        load_default=None,
        validate=validate.Regexp(r"[A-Za-z0-9-]{1,60}\Z"),
        metadata={"description": "what `next` of the page before said"},
    )
    limit = QueryNumber(load_default=100, validate=validate.Range(1, 200))


class SuspectDecisionBody(Strict):
    """Body of POST /v1/suspects/{id}/decision."""

    decision = fields.String(required=True, validate=validate.OneOf(DECISIONS))
    note = Words(
        500,
        required=True,
        metadata={"description": "why", "example": "Hai gói cùng mã ở hai cửa hàng (mẫu)"},
    )


class SignWordsShown(Schema):
    """A sentence in both languages."""

    vi = fields.String(required=True)
    en = fields.String(required=True)


class SignShown(Schema):
    """A sign, its weight, and a sentence."""

    code = fields.String(required=True)
    points = fields.Integer(required=True)
    words = fields.Nested(SignWordsShown, required=True)


class TillEventShown(Schema):
    """What a till told: sale, return, refused_sale."""

    kind = fields.String(required=True)
    at = fields.String(required=True, metadata={"format": "date-time"})
    chain = fields.String()
    store = fields.String()


class SuspectDecisionShown(Schema):
    """Who decided what, when and why; ``told_until``: evidence after it is new."""

    decision = fields.String(required=True, metadata={"enum": list(DECISIONS)})
    note = fields.String(required=True)
    decided_at = fields.String(required=True, metadata={"format": "date-time"})
    decided_by = fields.String(required=True)
    told_until = fields.String(required=True, metadata={"format": "date-time"})


class SuspectShown(Schema):
    """A stamp that shows signs of being copied; nothing is said about goods."""

    batch = fields.Integer(required=True)
    index = fields.Integer(required=True)
    serial = fields.String(required=True)
    state = fields.String(
        metadata={
            "enum": [str(one) for one in StampState],
            "description": "on record, now; absent: signed and never printed",
        },
    )
    lot_id = fields.String()
    product_id = fields.String(required=True)
    product_name = fields.String(required=True)
    producer_id = fields.String(required=True)
    producer_name = fields.String(required=True)
    score = fields.Integer(required=True)
    since = fields.String(required=True, metadata={"format": "date-time"})
    last_at = fields.String(required=True, metadata={"format": "date-time"})
    evidence = fields.List(fields.Nested(SignShown), required=True)
    events = fields.List(fields.Nested(TillEventShown), required=True)
    decided = fields.Nested(SuspectDecisionShown, metadata={"description": "absent: never"})


class SuspectCounts(Schema):
    """How many stamps were decided which way."""

    confirmed = fields.Integer(required=True)
    false_alarm = fields.Integer(required=True)


class SuspectList(Schema):
    """A page of them."""

    items = fields.List(fields.Nested(SuspectShown), required=True)
    counts = fields.Nested(SuspectCounts, required=True)
    next = fields.String(
        metadata={"description": "send it as `after`; a page with it may be short, even empty"}
    )
