"""Operational logs: one JSON object a line on standard error, secrets masked, nothing to forge.

Every line has ``time``, ``level``, ``service`` and ``event``, and ``request_id`` where there is
one. What came from outside can neither begin a line of its own nor steer a terminal: control
characters stand as escapes. A code's batch part may stay (it helps to find a fault); the rest is
a bearer secret in bulk.
"""

import io
import logging
import re
import sys
import threading
from collections.abc import MutableMapping
from typing import Any, TextIO

import structlog

_CODE = re.compile(r"\d{40,}", re.ASCII)
_KEY = re.compile(r"tem_[0-9a-f]{12}_[0-9a-f]+", re.ASCII)
# In a URL, in a connection string of libpq, in the words of a driver.
_PASSWORD = re.compile(r"(://[^\s/@:\"]*:)[^\s@\"]+@")
_NAMED = re.compile(r"((?:password|passphrase)\\?[\"']?\s*[=:]\s*\\?[\"']?)[^\s\"'\\,;&]+", re.I)
# JSON escapes what stands before the blank; these steer terminals or turn lines around as well.
_STEERING = re.compile("[\x7f-\x9f\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff\ud800-\udfff]")

Line = MutableMapping[str, Any]


def mask(text: str) -> str:
    """The text with long digit runs, API keys and passwords cut short."""
    text = _KEY.sub("tem_…", _CODE.sub(lambda found: found[0][:16] + "…", text))
    return _NAMED.sub(r"\1…", _PASSWORD.sub(r"\1…@", text))


def _render(_: Any, __: str, line: Line) -> str:
    """One line of JSON. Masked as a whole, so that no depth hides a secret."""
    text = str(structlog.processors.JSONRenderer(ensure_ascii=False)(_, __, line))
    return _STEERING.sub(lambda found: f"\\u{ord(found[0]):04x}", mask(text))


def _chain(service: str) -> list[Any]:
    """What each line is given before it is written."""

    def from_service(_: Any, __: str, line: Line) -> Line:
        line.setdefault("service", service)  # threads share no context: it is said here
        return line

    return [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True, key="time"),
        from_service,
        structlog.processors.format_exc_info,
    ]


def formatter(service: str) -> logging.Formatter:
    """The same lines for what is logged by the standard library: gunicorn, warnings, drivers."""
    return structlog.stdlib.ProcessorFormatter(
        processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, _render],
        foreign_pre_chain=_chain(service),
    )


class Said(io.TextIOBase):
    """Standard error of a process that runs for long: what others print there becomes lines."""

    def __init__(self, real: TextIO) -> None:
        self.real = real

    def write(self, text: str) -> int:
        """Each line of the text is an event of its own."""
        for line in filter(str.strip, text.splitlines()):
            log.error("said", text=line)
        return len(text)


def _stream() -> TextIO:
    return sys.stderr.real if isinstance(sys.stderr, Said) else sys.stderr


def configure(service: str, level: int = logging.INFO) -> None:
    """Set up structlog and send the standard library's warnings the same way."""
    structlog.configure(
        processors=[*_chain(service), _render],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.WriteLoggerFactory(_stream()),
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(_stream())
    handler.setFormatter(formatter(service))
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(logging.WARNING)


log: structlog.typing.FilteringBoundLogger = structlog.get_logger()


def nobody_reads_along() -> bool:
    """Whether this process writes lines for machines only, because it runs for long."""
    return sys.excepthook is _crashed


def _crashed(kind: type[BaseException], error: BaseException, trace: Any) -> None:
    log.critical("crashed", exc_info=(kind, error, trace))


def log_crashes() -> None:
    """What ends a process or a thread unforeseen is a line as well, not a page of Python's."""
    sys.stderr = Said(_stream())
    sys.excepthook = _crashed
    threading.excepthook = lambda found: log.critical(
        "thread_crashed", thread=found.thread and found.thread.name, exc_info=found[:3]
    )
    logging.captureWarnings(True)
