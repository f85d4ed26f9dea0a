"""The HTTP calls about spreadsheets: sent, looked at, taken over or dropped; templates."""

import hashlib
from typing import Any

from flask import Response, request
from flask.views import MethodView
from flask_smorest import Blueprint
from marshmallow import RAISE

from tem.databases.database import reading
from tem.http.web import KEY_DEMANDED, KEY_HEADER, Wiring, raw_body, takes_raw
from tem.http.wire import Empty, page_of
from tem.vocabulary import Role
from tem_registry.importing import drafts, previews, spreadsheets
from tem_registry.importing import schemas_imports as wire
from tem_registry.importing.sheet_acts import Acts, Context
from tem_registry.settings import Settings

PATH = "/v1/imports"


def build(wiring: Wiring, config: Settings, acts: Acts) -> Blueprint:
    """The blueprint under /v1/imports; ``acts`` are those of the catalogue's calls."""
    blp = Blueprint("imports", __name__, url_prefix=PATH, description="Spreadsheets")
    blp.record(lambda state: takes_raw(state.app, PATH, spreadsheets.MAX_BYTES))

    def act(body: Any, step: Any, *, demanded: bool = False) -> Any:
        return wiring.act(
            (Role.OFFICE,),
            body,
            lambda c, now, by: step(c, Context(now, by.actor, config, acts)),
            demanded=demanded,
        )

    @blp.route("")
    class Imports(MethodView):
        @blp.arguments(wire.ImportPage, location="query", unknown=RAISE)
        @blp.response(200, wire.ImportList)
        @blp.doc(summary="List imports of spreadsheets")
        def get(self, query: dict[str, Any]) -> Any:
            wiring.principal(Role.OFFICE)
            after, limit = query["after"], query["limit"]
            with reading(wiring.engine) as connection:
                items = drafts.page(connection, after, limit, query.get("state"), query["order"])
            return page_of(items, limit, "import_id")

        @blp.arguments(wire.ImportQuery, location="query", unknown=RAISE)
        @blp.response(201, wire.ImportSummary)
        @blp.doc(
            summary="Send a CSV or XLSX, at most 5 MiB: it becomes a draft, nothing is taken over",
            parameters=[KEY_HEADER],
            requestBody=wire.raw_body(),
        )
        def post(self, query: dict[str, Any]) -> Any:
            wiring.principal(Role.OFFICE)
            content = raw_body(spreadsheets.TYPES)
            read = spreadsheets.read(content, request.mimetype, query["kind"])
            same = {**query, "content": hashlib.sha256(content).hexdigest()}
            return act(same, lambda c, context: drafts.make(c, context, read, **query))

    @blp.route("/template")
    class Templates(MethodView):
        @blp.arguments(wire.TemplateQuery, location="query", unknown=RAISE)
        @blp.doc(
            summary="A spreadsheet to fill in, with headings in both languages and an example",
            responses={"200": wire.template_answer()},
        )
        def get(self, query: dict[str, Any]) -> Any:
            wiring.principal(Role.OFFICE)
            return _template(query["kind"], query["format"])

    @blp.route("/<id:id>")
    class One(MethodView):
        @blp.arguments(wire.PreviewQuery, location="query", unknown=RAISE)
        @blp.response(200, wire.ImportShown)
        @blp.doc(summary="An import with what would become of each row, and each wrong cell")
        def get(self, query: dict[str, Any], id: str) -> Any:
            wiring.principal(Role.OFFICE)
            with reading(wiring.engine) as connection:
                return previews.shown(drafts.find(connection, id), **query)

    @blp.route("/<id:id>/check")
    class Checks(MethodView):
        @blp.arguments(Empty)
        @blp.response(200, wire.ImportSummary)
        @blp.doc(summary="Check an import anew, by the records of now", parameters=[KEY_HEADER])
        def post(self, body: dict[str, Any], id: str) -> Any:
            return act(body, lambda c, context: drafts.check(c, context, id))

    @blp.route("/<id:id>/application")
    class Applications(MethodView):
        @blp.arguments(wire.Application)
        @blp.response(201, wire.ImportSummary)
        @blp.doc(summary="Take all rows over, or none of them", parameters=[KEY_DEMANDED])
        def post(self, body: dict[str, Any], id: str) -> Any:
            return act(body, lambda c, context: drafts.apply(c, context, id, **body), demanded=True)

    @blp.route("/<id:id>/dropping")
    class Droppings(MethodView):
        @blp.arguments(Empty)
        @blp.response(200, wire.ImportSummary)
        @blp.doc(summary="Give an import up", parameters=[KEY_HEADER])
        def post(self, body: dict[str, Any], id: str) -> Any:
            return act(body, lambda c, context: drafts.drop(c, context, id))

    return blp


def _template(kind: str, format: str) -> Response:
    from tem_registry.importing import sheet_templates  # half a second, not of every start

    if format == "csv":
        content, media_type = sheet_templates.csv(kind), "text/csv; charset=utf-8; header=present"
    else:
        content, media_type = sheet_templates.xlsx(kind), spreadsheets.XLSX
    headers = {"Content-Disposition": f'attachment; filename="tem-{kind}.{format}"'}
    return Response(content, content_type=media_type, headers=headers)
