"""The HTTP calls that tie stamps to lots: activation, and its correction."""

from typing import Any

from flask.views import MethodView
from flask_smorest import Blueprint

from tem.http.web import KEY_DEMANDED, Wiring
from tem.vocabulary import Role
from tem_registry.activation import activation, corrections
from tem_registry.lots.schemas import Activation, ActivationShown
from tem_registry.settings import Settings
from tem_registry.stamps.schemas import CorrectionBody, CorrectionShown


def build(wiring: Wiring, config: Settings) -> Blueprint:
    """The blueprint of both, under /v1."""
    blp = Blueprint("activation", __name__, url_prefix="/v1", description="Stamps and their lots")

    @blp.route("/lots/<id:id>/activations")
    class Activations(MethodView):
        @blp.arguments(Activation)
        @blp.response(201, ActivationShown)
        @blp.doc(
            summary="Tie a range of stamps to the lot: all of it or nothing",
            parameters=[KEY_DEMANDED],
        )
        def post(self, body: dict[str, Any], id: str) -> Any:
            return wiring.act(
                (Role.PRODUCER, Role.OFFICE),
                body,
                lambda c, now, by: activation.activate(
                    c, now, by.actor, id, **body, own=by.producer_id
                ),
                demanded=True,
            )

    @blp.route("/batches/<number:number>/corrections")
    class Corrections(MethodView):
        @blp.arguments(CorrectionBody)
        @blp.response(201, CorrectionShown)
        @blp.doc(
            summary="Tie wrongly activated stamps to another lot, or to none",
            parameters=[KEY_DEMANDED],
        )
        def post(self, body: dict[str, Any], number: int) -> Any:
            days = config.correction_days
            return wiring.act(
                (Role.OFFICE,),
                body,
                lambda c, now, by: corrections.correct(c, now, by.actor, days, number, **body),
                demanded=True,
            )

    return blp
