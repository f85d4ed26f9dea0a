"""The HTTP call that destroys a lot's record, once nobody has to keep it."""

from typing import Any

from flask.views import MethodView
from flask_smorest import Blueprint

from tem.http.web import KEY_DEMANDED, Wiring
from tem.http.wire import Empty
from tem.vocabulary import Role
from tem_registry.forgetting import forgetting, purging
from tem_registry.lots import schemas as wire
from tem_registry.settings import Settings


def build(wiring: Wiring, config: Settings) -> Blueprint:
    """The blueprint of purges under /v1/lots."""
    blp = Blueprint("purges", __name__, url_prefix="/v1/lots", description="Records at their end")

    @blp.route("/<id:id>/purge")
    class Purges(MethodView):
        @blp.arguments(Empty)
        @blp.response(200, wire.Purged)
        @blp.doc(
            summary="Destroy the lot's record, once nobody has to keep it; for good",
            parameters=[KEY_DEMANDED],
        )
        def post(self, body: dict[str, Any], id: str) -> Any:
            principal = wiring.principal(Role.OFFICE)
            answer = wiring.once(
                principal,
                body,
                lambda c: purging.purge(c, wiring.clock(), principal.actor, config, id),
                demanded=True,
            )
            forgetting.scrub(wiring.engine)
            return answer

    return blp
