"""The HTTP calls about recognitions that lapse, and the stamps that wait for a new one."""

from typing import Any

from flask.views import MethodView
from flask_smorest import Blueprint
from marshmallow import RAISE

from tem.databases.database import reading
from tem.dates import vietnam_day
from tem.http.web import Wiring
from tem.http.wire import page_of
from tem.vocabulary import Role
from tem_registry.certificates.schemas import (
    HeldBatchList,
    HeldQuery,
    LapsingCertificateList,
    LapsingQuery,
)
from tem_registry.reports import held

READERS = (Role.OFFICE, Role.AUDITOR, Role.PRODUCER)


def build(wiring: Wiring) -> Blueprint:
    """The blueprint of both, under /v1/certificates."""
    blp = Blueprint("lapses", __name__, url_prefix="/v1/certificates", description="Lapses")

    @blp.route("/held")
    class Held(MethodView):
        @blp.arguments(HeldQuery, location="query", unknown=RAISE)
        @blp.response(200, HeldBatchList)
        @blp.doc(summary="Unused stamps of products without a certificate in force (giữ lại)")
        def get(self, page: dict[str, Any]) -> Any:
            own = wiring.principal(*READERS).producer_id
            with reading(wiring.engine) as connection:
                items = held.stamps(connection, wiring.clock(), **page, producer_id=own)
            return page_of(items, page["limit"], "batch")

    @blp.route("/lapsing")
    class Lapsing(MethodView):
        @blp.arguments(LapsingQuery, location="query", unknown=RAISE)
        @blp.response(200, LapsingCertificateList)
        @blp.doc(summary="Certificates whose term ends soon, with none to follow")
        def get(self, query: dict[str, Any]) -> Any:
            own = wiring.principal(*READERS).producer_id
            with reading(wiring.engine) as connection:
                today = vietnam_day(wiring.clock())
                items = held.lapsing(connection, today, **query, producer_id=own)
            return page_of(items, query["limit"], "certificate_id")

    return blp
