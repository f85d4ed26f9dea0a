"""The HTTP call of those who take our acts into their own EPCIS repository."""

from datetime import date
from typing import Any
from urllib.parse import urlencode

from flask import Response, after_this_request
from flask.views import MethodView
from flask_smorest import Blueprint
from marshmallow import RAISE

from tem.databases.database import reading
from tem.http.web import Wiring
from tem.vocabulary import Role
from tem_registry.epcis import epcis, epcis_acts
from tem_registry.epcis.epcis_trail import Wanted
from tem_registry.epcis.schemas import EpcisDocument, EpcisQuery
from tem_registry.uris import Uris

PATH = "/v1/epcis"
MEDIA_TYPE = "application/ld+json"
LINK = {
    "Link": {
        "description": 'the next page, rel="next"; absent after the last',
        "schema": {"type": "string"},
        "example": '</v1/epcis?limit=100&after=1200>; rel="next"',
    }
}


def build(wiring: Wiring, uris: Uris) -> Blueprint:
    """The blueprint of /v1/epcis."""
    blp = Blueprint("epcis", __name__, url_prefix=PATH, description="EPCIS 2.0 export")

    @blp.route("")
    class Documents(MethodView):
        @blp.arguments(EpcisQuery, location="query", unknown=RAISE)
        @blp.response(200, EpcisDocument, content_type=MEDIA_TYPE, headers=LINK)
        @blp.doc(summary="Acts as EPCIS 2.0 events, oldest first; a producer's own")
        def get(self, query: dict[str, Any]) -> Any:
            principal = wiring.principal(Role.OFFICE, Role.AUDITOR, Role.PRODUCER)
            wanted = _wanted(query, principal.producer_id)
            after, limit, instances = query["after"], query["limit"], query["instances"]
            with reading(wiring.engine) as connection:
                page = epcis_acts.page(connection, after, limit, wanted, instances=instances)
            found = [e for act in page.acts for e in epcis.events(act, uris, instances=instances)]
            after_this_request(_as_linked_data)
            return epcis.document(found, wiring.clock(), uris), 200, _headers(query, page.next)

    return blp


def _as_linked_data(response: Response) -> Response:
    """EPCIS 2.0 asks for this media type or for plain JSON; flask-smorest knows the latter."""
    response.content_type = MEDIA_TYPE
    return response


def _wanted(query: dict[str, Any], producer_id: str | None) -> Wanted:
    days = {
        name: date.fromisoformat(query[name]) for name in ("first_day", "last_day") if name in query
    }
    return Wanted(producer_id, query.get("batch"), query.get("lot"), **days)


def _headers(query: dict[str, Any], after: int | None) -> dict[str, str]:
    """The header that names the next page: the same query, going on after an entry."""
    if after is None:
        return {}
    named = {"first_day": "from", "last_day": "until"}
    told = {named.get(name, name): value for name, value in query.items()}
    told |= {"after": after, "instances": "true" if query["instances"] else "false"}
    return {"Link": f'<{PATH}?{urlencode(told)}>; rel="next"'}
