"""The HTTP calls about shoppers' reports: the office reads them, and closes them."""

from typing import Any

from flask import Response, request
from flask.views import MethodView
from flask_smorest import Blueprint
from marshmallow import RAISE

from tem.databases.database import reading
from tem.errors import Unavailable
from tem.http import idempotency
from tem.http.web import KEY_DEMANDED, Wiring
from tem.vocabulary import Role
from tem_registry.files.api import POLICY
from tem_registry.files.file_types import IMAGE_TYPES, type_of
from tem_registry.lookups import schemas_shopper_reports as wire
from tem_registry.lookups import shopper_reports
from tem_registry.lookups.verifier_client import VerifierClient


def build(wiring: Wiring, verifier: VerifierClient) -> Blueprint:
    """The blueprint under /v1/shopper-reports."""
    blp = Blueprint(
        "shopper_reports",
        __name__,
        url_prefix="/v1/shopper-reports",
        description="Reports of shoppers, kept by the verifier",
    )

    @blp.route("")
    class Reports(MethodView):
        @blp.arguments(wire.ShopperReportPage, location="query", unknown=RAISE)
        @blp.response(200, wire.ShopperReportList)
        @blp.doc(summary="List reports of shoppers, in the order in which they came")
        def get(self, query: dict[str, Any]) -> Any:
            wiring.principal(Role.OFFICE)
            page = shopper_reports.page(verifier, query)
            with reading(wiring.engine) as connection:
                return {**page, "items": shopper_reports.shown(connection, page["items"])}

    @blp.route("/<id:id>")
    class Report(MethodView):
        @blp.response(200, wire.ShopperReportShown)
        @blp.doc(summary="A report of a shopper")
        def get(self, id: str) -> Any:
            wiring.principal(Role.OFFICE)
            report = shopper_reports.find(verifier, id)
            with reading(wiring.engine) as connection:
                return shopper_reports.shown(connection, [report])[0]

    @blp.route("/<id:id>/photo")
    class Photo(MethodView):
        @blp.doc(summary="The photo of a report", responses={"200": wire.photo_answer()})
        def get(self, id: str) -> Any:
            wiring.principal(Role.OFFICE)
            return _picture(verifier.content(f"/v1/reports/{id}/photo"))

    @blp.route("/<id:id>/handling")
    class Handling(MethodView):
        @blp.arguments(wire.HandlingBody)
        @blp.response(200, wire.ShopperReportShown)
        @blp.doc(summary="Close a report: it was handled", parameters=[KEY_DEMANDED])
        def post(self, body: dict[str, Any], id: str) -> Any:
            by = wiring.principal(Role.OFFICE)
            sent = request.headers.get("Idempotency-Key")
            key = idempotency.check_key(sent, demanded=True) or ""
            same = idempotency.request_hash(f"{request.method} {request.path}", body)
            with reading(wiring.engine) as connection:
                idempotency.require_same(connection, by.tenant, key, same)
            # The verifier first: an entry about what did not happen could not be taken back.
            closed = shopper_reports.close(verifier, by, id, body["note"], key)
            wiring.once(by, body, lambda c: shopper_reports.record(c, wiring.clock(), by.actor, id))
            with reading(wiring.engine) as connection:
                return shopper_reports.shown(connection, [closed])[0]

    return blp


def _picture(content: bytes) -> Response:
    """An image by its bytes, whatever the verifier calls it. Raises Unavailable for none."""
    found = type_of(content)
    if found not in IMAGE_TYPES:
        raise Unavailable("lookups_unavailable", "What the verifier sent is no image.")
    response = Response(content, content_type=found)
    response.headers["Content-Security-Policy"] = POLICY
    response.headers["Cache-Control"] = "private, no-cache"
    return response
