"""What the first start of an installation makes for the registry: the office's account."""

import os

from tem import auth
from tem.clock import system_clock
from tem.database import writing
from tem.installation import Installation, write_private
from tem.vocabulary import Role
from tem_registry import settings
from tem_registry.app import open_store

OFFICE_KEY_FILE = "registry-office.key"


def prepare(installation: Installation) -> list[str]:
    """Make the office's key if there is none; a line saying where it lies."""
    path = installation.key_file(OFFICE_KEY_FILE)
    engine = open_store(settings.read(os.environ, installation))
    made = []
    if not path.exists():
        with writing(engine) as connection:
            token = auth.create_key(
                connection, system_clock(), "first-start", Role.OFFICE, "first-start"
            )
            write_private(path, f"{token}\n".encode())
        made.append("registry API key (office):".ljust(30) + str(path))
    engine.dispose()
    return made
