"""What every service's web app has in common: strict JSON, problems, keys, OpenAPI."""

import contextlib
import json
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import structlog
from flask import Flask, Response, current_app, g, request
from flask_smorest import Api
from sqlalchemy import Engine
from werkzeug.exceptions import HTTPException, RequestEntityTooLarge, UnsupportedMediaType

from tem.clock import Clock
from tem.databases.database import reading, writing
from tem.errors import Invalid
from tem.http import answered, auth, health, idempotency, inside, openapi, problems
from tem.http.auth import Principal
from tem.http.strictjson import StoringNothing, StrictJSONProvider
from tem.http.wire import pointers, told
from tem.vocabulary import Role

MAX_BODY_BYTES = 64 * 1024

KEY_HEADER = {
    "in": "header",
    "name": "Idempotency-Key",
    "schema": {"type": "string", "maxLength": 200},
    "description": "Your own name for this act; send the same one when you retry.",
}
KEY_DEMANDED = {**KEY_HEADER, "required": True}


class ProblemApi(Api):  # type: ignore[misc]
    """flask-smorest with our error documents instead of its own."""

    signed_in = True
    read_body: Callable[[], None] | None = None

    def register_blueprint(self, blp: Any, **options: Any) -> None:
        """Where the blueprint itself says who may ask, it does so before a body is read."""
        if self.read_body is not None:
            blp.before_request(self.read_body)
        super().register_blueprint(blp, **options)

    def _openapi_json(self) -> Response:
        """The document, made once: the code behind it does not change while it runs."""
        if "text" not in self.__dict__:
            document = openapi.complete(self.spec.to_dict(), signed_in=self.signed_in)
            self.text = json.dumps(document, ensure_ascii=False, indent=1)
        return Response(self.text, content_type="application/json")

    def handle_http_exception(self, error: HTTPException) -> Response:
        """One shape for all errors."""
        return problems.from_http_error(error)


@dataclass(frozen=True, slots=True)
class Wiring:
    """What a blueprint needs to do its work; made once, in the service's ``app.py``."""

    engine: Engine
    clock: Clock

    def principal(self, *roles: Role) -> Principal:
        """Who sent the present request. Raises Unauthenticated, or Forbidden for other roles."""
        if "principal" not in g:
            g.principal = inside.principal() or self._key_holder()
            structlog.contextvars.bind_contextvars(actor=g.principal.actor)
        principal: Principal = g.principal
        if roles:
            principal.require(*roles)
        return principal

    def _key_holder(self) -> Principal:
        with reading(self.engine) as connection:
            return auth.authenticate(connection, request.headers.get("Authorization"))

    def once(
        self,
        principal: Principal,
        body: Any,
        act: Callable[[Any], dict[str, Any]],
        *,
        demanded: bool = False,
    ) -> dict[str, Any]:
        """Run ``act(connection)`` in one transaction, once per ``Idempotency-Key``."""
        key = idempotency.check_key(request.headers.get("Idempotency-Key"), demanded=demanded)
        call = f"{request.method} {request.path}"
        same = idempotency.request_hash(call, body)
        with writing(self.engine) as connection:
            return idempotency.once(
                connection,
                self.clock(),
                principal.tenant,
                key,
                same,
                lambda: act(connection),
                operation=call,
            )

    def act(
        self,
        roles: tuple[Role, ...],
        body: Any,
        act: Callable[[Any, datetime, Principal], dict[str, Any]],
        *,
        demanded: bool = False,
    ) -> dict[str, Any]:
        """Let one of ``roles`` run ``act(connection, now, by)``, once per ``Idempotency-Key``."""
        principal = self.principal(*roles)
        return self.once(
            principal, body, lambda c: act(c, self.clock(), principal), demanded=demanded
        )


def service_app(
    service: str,
    version: str,
    wiring: Wiring,
    ready: Callable[[], dict[str, Any]],
    *,
    signed_in: bool = True,
    seldom: Mapping[str, int] | None = None,
    admit: Callable[[], Response | None] | None = None,
) -> tuple[Flask, Api]:
    """A Flask app with the conventions of all services; blueprints come from the caller.

    ``ready`` gives the members of ``/readyz`` or raises Unavailable. With ``signed_in`` nothing
    under /v1/ is read without a key; without it the service is open and stores nothing sent.
    ``admit`` may answer a request in place of everything else, before its body is read.
    ``seldom`` names routes that do not leave a line each in the log (:mod:`tem.http.answered`).
    """
    app = Flask(f"tem_{service}", static_folder=None)
    app.json = StrictJSONProvider(app) if signed_in else StoringNothing(app)
    app.config.update(
        MAX_CONTENT_LENGTH=MAX_BODY_BYTES,
        RAW_BODIES={},  # path -> bytes, where a body may be other than JSON
        RAW_OR_JSON=set(),  # those where it may be JSON too
        API_TITLE=f"Tem {service}",
        API_VERSION=version,
        OPENAPI_VERSION="3.1.0",
        OPENAPI_URL_PREFIX="/",
        OPENAPI_JSON_PATH="openapi.json",
    )
    api = ProblemApi(app)
    api.signed_in = signed_in
    scheme = {"type": "http", "scheme": "bearer", "description": "An API key: tem_…"}
    api.spec.components.security_scheme("key", scheme)
    app.url_map.merge_slashes = False  # no redirects to wherever the Host header says
    problems.register(app)
    answered.register(app, service, seldom or {})
    app.before_request(_read_query)
    if admit is not None:
        app.before_request(admit)
    _bodies(app, api, wiring, signed_in)
    health.register(app, ready)
    return app, api


def _read_query() -> None:
    """Raises Invalid where the query holds bytes that are no text (servers other than our own
    worker pass them on), and where a call is told one thing twice: which is meant?"""
    try:
        named = request.args
    except UnicodeDecodeError as error:
        raise Invalid("bad_query", "Percent-encode what is not ASCII in the query.") from error
    if request.path.startswith("/v1/"):
        twice = {name: ["Say it once."] for name, said in named.lists() if len(said) > 1}
        if twice:
            faults = list(pointers(twice))[: problems.MOST_FAULTS]
            raise Invalid("validation_failed", told(faults), errors=faults)


DRAIN_BYTES = 8 * 1024 * 1024


def _drain() -> None:
    """Read on what is too much, up to a bound: many clients read no answer before they have sent
    everything, and would only see a broken connection."""
    stream, left = request.environ["wsgi.input"], DRAIN_BYTES
    with contextlib.suppress(Exception):  # the answer is the same whatever the sender does
        while left > 0 and (piece := stream.read(min(left, 65536))):
            left -= len(piece)


def _body() -> bytes:
    """The body as sent. Raises Invalid where the sender broke off or broke the framing."""
    try:
        return request.get_data()
    except RequestEntityTooLarge as error:
        _drain()
        most = current_app.config["RAW_BODIES"].get(
            request.path, current_app.config["MAX_CONTENT_LENGTH"]
        )
        raise RequestEntityTooLarge(_too_large(most)) from error
    except HTTPException:
        raise
    except Exception as error:  # the server's reader has exceptions of its own kinds
        raise Invalid("bad_body", "The body could not be read to its end.") from error


def takes_raw(app: Flask, path: str, most: int, *, or_json: bool = False) -> None:
    """Let bodies of a path be other than JSON, ``most`` bytes at most; :func:`raw_body` reads.
    With ``or_json`` one that says it is JSON is read as JSON of the usual size."""
    app.config["RAW_BODIES"][path] = most
    if or_json:
        app.config["RAW_OR_JSON"].add(path)


def raw_body(types: Collection[str]) -> bytes:
    """The body of a call that takes files. Raises for another media type, none, or too much."""
    if request.mimetype not in types:
        raise UnsupportedMediaType(f"Send one of {', '.join(types)} with its Content-Type.")
    body = _body()
    if not body:
        raise Invalid("file_empty", "Send the bytes of the file as the body.")
    most = current_app.config["RAW_BODIES"][request.path]
    if len(body) > most:
        raise RequestEntityTooLarge(_too_large(most))
    return body


def _too_large(most: int) -> str:
    return f"Send at most {most} bytes ({most // 1024} KiB) in this call."


def _require_plain() -> None:
    """Raises UnsupportedMediaType for a body that is packed, or written in other letters."""
    if request.headers.get("Content-Encoding", "identity").strip().lower() != "identity":
        raise UnsupportedMediaType("Send the body as it is, without Content-Encoding.")
    if request.mimetype_params.get("charset", "utf-8").lower() not in ("utf-8", "utf8"):
        raise UnsupportedMediaType("Write the body in UTF-8, and say so or nothing as charset.")


def _bodies(app: Flask, api: ProblemApi, wiring: Wiring, signed_in: bool) -> None:
    """The order of refusals: no key, not JSON by our rules, then what the schemas say."""

    def read_strictly() -> None:
        if not request.path.startswith("/v1/"):
            return
        has_body = bool(request.content_length) or "Transfer-Encoding" in request.headers
        if request.method in ("POST", "PATCH", "PUT") and has_body:
            _require_plain()
            raw = app.config["RAW_BODIES"].get(request.path)
            as_json = request.is_json and request.path in app.config["RAW_OR_JSON"]
            if raw is not None and not as_json:
                request.max_content_length = raw + 1  # what has no length is cut off there
                return
            if not request.is_json:
                raise UnsupportedMediaType("Send JSON with Content-Type: application/json.")
            if _body():
                request.get_json()  # webargs parses by rules of its own: ours come first

    @app.before_request
    def sign_in_first() -> None:
        if signed_in and request.path.startswith("/v1/"):
            wiring.principal()
        if signed_in or not (request.blueprints or request.routing_exception):
            read_strictly()

    if not signed_in:
        api.read_body = read_strictly
