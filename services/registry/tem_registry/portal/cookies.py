"""The portal's cookies: ``__Host-`` ones, for this host alone, sent by pages of our own alone.

``__Host-`` needs Secure, so browsers keep them over HTTPS and, as far as they trust it, on this
very machine (http://127.0.0.1).
"""

import hashlib
import hmac
import secrets
from dataclasses import dataclass
from datetime import timedelta

from flask import Request, Response

SESSION = "__Host-tem"  # somebody is signed in
VISIT = "__Host-tem-visit"  # nobody is yet: ties the sign-in form to this browser
BROWSER = "__Host-tem-browser"  # somebody was signed in here before
LANGUAGE = "__Host-tem-language"
_YEAR = timedelta(days=365)
_LONGEST = 100


@dataclass(frozen=True, slots=True)
class Cookies:
    """What a browser sent of them."""

    session: str | None
    visit: str | None
    browser: str | None
    language: str | None


def of(request: Request) -> Cookies:
    """The portal's cookies of a request; whatever cannot be one of them is none."""

    def sent(name: str) -> str | None:
        value = request.cookies.get(name, "")
        return value if 0 < len(value) <= _LONGEST and value.isascii() else None

    return Cookies(sent(SESSION), sent(VISIT), sent(BROWSER), sent(LANGUAGE))


def new_visit() -> str:
    """The cookie of somebody who is not signed in."""
    return secrets.token_urlsafe(24)


def csrf_token(cookies: Cookies) -> str:
    """What a form of ours carries: known to pages of this origin alone, bound to the cookie."""
    secret = cookies.session or cookies.visit or ""
    return hmac.new(secret.encode(), b"tem-csrf", hashlib.sha256).hexdigest() if secret else ""


def is_from_our_form(cookies: Cookies, token: str) -> bool:
    """Whether a form's token belongs to the browser's cookie."""
    wanted = csrf_token(cookies)
    return bool(wanted) and hmac.compare_digest(wanted.encode(), token.encode())


def keep(response: Response, name: str, value: str, lasting: timedelta | None = None) -> None:
    """Set one of them; without ``lasting`` it goes when the browser is closed."""
    response.set_cookie(
        name,
        value,
        max_age=lasting,
        path="/",
        secure=True,
        httponly=True,
        samesite="Strict",
    )


def keep_for_a_year(response: Response, name: str, value: str) -> None:
    """Set one that outlives sessions."""
    keep(response, name, value, _YEAR)


def drop(response: Response, name: str) -> None:
    """Delete one of them."""
    response.delete_cookie(name, path="/", secure=True, httponly=True, samesite="Strict")
