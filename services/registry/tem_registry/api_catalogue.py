"""The catalogue's HTTP calls: the same five calls for each kind of record."""

from typing import Any

from flask.views import MethodView
from flask_smorest import Blueprint
from marshmallow import INCLUDE, RAISE, Schema, fields

from tem.database import reading
from tem.vocabulary import Role
from tem.web import KEY_HEADER, Wiring
from tem_registry import catalogue
from tem_registry.catalogue import Kind
from tem_registry.fields import Page


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
        {"items": fields.List(fields.Nested(kind.schema)), "next": fields.String()},
        name=f"{kind.schema.__name__}List",
    )
    changes = type(f"{kind.schema.__name__}Change", (kind.schema,), {})

    @blp.route("")
    class Records(MethodView):
        @blp.arguments(Page, location="query", unknown=RAISE)
        @blp.response(200, listing)
        @blp.doc(summary=f"List: {kind.name}")
        def get(self, page: dict[str, Any]) -> Any:
            principal = wiring.principal(Role.OFFICE, Role.AUDITOR, Role.PRODUCER)
            with reading(wiring.engine) as connection:
                items = catalogue.page(connection, kind, **page, producer_id=principal.producer_id)
            more = {"next": items[-1][kind.id_field]} if len(items) == page["limit"] else {}
            return {"items": items, **more}

        @blp.arguments(kind.schema)
        @blp.response(201, kind.schema(unknown=INCLUDE))
        @blp.doc(summary=f"Add: {kind.name}", parameters=[KEY_HEADER])
        def post(self, record: dict[str, Any]) -> Any:
            principal = wiring.principal(Role.OFFICE)
            return wiring.once(
                principal,
                record,
                lambda c: add(c, wiring.clock(), principal.actor, kind, record),
            )

    @blp.route("/<id:id>")
    class One(MethodView):
        @blp.response(200, kind.schema(unknown=INCLUDE))
        @blp.doc(summary=f"Show: {kind.name}")
        def get(self, id: str) -> Any:
            principal = wiring.principal(Role.OFFICE, Role.AUDITOR, Role.PRODUCER)
            with reading(wiring.engine) as connection:
                return catalogue.find(connection, kind, id, principal.producer_id)

        @blp.arguments(changes(partial=True))
        @blp.response(200, kind.schema(unknown=INCLUDE))
        @blp.doc(summary=f"Change some fields: {kind.name}", parameters=[KEY_HEADER])
        def patch(self, record: dict[str, Any], id: str) -> Any:
            principal = wiring.principal(Role.OFFICE)
            return wiring.once(
                principal,
                record,
                lambda c: change(c, wiring.clock(), principal.actor, kind, id, record),
            )

    return blp
