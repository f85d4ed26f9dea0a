"""What the first start of an installation makes for the issuer. Running it again makes nothing."""

import os

import click
from sqlalchemy import Engine

from tem.clock import system_clock
from tem.databases.database import is_missing, writing
from tem.errors import Conflict
from tem.http import auth
from tem.installation import Installation
from tem.trail import checkpoints
from tem.vocabulary import Role
from tem_issuer import (
    keys,
    office_key_making,
    office_key_record,
    office_keys,
    pack_key,
    restoring,
    settings,
)
from tem_issuer.settings import Settings
from tem_issuer.store import open_store

ACTOR = "first-start"
OFFICE_KEY_FILE, SERVICE_KEY_FILE = "issuer-office.key", "issuer-service.key"


def prepare(installation: Installation) -> list[str]:
    """Make what is missing; one line for each thing made, saying where it lies."""
    config = settings.read(os.environ, installation)
    require_nothing_lost(config, installation)
    made = []
    if not config.wrapping_key.exists():
        keys.make_wrapping_key(config.wrapping_key)
        made.append(f"key that wraps codes at rest: {config.wrapping_key}")
    if not config.trust_file.exists():
        if not config.office_key.exists():
            made.append(f"office's signing key:         {config.office_key}")
        passphrase = keys.passphrase_from(config.passphrase_file)
        office_key_making.found(config, passphrase, config.first_number)
        made.append(f"list of keys to trust:        {config.trust_file}")
    engine = open_store(config)
    restoring.begin(engine, config, system_clock(), ACTOR)
    with writing(engine) as connection:
        office_key_record.tell_of_all(connection, system_clock(), ACTOR, config)
    audit_key = checkpoints.key_file(installation, "issuer")
    if checkpoints.make_key(engine, system_clock(), ACTOR, "issuer", audit_key):
        made.append(f"issuer's audit key:           {audit_key}")
    for role, name, file in (
        (Role.OFFICE, "first-start", OFFICE_KEY_FILE),
        (Role.SERVICE, "registry", SERVICE_KEY_FILE),
    ):
        path = installation.key_file(file)
        needed = role is Role.SERVICE
        if auth.make_key_file(engine, system_clock(), ACTOR, role, name, path, needed=needed):
            made.append(f"issuer API key ({role}):".ljust(30) + str(path))
    made += _pack_key(engine, config)
    engine.dispose()
    return made


def _pack_key(engine: Engine, config: Settings) -> list[str]:
    """The key that signs offline packs; without an office key all but they goes on."""
    now = system_clock()
    if not pack_key.is_needed(config, now):
        return []
    try:
        pack_key.make(engine, config, now, ACTOR)
    except pack_key.NobodyVouches as away:
        click.echo(f"  no offline packs yet. {away.detail}", err=True)
        return []
    return [f"key that signs offline packs: {config.pack_key_file}"]


def require_nothing_lost(config: Settings, installation: Installation) -> None:
    """Raises Conflict where something is gone that a first start must not invent anew.

    A new counter would give numbers out twice, a new office key would be trusted by nobody, and
    a new wrapping key could open none of the codes that are kept.
    """
    lost = {
        "the issuer's database": is_missing(config.database_url) and any(config.hashes.glob("*")),
        str(config.trust_file): not config.trust_file.exists()
        and (any(config.hashes.glob("*")) or any(config.folder.glob("office-key-*.pem"))),
        "the office key": _office_key_lost(config),
        str(config.wrapping_key): not config.wrapping_key.exists()
        and any(config.codes.glob("*.key")),
    }
    for name, gone in lost.items():
        if gone:
            raise Conflict(
                "lost", f"Missing: {name}. Restore it from a backup: docs/operations.md."
            )


def _office_key_lost(config: Settings) -> bool:
    """Whether some key should be here and none is. Not so where the last is frozen: the office
    knows, and what needs no key goes on; one whose range was closed may be retired."""
    if not config.trust_file.exists():
        return False
    known = office_keys.load(config)
    if office_keys.in_use(config, known) or office_keys.prepared(config, known, frozen=True):
        return False
    last = max((key.last_batch for key in known.keys.values()), default=0)
    return any(key.last_batch == last and not key.frozen for key in known.keys.values())
