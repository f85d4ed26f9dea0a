"""Who may look up at present, and the answer to who may not: never a word about a stamp."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from flask import Response, request

from tem.clients import Clients
from tem.errors import Forbidden, TooMany, Unauthenticated
from tem.http import problems
from tem_verifier.limits import Limit, Refusal


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

    def more(self, codes: int) -> None:
        """Charge the sender for the rest of a call that was let in for one code."""
        self.public.take_more(self.client(), codes)

    def signed_in(self, sign_in: Callable[[], str], codes: int) -> Refusal | None:
        """Charge the holder of a key. What ``sign_in`` raises for a wrong one is passed on, and
        charged to the sender, so that nobody tries keys without end."""
        refusal = self.wrong_keys.take(self.client(), 0)
        if refusal is not None:
            return refusal
        try:
            holder = sign_in()
        except (Unauthenticated, Forbidden):
            self.wrong_keys.take(self.client())
            raise
        return self.retailer.take(holder, codes)


def error_of(refusal: Refusal) -> TooMany:
    """A refusal in a sentence."""
    rate = refusal.rate
    return TooMany(
        "rate_limited",
        f"More look-ups than {rate.quota} in {rate.period} seconds: ask again "
        f"in {refusal.retry_after} seconds. This says nothing about any stamp.",
    )


def headers_of(refusal: Refusal) -> list[tuple[str, str]]:
    """When to come again: RFC 9110, and draft-ietf-httpapi-ratelimit-headers for the rate."""
    rate = refusal.rate
    return [
        ("Retry-After", str(refusal.retry_after)),
        ("RateLimit-Policy", f'"look-ups";q={rate.quota};w={rate.period}'),
        ("RateLimit", f'"look-ups";r=0;t={refusal.retry_after}'),
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
