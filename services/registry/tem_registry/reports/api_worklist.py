"""The HTTP call of the list of work."""

from typing import Any

from flask.views import MethodView
from flask_smorest import Blueprint

from tem.databases.database import reading
from tem.http.web import Wiring
from tem.vocabulary import Role
from tem_registry.reports import worklist
from tem_registry.reports.schemas_worklist import WorklistShown

READERS = (Role.OFFICE, Role.AUDITOR, Role.PRODUCER)


def build(wiring: Wiring) -> Blueprint:
    """The blueprint of /v1/worklist."""
    blp = Blueprint("worklist", __name__, url_prefix="/v1", description="What waits for whom")

    @blp.route("/worklist")
    class Worklist(MethodView):
        @blp.response(200, WorklistShown)
        @blp.doc(
            summary="What needs me today: the office's list of work, or a producer's own",
            description="Groups in order of urgency, empty ones included, each with the first 20 "
            "of its items and what to do about them.",
        )
        def get(self) -> Any:
            own, now = wiring.principal(*READERS).producer_id, wiring.clock()
            with reading(wiring.engine) as connection:
                if own is None:
                    return worklist.of_office(connection, now)
                return worklist.of_producer(connection, now, own)

    return blp
