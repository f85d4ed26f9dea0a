"""The HTTP calls for what the state has laid down: communes, categories."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from flask.views import MethodView
from flask_smorest import Blueprint
from marshmallow import RAISE

from tem.http.web import Wiring
from tem.http.wire import page_of
from tem.vocabulary import Role
from tem_registry.catalogue import places
from tem_registry.catalogue.addresses import PROVINCE, PROVINCE_CODE
from tem_registry.catalogue.schemas_queries import CommuneQuery
from tem_registry.catalogue.schemas_reference import CategoryList, CommuneList
from tem_registry.fields import Page

READERS = (Role.OFFICE, Role.AUDITOR, Role.PRODUCER)


def build(wiring: Wiring) -> Blueprint:
    """The blueprint under /v1 of communes and categories."""
    blp = Blueprint("reference", __name__, url_prefix="/v1", description="Communes, categories")

    @blp.route("/communes")
    class Communes(MethodView):
        @blp.arguments(CommuneQuery, location="query", unknown=RAISE)
        @blp.response(200, CommuneList)
        @blp.doc(summary="The communes of Hà Tĩnh; for a former unit, all that took in part of it")
        def get(self, query: dict[str, Any]) -> Any:
            wiring.principal(*READERS)
            return _page([_commune(one) for one in _found(query)], query)

    @blp.route("/categories")
    class Categories(MethodView):
        @blp.arguments(Page, location="query", unknown=RAISE)
        @blp.response(200, CategoryList)
        @blp.doc(summary="The product groups of QĐ 148/QĐ-TTg, and which may carry a stamp")
        def get(self, query: dict[str, Any]) -> Any:
            wiring.principal(*READERS)
            return _page([asdict(one) for one in places.categories().values()], query)

    return blp


def _found(query: dict[str, Any]) -> list[places.Commune]:
    found = places.named(query.get("q", ""))
    if "former" in query:
        heirs = places.successors(query["former"])
        found = [one for one in found if one in heirs]
    return found


def _commune(one: places.Commune) -> dict[str, Any]:
    return {**asdict(one), "province_code": PROVINCE_CODE, "province": PROVINCE}


def _page(rows: Sequence[dict[str, Any]], query: dict[str, Any]) -> dict[str, Any]:
    items = [row for row in rows if row["code"] > query["after"]][: query["limit"]]
    return page_of(items, query["limit"], "code")
