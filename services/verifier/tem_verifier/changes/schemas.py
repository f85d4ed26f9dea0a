"""The wire of the feed of changes."""

from marshmallow import INCLUDE, Schema, fields, validate

from tem.http.wire import QueryNumber, Strict
from tem.vocabulary import EventType
from tem_verifier.changes.waiting import MAX_SECONDS

MOST = 1000
USUAL = 100
MAX_SEQ = 2**53 - 1  # what every client's numbers can hold
_PUBLIC_DAY = {"format": "date", "description": "absent in what is forgotten (`closed`)"}


class ChangesQuery(Strict):
    """Query of GET /v1/changes."""

    after = QueryNumber(
        load_default=0,
        validate=validate.Range(0, MAX_SEQ),
        metadata={"description": "the `next` of the answer before; 0 for the whole log"},
    )
    limit = QueryNumber(load_default=USUAL, validate=validate.Range(1, MOST))
    wait = QueryNumber(
        load_default=0,
        validate=validate.Range(0, MAX_SECONDS),
        metadata={"description": "seconds to wait for a change if there is none"},
    )


class StampRange(Schema):
    """Stamps `first` to `last` of a batch, both included."""

    batch = fields.Integer(required=True)
    first = fields.Integer(required=True)
    last = fields.Integer(required=True)


class RecallTold(Schema):
    """A recall, as the public sees it."""

    kind = fields.String(required=True)
    ordered_on = fields.String(required=True, metadata={"format": "date"})
    ordered_by = fields.String(required=True)
    decision_no = fields.String(required=True, allow_none=True)
    reason_public = fields.String(required=True)
    lifted_at = fields.String(
        required=True,
        allow_none=True,
        metadata={"format": "date-time", "description": "null while nobody has lifted it"},
    )


class ChangeShown(Schema):
    """One change. A new type may be added: pass over what you do not know."""

    class Meta:
        unknown = INCLUDE

    seq = fields.Integer(required=True, metadata={"description": "grows by one, without gaps"})
    at = fields.String(required=True, metadata={"format": "date-time"})
    type = fields.String(required=True, metadata={"examples": [str(one) for one in EventType]})
    ranges = fields.List(
        fields.Nested(StampRange), required=True, metadata={"description": "all stamps concerned"}
    )
    lot_id = fields.String(metadata={"description": "with the types `lot.…` alone"})
    product_id = fields.String()
    code = fields.String(metadata={"description": "the lot's code, as its labels have it"})
    production_date = fields.String(metadata=_PUBLIC_DAY)
    best_before = fields.String(allow_none=True, metadata=_PUBLIC_DAY)
    info_expires_on = fields.String(allow_none=True, metadata=_PUBLIC_DAY)
    recall = fields.Nested(RecallTold)
    closed = fields.Boolean(
        metadata={"description": "true: the lot's window is over, and its facts are forgotten"}
    )


class ChangesShown(Schema):
    """Changes in order."""

    epoch = fields.String(
        required=True,
        metadata={"description": "a life of the record: with another one begin again at 0"},
    )
    changes = fields.List(fields.Nested(ChangeShown), required=True)
    next = fields.Integer(required=True, metadata={"description": "what to send as `after`"})
    more = fields.Boolean(required=True, metadata={"description": "whether to ask at once"})
