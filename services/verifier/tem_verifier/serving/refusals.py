"""What is answered to what cannot be read: whole answers, after which the connection ends."""

import re
from typing import Any

from gunicorn.http import errors
from httptools import HttpParserInvalidMethodError

from tem.http.gunicorn_hooks import bare_problem, unreadable
from tem_verifier.serving.shedding import BODY, HEAD

_CLOSE = b"Connection: close\r\n\r\n"
OVERLOADED = HEAD + _CLOSE + BODY
FILE_RETRY_SECONDS = 30  # about what half a file takes
# httptools knows the methods that are registered; gunicorn would let the app refuse others.
_METHOD = re.compile(rb"[A-Z0-9!$%&'*+.^_`|~-]{3,20} ")
_NO_METHOD = "This path is not asked that way: /openapi.json lists every call."
_TOO_LARGE = "Send less: no body here may be that long."
_TOO_MANY_FILES = "With this key %d files are under way, which is the most: send them one by one."
_TOO_SLOW = "The request did not arrive in time: send it again, all at once."


def _closing(status: int, detail: str, headers: str = "", code: str = "") -> bytes:
    head, body = bare_problem(status, detail, code, headers)
    return head + _CLOSE + body


def answer(error: BaseException, sent: bytes, log: Any) -> bytes:
    """The answer to ``sent``, which the parser or a rule of gunicorn's refused by ``error``."""
    if isinstance(error, errors.ParseException):
        return unreadable(error)
    if isinstance(error, HttpParserInvalidMethodError) and _METHOD.match(sent):
        return _closing(405, _NO_METHOD, "Allow: GET, HEAD, OPTIONS, POST\r\n")
    if "Content-Length overflow" in str(error):
        return _closing(413, _TOO_LARGE)
    if type(error).__module__.partition(".")[0] == "httptools":
        return unreadable(error)  # type: ignore[arg-type]
    log.error("A connection failed", exc_info=error)
    return _closing(500, "This is our fault and has been logged.")


def too_many_files(most: int) -> bytes:
    """429."""
    retry = f"Retry-After: {FILE_RETRY_SECONDS}\r\n"
    return _closing(429, _TOO_MANY_FILES % most, retry, "rate_limited")


def target_too_long() -> bytes:
    """414."""
    return unreadable(errors.LimitRequestLine(0, 0))


def head_too_long() -> bytes:
    """431."""
    return unreadable(errors.LimitRequestHeaders(""))


def broken() -> bytes:
    """400."""
    return unreadable(errors.ParseException())


def too_slow() -> bytes:
    """408."""
    return _closing(408, _TOO_SLOW)
