"""The wire of ranges of stamps and of the acts on them."""

from typing import Any

from marshmallow import Schema, ValidationError, fields, validate, validates_schema

from tem.http.wire import Strict, WholeNumber
from tem.vocabulary import StampState
from tem_registry.fields import MAX_INDEX, Id, Words

STATES = [str(one) for one in StampState]
KINDS = ["damaged", "misprinted", "lost", "stolen", "other"]
STATE = {"enum": STATES, "description": "as stored; expired and recalled are worked out"}


class StampRange(Strict):
    """Some stamps of a batch, by the numbers printed on them, both ends included."""

    first = WholeNumber(
        required=True, validate=validate.Range(1, MAX_INDEX), metadata={"example": 101}
    )
    last = WholeNumber(
        required=True, validate=validate.Range(1, MAX_INDEX), metadata={"example": 120}
    )

    @validates_schema
    def ordered(self, data: dict[str, Any], **_: Any) -> None:
        """The first stamp does not come after the last."""
        if data.get("first", 0) > data.get("last", MAX_INDEX):
            raise ValidationError("The last stamp comes before the first.", "last")


class RangeWithReason(StampRange):
    """Body of revocations and returns."""

    reason = Words(500, required=True, metadata={"example": "biên bản 12/2026"})


class VoidBody(RangeWithReason):
    """Body of POST /v1/batches/{n}/voids."""

    kind = fields.String(
        validate=validate.OneOf(KINDS), metadata={"description": "what became of them"}
    )


class CorrectionBody(RangeWithReason):
    """Body of POST /v1/batches/{n}/corrections."""

    lot_id = Id(
        required=True,
        allow_none=True,
        metadata={"description": "the right lot; null: the stamps go back to delivered"},
    )


class RangeAct(Schema):
    """What an act did: the whole range, in its new state."""

    batch = fields.Integer(required=True, metadata={"example": 12})
    first = fields.Integer(required=True)
    last = fields.Integer(required=True)
    stamps = fields.Integer(required=True, metadata={"description": "how many"})
    state = fields.String(required=True, metadata=STATE)
    reason = fields.String(required=True)


class VoidShown(RangeAct):
    """Answer of a void."""

    kind = fields.String(metadata={"enum": KINDS})


class CorrectionShown(RangeAct):
    """Answer of a correction."""

    lot_id = fields.String(required=True, allow_none=True)
    corrected_at = fields.String(required=True, metadata={"format": "date-time"})
    corrected = fields.List(
        fields.Nested(lambda: BoundRange()),
        required=True,
        metadata={"description": "what the stamps were tied to before"},
    )


class BoundRange(Schema):
    """Stamps and the lot they are tied to."""

    first = fields.Integer(required=True)
    last = fields.Integer(required=True)
    lot_id = fields.String(required=True)


class StampEvent(Schema):
    """One thing that happened to a stamp."""

    at = fields.String(required=True, metadata={"format": "date-time"})
    action = fields.String(required=True, metadata={"example": "stamps.activated"})
    by = fields.String(
        required=True, metadata={"description": "who; a producer is told the role only"}
    )
    lot_id = fields.String(
        allow_none=True, metadata={"description": "tied to it then; null: to none"}
    )
    reason = fields.String(allow_none=True)
    receipt = fields.String(allow_none=True)


class StampLot(Schema):
    """The lot a stamp is tied to; a purged lot has its id only."""

    lot_id = fields.String(required=True)
    lot_code = fields.String(allow_none=True)
    production_date = fields.String(allow_none=True, metadata={"format": "date"})
    best_before = fields.String(allow_none=True, metadata={"format": "date"})
    recalled = fields.Boolean(required=True)


class StampShown(Schema):
    """One stamp as an inspector sees it."""

    serial = fields.String(required=True, metadata={"example": "12-345-67"})
    batch = fields.Integer(required=True)
    index = fields.Integer(required=True)
    state = fields.String(required=True, metadata=STATE)
    reason = fields.String(metadata={"description": "of a void or a revocation"})
    revoked_on = fields.String(metadata={"format": "date"})
    product_id = fields.String(required=True)
    producer_id = fields.String(required=True)
    issued_on = fields.String(required=True, metadata={"format": "date"})
    lot = fields.Nested(StampLot, required=True, allow_none=True)
    history = fields.List(
        fields.Nested(StampEvent), required=True, metadata={"description": "oldest first"}
    )
