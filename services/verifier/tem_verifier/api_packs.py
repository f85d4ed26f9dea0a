"""The calls of tills that fetch offline packs (``docs/offline-packs.md``)."""

import re
from collections.abc import Callable
from typing import Any

from flask import Response, request
from flask.views import MethodView
from flask_smorest import Blueprint
from marshmallow import RAISE

from tem.errors import NotFound
from tem.http import openapi
from tem.http.web import Wiring
from tem_verifier.admission import Admission, error_of
from tem_verifier.index import Index
from tem_verifier.packs.published_packs import PublishedPacks
from tem_verifier.packs.schemas import LatestQuery
from tem_verifier.retail.tills import Scope, signed_in

SHOWN = "application/vnd.tem.pack"
FULL_COST = 100  # look-ups: a pack is some hundred kilobytes, a delta or a 304 next to nothing
_SEQUENCE = re.compile(r"[1-9][0-9]{0,15}", re.ASCII)
_DOC: dict[str, Any] = {
    "security": [{"key": []}],
    "responses": {200: {"content": {SHOWN: {"schema": openapi.FILE}}}},
}
_FORBIDDEN = "not a retailer's key, or one without the scope `verify`"


def build(wiring: Wiring, index: Index, admission: Admission) -> Blueprint:
    """The blueprint under /v1/packs, for retailers' keys with the scope ``verify``."""
    blp = Blueprint("packs", __name__, url_prefix="/v1/packs", description="Offline packs")
    packs = PublishedPacks(index.source)

    def admitted() -> Callable[[], None]:
        """Charge one look-up; what is given charges the rest of a large answer."""
        found: list[str] = []

        def sign_in() -> str:
            found.append(signed_in(wiring, Scope.VERIFY).actor)
            return found[0]

        refusal = admission.signed_in(sign_in, 1)
        if refusal is not None:
            raise error_of(refusal)
        return lambda: admission.retailer.take_more(found[0], FULL_COST - 1)

    @blp.route("/latest")
    class Latest(MethodView):
        @blp.arguments(LatestQuery, location="query", unknown=RAISE)
        @blp.response(200)
        @blp.alt_response(204, description="nothing is newer than the full frame you have")
        @blp.alt_response(304, description="nothing is newer than the ETag sent")
        @blp.alt_response(403, description=_FORBIDDEN)
        @blp.alt_response(429, description="too many calls")
        @blp.alt_response(503, description="no pack was made yet, or it cannot be read now")
        @blp.doc(
            summary="The newest pack: a full frame and its delta, or with `have` the delta "
            "alone while the full frame is the same",
            **_DOC,
        )
        def get(self, query: dict[str, int]) -> Any:
            charge = admitted()
            newest = packs.newest(index.view.position)
            is_same = query.get("have") == newest.full
            if is_same and newest.delta is None:
                return Response(status=204)
            tag = f"{newest.full}.{newest.delta or 0}{'.delta' if is_same else ''}"
            if tag in request.if_none_match:
                return _tagged(Response(status=304), tag)
            frames = packs.frames(newest)
            if not is_same:
                charge()
            return _tagged(_file(b"".join(frames[1:] if is_same else frames)), tag)

    @blp.route("/<number>")
    class One(MethodView):
        @blp.response(200)
        @blp.alt_response(403, description=_FORBIDDEN)
        @blp.alt_response(404, description="there is no such frame (any more)")
        @blp.alt_response(429, description="too many calls")
        @blp.doc(summary="One frame by its sequence; old ones are deleted", **_DOC)
        def get(self, number: str) -> Any:
            charge = admitted()
            content = packs.frame(int(number)) if _SEQUENCE.fullmatch(number) else None
            if content is None:
                raise NotFound(
                    "no_such_pack", "There is no such pack (any more): GET /v1/packs/latest."
                )
            charge()
            return _tagged(_file(content), number)

    return blp


def _file(content: bytes) -> Response:
    response = Response(content, content_type=SHOWN)
    response.headers["Content-Disposition"] = 'attachment; filename="tem.pack"'
    return response


def _tagged(response: Response, tag: str) -> Response:
    response.set_etag(tag)
    response.headers["Cache-Control"] = "private, no-cache"
    return response
