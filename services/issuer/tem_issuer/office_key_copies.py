"""Copies of office keys for the safe, and back: each sealed under a passphrase of its own."""

from datetime import datetime
from pathlib import Path

from sqlalchemy import Engine

from tem import manifest
from tem.databases.database import writing
from tem.errors import Conflict, NotFound
from tem.trail import audit
from tem.trust import OfficeKey
from tem_issuer import keys, office_key_rules, office_keys
from tem_issuer.settings import Settings


def export(
    engine: Engine | None,
    config: Settings,
    now: datetime,
    actor: str,
    name: str,
    file: Path,
    passphrase: bytes,
) -> OfficeKey:
    """Write a key's private part, sealed under a passphrase of its own, for the safe.

    The trail tells of every copy before there is one; ``engine`` is None where there is no
    database yet: then the minutes of the ceremony do.
    """
    known = office_keys.load(config)
    key = office_key_rules.named(known.keys, name)
    if file.exists():
        raise Conflict("file_there", f"{file} is there already: choose another name.")
    places = {
        **office_keys.prepared(config, known, frozen=True),
        **office_keys.in_use(config, known),
    }
    if key.id not in places:
        raise NotFound("private_part_missing", f"The private part of {key.id[:16]} is not here.")
    private = office_keys.opened(places[key.id], keys.passphrase_from(config.passphrase_file))
    if engine is not None:
        with writing(engine) as connection:
            audit.record(connection, now, actor, "office_key.exported", f"office-key:{key.id}", {})
    keys.store_office_key(file, private, passphrase)
    return key


def restore(
    engine: Engine, config: Settings, now: datetime, actor: str, file: Path, passphrase: bytes
) -> OfficeKey:
    """Put a copy from the safe in its place again. Raises NotFound for a key nobody trusts."""
    private = office_keys.opened(file, passphrase)
    known = office_keys.load(config)
    key = office_key_rules.named(known.keys, manifest.key_id(keys.raw_public(private)))
    office_key_rules.require_usable(key)
    place = office_keys.place_of(config, known, key.id)
    if place.exists() or office_keys.prepared_file(config, key.id).exists():
        raise Conflict("office_key_there", f"{key.id[:16]} is here already.")
    with writing(engine) as connection:  # before it is there: a kill leaves no act untold
        audit.record(connection, now, actor, "office_key.restored", f"office-key:{key.id}", {})
    keys.store_office_key(place, private, keys.passphrase_from(config.passphrase_file))
    return key
