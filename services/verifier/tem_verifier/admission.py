"""Who may look up at present, and the answer to who may not: never a word about a stamp."""

from collections.abc import Callable
from dataclasses import dataclass

from flask import Response, request

from tem.errors import Forbidden, Unauthenticated
from tem.http import problems
from tem_verifier import clients
from tem_verifier.clients import NO_PROXIES, Proxies
from tem_verifier.limits import Limit, Refusal


@dataclass(frozen=True, slots=True)
class Admission:
    """The limits of this worker: for everybody by address, for retailers by key, and for keys
    that are none, by address."""

    public: Limit
    retailer: Limit
    wrong_keys: Limit
    proxies: Proxies = NO_PROXIES

    def client(self) -> str | None:
        """Whom the present request counts for."""
        forwarded = request.headers.get("X-Forwarded-For", "")
        return clients.client(request.remote_addr or "", forwarded, self.proxies)

    def look_up(self, codes: int = 1) -> Refusal | None:
        """Charge the sender for so many codes."""
        return self.public.take(self.client(), codes)

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


def problem(refusal: Refusal) -> Response:
    """429 for machines."""
    response = problems.problem(
        429,
        "rate_limited",
        f"More look-ups than {refusal.rate.quota} in {refusal.rate.period} seconds: ask again "
        f"in {refusal.retry_after} seconds. This says nothing about any stamp.",
    )
    return with_headers(response, refusal)


def with_headers(response: Response, refusal: Refusal) -> Response:
    """When to come again: RFC 9110, and draft-ietf-httpapi-ratelimit-headers for the rate."""
    rate = refusal.rate
    response.headers["Retry-After"] = str(refusal.retry_after)
    response.headers["RateLimit-Policy"] = f'"look-ups";q={rate.quota};w={rate.period}'
    response.headers["RateLimit"] = f'"look-ups";r=0;t={refusal.retry_after}'
    return response
