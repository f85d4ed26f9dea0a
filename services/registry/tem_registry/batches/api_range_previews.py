"""The HTTP calls that tell what a void, a revocation or a return would do; they change nothing."""

from typing import Any

from flask.views import MethodView
from flask_smorest import Blueprint

from tem.databases.database import reading
from tem.http.web import Wiring
from tem.vocabulary import Role, StampState
from tem_registry.stamps import range_previews
from tem_registry.stamps.schemas import StampRange
from tem_registry.stamps.schemas_range_previews import RangePreviewShown


def build(wiring: Wiring) -> Blueprint:
    """The blueprint of previews under /v1/batches/{number}."""
    blp = Blueprint(
        "range_previews",
        __name__,
        url_prefix="/v1/batches/<number:number>",
        description="Before an act on a range",
    )

    def told(body: dict[str, Any], number: int, to: StampState) -> Any:
        wiring.principal(Role.OFFICE)
        with reading(wiring.engine) as connection:
            return range_previews.of_move(connection, number, **body, to=to)

    @blp.route("/voids/preview")
    class VoidPreviews(MethodView):
        @blp.arguments(StampRange)
        @blp.response(200, RangePreviewShown)
        @blp.doc(summary="What voiding stamps would do; nothing is changed")
        def post(self, body: dict[str, Any], number: int) -> Any:
            return told(body, number, StampState.VOID)

    @blp.route("/revocations/preview")
    class RevocationPreviews(MethodView):
        @blp.arguments(StampRange)
        @blp.response(200, RangePreviewShown)
        @blp.doc(summary="What withdrawing stamps would do; nothing is changed")
        def post(self, body: dict[str, Any], number: int) -> Any:
            return told(body, number, StampState.REVOKED)

    @blp.route("/returns/preview")
    class ReturnPreviews(MethodView):
        @blp.arguments(StampRange)
        @blp.response(200, RangePreviewShown)
        @blp.doc(summary="What taking stamps back would do; nothing is changed")
        def post(self, body: dict[str, Any], number: int) -> Any:
            return told(body, number, StampState.ISSUED)

    return blp
