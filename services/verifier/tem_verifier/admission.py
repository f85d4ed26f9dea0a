"""Who may look up at present, and the answer to who may not: never a word about a stamp."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from flask import Response, g, request

from tem.clients import Clients
from tem.errors import Forbidden, TooMany, Unauthenticated
from tem.http import problems
from tem_verifier.limits import Limit, Refusal
from tem_verifier.rates import Rate

# A file takes only what is above this share of a key's bucket: tills with the same key always
# find the rest.
SPARED = 0.5
WRONG_KEYS = "wrong_keys"  # the kind of that limit
_LOOK_UPS = "look-ups"


@dataclass(frozen=True, slots=True)
class Admission:
    """The limits of this worker: for everybody by address, for retailers by key, for keys that
    are none by address, and for reports by address."""

    public: Limit
    retailer: Limit
    wrong_keys: Limit
    reports: Limit
    clients: Clients

    def client(self) -> str | None:
        """Whom the present request counts for."""
        return self.clients(request.remote_addr or "", request.headers.get("X-Forwarded-For", ""))

    def look_up(self, codes: int = 1) -> Refusal | None:
        """Charge the sender for so many codes."""
        return self.public.take(self.client(), codes)

    def begin(self) -> Refusal | None:
        """Charge the sender of a bulk call for one code; its answer states the limit."""
        g.charged = (self.public, self.client())
        return self.look_up()

    def more(self, codes: int) -> None:
        """Charge the sender for the rest of a call that was let in for one code."""
        self.public.take_more(self.client(), codes)

    def signed_in(self, sign_in: Callable[[], str], codes: int) -> Refusal | None:
        """Charge the holder of a key; the answer states its limit. What ``sign_in`` raises for a
        wrong key is passed on, and charged to the sender, so that nobody tries keys without
        end."""
        refusal = self.wrong_keys.take(self.client(), 0)
        if refusal is not None:
            return refusal
        try:
            holder = sign_in()
        except (Unauthenticated, Forbidden):
            self.wrong_keys.take(self.client())
            raise
        g.charged = (self.retailer, holder)
        return self.retailer.take(holder, codes)

    def wait_for(self, holder: str, lines: int) -> float:
        """Charge the holder of a key for lines of a file: 0, or how many seconds to wait and ask
        again."""
        refusal = self.retailer.take(holder, lines, SPARED)
        return 0.0 if refusal is None else float(refusal.retry_after)


def state(response: Response) -> Response:
    """The answer to a call that was charged, with the limit in its headers and what is left."""
    limit, client = g.get("charged", (None, None))
    if limit is None or limit.rate is None or client is None or "RateLimit" in response.headers:
        return response
    behind = limit.behind(client)
    left, whole_in = limit.rate.left(behind), math.ceil(behind)
    response.headers.extend(_limit_headers(_LOOK_UPS, limit.rate, left, whole_in))
    return response


def error_of(refusal: Refusal) -> TooMany:
    """A refusal in a sentence."""
    rate, seconds = refusal.rate, refusal.retry_after
    if refusal.kind == WRONG_KEYS:
        return TooMany(
            "rate_limited",
            f"More than {rate.quota} calls with a wrong key in {rate.period} seconds came from "
            f"your address, so no key is looked at from there for {seconds} seconds: find who "
            "sends an old one. This says nothing about any stamp.",
        )
    return TooMany(
        "rate_limited",
        f"More look-ups than {rate.quota} in {rate.period} seconds: ask again "
        f"in {seconds} seconds. This says nothing about any stamp.",
    )


def headers_of(refusal: Refusal) -> list[tuple[str, str]]:
    """When to come again: RFC 9110, and the limit itself."""
    name = "wrong-keys" if refusal.kind == WRONG_KEYS else _LOOK_UPS
    return [
        ("Retry-After", str(refusal.retry_after)),
        *_limit_headers(name, refusal.rate, 0, refusal.retry_after),
    ]


def _limit_headers(name: str, rate: Rate, left: int, seconds: int) -> list[tuple[str, str]]:
    """Draft-ietf-httpapi-ratelimit-headers: so many are left, and in so many seconds there are
    more (after a refusal) or all of them."""
    return [
        ("RateLimit-Policy", f'"{name}";q={rate.quota};w={rate.period}'),
        ("RateLimit", f'"{name}";r={left};t={seconds}'),
    ]


def document_of(refusal: Refusal, path: str, request_id: str) -> dict[str, Any]:
    """The problem document, for who answers without Flask."""
    return problems.document_of(error_of(refusal), path, request_id)


def problem(refusal: Refusal) -> Response:
    """The same as a response of Flask's."""
    return with_headers(problems.from_tem_error(error_of(refusal)), refusal)


def with_headers(response: Response, refusal: Refusal) -> Response:
    """A response that also says when to come again."""
    for name, value in headers_of(refusal):
        response.headers[name] = value
    return response
