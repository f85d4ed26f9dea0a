"""Alarms: things that must not happen, counted and logged at once. None of them names a code."""

from typing import Any

from prometheus_client import Counter, Gauge

from tem.logs import log

ALARMS = Counter("tem_verifier_alarms", "Things that must not happen", ["kind"])
LASTING = Gauge(
    "tem_verifier_trouble", "1 while a trouble lasts", ["kind"], multiprocess_mode="livemax"
)


def raise_alarm(kind: str, **details: Any) -> None:
    """Count and log. Kinds: ``docs/trust.md``."""
    ALARMS.labels(kind).inc()
    log.error("alarm", alarm=kind, **details)


class Trouble:
    """An alarm that lasts: raised when it begins or changes, noted when it is over."""

    def __init__(self, kind: str) -> None:
        self._kind = kind
        self._told: dict[str, Any] | None = None
        LASTING.labels(kind).set(0)

    def begins(self, **details: Any) -> None:
        """It is so; says nothing if it was so before, with the same details."""
        if details != self._told:
            raise_alarm(self._kind, **details)
            LASTING.labels(self._kind).set(1)
            self._told = details

    def lasts(self, so: bool, **details: Any) -> None:
        """Whether it is so now."""
        if so:
            self.begins(**details)
        else:
            self.ends()

    def ends(self) -> None:
        """It is not so, or no longer."""
        if self._told is not None:
            log.info("alarm_over", alarm=self._kind)
            LASTING.labels(self._kind).set(0)
            self._told = None
