"""Alarms: things that must not happen, counted and logged at once. None of them names a code."""

from typing import Any

from prometheus_client import Counter

from tem.logs import log

ALARMS = Counter("tem_verifier_alarms", "Things that must not happen", ["kind"])


def raise_alarm(kind: str, **details: Any) -> None:
    """Count and log. Kinds: ``docs/trust.md``."""
    ALARMS.labels(kind).inc()
    log.error("alarm", alarm=kind, **details)
