"""A service's own calls, made from inside it: what its pages do, they do as clients of its API.

Such a call goes through the whole app (schemas, roles, idempotency, error documents) in a context
of its own, without a socket. Who acts stands in the WSGI environment under a name that no header
can have: what comes over HTTP there begins with ``HTTP_``.
"""

import contextvars
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from flask import Flask, request
from werkzeug.test import EnvironBuilder, run_wsgi_app

from tem.http.auth import Principal

_WHO = "tem.principal"


def principal() -> Principal | None:
    """Who the present request acts as, if it came from inside."""
    found: Principal | None = request.environ.get(_WHO)
    return found


class Refused(Exception):
    """A call was refused: its problem document (RFC 9457) and status."""

    def __init__(self, status: int, problem: Mapping[str, Any], headers: Mapping[str, str]) -> None:
        super().__init__(problem.get("code"))
        self.status, self.problem, self.headers = status, problem, headers

    @property
    def code(self) -> str:
        """The stable code."""
        return str(self.problem.get("code", "internal_error"))

    @property
    def detail(self) -> str:
        """What to do next, in English."""
        return str(self.problem.get("detail", ""))

    @property
    def errors(self) -> list[dict[str, str]]:
        """What is wrong where: ``pointer`` (JSON Pointer), ``code`` and ``detail`` of each."""
        return list(self.problem.get("errors", ()))


@dataclass(frozen=True, slots=True)
class Answer:
    """What a call gave: raw bytes, and the headers worth having."""

    status: int
    content: bytes
    headers: Mapping[str, str]

    @property
    def json(self) -> Any:
        """The body as JSON."""
        return json.loads(self.content)

    @property
    def etag(self) -> str:
        """The version of what was shown, for ``If-Match``."""
        return self.headers.get("ETag", "")


class Api:
    """Calls of one person. Every method raises :class:`Refused` for a status of 400 and more."""

    def __init__(self, app: Flask, who: Principal, request_id: str) -> None:
        self._app, self._who, self._request_id = app, who, request_id

    def get(self, path: str, **query: Any) -> Any:
        """The JSON of a GET; parameters that are None or empty are left out."""
        return self.ask("GET", _with(path, query)).json

    def every(self, path: str, most: int = 2000, **query: Any) -> list[Any]:
        """The items of all pages of a list, ``most`` at most."""
        items: list[Any] = []
        after: str | None = None
        while len(items) < most:
            page = self.get(path, **query, after=after)
            items += page["items"]
            after = page.get("next")
            if after is None:
                break
        return items[:most]

    def post(self, path: str, body: Any = None, *, key: str | None = None) -> Any:
        """The JSON of a POST; ``key`` is its Idempotency-Key."""
        sent = {} if key is None else {"Idempotency-Key": key}
        return self.ask("POST", path, {} if body is None else body, sent).json

    def patch(self, path: str, body: Any, *, key: str | None = None, etag: str = "") -> Any:
        """The JSON of a PATCH of what was seen as ``etag``."""
        sent = {} if key is None else {"Idempotency-Key": key}
        return self.ask("PATCH", path, body, {**sent, **({"If-Match": etag} if etag else {})}).json

    def send(self, path: str, content: bytes, content_type: str, *, key: str | None = None) -> Any:
        """The JSON of a POST of a file."""
        sent = {} if key is None else {"Idempotency-Key": key}
        return self.ask("POST", path, content, {**sent, "Content-Type": content_type}).json

    def ask(
        self,
        method: str,
        target: str,
        body: Any = None,
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        """A call as it would arrive over HTTP; a body that is not bytes is sent as JSON."""
        sent = {"Accept": "application/json", "X-Request-Id": self._request_id, **(headers or {})}
        if body is not None and not isinstance(body, bytes):
            body = json.dumps(body, ensure_ascii=False).encode()
            sent["Content-Type"] = "application/json"
        path, _, query = target.partition("?")
        environ = EnvironBuilder(
            path=path, query_string=query, method=method, headers=list(sent.items()), data=body
        ).get_environ()
        environ[_WHO] = self._who
        # A context of its own: nothing of the request that asks is seen by the one that is asked.
        chunks, status, found = contextvars.Context().run(
            run_wsgi_app, self._app.wsgi_app, environ, buffered=True
        )
        answer = Answer(int(status.split()[0]), b"".join(chunks), dict(found))
        if answer.status >= 400:
            raise Refused(answer.status, _problem(answer), answer.headers)
        return answer


def _with(path: str, query: Mapping[str, Any]) -> str:
    known = {name: value for name, value in query.items() if value not in (None, "")}
    return f"{path}?{urlencode(known, doseq=True)}" if known else path


def _problem(answer: Answer) -> dict[str, Any]:
    try:
        found = answer.json
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}
