"""Work beside the look-ups: threads that do one thing again and again, and outlive its faults."""

import random
import threading
from collections.abc import Callable

from tem.logs import log


def begin(step: Callable[[], object], seconds: float, stopping: threading.Event) -> None:
    """Do ``step`` at once and then about every so many seconds, until told to stop."""

    def repeat() -> None:
        while True:
            try:
                step()
            except Exception as error:  # whatever it is, the next time may go well
                log.error("background_step_failed", step=step.__qualname__, exc_info=error)
            # Workers started together must not go on asking in step.
            if stopping.wait(seconds * random.uniform(0.8, 1.2)):  # noqa: S311
                return

    threading.Thread(target=repeat, daemon=True).start()
