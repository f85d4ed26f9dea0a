"""What the first start makes for the registry: the office's account, and its audit key."""

import os

from tem.clock import system_clock
from tem.http import auth
from tem.installation import Installation
from tem.trail import checkpoints
from tem.vocabulary import Role
from tem_registry import settings
from tem_registry.store import open_store

ACTOR = "first-start"
OFFICE_KEY_FILE = "registry-office.key"


def prepare(installation: Installation) -> list[str]:
    """Make what is missing; one line for each thing made, saying where it lies."""
    path = installation.key_file(OFFICE_KEY_FILE)
    config = settings.read(os.environ, installation)
    engine = open_store(config)
    made = []
    key = config.audit_key_file
    if checkpoints.make_key(engine, system_clock(), ACTOR, "registry", key):
        made.append("registry's audit key:".ljust(30) + str(key))
    if auth.make_key_file(engine, system_clock(), ACTOR, Role.OFFICE, ACTOR, path):
        made.append("registry API key (office):".ljust(30) + str(path))
    engine.dispose()
    return made
