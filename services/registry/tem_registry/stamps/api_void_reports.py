"""The HTTP calls about reports of damaged, misprinted, lost or stolen stamps."""

from typing import Any

from flask.views import MethodView
from flask_smorest import Blueprint
from marshmallow import RAISE

from tem.databases.database import reading
from tem.http.web import KEY_DEMANDED, KEY_HEADER, Wiring
from tem.http.wire import Empty, page_of
from tem.vocabulary import Role
from tem_registry.stamps import void_reports
from tem_registry.stamps.schemas_void_reports import (
    DismissalBody,
    VoidReportBody,
    VoidReportList,
    VoidReportPage,
    VoidReportShown,
)

READERS = (Role.OFFICE, Role.AUDITOR, Role.PRODUCER)


def build(wiring: Wiring) -> Blueprint:
    """The blueprint of reports."""
    blp = Blueprint("void_reports", __name__, description="Producers' reports on stamps")

    @blp.route("/v1/batches/<number:number>/void-reports")
    class Reporting(MethodView):
        @blp.arguments(VoidReportBody)
        @blp.response(201, VoidReportShown)
        @blp.doc(summary="Report stamps of your own that are unusable", parameters=[KEY_HEADER])
        def post(self, body: dict[str, Any], number: int) -> Any:
            principal = wiring.principal(Role.PRODUCER)
            own = principal.producer_id or ""
            return wiring.once(
                principal,
                body,
                lambda c: void_reports.add(c, wiring.clock(), principal.actor, number, own, **body),
            )

    @blp.route("/v1/void-reports")
    class Reports(MethodView):
        @blp.arguments(VoidReportPage, location="query", unknown=RAISE)
        @blp.response(200, VoidReportList)
        @blp.doc(summary="List reports; a producer sees its own")
        def get(self, page: dict[str, Any]) -> Any:
            principal = wiring.principal(*READERS)
            with reading(wiring.engine) as connection:
                found = void_reports.page(connection, **page, own=principal.producer_id)
            return page_of(found, page["limit"], "report_id")

    @blp.route("/v1/void-reports/<id:id>")
    class One(MethodView):
        @blp.response(200, VoidReportShown)
        @blp.doc(summary="A report and what the office made of it")
        def get(self, id: str) -> Any:
            principal = wiring.principal(*READERS)
            with reading(wiring.engine) as connection:
                return void_reports.find(connection, id, principal.producer_id)

    @blp.route("/v1/void-reports/<id:id>/confirmation")
    class Confirmations(MethodView):
        @blp.arguments(Empty)
        @blp.response(200, VoidReportShown)
        @blp.doc(summary="Confirm a report: its stamps become void", parameters=[KEY_DEMANDED])
        def post(self, body: dict[str, Any], id: str) -> Any:
            return wiring.act(
                (Role.OFFICE,),
                body,
                lambda c, now, by: void_reports.confirm(c, now, by.actor, id),
                demanded=True,
            )

    @blp.route("/v1/void-reports/<id:id>/dismissal")
    class Dismissals(MethodView):
        @blp.arguments(DismissalBody)
        @blp.response(200, VoidReportShown)
        @blp.doc(summary="Dismiss a report, and say why", parameters=[KEY_HEADER])
        def post(self, body: dict[str, Any], id: str) -> Any:
            return wiring.act(
                (Role.OFFICE,),
                body,
                lambda c, now, by: void_reports.dismiss(c, now, by.actor, id, **body),
            )

    return blp
