"""What every answer carries and leaves behind: an id, safe headers, a count, a line in the log."""

import time
from collections.abc import Mapping

from flask import Flask, Response, g, request

from tem import metrics
from tem.databases import patience
from tem.http import correlation, inside
from tem.logs import log

# How long an act waits for a database that says nothing before it ends as a 503.
DATABASE_SECONDS = 15.0
_CSP = "default-src 'none'; frame-ancestors 'none'; base-uri 'none'"
SAFE_HEADERS = (
    ("X-Content-Type-Options", "nosniff"),
    ("Referrer-Policy", "no-referrer"),
    ("Cache-Control", "no-store"),
    ("Content-Security-Policy", _CSP),
)


def register(app: Flask, service: str, seldom: Mapping[str, int]) -> None:
    """Begin and end each request. ``seldom``: route class -> one line in so many answers, 0 none.

    Health questions leave none: bad news has a line of its own (:mod:`tem.http.health`).
    """
    told = Told(seldom)
    metrics.DATABASE_FAILURES.labels(service)  # counted from the start: the first is a rise

    @app.before_request
    def begin() -> None:
        g.started = time.perf_counter()
        sent = request.headers.get("X-Request-Id")
        g.request_id = correlation.begin(sent, request.headers.get("traceparent"))
        patience.seconds.set(DATABASE_SECONDS)

    @app.after_request
    def end(response: Response) -> Response:
        response.headers.setdefault("X-Request-Id", g.get("request_id", ""))
        for name, value in SAFE_HEADERS:
            response.headers.setdefault(name, value)
        if inside.principal() is not None:
            return response  # the page that asked is counted and leaves the line
        taken = time.perf_counter() - g.get("started", time.perf_counter())
        rule = request.url_rule.rule if request.url_rule else None
        kind = metrics.route_class(request.method, rule)
        method = metrics.counted_method(request.method)
        metrics.REQUESTS.labels(service, method, str(response.status_code)).inc()
        metrics.SECONDS.labels(service, kind).observe(taken)
        if told.is_worth_a_line(kind):
            _log(method, rule, response.status_code, taken)
        return response

    @app.teardown_request
    def over(_: BaseException | None) -> None:
        patience.seconds.set(None)
        correlation.end()


def _log(method: str, rule: str | None, status: int, taken: float) -> None:
    """The path beside its route names the thing asked for; codes in it are cut short."""
    principal = g.get("principal")
    log.info(
        "request",
        method=method,
        route=rule or "none",
        path=request.path[:200],
        status=status,
        ms=round(taken * 1000, 2),
        actor=principal.actor if principal else "",
    )


class Told:
    """Which answers are worth a line. Counting is not exact across threads, and need not be."""

    def __init__(self, seldom: Mapping[str, int]) -> None:
        self._seldom = dict(seldom)
        self._seen = dict.fromkeys(seldom, 0)

    def is_worth_a_line(self, kind: str) -> bool:
        """Whether to write a line for an answer of this route class."""
        if kind == "health":
            return False
        one_in = self._seldom.get(kind, 1)
        if one_in <= 1:
            return one_in == 1
        self._seen[kind] += 1
        return self._seen[kind] % one_in == 0
