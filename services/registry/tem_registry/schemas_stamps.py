"""The wire of batches and of the acts on ranges of their stamps."""

from typing import Any

from marshmallow import ValidationError, fields, validate, validates_schema

from tem.wire import Strict, WholeNumber
from tem_registry.fields import MAX_BATCH, MAX_INDEX, Words


class StampRange(Strict):
    """Some stamps of a batch, by the numbers printed on them, both ends included."""

    first = WholeNumber(required=True, validate=validate.Range(1, MAX_INDEX))
    last = WholeNumber(required=True, validate=validate.Range(1, MAX_INDEX))

    @validates_schema
    def ordered(self, data: dict[str, Any], **_: Any) -> None:
        """The first stamp does not come after the last."""
        if data.get("first", 0) > data.get("last", MAX_INDEX):
            raise ValidationError("The last stamp comes before the first.", "last")


class RangeWithReason(StampRange):
    """Body of voids and revocations."""

    reason = Words(500, required=True)


class Delivery(Strict):
    """Body of POST /v1/batches/{n}/delivery."""

    receipt = Words(500)


class BatchPage(Strict):
    """Query of the list of batches: what comes after a number, at most ``limit`` rows."""

    after = fields.Integer(load_default=0, validate=validate.Range(0, MAX_BATCH))
    limit = fields.Integer(load_default=100, validate=validate.Range(1, 500))
