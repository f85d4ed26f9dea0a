"""What the first start of an installation makes for the issuer. Running it again makes nothing."""

import json
import os

from tem import auth
from tem.clock import system_clock
from tem.database import writing
from tem.installation import Installation, write_private
from tem.trust import OfficeKey, document
from tem.vocabulary import Role
from tem_issuer import keys, settings
from tem_issuer.app import open_store

ACTOR = "first-start"
OFFICE_KEY_FILE, SERVICE_KEY_FILE = "issuer-office.key", "issuer-service.key"


def prepare(installation: Installation) -> list[str]:
    """Make what is missing; one line for each thing made, saying where it lies."""
    config = settings.read(os.environ, installation)
    made = []
    if not config.wrapping_key.exists():
        keys.make_wrapping_key(config.wrapping_key)
        made.append(f"key that wraps codes at rest: {config.wrapping_key}")
    if not config.office_key.exists():
        passphrase = keys.passphrase_from(config.passphrase_file)
        keys.make_office_key(config.office_key, passphrase)
        made.append(f"office's signing key:         {config.office_key}")
    if not installation.trust_file.exists():
        passphrase = keys.passphrase_from(config.passphrase_file)
        public = keys.raw_public(keys.load_office_key(config.office_key, passphrase))
        trust = document([OfficeKey(public, first_batch=config.first_number)], config.sandbox)
        write_private(installation.trust_file, json.dumps(trust, indent=1).encode())
        made.append(f"list of keys to trust:        {installation.trust_file}")
    engine = open_store(config)
    for role, file in ((Role.OFFICE, OFFICE_KEY_FILE), (Role.SERVICE, SERVICE_KEY_FILE)):
        path = installation.key_file(file)
        if not path.exists():
            with writing(engine) as connection:
                name = "first-start" if role is Role.OFFICE else "registry"
                token = auth.create_key(connection, system_clock(), ACTOR, role, name)
            write_private(path, f"{token}\n".encode())  # a file names only a key that exists
            made.append(f"issuer API key ({role}):".ljust(30) + str(path))
    engine.dispose()
    return made
