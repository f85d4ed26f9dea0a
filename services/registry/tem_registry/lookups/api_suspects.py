"""The HTTP calls about stamps that show signs of being copied: the office reads and decides."""

from typing import Any

from flask.views import MethodView
from flask_smorest import Blueprint
from marshmallow import RAISE

from tem.databases.database import reading
from tem.http.web import KEY_DEMANDED, Wiring
from tem.vocabulary import Role
from tem_registry.lookups import schemas_suspects as wire
from tem_registry.lookups import suspect_decisions, suspects
from tem_registry.lookups.verifier_client import VerifierClient

READERS = (Role.OFFICE, Role.AUDITOR)


def build(wiring: Wiring, verifier: VerifierClient) -> Blueprint:
    """The blueprint under /v1/suspects."""
    blp = Blueprint(
        "suspects",
        __name__,
        url_prefix="/v1/suspects",
        description="Stamps that show signs of being copied",
    )

    @blp.route("")
    class Suspects(MethodView):
        @blp.arguments(wire.SuspectsQuery, location="query", unknown=RAISE)
        @blp.response(200, wire.SuspectList)
        @blp.doc(summary="Stamps that show signs of being copied: waiting, or as decided")
        def get(self, query: dict[str, Any]) -> Any:
            wiring.principal(*READERS)
            state, after, limit = query["state"], query["after"], query["limit"]
            page = suspects.told(verifier, after, limit) if state == suspects.OPEN else None
            with reading(wiring.engine) as connection:
                if page is None:
                    page = suspects.decided(connection, state, after, limit)
                else:
                    page["items"] = suspects.waiting(connection, page["items"])
                return {**page, "counts": suspect_decisions.counts(connection)}

    @blp.route("/<id:id>")
    class Suspect(MethodView):
        @blp.response(200, wire.SuspectShown)
        @blp.doc(summary="A stamp that shows signs of being copied; id is `batch-index`")
        def get(self, id: str) -> Any:
            wiring.principal(*READERS)
            suspect = suspects.find(verifier, id)
            with reading(wiring.engine) as connection:
                return suspects.on_record(connection, suspect)

    @blp.route("/<id:id>/decision")
    class Decisions(MethodView):
        @blp.arguments(wire.SuspectDecisionBody)
        @blp.response(200, wire.SuspectShown)
        @blp.doc(summary="Decide: confirmed, or a false alarm; why", parameters=[KEY_DEMANDED])
        def post(self, body: dict[str, Any], id: str) -> Any:
            by = wiring.principal(Role.OFFICE)
            suspect = suspects.find(verifier, id)

            def decide(connection: Any) -> dict[str, Any]:
                known = suspects.on_record(connection, suspect)
                now = wiring.clock()
                suspect_decisions.decide(connection, now, by.actor, suspect, **body)
                return suspects.on_record(connection, known)

            return wiring.once(by, body, decide, demanded=True)

    return blp
