"""The calls of the registry about shoppers' reports. For keys of the role ``service``."""

from datetime import datetime
from functools import partial
from typing import Any

from flask import Response
from flask.views import MethodView
from flask_smorest import Blueprint
from marshmallow import RAISE
from sqlalchemy import Connection, Row

from tem import pictures
from tem.databases.database import reading
from tem.dates import rfc3339
from tem.http.auth import Principal
from tem.http.web import KEY_DEMANDED, Wiring
from tem.vocabulary import Role
from tem_verifier.admission import Admission
from tem_verifier.api_scans import SIGNED_IN, require_service
from tem_verifier.reports import reports
from tem_verifier.reports import schemas as wire

PHOTO_POLICY = "default-src 'none'; sandbox; frame-ancestors 'none'; base-uri 'none'"

_PHOTO = {
    "description": "at most 1600 pixels a side and 300 kB",
    "content": {pictures.CONTENT_TYPE: {"schema": {"type": "string", "format": "binary"}}},
}


def build(wiring: Wiring, admission: Admission) -> Blueprint:
    """The blueprint under /v1/reports."""
    blp = Blueprint("reports", __name__, url_prefix="/v1/reports", description="Reports")
    # Before the schemas look at what somebody sent who may not.
    blp.before_request(partial(require_service, wiring, admission))

    @blp.route("")
    class Reports(MethodView):
        @blp.arguments(wire.ReportsQuery, location="query", unknown=RAISE)
        @blp.response(200, wire.ReportsShown)
        @blp.alt_response(403, description="not a key of the role `service`")
        @blp.doc(summary="Shoppers' reports in the order in which they came", **SIGNED_IN)
        def get(self, query: dict[str, Any]) -> Any:
            limit = query["limit"]
            with reading(wiring.engine) as connection:
                rows = reports.page(connection, query.get("state"), query.get("after"), limit + 1)
            items = [_told(row) for row in rows[:limit]]
            return {"items": items, "next": items[-1]["report_id"] if len(rows) > limit else None}

    @blp.route("/<id>")
    class Report(MethodView):
        @blp.response(200, wire.ReportShown)
        @blp.alt_response(404, description="no such report")
        @blp.doc(summary="One report", **SIGNED_IN)
        def get(self, id: str) -> Any:
            with reading(wiring.engine) as connection:
                return _told(reports.find(connection, id))

    @blp.route("/<id>/photo")
    class Photo(MethodView):
        @blp.alt_response(404, description="no such report, or one without a photo")
        @blp.doc(
            summary="The photo of a report, redrawn without metadata",
            responses={"200": _PHOTO},
            **SIGNED_IN,
        )
        def get(self, id: str) -> Any:
            with reading(wiring.engine) as connection:
                content = reports.photo_of(connection, id)
            response = Response(content, content_type=pictures.CONTENT_TYPE)
            response.headers["Content-Security-Policy"] = PHOTO_POLICY
            return response

    @blp.route("/<id>/handling")
    class Handled(MethodView):
        @blp.arguments(wire.Handling)
        @blp.response(200, wire.ReportShown)
        @blp.alt_response(404, description="no such report")
        @blp.alt_response(409, description="it was closed before")
        @blp.doc(summary="Close a report", parameters=[KEY_DEMANDED], **SIGNED_IN)
        def post(self, body: dict[str, str], id: str) -> Any:
            def act(connection: Connection, now: datetime, by: Principal) -> dict[str, Any]:
                return _told(reports.close(connection, now, by.actor, id, **body))

            return wiring.act((Role.SERVICE,), body, act, demanded=True)

    return blp


def _told(row: Row[Any]) -> dict[str, Any]:
    """A report on the wire."""
    told: dict[str, Any] = {"report_id": row.id}
    if row.batch is not None:
        told["stamp"] = {"batch": row.batch, "index": row._mapping["index"]}
    if row.verdict is not None:
        told["verdict"] = row.verdict
    told |= {"kind": row.kind, "text": row.text, "place": row.place}
    if row.lat is not None:
        told["position"] = {"lat": row.lat / 1000, "lng": row.lng / 1000}
    told |= {"has_photo": row.has_photo, "reported_at": rfc3339(row.reported_at)}
    told["state"] = "open" if row.handled_at is None else "closed"
    if row.handled_at is not None:
        told |= {"handled_at": rfc3339(row.handled_at), "handled_by": row.handled_by}
        told["handling_note"] = row.handling_note
    return told
