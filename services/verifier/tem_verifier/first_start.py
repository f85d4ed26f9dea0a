"""What the first start of an installation makes for the verifier: its memory and its audit key."""

import os

from tem import checkpoints
from tem.clock import system_clock
from tem.installation import Installation
from tem_verifier import settings
from tem_verifier.app import open_store

ACTOR = "first-start"


def prepare(installation: Installation) -> list[str]:
    """Make the audit key if there is none; no key here could make or change a stamp."""
    engine = open_store(settings.read(os.environ, installation))
    key = checkpoints.key_file(installation, "verifier")
    made = checkpoints.make_key(engine, system_clock(), ACTOR, "verifier", key)
    engine.dispose()
    return [f"verifier's audit key:         {key}"] if made else []
