"""The HTTP calls about webhooks: for keys of a whole chain with the scope ``webhooks``."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from flask import abort, g, request
from flask.views import MethodView
from flask_smorest import Blueprint
from sqlalchemy import Connection, Engine

from tem.databases.database import reading, writing
from tem.dates import rfc3339
from tem.errors import Forbidden
from tem.http import idempotency
from tem.http.web import KEY_HEADER, Wiring
from tem_verifier import webhook_addresses as addresses
from tem_verifier.admission import Admission, problem
from tem_verifier.retail.tills import Scope, Till, signed_in
from tem_verifier.webhook_addresses import Network
from tem_verifier.webhooks import endpoints, messages, sending
from tem_verifier.webhooks import schemas as wire
from tem_verifier.webhooks.endpoints import Webhook

SIGNED_IN: dict[str, Any] = {"security": [{"key": []}]}
ACT: dict[str, Any] = {"parameters": [KEY_HEADER], **SIGNED_IN}
_TIMES = ("failing_since", "delivered_at", "disabled_at")


def chain_of(wiring: Wiring, admission: Admission) -> Till:
    """The chain that asks, charged for one call. Raises Forbidden (``chain_key_needed``) for a key
    of one store."""
    asking: list[Till] = []

    def sign_in() -> str:
        asking.append(signed_in(wiring, Scope.WEBHOOKS))
        return asking[0].actor

    refusal = admission.signed_in(sign_in, 1)
    if refusal is not None:
        abort(problem(refusal))
    if asking[0].store is not None:
        raise Forbidden(
            "chain_key_needed",
            "This key is for one store; webhooks are the chain's: use a key without a store.",
        )
    return asking[0]


def build(
    wiring: Wiring, source: Engine, admission: Admission, networks: tuple[Network, ...]
) -> Blueprint:
    """The blueprint under /v1/webhooks; ``source`` has the published log of changes."""
    blp = Blueprint(
        "webhooks", __name__, url_prefix="/v1/webhooks", description="Tills are told at once"
    )

    @blp.before_request
    def admit() -> None:
        """Before the schemas look at what somebody sends who may not."""
        g.till = chain_of(wiring, admission)

    _add_collection(blp, wiring, source, networks)
    _add_one(blp, wiring, networks)
    _add_acts(blp, wiring, source)
    return blp


def _add_collection(
    blp: Blueprint, wiring: Wiring, source: Engine, networks: tuple[Network, ...]
) -> None:
    @blp.route("")
    class Webhooks(MethodView):
        @blp.response(200, wire.WebhookList)
        @blp.alt_response(403, description="a key without the scope, or of one store")
        @blp.doc(summary="The webhooks of a chain", **SIGNED_IN)
        def get(self) -> Any:
            by: Till = g.till
            with reading(wiring.engine) as connection:
                found = endpoints.all_of(connection, by.chain)
                return {"items": [_shown(connection, one) for one in found]}

        @blp.arguments(wire.NewWebhook)
        @blp.response(201, wire.WebhookMade)
        @blp.alt_response(403, description="a key without the scope, or of one store")
        @blp.alt_response(409, description="the address is there, or there are five")
        @blp.doc(summary="Be told of changes at an address of yours", **ACT)
        def post(self, body: dict[str, Any]) -> Any:
            by: Till = g.till
            addresses.check(body["url"], networks)
            log = sending.log_of(source)

            def act(connection: Connection, now: datetime) -> dict[str, Any]:
                url, types = body["url"], body.get("types", [])
                made = endpoints.add(connection, now, by, log, url, types)
                return {**_shown(connection, made), "secret": made.secret}

            return _once(wiring, by, body, act)


def _add_one(blp: Blueprint, wiring: Wiring, networks: tuple[Network, ...]) -> None:
    @blp.route("/<id>")
    class One(MethodView):
        @blp.response(200, wire.WebhookInFull)
        @blp.alt_response(404, description="no such webhook of this chain")
        @blp.doc(summary="A webhook, and what became of the last attempts", **SIGNED_IN)
        def get(self, id: str) -> Any:
            by: Till = g.till
            with reading(wiring.engine) as connection:
                found = endpoints.find(connection, by.chain, id)
                deliveries = messages.last_deliveries(connection, id)
                shown = _shown(connection, found)
            told = [_present(**{**one, "at": rfc3339(one["at"])}) for one in deliveries]
            return {**shown, "deliveries": told}

        @blp.arguments(wire.WebhookChange)
        @blp.response(200, wire.WebhookShown)
        @blp.alt_response(404, description="no such webhook of this chain")
        @blp.alt_response(409, description="another webhook has the address")
        @blp.doc(summary="Another address, other types; disable, or enable again", **SIGNED_IN)
        def patch(self, body: dict[str, Any], id: str) -> Any:
            by: Till = g.till
            if "url" in body:
                addresses.check(body["url"], networks)

            with writing(wiring.engine) as connection:
                changed = endpoints.change(connection, wiring.clock(), by, id, body)
                return _shown(connection, changed)

        @blp.response(204)
        @blp.alt_response(404, description="no such webhook of this chain")
        @blp.doc(summary="Be told nothing there any more", **SIGNED_IN)
        def delete(self, id: str) -> None:
            by: Till = g.till

            with writing(wiring.engine) as connection:
                endpoints.remove(connection, wiring.clock(), by, id)


def _add_acts(blp: Blueprint, wiring: Wiring, source: Engine) -> None:
    @blp.route("/<id>/secret")
    class Secret(MethodView):
        @blp.response(200, wire.WebhookMade)
        @blp.alt_response(404, description="no such webhook of this chain")
        @blp.doc(summary="A new secret; the one before signs beside it for a day", **ACT)
        def post(self, id: str) -> Any:
            by: Till = g.till

            def act(connection: Connection, now: datetime) -> dict[str, Any]:
                made = endpoints.rotate(connection, now, by, id)
                until = rfc3339(made.before_until) if made.before_until else None
                shown = _shown(connection, made)
                return _present(**shown, secret=made.secret, before_until=until)

            return _once(wiring, by, None, act)

    @blp.route("/<id>/test")
    class Test(MethodView):
        @blp.response(202, wire.TestQueued)
        @blp.alt_response(404, description="no such webhook of this chain")
        @blp.alt_response(409, description="disabled, or the last test is in line still")
        @blp.doc(summary="Send a message that tells nothing", **ACT)
        def post(self, id: str) -> Any:
            by: Till = g.till

            def act(connection: Connection, now: datetime) -> dict[str, Any]:
                to = endpoints.find(connection, by.chain, id, locked=True)
                return {"message_id": messages.queue_test(connection, now, to)}

            return _once(wiring, by, None, act)

    @blp.route("/<id>/replay")
    class Replayed(MethodView):
        @blp.arguments(wire.Replay)
        @blp.response(200, wire.WebhookShown)
        @blp.alt_response(404, description="no such webhook of this chain")
        @blp.doc(summary="Tell again all changes after a number", **ACT)
        def post(self, body: dict[str, Any], id: str) -> Any:
            by: Till = g.till
            log = sending.log_of(source)

            def act(connection: Connection, now: datetime) -> dict[str, Any]:
                endpoints.replay(connection, now, by, log, id, body["after"])
                return _shown(connection, endpoints.find(connection, by.chain, id))

            return _once(wiring, by, body, act)


def _once(
    wiring: Wiring, by: Till, body: Any, act: Callable[[Connection, datetime], dict[str, Any]]
) -> dict[str, Any]:
    """Run an act in one transaction, once per ``Idempotency-Key`` of the chain."""
    key = idempotency.check_key(request.headers.get("Idempotency-Key"), demanded=False)
    call = f"{request.method} {request.path}"
    same = idempotency.request_hash(call, body)
    with writing(wiring.engine) as connection:
        now = wiring.clock()
        return idempotency.once(
            connection, now, by.tenant, key, same, lambda: act(connection, now), operation=call
        )


def _shown(connection: Connection, one: Webhook) -> dict[str, Any]:
    times = {name: getattr(one, name) for name in _TIMES}
    times["next_attempt_at"] = one.quiet_until if one.disabled_at is None else None
    return _present(
        id=one.id,
        url=one.url,
        types=one.types.split(),
        created_at=rfc3339(one.created_at),
        cursor=one.cursor,
        waiting=endpoints.waiting(connection, one.id),
        failures=one.failures,
        disabled_because=one.disabled_because,
        **{name: rfc3339(at) if at else None for name, at in times.items()},
    )


def _present(**members: Any) -> dict[str, Any]:
    """What does not apply is absent."""
    return {name: value for name, value in members.items() if value is not None}
