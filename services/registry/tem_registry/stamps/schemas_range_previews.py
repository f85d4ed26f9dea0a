"""The wire of previews of acts on ranges."""

from marshmallow import Schema, fields

from tem_registry.stamps.schemas import STATE


class TiedLot(Schema):
    """The lot some stamps are tied to; a purged one has no code."""

    lot_id = fields.String(required=True)
    lot_code = fields.String(required=True, allow_none=True)


class PreviewedPart(Schema):
    """Stamps of the range that are alike now."""

    first = fields.Integer(required=True)
    last = fields.Integer(required=True)
    stamps = fields.Integer(required=True)
    state = fields.String(required=True, metadata=STATE)
    lot = fields.Nested(TiedLot, metadata={"description": "it stays after a void or a revocation"})


class PreviewRefusal(Schema):
    """Why not; of a part of the range, or of the lot the stamps would go to."""

    first = fields.Integer()
    last = fields.Integer()
    state = fields.String(metadata=STATE)
    code = fields.String(required=True)
    detail = fields.String(required=True)


class RangePreviewShown(Schema):
    """What an act on a range would find; it is refused whole if there is any refusal."""

    batch = fields.Integer(required=True, metadata={"example": 12})
    first = fields.Integer(required=True)
    last = fields.Integer(required=True)
    stamps = fields.Integer(required=True, metadata={"description": "how many"})
    first_serial = fields.String(required=True, metadata={"example": "12-101-80"})
    last_serial = fields.String(required=True)
    to = fields.String(required=True, metadata={**STATE, "description": "what they would become"})
    parts = fields.List(fields.Nested(PreviewedPart), required=True)
    refusals = fields.List(fields.Nested(PreviewRefusal), required=True)
