"""The wire of lots."""

from marshmallow import fields, validate

from tem.wire import Strict, WholeNumber
from tem_registry.fields import MAX_BATCH, Day, DayOrMonth, Id, Words
from tem_registry.schemas_stamps import StampRange


class Lot(Strict):
    """Body of POST /v1/lots. ``best_before`` may be left to the product's shelf life."""

    lot_id = Id()
    product_id = Id(required=True)
    producer_id = Id(metadata={"description": "must be the product's own, if given"})
    lot_code = Words(60, required=True)
    production_date = Day(required=True)
    production_date_kind = fields.String(
        validate=validate.OneOf(["production_date", "packing_date"])
    )
    best_before = DayOrMonth(allow_none=True, load_default=None)
    quantity = WholeNumber(required=True, validate=validate.Range(1, 100_000_000))
    unit = Words(40)


class Activation(StampRange):
    """Body of POST /v1/lots/{id}/activations."""

    batch = WholeNumber(required=True, validate=validate.Range(1, MAX_BATCH))


class Recall(Strict):
    """Body of POST /v1/lots/{id}/recall."""

    kind = fields.String(required=True, validate=validate.OneOf(["voluntary", "mandatory"]))
    ordered_on = Day(metadata={"description": "today, if absent"})
    ordered_by = Words(300, required=True)
    decision_no = Words(100, allow_none=True, load_default=None)
    reason_public = Words(1000, required=True)


class Lift(Strict):
    """Body of POST /v1/lots/{id}/recall/lift."""

    reason = Words(1000)
