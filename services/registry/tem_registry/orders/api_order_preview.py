"""The HTTP call that tells what an order would come to; it changes nothing and takes no key."""

from typing import Any

from flask.views import MethodView
from flask_smorest import Blueprint
from marshmallow import Schema, fields, validate

from tem.databases.database import reading
from tem.http.web import Wiring
from tem.http.wire import MAX_QUANTITY, Strict, WholeNumber
from tem.vocabulary import Role
from tem_registry.fields import Id
from tem_registry.orders import order_preview
from tem_registry.orders.schemas import BeyondOutput
from tem_registry.settings import Settings


class OrderPreview(Strict):
    """Body of POST /v1/orders/preview."""

    product_id = Id(required=True)
    quantity = WholeNumber(
        required=True, validate=validate.Range(1, MAX_QUANTITY), metadata={"example": 5000}
    )


class OrderRefusal(Schema):
    """One reason why the order would be refused today."""

    code = fields.String(required=True, metadata={"example": "certificate_not_in_force"})
    detail = fields.String(required=True)


class OrderPreviewShown(Schema):
    """What the order would come to."""

    product_id = fields.String(required=True, metadata={"example": "HT-SP001"})
    quantity = fields.Integer(required=True, metadata={"example": 5000})
    unit_fee_vnd = fields.Integer(required=True, metadata={"example": 200})
    fee_vnd = fields.Integer(required=True, metadata={"example": 1_000_000})
    approvals_required = fields.Integer(required=True, metadata={"example": 1})
    refusals = fields.List(fields.Nested(OrderRefusal), required=True)
    beyond_declared_output = fields.Nested(
        BeyondOutput,
        metadata={"description": "only if it is: the office then has to give its reason"},
    )


def build(wiring: Wiring, config: Settings) -> Blueprint:
    """The blueprint of /v1/orders/preview."""
    blp = Blueprint("order_preview", __name__, description="Before an order")
    told = {name: getattr(config, name) for name in ("unit_fee_vnd", "two_person_quantity")}

    @blp.route("/v1/orders/preview")
    class OrderPreviews(MethodView):
        @blp.arguments(OrderPreview)
        @blp.response(200, OrderPreviewShown)
        @blp.doc(summary="What an order would cost, and what stands against it; nothing is changed")
        def post(self, body: dict[str, Any]) -> Any:
            own = wiring.principal(Role.OFFICE, Role.PRODUCER).producer_id
            with reading(wiring.engine) as connection:
                return order_preview.preview(connection, wiring.clock(), **body, **told, own=own)

    return blp
