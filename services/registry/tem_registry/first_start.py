"""What the first start of an installation makes for the registry: the office's account."""

import os

from tem import auth
from tem.clock import system_clock
from tem.installation import Installation
from tem.vocabulary import Role
from tem_registry import settings
from tem_registry.app import open_store

ACTOR = "first-start"
OFFICE_KEY_FILE = "registry-office.key"


def prepare(installation: Installation) -> list[str]:
    """Make the office's key if there is none; a line saying where it lies."""
    path = installation.key_file(OFFICE_KEY_FILE)
    engine = open_store(settings.read(os.environ, installation))
    made = []
    if auth.make_key_file(engine, system_clock(), ACTOR, Role.OFFICE, ACTOR, path):
        made.append("registry API key (office):".ljust(30) + str(path))
    engine.dispose()
    return made
