"""The HTTP calls of those who check: the audit trail."""

from dataclasses import asdict
from typing import Any

from flask.views import MethodView
from flask_smorest import Blueprint
from marshmallow import RAISE

from tem import audit
from tem.database import reading
from tem.dates import rfc3339
from tem.vocabulary import Role
from tem.web import Wiring
from tem_registry.schemas_audit import AuditQuery


def build(wiring: Wiring) -> Blueprint:
    """The blueprint under /v1/audit."""
    blp = Blueprint("audit", __name__, url_prefix="/v1/audit", description="The audit trail")

    @blp.route("")
    class Entries(MethodView):
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
