"""What the first start of an installation makes for the verifier: its memory and its audit key."""

import os

from sqlalchemy.exc import OperationalError

from tem.clock import system_clock
from tem.installation import Installation
from tem.trail import checkpoints
from tem_verifier import settings
from tem_verifier.store import open_store_whenever

ACTOR = "first-start"


def prepare(installation: Installation) -> list[str]:
    """Make the audit key if there is none; no key here could make or change a stamp.

    While the database's server is away the next start makes it: the service starts all the same.
    """
    engine = open_store_whenever(settings.read(os.environ, installation))
    key = checkpoints.key_file(installation, "verifier")
    try:
        made = checkpoints.make_key(engine, system_clock(), ACTOR, "verifier", key)
    except OperationalError:
        made = False
    finally:
        engine.dispose()
    return [f"verifier's audit key:         {key}"] if made else []
