"""The HTTP calls of those who count and check: statistics and the audit trail."""

from dataclasses import asdict
from datetime import date
from typing import Any

from flask.views import MethodView
from flask_smorest import Blueprint
from marshmallow import RAISE

from tem import audit
from tem.database import reading
from tem.dates import rfc3339
from tem.vocabulary import Role
from tem.web import Wiring
from tem_registry import statistics
from tem_registry.schemas_reports import AuditQuery, StatisticsQuery


def build(wiring: Wiring) -> Blueprint:
    """The blueprint of /v1/statistics and /v1/audit."""
    blp = Blueprint("reports", __name__, url_prefix="/v1", description="Statistics and audit")

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

    @blp.route("/audit")
    class Audit(MethodView):
        @blp.arguments(AuditQuery, location="query", unknown=RAISE)
        @blp.response(200)
        @blp.doc(summary="Who did what, when; oldest first")
        def get(self, query: dict[str, Any]) -> Any:
            wiring.principal(Role.OFFICE, Role.AUDITOR)
            with reading(wiring.engine) as connection:
                found = audit.entries(connection, **query)
            items = [{**asdict(entry), "at": rfc3339(entry.at)} for entry in found]
            more = {"next": found[-1].seq} if len(found) == query["limit"] else {}
            return {"items": items, **more}

    return blp
