"""The HTTP calls about lots: recording, recall."""

from typing import Any

from flask import Response, request
from flask.views import MethodView
from flask_smorest import Blueprint
from marshmallow import RAISE

from tem.databases.database import reading
from tem.http import etags
from tem.http.web import KEY_DEMANDED, KEY_HEADER, Wiring
from tem.http.wire import Empty, page_of
from tem.vocabulary import Role
from tem_registry.lots import lot_answers, lot_corrections, lot_rules, lots, recall_acts
from tem_registry.lots import schemas as wire
from tem_registry.settings import Settings


def build(wiring: Wiring, config: Settings) -> Blueprint:
    """The blueprint under /v1/lots."""
    blp = Blueprint("lots", __name__, url_prefix="/v1/lots", description="Production lots")

    @blp.route("")
    class Lots(MethodView):
        @blp.arguments(wire.LotPage, location="query", unknown=RAISE)
        @blp.response(200, wire.LotList)
        @blp.doc(summary="List lots; a producer sees its own")
        def get(self, page: dict[str, Any]) -> Any:
            principal = wiring.principal(Role.OFFICE, Role.AUDITOR, Role.PRODUCER)
            with reading(wiring.engine) as connection:
                now = wiring.clock()
                found = lots.page(connection, **page, producer_id=principal.producer_id, now=now)
                items = lot_answers.shown_all(connection, found, now)
            return page_of(items, page["limit"], "lot_id")

        @blp.arguments(wire.NewLot)
        @blp.response(201, wire.LotShown)
        @blp.doc(summary="Record a production lot", parameters=[KEY_HEADER])
        def post(self, body: dict[str, Any]) -> Any:
            principal = wiring.principal(Role.OFFICE, Role.PRODUCER)
            lot_rules.check_new(body)

            def act(connection: Any) -> dict[str, Any]:
                now, own = wiring.clock(), principal.producer_id
                lot = lots.add(connection, now, principal.actor, config, body, own=own)
                return lot_answers.shown(connection, lot, now)

            return wiring.once(principal, body, act)

    @blp.route("/<id:id>")
    class One(MethodView):
        @blp.response(200, wire.LotInFull, headers=etags.HEADER)
        @blp.alt_response(304, description="The content you hold is still the same.")
        @blp.doc(
            summary="A lot with its recalls; 410 once its record was purged",
            parameters=[etags.IF_NONE_MATCH],
        )
        def get(self, id: str) -> Any:
            principal = wiring.principal(Role.OFFICE, Role.AUDITOR, Role.PRODUCER)
            with reading(wiring.engine) as connection:
                lot = lots.find(connection, id, principal.producer_id)
                answer = lot_answers.shown_in_full(connection, lot, config, wiring.clock())
            tag = etags.of(answer)
            if etags.is_held(request.headers.get("If-None-Match"), tag):
                return Response(status=304, headers={"ETag": tag})
            return answer, 200, {"ETag": tag}

        @blp.arguments(wire.LotCorrection)
        @blp.response(200, wire.LotInFull, headers=etags.HEADER)
        @blp.doc(
            summary="Correct what was recorded of a lot; once stamps are tied to it, the office's",
            parameters=[KEY_HEADER, etags.IF_MATCH],
        )
        def patch(self, fields: dict[str, Any], id: str) -> Any:
            principal = wiring.principal(Role.OFFICE, Role.PRODUCER)
            seen = request.headers.get("If-Match")

            def act(connection: Any) -> dict[str, Any]:
                now = wiring.clock()
                lot = lot_corrections.correct(
                    connection,
                    now,
                    principal.actor,
                    config,
                    id,
                    fields,
                    own=principal.producer_id,
                    if_match=seen,
                )
                return lot_answers.shown_in_full(connection, lot, config, now)

            answer = wiring.once(principal, fields, act)
            return answer, 200, {"ETag": etags.of(answer)}

    @blp.route("/<id:id>/date-approval")
    class DateApproval(MethodView):
        @blp.arguments(Empty)
        @blp.response(200, wire.LotShown)
        @blp.doc(summary="Accept a date later than the shelf life allows", parameters=[KEY_HEADER])
        def post(self, body: dict[str, Any], id: str) -> Any:
            principal = wiring.principal(Role.OFFICE)

            def act(connection: Any) -> dict[str, Any]:
                now = wiring.clock()
                lot = lots.approve_date(connection, now, principal.actor, id)
                return lot_answers.shown(connection, lot, now)

            return wiring.once(principal, body, act)

    @blp.route("/<id:id>/recall")
    class Recalls(MethodView):
        @blp.arguments(wire.Notice)
        @blp.response(201, wire.Recalled)
        @blp.doc(summary="Recall the lot, with a public notice", parameters=[KEY_DEMANDED])
        def post(self, body: dict[str, Any], id: str) -> Any:
            return wiring.act(
                (Role.OFFICE,),
                body,
                lambda c, now, by: recall_acts.recall(c, now, by.actor, id, body),
                demanded=True,
            )

    @blp.route("/<id:id>/recall/lift")
    class Lifts(MethodView):
        @blp.arguments(wire.Lift)
        @blp.response(200, wire.Lifted)
        @blp.doc(summary="Lift the recall, at once", parameters=[KEY_DEMANDED])
        def post(self, body: dict[str, Any], id: str) -> Any:
            return wiring.act(
                (Role.OFFICE,),
                body,
                lambda c, now, by: recall_acts.lift(c, now, by.actor, id, body.get("reason")),
                demanded=True,
            )

    return blp
