"""The call about stamps that show signs of being copied: the registry sees all of them, a chain
those that it had to do with, and never another chain's name."""

from datetime import date
from typing import Any

from flask.views import MethodView
from flask_smorest import Blueprint
from marshmallow import RAISE

from tem.databases.database import reading
from tem.dates import rfc3339
from tem.http.web import Wiring
from tem.stampcode import serial
from tem.vocabulary import Role, StampState
from tem_verifier.admission import Admission, error_of
from tem_verifier.copies import schemas as wire
from tem_verifier.copies import suspects, words
from tem_verifier.copies.suspects import Suspect
from tem_verifier.copies.trace import Evidence, TillEvent
from tem_verifier.index import Index
from tem_verifier.retail import tills
from tem_verifier.retail.tills import Scope
from tem_verifier.view import View

PAGE_COSTS = 100  # look-ups of a chain's limit: thousands of stamps may be looked through
SIGNED_IN: dict[str, Any] = {"security": [{"key": []}]}


def build(wiring: Wiring, index: Index, admission: Admission) -> Blueprint:
    """The blueprint of /v1/suspects."""
    blp = Blueprint("suspects", __name__, url_prefix="/v1", description="Signs of being copied")

    @blp.route("/suspects")
    class Suspects(MethodView):
        @blp.arguments(wire.SuspectsQuery, location="query", unknown=RAISE)
        @blp.response(200, wire.SuspectList)
        @blp.alt_response(403, description="not a key of `service`, or without scope `suspects`")
        @blp.alt_response(429, description="too many calls")
        @blp.doc(
            summary="Stamps that show signs of being copied, with the evidence in words",
            **SIGNED_IN,
        )
        def get(self, query: dict[str, Any]) -> Any:
            chain = _asking(wiring, admission)
            view = index.view
            now = wiring.clock()
            with reading(wiring.engine) as connection:
                page = suspects.page(connection, _known(view), chain=chain, **query)
            shown = {"items": [_shown(one, chain) for one in page.items], "as_of": rfc3339(now)}
            return (
                shown if page.after is None else {**shown, "next": "-".join(map(str, page.after))}
            )

    return blp


def _asking(wiring: Wiring, admission: Admission) -> str | None:
    """The chain that asks; None for our registry, which is not limited. Raises for others."""
    chain: str | None = None

    def sign_in() -> str:
        nonlocal chain
        principal = wiring.principal(Role.SERVICE, Role.RETAILER)
        if principal.role == Role.RETAILER:
            chain = tills.signed_in(wiring, Scope.SUSPECTS).chain
        return principal.actor

    refusal = admission.signed_in(sign_in, 0)
    if refusal is None and chain is not None:
        refusal = admission.retailer.take(wiring.principal().actor, PAGE_COSTS)
    if refusal is not None:
        raise error_of(refusal)
    return chain


def _known(view: View) -> suspects.Known:
    """State of a stamp and day of its lot, as published."""

    def known(batch: int, index: int) -> tuple[StampState | None, date | None]:
        state, lot_id = view.at(batch, index)
        try:
            made_on = view.card("lot", lot_id or "")["production_date"]
            return state, date.fromisoformat(made_on)
        except (LookupError, TypeError, ValueError):
            return state, None

    return known


def _shown(one: Suspect, chain: str | None) -> dict[str, Any]:
    found = one.suspicion
    return {
        "batch": one.batch,
        "index": one.index,
        "serial": serial(one.batch, one.index),
        "score": found.score,
        "since": rfc3339(found.since),
        "last_at": rfc3339(found.last_at),
        "evidence": [_evidence(sign) for sign in found.evidence],
        "events": [_event(event, chain) for event in one.events[: wire.MOST_SHOWN]],
    }


def _evidence(one: Evidence) -> dict[str, Any]:
    return {
        "code": str(one.sign),
        "points": one.points,
        "values": dict(one.values),
        "words": words.said(one),
    }


def _event(event: TillEvent, chain: str | None) -> dict[str, Any]:
    told = {"kind": str(event.kind), "at": rfc3339(event.at)}
    if chain is not None and event.chain != chain:
        return told
    return {**told, "chain": event.chain, "store": event.store}
