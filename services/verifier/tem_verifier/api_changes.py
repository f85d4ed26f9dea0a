"""The HTTP call of the feed: open to all, for it tells only what the public must know."""

import json
from dataclasses import dataclass
from functools import partial
from typing import Any

from flask import Response, request
from flask.views import MethodView
from flask_smorest import Blueprint
from marshmallow import RAISE

from tem.databases import published
from tem.databases.database import reading
from tem.errors import Unavailable
from tem_verifier.admission import Admission, problem
from tem_verifier.changes import feed
from tem_verifier.changes import schemas as wire
from tem_verifier.changes.waiting import Waiting
from tem_verifier.index import Index
from tem_verifier.view import Position


def build(index: Index, admission: Admission) -> Blueprint:
    """The blueprint of /v1/changes; it tells what this worker's look-ups answer by."""
    blp = Blueprint("changes", __name__, url_prefix="/v1", description="What tills must know")
    waiting = Waiting()

    @blp.route("/changes")
    class Changes(MethodView):
        @blp.arguments(wire.ChangesQuery, location="query", unknown=RAISE)
        @blp.response(200, wire.ChangesShown)
        @blp.alt_response(304, description="nothing has changed since the ETag sent")
        @blp.alt_response(429, description="too many calls")
        @blp.alt_response(503, description="the record cannot be read at the moment")
        @blp.doc(summary="Recalls, voids and revocations in order, from a number on")
        def get(self, query: dict[str, int]) -> Any:
            refusal = admission.look_up()
            if refusal is not None:
                return problem(refusal)
            asked = (index, query["after"], query["limit"])
            look = _Look(_position(index))  # before the page: what is read meanwhile is news
            told = _told(*asked)
            if query["wait"] and not told["changes"]:
                news = partial(_has_news, look, *asked)
                if waiting.until(news, query["wait"], admission.client()):
                    told = _told(*asked)
            return _response(told)

    return blp


@dataclass(slots=True)
class _Look:
    """How far the record was read when somebody who waits looked last."""

    position: tuple[str, int] | None


def _has_news(look: _Look, index: Index, after: int, limit: int) -> bool:
    """Whether there is a change now; asks the database only if anything was published."""
    before, look.position = look.position, _position(index)
    return before != look.position and bool(_told(index, after, limit)["changes"])


def _position(index: Index) -> tuple[str, int] | None:
    """How far this worker has read, in memory: waiting asks no database."""
    position = index.view.position
    return None if position is None else (position.epoch, position.change)


def _told(index: Index, after: int, limit: int) -> dict[str, Any]:
    """A page of the log. Raises Unavailable while the record is not to be believed."""
    position = index.view.position
    if position is None:
        raise Unavailable("nothing_read", "The published tables could not be read yet.")
    with reading(index.source) as connection:
        _require_same_life(published.position(connection), position)
        found = feed.after(connection, after, limit + 1, position.change)
    changes = [one.shown() for one in found[:limit]]
    return {
        "epoch": position.epoch,
        "changes": changes,
        "next": changes[-1]["seq"] if changes else after,
        "more": len(found) > limit,
    }


def _require_same_life(found: tuple[str, int, Any] | None, known: Position) -> None:
    """Numbers of a restored record count other changes; until an operator has taken it as it is
    (``tem verifier accept-restore``) the look-ups answer by the old one, and so nothing is told."""
    if found is None or found[0] != known.epoch or found[1] < known.change:
        raise Unavailable(
            "record_in_doubt",
            "The record was replaced and is being checked: ask again in a minute, from the same "
            "`after`.",
        )


def _response(told: dict[str, Any]) -> Response:
    response = Response(json.dumps(told, ensure_ascii=False), content_type="application/json")
    response.headers["Cache-Control"] = "no-cache"  # a recall must not be served late
    response.add_etag()
    response.make_conditional(request)
    return response
