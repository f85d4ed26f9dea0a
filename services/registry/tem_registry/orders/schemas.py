"""The wire of orders."""

from marshmallow import Schema, fields, validate

from tem.http.wire import MAX_QUANTITY, Strict, WholeNumber
from tem_registry.fields import Id, Page, Words

STATES = (
    "requested",
    "approved",
    "issuing",
    "issued",
    "printed",
    "delivered",
    "rejected",
    "cancelled",
    "failed",
)
_OVERRIDE = "the office's reason for more stamps than the product's declared output"


def _money(description: str, example: int) -> fields.Integer:
    return fields.Integer(metadata={"description": f"{description}, VND", "example": example})


def _day(description: str, example: str) -> fields.String:
    described = {"description": description, "format": "date", "example": example}
    return fields.String(allow_none=True, metadata=described)


class Order(Strict):
    """Body of POST /v1/orders: N stamps for one product."""

    product_id = Id(required=True)
    producer_id = Id(metadata={"description": "must be the product's own, if given"})
    quantity = WholeNumber(
        required=True, validate=validate.Range(1, MAX_QUANTITY), metadata={"example": 5000}
    )
    override_reason = Words(
        500,
        metadata={"description": f"{_OVERRIDE}; office only", "example": "Mở thêm xưởng thứ hai"},
    )


class OrderQuery(Page):
    """Query of the list of orders."""

    state = fields.String(validate=validate.OneOf(STATES))
    producer_id = Id()
    product_id = Id()
    order = fields.String(
        load_default="id",
        validate=validate.OneOf(["id", "newest"]),
        metadata={"description": "newest: those asked for last come first"},
    )


class Approval(Strict):
    """Body of POST /v1/orders/{id}/approvals."""

    override_reason = Words(500, metadata={"description": _OVERRIDE})


class Rejection(Strict):
    """Body of POST /v1/orders/{id}/rejection."""

    reason = Words(500, required=True, metadata={"example": "Số lượng chưa có căn cứ"})


class Cancellation(Strict):
    """Body of POST /v1/orders/{id}/cancellation."""

    reason = Words(500, metadata={"example": "Đặt nhầm sản phẩm"})


class ApprovalShown(Schema):
    """One person's approval."""

    by = fields.String(
        metadata={"example": "chị Hoa", "description": "a producer is told `office` only"}
    )
    at = fields.String(metadata={"format": "date-time", "example": "2026-11-20T02:00:00Z"})


class BeyondOutput(Schema):
    """A waiting order beyond the declared output: the office approves it only with a reason."""

    declared_output = fields.Integer(
        metadata={"description": "units a year, by the product's record", "example": 10000}
    )
    ordered = fields.Integer(
        metadata={
            "description": "stamps ordered for the product in the last 12 months",
            "example": 8000,
        }
    )
    quantity = fields.Integer(metadata={"description": "asked for by this order", "example": 5000})


class OrderShown(Schema):
    """An order, its fee, and how far it has come."""

    order_id = fields.String(metadata={"example": "DH-3f9a1c0b7d52"})
    state = fields.String(validate=validate.OneOf(STATES), metadata={"example": "delivered"})
    batch = fields.Integer(
        allow_none=True,
        metadata={"description": "null until the issuer reserved a number", "example": 12},
    )
    product_id = fields.String(metadata={"example": "HT-SP001"})
    producer_id = fields.String(metadata={"example": "HT-P001"})
    quantity = fields.Integer(metadata={"example": 5000})
    unit_fee_vnd = _money("price of a blank on the day of the order", 200)
    fee_vnd = _money("what the producer pays", 1_000_000)
    unit_subsidy_vnd = _money("what the programme spends on a stamp, on the day of the order", 150)
    subsidy_vnd = _money("what the programme spends", 750_000)
    requested_at = fields.String(
        metadata={"format": "date-time", "example": "2026-11-20T02:00:00Z"}
    )
    approvals_required = fields.Integer(metadata={"example": 1})
    approvals = fields.List(fields.Nested(ApprovalShown))
    printed_on = _day("of its batch; null until the print run is reported", "2026-11-23")
    delivered_on = _day("of its batch", "2026-11-24")
    receipt = fields.String(allow_none=True, metadata={"example": "BB-12/2026"})
    received_on = _day("when the producer confirmed the delivery", "2026-11-25")
    override_reason = fields.String(metadata={"description": f"{_OVERRIDE}, if one was needed"})
    beyond_declared_output = fields.Nested(
        BeyondOutput,
        metadata={"description": "only of a waiting order that is beyond the declared output"},
    )
    reason = fields.String(metadata={"description": "why it was rejected or cancelled"})
    failure = fields.String(metadata={"description": "why no batch came of it"})


class OrderList(Schema):
    """Orders in the order of their ids."""

    items = fields.List(fields.Nested(OrderShown))
    next = fields.String(metadata={"description": "the next page's `after`; absent at the end"})
