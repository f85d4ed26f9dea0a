"""The HTTP calls about one stamp, by its printed serial or by batch and index."""

from typing import Any

from flask.views import MethodView
from flask_smorest import Blueprint

from tem.databases.database import reading
from tem.http.web import Wiring
from tem.stampcode import parse_serial
from tem.vocabulary import Role
from tem_registry.reports import stamp_history
from tem_registry.stamps.schemas import StampShown

READERS = (Role.OFFICE, Role.AUDITOR, Role.PRODUCER)


def build(wiring: Wiring) -> Blueprint:
    """The blueprint under /v1/stamps."""
    blp = Blueprint("stamps", __name__, url_prefix="/v1/stamps", description="Single stamps")

    def shown(number: int, index: int) -> Any:
        principal = wiring.principal(*READERS)
        with reading(wiring.engine) as connection:
            now, own = wiring.clock(), principal.producer_id
            return stamp_history.of_stamp(connection, now, number, index, own)

    @blp.route("/<id:serial>")
    class BySerial(MethodView):
        @blp.response(200, StampShown)
        @blp.doc(
            summary="A stamp and its history, by the serial printed on it, check digits included",
            responses={"422": {"description": "The serial was mistyped."}},
        )
        def get(self, serial: str) -> Any:
            wiring.principal(*READERS)
            return shown(*parse_serial(serial))

    @blp.route("/<number:number>/<number:index>")
    class ByNumber(MethodView):
        @blp.response(200, StampShown)
        @blp.doc(summary="A stamp and its history, by batch and index")
        def get(self, number: int, index: int) -> Any:
            return shown(number, index)

    return blp
