"""The HTTP calls about requests to correct a wrong activation."""

from typing import Any

from flask.views import MethodView
from flask_smorest import Blueprint
from marshmallow import RAISE

from tem.databases.database import reading
from tem.http.web import KEY_DEMANDED, KEY_HEADER, Wiring
from tem.http.wire import Empty, page_of
from tem.vocabulary import Role
from tem_registry.activation import correction_requests
from tem_registry.activation.schemas_correction_requests import (
    AcceptanceBody,
    CorrectionRequestBody,
    CorrectionRequestList,
    CorrectionRequestPage,
    CorrectionRequestShown,
    RefusalBody,
)
from tem_registry.settings import Settings

READERS = (Role.OFFICE, Role.AUDITOR, Role.PRODUCER)


def build(wiring: Wiring, config: Settings) -> Blueprint:
    """The blueprint of requests."""
    blp = Blueprint("correction_requests", __name__, description="Producers ask for corrections")
    days = config.correction_days

    @blp.route("/v1/batches/<number:number>/correction-requests")
    class Requesting(MethodView):
        @blp.arguments(CorrectionRequestBody)
        @blp.response(201, CorrectionRequestShown)
        @blp.doc(
            summary="Ask that wrongly activated stamps be tied to another lot, or to none",
            parameters=[KEY_HEADER],
        )
        def post(self, body: dict[str, Any], number: int) -> Any:
            return wiring.act(
                (Role.PRODUCER, Role.OFFICE),
                body,
                lambda c, now, by: correction_requests.add(
                    c, now, by.actor, days, number, by.producer_id, **body
                ),
            )

    @blp.route("/v1/correction-requests")
    class Requests(MethodView):
        @blp.arguments(CorrectionRequestPage, location="query", unknown=RAISE)
        @blp.response(200, CorrectionRequestList)
        @blp.doc(summary="List requests; a producer sees its own")
        def get(self, page: dict[str, Any]) -> Any:
            principal = wiring.principal(*READERS)
            with reading(wiring.engine) as connection:
                found = correction_requests.page(connection, **page, own=principal.producer_id)
            return page_of(found, page["limit"], "request_id")

    @blp.route("/v1/correction-requests/<id:id>")
    class One(MethodView):
        @blp.response(200, CorrectionRequestShown)
        @blp.doc(summary="A request and what the office made of it")
        def get(self, id: str) -> Any:
            principal = wiring.principal(*READERS)
            with reading(wiring.engine) as connection:
                return correction_requests.find(connection, id, principal.producer_id)

    @blp.route("/v1/correction-requests/<id:id>/withdrawal")
    class Withdrawals(MethodView):
        @blp.arguments(Empty)
        @blp.response(200, CorrectionRequestShown)
        @blp.doc(summary="Take a request of your own back", parameters=[KEY_HEADER])
        def post(self, body: dict[str, Any], id: str) -> Any:
            return wiring.act(
                (Role.PRODUCER,),
                body,
                lambda c, now, by: correction_requests.withdraw(
                    c, now, by.actor, id, by.producer_id or ""
                ),
            )

    @blp.route("/v1/correction-requests/<id:id>/acceptance")
    class Acceptances(MethodView):
        @blp.arguments(AcceptanceBody)
        @blp.response(200, CorrectionRequestShown)
        @blp.doc(summary="Accept a request: its stamps are corrected", parameters=[KEY_DEMANDED])
        def post(self, body: dict[str, Any], id: str) -> Any:
            return wiring.act(
                (Role.OFFICE,),
                body,
                lambda c, now, by: correction_requests.accept(c, now, by.actor, days, id, **body),
                demanded=True,
            )

    @blp.route("/v1/correction-requests/<id:id>/refusal")
    class Refusals(MethodView):
        @blp.arguments(RefusalBody)
        @blp.response(200, CorrectionRequestShown)
        @blp.doc(summary="Refuse a request, and say why", parameters=[KEY_HEADER])
        def post(self, body: dict[str, Any], id: str) -> Any:
            return wiring.act(
                (Role.OFFICE,),
                body,
                lambda c, now, by: correction_requests.refuse(c, now, by.actor, id, **body),
            )

    return blp
