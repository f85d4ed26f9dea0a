"""What the first start of an installation makes for the verifier: its memory, its audit key, and
the key with which the registry asks it for figures."""

import os

from sqlalchemy.exc import OperationalError

from tem.clock import system_clock
from tem.http import auth
from tem.installation import Installation
from tem.trail import checkpoints
from tem.vocabulary import Role
from tem_verifier import settings
from tem_verifier.store import open_store_whenever

ACTOR = "first-start"
REGISTRY_KEY_FILE = "verifier-registry.key"


def prepare(installation: Installation) -> list[str]:
    """Make what is missing; one line for each thing made. No key here makes or changes a stamp.

    The registry's key is made once: several verifiers with one database must not revoke each
    other's. While the database's server is away the next start makes it: the service starts
    all the same.
    """
    engine = open_store_whenever(settings.read(os.environ, installation))
    audit_key = checkpoints.key_file(installation, "verifier")
    asking = installation.key_file(REGISTRY_KEY_FILE)
    made = []
    try:
        if checkpoints.make_key(engine, system_clock(), ACTOR, "verifier", audit_key):
            made.append("verifier's audit key:".ljust(30) + str(audit_key))
        if auth.make_key_file(engine, system_clock(), ACTOR, Role.SERVICE, "registry", asking):
            made.append("verifier API key (registry):".ljust(30) + str(asking))
    except OperationalError:
        pass
    finally:
        engine.dispose()
    return made
