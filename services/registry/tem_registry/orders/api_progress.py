"""The HTTP call that tells how far the issuer is with an order, asked there and then."""

from collections.abc import Callable
from typing import Any

from flask.views import MethodView
from flask_smorest import Blueprint
from marshmallow import Schema, fields, validate

from tem.databases.database import reading
from tem.http.web import Wiring
from tem.vocabulary import Role
from tem_registry.orders import orders
from tem_registry.orders.issuer_client import IssuerClient, kept_client
from tem_registry.orders.orders import Order
from tem_registry.orders.schemas import STATES
from tem_registry.settings import Settings

READERS = (Role.OFFICE, Role.AUDITOR, Role.PRODUCER)
CODES = ("none", "kept", "destroyed")


class Progress(Schema):
    """How far an order is at the issuer."""

    order_id = fields.String(required=True, metadata={"example": "DH-3f9a1c0b7d52"})
    state = fields.String(required=True, validate=validate.OneOf(STATES))
    batch = fields.Integer(required=True, allow_none=True)
    quantity = fields.Integer(required=True)
    signed = fields.Integer(required=True, metadata={"description": "stamps signed so far"})
    codes = fields.String(
        required=True,
        validate=validate.OneOf(CODES),
        metadata={"description": "whether the issuer still has what a print needs"},
    )
    printed_at = fields.String(
        allow_none=True,
        metadata={"format": "date-time", "description": "when the print was confirmed there"},
    )


def build(wiring: Wiring, config: Settings) -> Blueprint:
    """The blueprint of /v1/orders/{id}/progress."""
    blp = Blueprint("progress", __name__, description="How far the issuer is")
    issuer = kept_client(config.issuer_url, config.issuer_key_file)

    @blp.route("/v1/orders/<id:id>/progress")
    class OfOrder(MethodView):
        @blp.response(200, Progress)
        @blp.doc(
            summary="How many stamps of an order are signed, and whether it can be printed",
            responses={"503": {"description": "The issuer does not answer."}},
        )
        def get(self, id: str) -> Any:
            own = wiring.principal(*READERS).producer_id
            with reading(wiring.engine) as connection:
                order = orders.find(connection, id, own)
            return _told(issuer, order)

    return blp


def _told(issuer: Callable[[], IssuerClient], order: Order) -> dict[str, Any]:
    told = {
        "order_id": order.id,
        "state": order.state,
        "batch": order.batch,
        "quantity": order.quantity,
        "signed": 0,
        "codes": "none",
        "printed_at": None,
    }
    if order.batch is None:
        return told
    found = issuer().find(order.batch)
    return {**told, "signed": found.signed, "codes": found.codes, "printed_at": found.printed_at}
