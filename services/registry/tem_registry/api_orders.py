"""The HTTP calls about orders of stamps."""

from typing import Any

from flask.views import MethodView
from flask_smorest import Blueprint
from marshmallow import RAISE

from tem.database import reading
from tem.vocabulary import Role
from tem.web import KEY_HEADER, Wiring
from tem.wire import Empty
from tem_registry import orders
from tem_registry.fields import Page
from tem_registry.schemas_orders import Order
from tem_registry.settings import Settings

READERS = (Role.OFFICE, Role.AUDITOR, Role.PRODUCER)


def build(wiring: Wiring, config: Settings) -> Blueprint:
    """The blueprint under /v1/orders."""
    blp = Blueprint("orders", __name__, url_prefix="/v1/orders", description="Orders of stamps")

    def shown(connection: Any, order: orders.Order) -> dict[str, Any]:
        return orders.shown(connection, order, config.two_person_quantity)

    @blp.route("")
    class Orders(MethodView):
        @blp.arguments(Page, location="query", unknown=RAISE)
        @blp.response(200)
        @blp.doc(summary="List orders; a producer sees its own")
        def get(self, page: dict[str, Any]) -> Any:
            principal = wiring.principal(*READERS)
            with reading(wiring.engine) as connection:
                found = orders.page(connection, **page, producer_id=principal.producer_id)
                items = [shown(connection, order) for order in found]
            more = {"next": found[-1].id} if len(found) == page["limit"] else {}
            return {"items": items, **more}

        @blp.arguments(Order)
        @blp.response(201)
        @blp.doc(summary="Ask for stamps of one product", parameters=[KEY_HEADER])
        def post(self, body: dict[str, Any]) -> Any:
            principal = wiring.principal(Role.OFFICE, Role.PRODUCER)

            def act(connection: Any) -> dict[str, Any]:
                order = orders.request(
                    connection,
                    wiring.clock(),
                    principal.actor,
                    **body,
                    unit_fee_vnd=config.unit_fee_vnd,
                    own=principal.producer_id,
                )
                return shown(connection, order)

            return wiring.once(principal, body, act)

    @blp.route("/<id:id>")
    class One(MethodView):
        @blp.response(200)
        @blp.doc(summary="An order: its state and, once reserved, its batch")
        def get(self, id: str) -> Any:
            principal = wiring.principal(*READERS)
            with reading(wiring.engine) as connection:
                return shown(connection, orders.find(connection, id, principal.producer_id))

    @blp.route("/<id:id>/approvals")
    class Approvals(MethodView):
        @blp.arguments(Empty)
        @blp.response(201)
        @blp.doc(
            summary="Approve an order; above the threshold two different people must",
            parameters=[KEY_HEADER],
        )
        def post(self, body: dict[str, Any], id: str) -> Any:
            principal = wiring.principal(Role.OFFICE)

            def act(connection: Any) -> dict[str, Any]:
                order = orders.approve(
                    connection,
                    wiring.clock(),
                    principal.actor,
                    id,
                    config.two_person_quantity,
                    person=principal.name,
                )
                return shown(connection, order)

            # Whose approval it is belongs to the request: nobody repeats another one's.
            return wiring.once(principal, {**body, "approver": principal.name}, act)

    return blp
