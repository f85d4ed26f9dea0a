"""The calls of tills: what was sold, and what came back."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from flask import abort, g, request
from flask.views import MethodView
from flask_smorest import Blueprint
from prometheus_client import Counter
from sqlalchemy import Connection

from tem.databases.database import writing
from tem.http import idempotency
from tem.http.web import KEY_DEMANDED, Wiring
from tem_verifier.admission import Admission, problem
from tem_verifier.lookup import Lookup
from tem_verifier.retail import recording
from tem_verifier.retail import schemas as wire
from tem_verifier.retail.outcomes import Answer
from tem_verifier.retail.recording import Item, Judged
from tem_verifier.retail.tills import Scope, Till, signed_in

Record = Callable[[Connection, datetime, Till, list[Judged]], list[Answer]]
_DOC: dict[str, Any] = {"parameters": [KEY_DEMANDED], "security": [{"key": []}]}
_FORBIDDEN = "not a retailer's key, one without the scope `sell`, or one of another store"
_TOO_MANY = "too many items: each costs one of the key's look-ups"


def build(wiring: Wiring, lookup: Lookup, admission: Admission) -> Blueprint:
    """The blueprint of sales and returns, for retailers' keys with the scope ``sell``."""
    blp = Blueprint("sales", __name__, url_prefix="/v1", description="Sales")
    calls = _Calls(wiring, lookup, admission)
    # Before the schemas walk through a thousand items for somebody who may not send one.
    blp.before_request(calls.admit)

    @blp.route("/sales")
    class Sales(MethodView):
        @blp.arguments(wire.Sales)
        @blp.response(200, wire.SalesShown)
        @blp.alt_response(403, description=_FORBIDDEN)
        @blp.alt_response(429, description=_TOO_MANY)
        @blp.doc(summary="Record at most 1,000 sales; of a stamp's sales the first wins", **_DOC)
        def post(self, body: list[dict[str, Any]]) -> Any:
            became = calls.record(body, "sold_at", recording.record_sales, recording.SALES)
            return {"sales": became}

    @blp.route("/returns")
    class Returns(MethodView):
        @blp.arguments(wire.Returns)
        @blp.response(200, wire.ReturnsShown)
        @blp.alt_response(403, description=_FORBIDDEN)
        @blp.alt_response(429, description=_TOO_MANY)
        @blp.doc(summary="Record at most 1,000 returns, within 30 days of the sales", **_DOC)
        def post(self, body: list[dict[str, Any]]) -> Any:
            record, counter = recording.record_returns, recording.RETURNS
            return {"returns": calls.record(body, "returned_at", record, counter)}

    return blp


class _Calls:
    """What both calls do alike."""

    def __init__(self, wiring: Wiring, lookup: Lookup, admission: Admission) -> None:
        self._wiring, self._lookup, self._admission = wiring, lookup, admission

    def admit(self) -> None:
        """Let in who holds a key for these calls. Raises what it lacks, and charges wrong keys to
        their sender, so that nobody tries them without end."""

        def sign_in() -> str:
            g.till = signed_in(self._wiring, Scope.SELL)
            return str(g.till.actor)

        refusal = self._admission.signed_in(sign_in, 0)
        if refusal is not None:
            abort(problem(refusal))

    def record(
        self, body: list[dict[str, Any]], when: str, record: Record, counter: Counter
    ) -> list[Answer]:
        """What became of each item; of the same call again, what became of it then."""
        till: Till = g.till
        refusal = self._admission.retailer.take(till.actor, len(body))
        if refusal is not None:
            abort(problem(refusal))
        key = idempotency.check_key(request.headers.get("Idempotency-Key"), demanded=True)
        call = f"{request.method} {request.path}"
        stores = [till.store_of(item.get("store")) for item in body]
        # A key of one store names none: another store's same words are another sale. A code may
        # hold what has no bytes in UTF-8.
        meant = [
            {**item, "code": ascii(item["code"]), "store": store}
            for item, store in zip(body, stores, strict=True)
        ]
        same = idempotency.request_hash(call, meant)
        now = self._wiring.clock()
        items = [
            Item(item["code"], store, item.get(when, now))
            for item, store in zip(body, stores, strict=True)
        ]
        judged = recording.judged(items, self._look_up, now)
        fresh: list[Answer] = []

        def act() -> dict[str, Any]:
            fresh.extend(record(connection, now, till, judged))
            return {"items": fresh}

        with writing(self._wiring.engine) as connection:
            told = idempotency.once(connection, now, till.tenant, key, same, act, operation=call)
        recording.count(counter, fresh)
        # References may name a person's receipt: they are handed back, and kept nowhere.
        return [
            one | ({"reference": item["reference"]} if "reference" in item else {})
            for one, item in zip(told["items"], body, strict=True)
        ]

    def _look_up(self, code: str) -> Answer:
        return self._lookup.answer(code, both=True)
