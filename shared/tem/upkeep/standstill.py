"""Work on an installation that nobody runs."""

import os
from collections.abc import Iterator
from contextlib import contextmanager

from tem.errors import Conflict
from tem.installation import Installation
from tem.process import LockHeld, hold_lock


@contextmanager
def standstill(installation: Installation) -> Iterator[None]:
    """Nobody runs the services of an installation, or imports, for as long as the block lasts.

    Raises Conflict with the code ``already_running`` if somebody does.
    """
    try:
        lock = hold_lock(installation.lock_file)
    except LockHeld as error:
        raise Conflict(
            "already_running",
            f"The services of {installation.data} are running, or an import is: stop them first.",
        ) from error
    try:
        yield
    finally:
        os.close(lock)
