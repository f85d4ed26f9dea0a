"""The one root of every error this project raises on purpose.

An error says what went wrong in a stable ``code`` and what to do next in ``detail``.
It knows nothing of HTTP: :mod:`tem.http.problems` maps the classes below to status codes.
"""

from collections.abc import Mapping
from typing import Any


class TemError(Exception):
    """Something a caller can act on.

    ``code`` is stable and machine-readable, ``detail`` is for people, ``extra`` carries
    further members of the problem document (JSON values only, never a secret).
    """

    def __init__(self, code: str, detail: str, **extra: Any) -> None:
        super().__init__(detail)
        self.code = code
        self.detail = detail
        self.extra: Mapping[str, Any] = extra


class Invalid(TemError):
    """The request cannot be understood or breaks a rule that no state could make right."""


class Unauthenticated(TemError):
    """No key, or one that is not (or no longer) valid."""


class Forbidden(TemError):
    """The key is valid, but its role may not do this."""


class NotFound(TemError):
    """No such thing, or none that the caller may see."""


class Conflict(TemError):
    """Understood and allowed, but the present state refuses it."""


class PreconditionFailed(TemError):
    """The caller's picture of the thing is out of date."""


class Gone(TemError):
    """It was here and has been destroyed on purpose."""


class TooLarge(TemError):
    """More than the stated limit."""


class TooMany(TemError):
    """More calls than a rate allows; the same call succeeds later."""


class Unavailable(TemError):
    """Cannot be answered at the moment; the same call may succeed later."""
