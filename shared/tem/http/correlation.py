"""Which request an act belongs to, across services: ``X-Request-Id`` and ``traceparent``.

The id a caller sent (or one made here) stands in the answer, in log lines and in audit entries, and
goes along to the next service. https://www.w3.org/TR/trace-context/#traceparent-header
"""

import contextlib
import re
import secrets
from collections.abc import Iterator
from contextvars import ContextVar

import structlog

from tem.trail import audit

_ID = re.compile(r"[A-Za-z0-9._-]{8,64}", re.ASCII)
_PARENT = re.compile(r"00-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})", re.ASCII)
_trace: ContextVar[tuple[str, str] | None] = ContextVar("trace", default=None)  # id, flags


def begin(sent: str | None, traceparent: str | None) -> str:
    """The id of a request that arrives: the caller's if it is one, else its trace, else new."""
    trace = _traced(traceparent)
    id = sent if sent and _ID.fullmatch(sent) else trace[0] if trace else secrets.token_hex(8)
    _bind(id, trace)
    return id


def end() -> None:
    """Nothing that follows belongs to a request any more."""
    audit.request_id.set("")
    _trace.set(None)
    structlog.contextvars.unbind_contextvars("request_id", "trace_id", "actor")


@contextlib.contextmanager
def under(id: str) -> Iterator[None]:
    """What the block does belongs to this id, as if a request had brought it."""
    _bind(id, None)
    try:
        yield
    finally:
        end()


def headers() -> dict[str, str]:
    """What a call to another service takes along; a span of ours stands for this one."""
    id, trace = audit.request_id.get(), _trace.get()
    out = {"X-Request-Id": id} if id else {}
    if trace:
        out["traceparent"] = f"00-{trace[0]}-{secrets.token_hex(8)}-{trace[1]}"
    return out


def _bind(id: str, trace: tuple[str, str] | None) -> None:
    audit.request_id.set(id)
    _trace.set(trace)
    structlog.contextvars.bind_contextvars(
        request_id=id, **({"trace_id": trace[0]} if trace else {})
    )


def _traced(header: str | None) -> tuple[str, str] | None:
    """Trace id and flags; None for what is not version 00, or for ids of zeros."""
    found = _PARENT.fullmatch(header or "")
    if not found or not int(found[1], 16) or not int(found[2], 16):
        return None
    return found[1], found[3]
