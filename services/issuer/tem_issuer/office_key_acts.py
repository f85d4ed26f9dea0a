"""Office keys put to use and given up. Every act can be killed anywhere and run again.

Files are written inside the transaction that records the act; an entry that a kill left out is
made by the next run.
"""

from datetime import datetime
from pathlib import Path

from sqlalchemy import Engine

from tem import trust
from tem.databases.database import writing
from tem.errors import Conflict, NotFound
from tem.installation import sync_folder
from tem.trust import OfficeKey
from tem_issuer import keys, office_key_rules, office_keys, storage
from tem_issuer.office_key_record import tell
from tem_issuer.settings import Settings


def activate(engine: Engine, config: Settings, now: datetime, actor: str, name: str) -> int:
    """Let a prepared key sign; from which number on. Numbers already taken keep their signer.

    Two files change, and a kill between them costs nothing but a wait: once the old key's range
    is closed nobody signs behind it until the new key's private part is in use.
    """
    with writing(engine) as connection:
        storage.hold(connection, storage.counter_table)  # no number is taken meanwhile
        known = office_keys.load(config)
        key = office_key_rules.named(known.keys, name)
        office_key_rules.require_usable(key)
        draft = office_keys.prepared_file(config, key.id)
        here = office_keys.in_use(config, known)
        if key.id in here:
            tell(connection, now, actor, "activated", key, first_batch=key.first_batch)
            return key.first_batch
        if not draft.exists():
            raise NotFound(
                "private_part_missing", f"There is no {draft}: nothing can sign with it."
            )
        _require_ours(config, key, draft)
        following = storage.counter(connection) or config.first_number
        start, changed = office_key_rules.activated(known.keys, key, here, following)
        trust.save(config.trust_file, changed, known.sandbox)
        draft.replace(office_keys.private_file(config, key.id))
        sync_folder(config.folder)
        tell(connection, now, actor, "activated", key, first_batch=start)
    return start


def _require_ours(config: Settings, key: OfficeKey, draft: Path) -> None:
    """Raises Conflict if the signer could not open this file, or would find another key in it."""
    private = office_keys.opened(draft, keys.passphrase_from(config.passphrase_file))
    if keys.raw_public(private) != key.public_key:
        raise Conflict("other_office_key", f"{draft} holds another key than trust.json names.")


def retire(
    engine: Engine, config: Settings, now: datetime, actor: str, name: str, lost: bool = False
) -> bool:
    """Destroy a key's private part; whether there was one. Its manifests stay accepted.

    Raises Conflict while it has batches to sign, unless it is ``lost``: it cannot be opened.
    """
    with writing(engine) as connection:
        storage.hold(connection, storage.counter_table)
        known = office_keys.load(config)
        key = office_key_rules.named(known.keys, name)
        if not lost:
            usable = office_keys.usable(config, known)
            numbers = storage.numbers_to_sign(connection, config.first_number)
            office_key_rules.require_retirable(usable, key, numbers)
        places = (
            office_keys.place_of(config, known, key.id),
            office_keys.prepared_file(config, key.id),
        )
        there = [path for path in places if path.exists()]
        for path in there:
            path.unlink()
        sync_folder(config.folder)
        tell(connection, now, actor, "lost" if lost else "retired", key)
    return bool(there)
