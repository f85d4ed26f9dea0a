"""The one place that reads the wall clock; everything else is handed a :data:`Clock`."""

from collections.abc import Callable
from datetime import UTC, datetime

Clock = Callable[[], datetime]


def system_clock() -> datetime:
    """Now, with its zone."""
    return datetime.now(UTC)
