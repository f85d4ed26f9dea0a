"""The HTTP calls that act on a range of a batch's stamps: void, revoke, return."""

from typing import Any

from flask.views import MethodView
from flask_smorest import Blueprint

from tem.http.web import KEY_DEMANDED, Wiring
from tem.vocabulary import Role
from tem_registry.batches import delivery
from tem_registry.stamps import endings
from tem_registry.stamps.schemas import RangeAct, RangeWithReason, VoidBody, VoidShown


def build(wiring: Wiring) -> Blueprint:
    """The blueprint of acts under /v1/batches/{number}."""
    blp = Blueprint(
        "ranges",
        __name__,
        url_prefix="/v1/batches/<number:number>",
        description="Acts on ranges of stamps: all of a range or nothing",
    )

    @blp.route("/voids")
    class Voids(MethodView):
        @blp.arguments(VoidBody)
        @blp.response(201, VoidShown)
        @blp.doc(
            summary="Void damaged, misprinted, lost or stolen stamps", parameters=[KEY_DEMANDED]
        )
        def post(self, body: dict[str, Any], number: int) -> Any:
            return wiring.act(
                (Role.OFFICE,),
                body,
                lambda c, now, by: endings.void(c, now, by.actor, number, **body),
                demanded=True,
            )

    @blp.route("/revocations")
    class Revocations(MethodView):
        @blp.arguments(RangeWithReason)
        @blp.response(201, RangeAct)
        @blp.doc(summary="Withdraw stamps", parameters=[KEY_DEMANDED])
        def post(self, body: dict[str, Any], number: int) -> Any:
            return wiring.act(
                (Role.OFFICE,),
                body,
                lambda c, now, by: endings.revoke(c, now, by.actor, number, **body),
                demanded=True,
            )

    @blp.route("/returns")
    class Returns(MethodView):
        @blp.arguments(RangeWithReason)
        @blp.response(201, RangeAct)
        @blp.doc(summary="Take delivered stamps back into the store", parameters=[KEY_DEMANDED])
        def post(self, body: dict[str, Any], number: int) -> Any:
            return wiring.act(
                (Role.OFFICE,),
                body,
                lambda c, now, by: delivery.take_back(c, now, by.actor, number, **body),
                demanded=True,
            )

    return blp
