"""The wire of previews: what an act would do, and everything that stands against it."""

from marshmallow import Schema, fields, validate

from tem.http.wire import Strict, WholeNumber
from tem_registry.fields import MAX_BATCH, MAX_INDEX
from tem_registry.lots.schemas import KINDS_OF_DATE, NewLot
from tem_registry.stamps.schemas import STATE

_DAY = {"format": "date", "example": "2027-11-20"}
_INDEX = validate.Range(1, MAX_INDEX)


class ActivationPreview(Strict):
    """Body of POST /v1/lots/{id}/activations/preview; a wrong order is told as a refusal."""

    batch = WholeNumber(
        required=True, validate=validate.Range(1, MAX_BATCH), metadata={"example": 12}
    )
    first = WholeNumber(required=True, validate=_INDEX, metadata={"example": 101})
    last = WholeNumber(required=True, validate=_INDEX, metadata={"example": 120})


class LotTied(Schema):
    """A lot in short; a purged one has no code."""

    lot_id = fields.String(required=True)
    lot_code = fields.String(required=True, allow_none=True)


class ProductTied(Schema):
    """A product in short."""

    product_id = fields.String(required=True)
    name = fields.String(required=True)


class ReasonShown(Schema):
    """Why not: a stable code, and what to do."""

    code = fields.String(required=True)
    detail = fields.String(required=True)


class RefusalShown(ReasonShown):
    """Why not; where it is about a part of the range, which one, its state and its lot."""

    first = fields.Integer()
    last = fields.Integer()
    state = fields.String(metadata=STATE)
    lot = fields.Nested(LotTied, metadata={"description": "the lot these stamps are tied to"})


class WouldActivate(Schema):
    """An activation in words and numbers, as things would stand after it."""

    quantity = fields.Integer(required=True, metadata={"description": "stamps", "example": 20})
    product = fields.Nested(ProductTied, required=True)
    lot = fields.Nested(LotTied, required=True)
    first_serial = fields.String(required=True, metadata={"example": "12-101-80"})
    last_serial = fields.String(required=True)
    production_date = fields.String(required=True, metadata=_DAY)
    best_before = fields.String(required=True, allow_none=True, metadata=_DAY)
    precision = fields.String(required=True, validate=validate.OneOf(["day", "month"]))
    info_expires_on = fields.String(required=True, allow_none=True, metadata=_DAY)
    left_in_lot = fields.Integer(required=True, metadata={"description": "units without a stamp"})
    left_in_batch = fields.Integer(required=True, metadata={"description": "stamps delivered"})


class PartShown(Schema):
    """Some stamps of the range."""

    first = fields.Integer(required=True)
    last = fields.Integer(required=True)


class ActivationPreviewShown(Schema):
    """What the activation would do, or all that refuses it."""

    would = fields.Nested(
        WouldActivate, required=True, allow_none=True, metadata={"description": "null: refused"}
    )
    already = fields.Boolean(
        required=True, metadata={"description": "it was done before and stands"}
    )
    refusals = fields.List(fields.Nested(RefusalShown), required=True)
    activatable = fields.List(
        fields.Nested(PartShown),
        required=True,
        metadata={"description": "the parts of the range whose stamps do not refuse"},
    )


class LotPreview(NewLot):
    """Body of POST /v1/lots/preview: a new lot, and the stamps that are meant for it."""

    stamps = fields.Nested(
        ActivationPreview, metadata={"description": "to be activated for it once it is recorded"}
    )


class WouldRecord(Schema):
    """A lot as it would be recorded, dates worked out."""

    product_id = fields.String(required=True)
    producer_id = fields.String(required=True)
    lot_code = fields.String(required=True, metadata={"example": "L261120-A1"})
    production_date = fields.String(required=True, metadata=_DAY)
    production_date_kind = fields.String(required=True, validate=validate.OneOf(KINDS_OF_DATE))
    best_before = fields.String(required=True, allow_none=True, metadata=_DAY)
    best_before_basis = fields.String(required=True, metadata={"example": "declared"})
    precision = fields.String(required=True, validate=validate.OneOf(["day", "month"]))
    info_expires_on = fields.String(required=True, allow_none=True, metadata=_DAY)
    window_ends_on = fields.String(
        required=True,
        metadata={**_DAY, "description": "the last day its stamps tell of it, dated or not"},
    )
    quantity = fields.Integer(required=True)
    unit = fields.String(required=True)
    needs_date_approval = fields.Boolean(required=True)


class LotPreviewShown(Schema):
    """What would be recorded of a lot."""

    would = fields.Nested(
        WouldRecord,
        required=True,
        allow_none=True,
        metadata={"description": "null where the dates contradict"},
    )
    refusals = fields.List(
        fields.Nested(ReasonShown),
        required=True,
        metadata={"description": "why it would be refused"},
    )
    warnings = fields.List(
        fields.Nested(ReasonShown),
        required=True,
        metadata={"description": "why no stamp could be activated for it today"},
    )
    activation = fields.Nested(
        ActivationPreviewShown,
        allow_none=True,
        required=True,
        metadata={"description": "of the stamps in the body; null without them or without `would`"},
    )
