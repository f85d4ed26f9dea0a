"""The HTTP calls about batches and ranges of their stamps."""

from typing import Any

from flask.views import MethodView
from flask_smorest import Blueprint
from marshmallow import RAISE

from tem.database import reading
from tem.vocabulary import Role
from tem.web import KEY_HEADER, Wiring
from tem_registry import stamps
from tem_registry.schemas_stamps import BatchPage, Delivery, RangeWithReason

READERS = (Role.OFFICE, Role.AUDITOR, Role.PRODUCER)


def build(wiring: Wiring) -> Blueprint:
    """The blueprint under /v1/batches."""
    blp = Blueprint("batches", __name__, url_prefix="/v1/batches", description="Issued batches")
    number_rule = "/<number:number>"

    @blp.route("")
    class Batches(MethodView):
        @blp.arguments(BatchPage, location="query", unknown=RAISE)
        @blp.response(200)
        @blp.doc(summary="List batches; a producer sees its own")
        def get(self, page: dict[str, Any]) -> Any:
            principal = wiring.principal(*READERS)
            with reading(wiring.engine) as connection:
                found = stamps.page(connection, **page, producer_id=principal.producer_id)
            more = {"next": str(found[-1].number)} if len(found) == page["limit"] else {}
            return {"items": [stamps.shown(batch) for batch in found], **more}

    @blp.route(number_rule)
    class One(MethodView):
        @blp.response(200)
        @blp.doc(summary="A batch and the ranges of its stamps")
        def get(self, number: int) -> Any:
            principal = wiring.principal(*READERS)
            with reading(wiring.engine) as connection:
                batch = stamps.find(connection, number, principal.producer_id)
                found = stamps.intervals(connection, number)
            return {**stamps.shown(batch), "ranges": stamps.shown_intervals(found)}

    @blp.route(f"{number_rule}/delivery")
    class Deliveries(MethodView):
        @blp.arguments(Delivery)
        @blp.response(200)
        @blp.doc(summary="Hand the batch over to its producer", parameters=[KEY_HEADER])
        def post(self, body: dict[str, Any], number: int) -> Any:
            principal = wiring.principal(Role.OFFICE)
            return wiring.once(
                principal,
                body,
                lambda c: stamps.shown(
                    stamps.deliver(c, wiring.clock(), principal.actor, number, body.get("receipt"))
                ),
            )

    @blp.route(f"{number_rule}/voids")
    class Voids(MethodView):
        @blp.arguments(RangeWithReason)
        @blp.response(201)
        @blp.doc(summary="Void damaged, misprinted, lost or stolen stamps", parameters=[KEY_HEADER])
        def post(self, body: dict[str, Any], number: int) -> Any:
            principal = wiring.principal(Role.OFFICE)
            return wiring.once(
                principal,
                body,
                lambda c: stamps.void(c, wiring.clock(), principal.actor, number, **body),
                demanded=True,
            )

    @blp.route(f"{number_rule}/revocations")
    class Revocations(MethodView):
        @blp.arguments(RangeWithReason)
        @blp.response(201)
        @blp.doc(summary="Withdraw stamps", parameters=[KEY_HEADER])
        def post(self, body: dict[str, Any], number: int) -> Any:
            principal = wiring.principal(Role.OFFICE)
            return wiring.once(
                principal,
                body,
                lambda c: stamps.revoke(c, wiring.clock(), principal.actor, number, **body),
                demanded=True,
            )

    return blp
