"""The wire of batches: lists, hand-over, print run, receipt, reconciliation."""

from marshmallow import Schema, fields, validate

from tem.http.wire import MAX_QUANTITY, QueryNumber, Strict, WholeNumber
from tem_registry.fields import MAX_BATCH, Day, Id, Words
from tem_registry.stamps.schemas import STATE, STATES, StampRange

_COUNT = validate.Range(0, MAX_QUANTITY)
_DAY = {"format": "date"}


class Delivery(Strict):
    """Body of POST /v1/batches/{n}/delivery."""

    receipt = Words(500, metadata={"example": "BB-12/2026"})


class PrintRunBody(Strict):
    """Body of POST /v1/batches/{n}/print-run: printed + misprinted = the batch."""

    printed = WholeNumber(
        required=True, validate=_COUNT, metadata={"description": "good stamps", "example": 998}
    )
    printed_on = Day(metadata={"description": "today, if absent"})
    spoiled = fields.List(
        fields.Nested(StampRange),
        load_default=list,
        validate=validate.Length(max=1000),
        metadata={"description": "misprints still at the office: voided with it"},
    )
    printer = Words(200, metadata={"description": "who printed them"})


class ReceiptBody(Strict):
    """Body of POST /v1/batches/{n}/receipt."""

    quantity = WholeNumber(
        required=True, validate=_COUNT, metadata={"description": "stamps counted on arrival"}
    )
    note = Words(500)


class BatchPage(Strict):
    """Query of the list of batches: what comes after a number, at most ``limit`` rows."""

    after = QueryNumber(load_default=0, validate=validate.Range(0, MAX_BATCH))
    limit = QueryNumber(load_default=100, validate=validate.Range(1, 500))
    producer_id = Id()
    product_id = Id()
    state = fields.String(
        validate=validate.OneOf(STATES), metadata={"description": "with stamps in this state"}
    )
    usable = fields.Boolean(metadata={"description": "with stamps that may still be activated"})
    undelivered = fields.Boolean(metadata={"description": "with stamps that lie at the office"})
    order = fields.String(
        load_default="number",
        validate=validate.OneOf(["number", "newest"]),
        metadata={"description": "newest: the highest numbers come first, then `after` downwards"},
    )


class BatchShown(Schema):
    """A batch."""

    number = fields.Integer(required=True, metadata={"example": 12})
    batch_id = fields.String(required=True, metadata={"description": "the id of its order"})
    product_id = fields.String(required=True)
    producer_id = fields.String(required=True)
    quantity = fields.Integer(required=True)
    issued_on = fields.String(required=True, metadata=_DAY)
    printed_on = fields.String(required=True, allow_none=True, metadata=_DAY)
    printed_quantity = fields.Integer(
        required=True, allow_none=True, metadata={"description": "good ones"}
    )
    delivered_on = fields.String(
        required=True, allow_none=True, metadata={**_DAY, "description": "the latest hand-over"}
    )
    delivered_quantity = fields.Integer(
        required=True, allow_none=True, metadata={"description": "at the latest hand-over"}
    )
    received_on = fields.String(
        required=True,
        allow_none=True,
        metadata={**_DAY, "description": "its producer confirmed"},
    )
    received_quantity = fields.Integer(required=True, allow_none=True)
    receipt = fields.String()
    receipt_note = fields.String(metadata={"description": "told with the count on arrival"})
    printer = fields.String(metadata={"description": "who printed them"})


class IntervalShown(Schema):
    """Stamps of a batch that are alike."""

    first = fields.Integer(required=True)
    last = fields.Integer(required=True)
    state = fields.String(required=True, metadata=STATE)
    lot_id = fields.String(metadata={"description": "stays after a void or a revocation"})
    reason = fields.String()
    revoked_on = fields.String(metadata=_DAY)


class BatchWithRanges(BatchShown):
    """A batch and what has become of each of its stamps."""

    ranges = fields.List(fields.Nested(IntervalShown), required=True)


class CountedRange(Schema):
    """Some stamps of a batch."""

    first = fields.Integer(required=True)
    last = fields.Integer(required=True)


class StampCounts(Schema):
    """Stamps of a batch by their state now."""

    issued = fields.Integer(required=True)
    delivered = fields.Integer(required=True, metadata={"description": "may be activated"})
    activated = fields.Integer(required=True)
    void = fields.Integer(required=True)
    revoked = fields.Integer(required=True)


class BatchListed(BatchShown):
    """A batch, how many stamps of it are left, and which."""

    counts = fields.Nested(StampCounts, required=True)
    delivered_ranges = fields.List(
        fields.Nested(CountedRange),
        required=True,
        metadata={"description": "the first 20 ranges that may be activated; the batch has all"},
    )


class BatchList(Schema):
    """A page of batches."""

    items = fields.List(fields.Nested(BatchListed), required=True)
    next = fields.String(metadata={"description": "send it as `after`; absent at the end"})


class ReconciliationShown(Schema):
    """What was ordered against what has become of it; null: nobody has reported it."""

    batch = fields.Integer(required=True)
    ordered = fields.Integer(required=True)
    printed = fields.Integer(required=True, allow_none=True, metadata={"description": "good ones"})
    spoiled = fields.Integer(
        required=True, allow_none=True, metadata={"description": "ordered - printed"}
    )
    delivered = fields.Integer(
        required=True, allow_none=True, metadata={"description": "at the latest hand-over"}
    )
    received = fields.Integer(required=True, allow_none=True)
    activated = fields.Integer(required=True, metadata={"description": "now in that state"})
    usable = fields.Integer(required=True, metadata={"description": "issued or delivered"})
    void = fields.Integer(required=True, metadata={"description": "the spoiled among them"})
    revoked = fields.Integer(required=True)
    unaccounted = fields.Integer(
        required=True, metadata={"description": "ordered - activated - usable - void - revoked"}
    )
    received_short = fields.Integer(
        required=True,
        metadata={
            "description": "handed over - received, of all hand-overs, without those that were "
            "voided as lost or stolen since"
        },
    )
    missing = fields.Integer(required=True, metadata={"description": "both of these"})
    usable_ranges = fields.List(fields.Nested(CountedRange), required=True)
