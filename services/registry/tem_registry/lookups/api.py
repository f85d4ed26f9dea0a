"""The HTTP calls about look-ups: by the day, of a lot, and of stamps worth a look."""

from typing import Any

from flask.views import MethodView
from flask_smorest import Blueprint
from marshmallow import RAISE

from tem.databases.database import reading
from tem.http.web import Wiring
from tem.vocabulary import Role
from tem_registry.lookups import answers, lookups, stamps_on_record
from tem_registry.lookups import schemas as wire
from tem_registry.lookups.verifier_client import VerifierClient
from tem_registry.lots import lots


def build(wiring: Wiring, verifier: VerifierClient) -> Blueprint:
    """The blueprint of look-up figures, which the verifier is asked for."""
    blp = Blueprint("lookups", __name__, url_prefix="/v1", description="Look-ups, as counted")

    @blp.route("/lookups")
    class LookUps(MethodView):
        @blp.arguments(wire.LookUpDays, location="query", unknown=RAISE)
        @blp.response(200, wire.DaysShown)
        @blp.doc(summary="Look-ups of all stamps by the day")
        def get(self, query: dict[str, Any]) -> Any:
            wiring.principal(Role.OFFICE, Role.AUDITOR)
            asked = {"from": query.get("first"), "to": query.get("last")}
            said = answers.checked(answers.DaysSaid, verifier.get("/v1/scans/days", asked))
            return {**said, "total": sum(one["count"] for one in said["days"])}

    @blp.route("/lookups/noticed")
    class Noticed(MethodView):
        @blp.arguments(wire.NoticedQuery, location="query", unknown=RAISE)
        @blp.response(200, wire.NoticedList)
        @blp.doc(
            summary="Stamps whose look-ups are worth a look: not activated, void, withdrawn, often"
        )
        def get(self, query: dict[str, Any]) -> Any:
            wiring.principal(Role.OFFICE, Role.AUDITOR)
            said = verifier.get("/v1/scans/noticed", query)
            page = answers.checked(answers.NoticedPageSaid, said)
            with reading(wiring.engine) as connection:
                return {**page, "items": stamps_on_record.known(connection, page["items"])}

    @blp.route("/lots/<id:id>/lookups")
    class OfLot(MethodView):
        @blp.response(200, wire.LotLookUps)
        @blp.doc(summary="How often a lot's stamps were looked up; a producer asks for its own")
        def get(self, id: str) -> Any:
            principal = wiring.principal(Role.OFFICE, Role.AUDITOR, Role.PRODUCER)
            with reading(wiring.engine) as connection:
                lot = lots.find(connection, id, principal.producer_id)
                ranges = lookups.ranges_of_lot(connection, lot.id)
            return {"lot_id": lot.id, **lookups.of_ranges(verifier, ranges)}

    return blp
