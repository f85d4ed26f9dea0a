"""The HTTP calls about orders of stamps."""

from typing import Any

from flask.views import MethodView
from flask_smorest import Blueprint
from marshmallow import RAISE

from tem.databases.database import reading
from tem.http.web import KEY_HEADER, Wiring
from tem.http.wire import page_of
from tem.vocabulary import Role
from tem_registry.orders import order_answers, order_decisions, orders
from tem_registry.orders.schemas import (
    Approval,
    Cancellation,
    Order,
    OrderList,
    OrderQuery,
    OrderShown,
    Rejection,
)
from tem_registry.settings import Settings

READERS = (Role.OFFICE, Role.AUDITOR, Role.PRODUCER)


def build(wiring: Wiring, config: Settings) -> Blueprint:
    """The blueprint under /v1/orders."""
    blp = Blueprint("orders", __name__, url_prefix="/v1/orders", description="Orders of stamps")
    _records(blp, wiring, config)
    _decisions(blp, wiring, config)
    return blp


def _records(blp: Blueprint, wiring: Wiring, config: Settings) -> None:
    people = config.two_person_quantity

    @blp.route("")
    class Orders(MethodView):
        @blp.arguments(OrderQuery, location="query", unknown=RAISE)
        @blp.response(200, OrderList)
        @blp.doc(summary="List orders; a producer sees its own")
        def get(self, query: dict[str, Any]) -> Any:
            principal = wiring.principal(*READERS)
            with reading(wiring.engine) as connection:
                found = orders.page(connection, **query, own=principal.producer_id)
                items = order_answers.shown_all(
                    connection, wiring.clock(), found, people, principal.producer_id
                )
            return page_of(items, query["limit"], "order_id")

        @blp.arguments(Order)
        @blp.response(201, OrderShown)
        @blp.doc(
            summary="Ask for stamps of one product",
            description="Beyond the product's declared output the office gives an "
            "`override_reason` (else 409 `beyond_declared_output`); a producer's request is "
            "accepted, shows `beyond_declared_output` and waits for the office's reason.",
            parameters=[KEY_HEADER],
        )
        def post(self, body: dict[str, Any]) -> Any:
            principal, now = wiring.principal(Role.OFFICE, Role.PRODUCER), wiring.clock()
            prices = {name: getattr(config, name) for name in ("unit_fee_vnd", "unit_subsidy_vnd")}

            def act(connection: Any) -> dict[str, Any]:
                order = orders.request(
                    connection, now, principal.actor, **body, **prices, own=principal.producer_id
                )
                return order_answers.shown(connection, now, order, people, principal.producer_id)

            return wiring.once(principal, body, act)

    @blp.route("/<id:id>")
    class One(MethodView):
        @blp.response(200, OrderShown)
        @blp.doc(summary="An order: its state and, once reserved, its batch")
        def get(self, id: str) -> Any:
            principal = wiring.principal(*READERS)
            with reading(wiring.engine) as connection:
                order = orders.find(connection, id, principal.producer_id)
                return order_answers.shown(
                    connection, wiring.clock(), order, people, principal.producer_id
                )


def _decisions(blp: Blueprint, wiring: Wiring, config: Settings) -> None:
    people = config.two_person_quantity

    @blp.route("/<id:id>/approvals")
    class Approvals(MethodView):
        @blp.arguments(Approval)
        @blp.response(201, OrderShown)
        @blp.doc(
            summary="Approve an order; above the threshold two different people must",
            parameters=[KEY_HEADER],
        )
        def post(self, body: dict[str, Any], id: str) -> Any:
            principal, now = wiring.principal(Role.OFFICE), wiring.clock()
            person = principal.name

            def act(connection: Any) -> dict[str, Any]:
                order = order_decisions.approve(
                    connection, now, principal.actor, id, people, person=person, **body
                )
                return order_answers.shown(connection, now, order, people)

            # Whose approval it is belongs to the request: nobody repeats another one's.
            return wiring.once(principal, {**body, "approver": person}, act)

    @blp.route("/<id:id>/rejection")
    class Rejections(MethodView):
        @blp.arguments(Rejection)
        @blp.response(200, OrderShown)
        @blp.doc(
            summary="Refuse an order that was not yet taken to the issuer", parameters=[KEY_HEADER]
        )
        def post(self, body: dict[str, Any], id: str) -> Any:
            principal, now = wiring.principal(Role.OFFICE), wiring.clock()

            def act(connection: Any) -> dict[str, Any]:
                order = order_decisions.reject(connection, now, principal.actor, id, **body)
                return order_answers.shown(connection, now, order, people)

            return wiring.once(principal, body, act)

    @blp.route("/<id:id>/cancellation")
    class Cancellations(MethodView):
        @blp.arguments(Cancellation)
        @blp.response(200, OrderShown)
        @blp.doc(
            summary="Take back an order that is not approved; its producer or the office",
            parameters=[KEY_HEADER],
        )
        def post(self, body: dict[str, Any], id: str) -> Any:
            principal, now = wiring.principal(Role.OFFICE, Role.PRODUCER), wiring.clock()

            def act(connection: Any) -> dict[str, Any]:
                order = order_decisions.cancel(
                    connection, now, principal.actor, id, **body, own=principal.producer_id
                )
                return order_answers.shown(connection, now, order, people, principal.producer_id)

            return wiring.once(principal, body, act)
