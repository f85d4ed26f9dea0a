"""The HTTP call that tells what a correction would do; it changes nothing and takes no key."""

from typing import Any

from flask.views import MethodView
from flask_smorest import Blueprint

from tem.databases.database import reading
from tem.http.web import Wiring
from tem.vocabulary import Role
from tem_registry.activation import correction_preview
from tem_registry.settings import Settings
from tem_registry.stamps.schemas import CorrectionBody
from tem_registry.stamps.schemas_range_previews import RangePreviewShown


def build(wiring: Wiring, config: Settings) -> Blueprint:
    """The blueprint of /v1/batches/{number}/corrections/preview."""
    blp = Blueprint("correction_previews", __name__, description="Before a correction")

    @blp.route("/v1/batches/<number:number>/corrections/preview")
    class CorrectionPreviews(MethodView):
        @blp.arguments(CorrectionBody)
        @blp.response(200, RangePreviewShown)
        @blp.doc(summary="What a correction would do; nothing is changed")
        def post(self, body: dict[str, Any], number: int) -> Any:
            wiring.principal(Role.OFFICE)
            with reading(wiring.engine) as connection:
                return correction_preview.preview(
                    connection, wiring.clock(), config.correction_days, number, **body
                )

    return blp
