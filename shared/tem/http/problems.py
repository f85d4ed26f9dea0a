"""Errors at the edge: ``application/problem+json`` (RFC 9457) with a stable ``code``."""

import json
from collections.abc import Mapping
from itertools import islice
from typing import Any

from flask import Flask, Response, g, request
from sqlalchemy.exc import (
    DataError,
    DBAPIError,
    IntegrityError,
    InterfaceError,
    InternalError,
    NotSupportedError,
    OperationalError,
)
from sqlalchemy.exc import TimeoutError as PoolTimeout
from werkzeug.exceptions import HTTPException

from tem import errors, metrics
from tem.http.wire import pointers, told
from tem.logs import log

STATUS: tuple[tuple[type[errors.TemError], int], ...] = (
    (errors.Unauthenticated, 401),
    (errors.Forbidden, 403),
    (errors.NotFound, 404),
    (errors.Conflict, 409),
    (errors.Gone, 410),
    (errors.PreconditionFailed, 412),
    (errors.TooLarge, 413),
    (errors.TooMany, 429),
    (errors.Unavailable, 503),
    (errors.Invalid, 422),
)
# Requests that could not even be read, as opposed to read and refused.
BAD_REQUEST = {
    *("bad_json", "bad_body", "idempotency_key_missing", "idempotency_key_invalid"),
    *("bad_query", "malformed_digital_link", "malformed_gtin"),
}
RETRY_AFTER_SECONDS = 2
MOST_FAULTS = 100  # told of one body
# What a standby of PostgreSQL says to a write: read-only transaction; no writing while recovering.
READ_ONLY = ("25006", "0A000")
_SENTENCES = {
    404: "There is nothing at this path: /openapi.json lists every call.",
    405: "This path is not asked that way: the header Allow names how, /openapi.json what for.",
}


def document_of(error: errors.TemError, instance: str, request_id: str) -> dict[str, Any]:
    """The problem document of one of our own errors about a path, outside a request of Flask's."""
    status = _status_of(error)
    return {**_document(status, error.code, error.detail, instance, request_id), **error.extra}


def encoded(document: Mapping[str, Any]) -> bytes:
    """A problem document as it is sent."""
    return json.dumps(document, ensure_ascii=False, default=str).encode("utf-8", "replace")


def _document(
    status: int, code: str, detail: str, instance: str, request_id: str
) -> dict[str, Any]:
    return {
        "type": f"urn:tem:problem:{code}",
        "title": code.replace("_", " ").capitalize(),
        "status": status,
        "code": code,
        "detail": detail,
        "instance": instance,
        "request_id": request_id,
    }


def problem(status: int, code: str, detail: str, **extra: Any) -> Response:
    """One problem document. ``extra`` members must be JSON values and hold no secret."""
    instance = request.path if status != 414 else ""
    document = _document(status, code, detail, instance, g.get("request_id", "")) | extra
    response = Response(encoded(document), status, content_type="application/problem+json")
    if status == 413:
        response.headers["Connection"] = "close"  # what was not read would be taken for a request
    if status == 401:
        response.headers["WWW-Authenticate"] = 'Bearer realm="tem"'
    if status in (429, 503):
        response.headers["Retry-After"] = str(RETRY_AFTER_SECONDS)
    return response


def from_tem_error(error: errors.TemError) -> Response:
    """A problem from one of our own errors."""
    return problem(_status_of(error), error.code, error.detail, **error.extra)


def _status_of(error: errors.TemError) -> int:
    if error.code in BAD_REQUEST:
        return 400
    return next((status for kind, status in STATUS if isinstance(error, kind)), 500)


def from_http_error(error: HTTPException) -> Response:
    """A problem from Flask, werkzeug or webargs (whose messages become JSON Pointers)."""
    status = error.code or 500
    messages = getattr(error, "data", {}).get("messages") if hasattr(error, "data") else None
    if messages:
        listed = list(islice(pointers(messages), MOST_FAULTS))
        return problem(status, "validation_failed", told(listed), errors=listed)
    name = (error.name or "error").lower().replace(" ", "_")
    response = problem(status, name, _sentence(error))
    for header in ("Allow", "Retry-After"):
        for key, value in error.get_headers():
            if key == header:
                response.headers[header] = value
    return response


def _sentence(error: HTTPException) -> str:
    """What to do next: our own words where werkzeug speaks of servers and spelling."""
    if error.description == type(error).description or not error.description:
        return _SENTENCES.get(error.code or 500) or error.description or error.name
    return error.description


def register(app: Flask) -> None:
    """Give every error of the app the one shape."""
    app.register_error_handler(errors.TemError, from_tem_error)
    app.register_error_handler(HTTPException, from_http_error)

    def unavailable(error: Exception) -> Response:
        log.error("database_unavailable", error=type(error).__name__, path=request.path)
        metrics.DATABASE_FAILURES.labels(app.name.removeprefix("tem_")).inc()
        return problem(503, "temporarily_unavailable", "Please send the same request again.")

    for kind in (OperationalError, InterfaceError, PoolTimeout):
        app.register_error_handler(kind, unavailable)

    def perhaps_a_standby(error: DBAPIError) -> Response:
        if getattr(error.orig, "sqlstate", None) in READ_ONLY:
            return unavailable(error)
        return unexpected(error)

    for refused in (InternalError, NotSupportedError):
        app.register_error_handler(refused, perhaps_a_standby)

    @app.errorhandler(DataError)
    def unstorable(error: DataError) -> Response:
        return problem(422, "unstorable_value", "A value cannot be stored as it was sent.")

    @app.errorhandler(IntegrityError)
    def integrity(error: IntegrityError) -> Response:
        log.warning("integrity_error", path=request.path, error=str(error.orig))
        return problem(409, "conflict", "Something else changed at the same time: look again.")

    @app.errorhandler(Exception)
    def unexpected(error: Exception) -> Response:
        log.error("unexpected_error", path=request.path, exc_info=error)
        return problem(500, "internal_error", "This is our fault and has been logged.")
