"""The HTTP calls of those who count."""

from datetime import date
from typing import Any

from flask.views import MethodView
from flask_smorest import Blueprint
from marshmallow import RAISE

from tem.database import reading
from tem.vocabulary import Role
from tem.web import Wiring
from tem_registry import statistics
from tem_registry.schemas_reports import StatisticsQuery


def build(wiring: Wiring) -> Blueprint:
    """The blueprint of /v1/statistics."""
    blp = Blueprint("reports", __name__, url_prefix="/v1", description="Statistics")

    @blp.route("/statistics")
    class Statistics(MethodView):
        @blp.arguments(StatisticsQuery, location="query", unknown=RAISE)
        @blp.response(200)
        @blp.doc(summary="Stamps issued, activated and not; a producer counts its own")
        def get(self, query: dict[str, Any]) -> Any:
            principal = wiring.principal(Role.OFFICE, Role.AUDITOR, Role.PRODUCER)
            period = {
                name: date.fromisoformat(query[name])
                for name in ("issued_from", "issued_until")
                if name in query
            }
            with reading(wiring.engine) as connection:
                return statistics.count(
                    connection, query["by"], producer_id=principal.producer_id, **period
                )

    return blp
