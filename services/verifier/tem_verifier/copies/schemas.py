"""The wire of stamps that show signs of being copied."""

from marshmallow import Schema, fields, validate

from tem.http.wire import QueryNumber, Strict
from tem_verifier.copies.trace import Sign
from tem_verifier.retail.sale_kinds import Kind
from tem_verifier.stamp_cursor import Cursor

MOST_SHOWN = 50  # events of one stamp


class SuspectsQuery(Strict):
    """Query of GET /v1/suspects."""

    after = Cursor()
    limit = QueryNumber(load_default=100, validate=validate.Range(1, 200))


class SignWords(Schema):
    """A sentence in both languages."""

    vi = fields.String(required=True)
    en = fields.String(required=True)


class SignShown(Schema):
    """A sign, how much it weighs, its numbers, and a sentence with them."""

    code = fields.String(required=True, metadata={"enum": [str(one) for one in Sign]})
    points = fields.Integer(required=True, metadata={"description": "0: for the reader alone"})
    values = fields.Dict(keys=fields.String(), values=fields.Integer(), required=True)
    words = fields.Nested(SignWords, required=True)


class TillEventShown(Schema):
    """What a till told."""

    kind = fields.String(required=True, metadata={"enum": [str(one) for one in Kind]})
    at = fields.String(required=True, metadata={"format": "date-time"})
    chain = fields.String(metadata={"description": "absent: a chain that is not yours"})
    store = fields.String(metadata={"description": "absent with the chain"})


class SuspectShown(Schema):
    """A stamp that shows signs of being copied; nothing is said about goods."""

    batch = fields.Integer(required=True)
    index = fields.Integer(required=True)
    serial = fields.String(required=True, metadata={"description": "as printed beside the code"})
    score = fields.Integer(required=True, metadata={"description": "points of all signs"})
    since = fields.String(required=True, metadata={"format": "date-time"})
    last_at = fields.String(
        required=True,
        metadata={"format": "date-time", "description": "when the latest of it was recorded"},
    )
    evidence = fields.List(fields.Nested(SignShown), required=True)
    events = fields.List(
        fields.Nested(TillEventShown),
        required=True,
        metadata={"description": f"the first {MOST_SHOWN}; none for a canary"},
    )


class SuspectList(Schema):
    """A page of them, the newest batches first."""

    items = fields.List(fields.Nested(SuspectShown), required=True)
    next = fields.String(
        metadata={
            "description": "send it as `after`; absent at the end. A page with it may be short."
        }
    )
    as_of = fields.String(
        required=True,
        metadata={"format": "date-time", "description": "when tills' words were read"},
    )
