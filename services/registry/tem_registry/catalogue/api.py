"""The catalogue's HTTP calls: the same five calls for each kind of record."""

from typing import Any

from flask import Response, request
from flask.views import MethodView
from flask_smorest import Blueprint
from marshmallow import INCLUDE, RAISE, Schema, fields

from tem.databases.database import reading
from tem.dates import vietnam_day
from tem.http import etags
from tem.http.web import KEY_HEADER, Wiring
from tem.vocabulary import Role
from tem_registry.catalogue import catalogue, catalogue_shown
from tem_registry.catalogue.catalogue import Kind

READERS = (Role.OFFICE, Role.AUDITOR, Role.PRODUCER)
# What the schemas alone cannot tell of a list, beside the words for one record.
PLURALS = {
    "producer": "producers (chủ thể)",
    "product": "products",
    "certificate": "certificates of recognition",
    "point_of_sale": "points of sale (điểm giới thiệu và bán sản phẩm)",
    "contract": "distribution contracts",
}


def build(
    wiring: Wiring, kind: Kind, *, add: Any = catalogue.add, change: Any = catalogue.change
) -> Blueprint:
    """The blueprint of one kind: list, add, show, change.

    ``add`` and ``change`` are the acts, where a kind has more to do than the catalogue does.
    """
    blp = Blueprint(
        kind.path, __name__, url_prefix=f"/v1/{kind.path}", description=f"Records: {kind.name}"
    )
    listing = Schema.from_dict(
        {
            "items": fields.List(fields.Nested(kind.schema), required=True),
            "next": fields.String(metadata={"description": "ask with ?after= for the next page"}),
        },
        name=f"{kind.schema.__name__}List",
    )
    changes = type(f"{kind.schema.__name__}Change", (kind.schema,), {})

    def shown(connection: Any, record: dict[str, Any]) -> dict[str, Any]:
        return catalogue_shown.one(connection, kind, record, vietnam_day(wiring.clock()))

    @blp.route("")
    class Records(MethodView):
        @blp.arguments(kind.query, location="query", unknown=RAISE)
        @blp.response(200, listing)
        @blp.doc(summary=f"List {PLURALS[kind.name]}; a producer sees its own")
        def get(self, query: dict[str, Any]) -> Any:
            own = wiring.principal(*READERS).producer_id
            with reading(wiring.engine) as connection:
                today = vietnam_day(wiring.clock())
                return catalogue_shown.listed(connection, kind, today, query, own)

        @blp.arguments(kind.schema)
        @blp.response(201, kind.schema(unknown=INCLUDE), headers=etags.HEADER)
        @blp.doc(summary=f"Add: {kind.name}", parameters=[KEY_HEADER])
        def post(self, record: dict[str, Any]) -> Any:
            principal = wiring.principal(Role.OFFICE)

            def act(connection: Any) -> dict[str, Any]:
                added = add(connection, wiring.clock(), principal.actor, kind, record)
                return shown(connection, added)

            answer = wiring.once(principal, record, act)
            return answer, 201, {"ETag": etags.of(answer)}

    @blp.route("/<id:id>")
    class One(MethodView):
        @blp.response(200, kind.schema(unknown=INCLUDE), headers=etags.HEADER)
        @blp.alt_response(304, description="The content you hold is still the same.")
        @blp.doc(summary=f"Show: {kind.name}", parameters=[etags.IF_NONE_MATCH])
        def get(self, id: str) -> Any:
            own = wiring.principal(*READERS).producer_id
            with reading(wiring.engine) as connection:
                answer = shown(connection, catalogue.find(connection, kind, id, own))
            tag = etags.of(answer)
            if etags.is_held(request.headers.get("If-None-Match"), tag):
                return Response(status=304, headers={"ETag": tag})
            return answer, 200, {"ETag": tag}

        @blp.arguments(changes(partial=True))
        @blp.response(200, kind.schema(unknown=INCLUDE), headers=etags.HEADER)
        @blp.doc(
            summary=f"Change some fields: {kind.name}", parameters=[KEY_HEADER, etags.IF_MATCH]
        )
        def patch(self, record: dict[str, Any], id: str) -> Any:
            principal = wiring.principal(Role.OFFICE)
            seen = request.headers.get("If-Match")

            def act(connection: Any) -> dict[str, Any]:
                actor = principal.actor
                changed = change(connection, wiring.clock(), actor, kind, id, record, if_match=seen)
                return shown(connection, changed)

            answer = wiring.once(principal, record, act)
            return answer, 200, {"ETag": etags.of(answer)}

    return blp
