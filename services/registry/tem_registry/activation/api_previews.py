"""The HTTP calls that tell what an act would do. They change nothing and take no key."""

from typing import Any

from flask.views import MethodView
from flask_smorest import Blueprint

from tem.databases.database import reading
from tem.http.web import Wiring
from tem.vocabulary import Role
from tem_registry.activation import activation_preview, lot_preview
from tem_registry.activation.schemas_previews import (
    ActivationPreview,
    ActivationPreviewShown,
    LotPreview,
    LotPreviewShown,
)
from tem_registry.settings import Settings


def build(wiring: Wiring, config: Settings) -> Blueprint:
    """The blueprint of both, under /v1/lots."""
    blp = Blueprint("previews", __name__, url_prefix="/v1/lots", description="Before an act")

    @blp.route("/preview")
    class LotPreviews(MethodView):
        @blp.arguments(LotPreview)
        @blp.response(200, LotPreviewShown)
        @blp.doc(summary="What recording a lot would write down, and what its stamps would become")
        def post(self, body: dict[str, Any]) -> Any:
            own = wiring.principal(Role.OFFICE, Role.PRODUCER).producer_id
            with reading(wiring.engine) as connection:
                return lot_preview.preview(connection, wiring.clock(), config, body, own)

    @blp.route("/<id:id>/activations/preview")
    class ActivationPreviews(MethodView):
        @blp.arguments(ActivationPreview)
        @blp.response(200, ActivationPreviewShown)
        @blp.doc(summary="What an activation would do, or all that refuses it; nothing is changed")
        def post(self, body: dict[str, Any], id: str) -> Any:
            own = wiring.principal(Role.OFFICE, Role.PRODUCER).producer_id
            with reading(wiring.engine) as connection:
                return activation_preview.preview(connection, wiring.clock(), id, **body, own=own)

    return blp
