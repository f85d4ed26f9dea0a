"""The HTTP calls by which scoring software delivers what a council found."""

from typing import Any

from flask.views import MethodView
from flask_smorest import Blueprint
from marshmallow import RAISE

from tem.databases.database import reading
from tem.errors import NotFound
from tem.http.web import KEY_HEADER, Wiring
from tem.http.wire import page_of
from tem.vocabulary import Role
from tem_registry.council import council
from tem_registry.council.schemas import (
    CouncilResultList,
    CouncilResultQuery,
    CouncilResults,
    CouncilResultShown,
    CouncilResultsTaken,
)

READERS = (Role.OFFICE, Role.AUDITOR, Role.PRODUCER)


def build(wiring: Wiring) -> Blueprint:
    """The blueprint under /v1/council-results."""
    blp = Blueprint(
        "council-results",
        __name__,
        url_prefix="/v1/council-results",
        description="What evaluation councils found",
    )

    @blp.route("")
    class Results(MethodView):
        @blp.arguments(CouncilResultQuery, location="query", unknown=RAISE)
        @blp.response(200, CouncilResultList)
        @blp.doc(summary="List council results; a producer sees its own")
        def get(self, query: dict[str, Any]) -> Any:
            own = wiring.principal(*READERS).producer_id
            with reading(wiring.engine) as connection:
                items = council.page(connection, **query, producer_id=own)
            return page_of(items, query["limit"], "council_result_id")

        @blp.arguments(CouncilResults)
        @blp.response(201, CouncilResultsTaken)
        @blp.doc(
            summary="Take over a council's results, all of them or none", parameters=[KEY_HEADER]
        )
        def post(self, body: dict[str, Any]) -> Any:
            return wiring.act(
                (Role.OFFICE,),
                body,
                lambda c, now, by: council.take_over(c, now, by.actor, body),
            )

    @blp.route("/<id:id>")
    class One(MethodView):
        @blp.response(200, CouncilResultShown)
        @blp.doc(summary="A council's result about one product")
        def get(self, id: str) -> Any:
            own = wiring.principal(*READERS).producer_id
            with reading(wiring.engine) as connection:
                found = council.find(connection, id, own)
            if found is None:
                raise NotFound("not_found", f"There is no council result {id}.")
            return found

    return blp
