"""Operational logs: one JSON object a line on standard error, stamp codes masked.

A code's batch part may stay (it helps to find a fault); the rest is a bearer secret in bulk.
"""

import logging
import re
import sys
from collections.abc import MutableMapping
from typing import Any

import structlog

_CODE = re.compile(r"\d{40,}", re.ASCII)
_KEY = re.compile(r"tem_[0-9a-f]{12}_[0-9a-f]+", re.ASCII)


def mask(text: str) -> str:
    """The text with long digit runs and API keys cut short."""
    return _KEY.sub("tem_…", _CODE.sub(lambda found: found[0][:16] + "…", text))


def _mask_event(_: Any, __: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    for name, value in event.items():
        if isinstance(value, str):
            event[name] = mask(value)
    return event


def configure(service: str, level: int = logging.INFO) -> None:
    """Set up structlog and send the standard library's warnings the same way."""
    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
        _mask_event,
    ]
    structlog.configure(
        processors=[*shared, structlog.processors.JSONRenderer(ensure_ascii=False)],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.WriteLoggerFactory(sys.stderr),
        cache_logger_on_first_use=True,
    )
    structlog.contextvars.bind_contextvars(service=service)
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.JSONRenderer(ensure_ascii=False),
            ],
            foreign_pre_chain=shared,
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(logging.WARNING)


log: structlog.typing.FilteringBoundLogger = structlog.get_logger()
