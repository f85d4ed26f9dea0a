"""What is done with office keys: made, prepared, activated, retired, kept and brought back.

Every act can be killed anywhere and run again: it looks at what there is and goes on. Files are
written inside the transaction that records the act; an entry that a kill left out is made by
the next run.
"""

from datetime import datetime
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy import Connection, Engine, Table, text

from tem import audit, manifest, trust
from tem.database import writing
from tem.errors import Conflict, NotFound
from tem.installation import sync_folder
from tem.trust import OfficeKey, Trust
from tem_issuer import keys, office_key_rules, office_keys, storage
from tem_issuer.settings import Settings


def load(config: Settings) -> Trust:
    """The list of keys. Raises Conflict if it cannot be read: nothing is decided blindly."""
    try:
        return trust.load(config.trust_file)
    except (OSError, ValueError) as error:
        raise Conflict("trust_unreadable", f"{config.trust_file}: {error}") from error


def tell(
    connection: Connection, now: datetime, actor: str, word: str, key: OfficeKey, **details: Any
) -> None:
    """Record what was done to a key, once."""
    name = f"office-key:{key.id}"
    if all(e.action != f"office_key.{word}" for e in audit.entries(connection, object=name)):
        audit.record(connection, now, actor, f"office_key.{word}", name, details)


def tell_of_all(connection: Connection, now: datetime, actor: str, config: Settings) -> None:
    """Record the keys of ``trust.json`` that the trail tells nothing of: made elsewhere."""
    for key in load(config).keys.values():
        if not audit.entries(connection, limit=1, object=f"office-key:{key.id}"):
            tell(connection, now, actor, "made", key, first_batch=key.first_batch)


def hold(connection: Connection, table: Table) -> None:
    """Let nobody else write to a table until this transaction ends; SQLite has one writer only."""
    if connection.dialect.name == "postgresql":
        connection.execute(text(f"LOCK TABLE {table.name} IN SHARE ROW EXCLUSIVE MODE"))


def opened(path: Path, passphrase: bytes | None) -> Ed25519PrivateKey:
    """A private part. Raises Conflict if the passphrase is not its own."""
    try:
        return keys.load_office_key(path, passphrase)
    except (ValueError, TypeError) as error:
        raise Conflict(
            "other_passphrase",
            f"{path} does not open: it is sealed under another passphrase, or damaged.",
        ) from error


def found(config: Settings, passphrase: bytes | None, first: int) -> OfficeKey:
    """Make the first key and ``trust.json``; before the first start, no database is needed."""
    if config.office_key.exists():  # a kill came between the two files
        public = keys.raw_public(opened(config.office_key, passphrase))
    else:
        public = keys.make_office_key(config.office_key, passphrase)
    key = OfficeKey(public, first_batch=first)
    trust.save(config.trust_file, [key], config.sandbox)
    return key


def add(config: Settings, passphrase: bytes | None, first: int) -> OfficeKey:
    """Make a key that does not sign yet, and add it to ``trust.json``.

    Its private part comes first: one without an entry is found again, an entry without would
    name a key that is lost already.
    """
    known = load(config)
    begun = [path for path in office_keys.strangers(config, known) if "prepared" in path.name]
    if begun:
        private = opened(begun[0], passphrase)
    else:
        private = Ed25519PrivateKey.generate()
        name = manifest.key_id(keys.raw_public(private))
        keys.store_office_key(office_keys.prepared_file(config, name), private, passphrase)
    key = OfficeKey(keys.raw_public(private), first_batch=first)
    trust.save(config.trust_file, [*known.keys.values(), key], known.sandbox)
    return key


def prepare(
    engine: Engine,
    config: Settings,
    now: datetime,
    actor: str,
    passphrase: bytes | None,
    wanted: int | None = None,
) -> tuple[OfficeKey, bool]:
    """The next key, beside the one that signs, and whether it was made just now.

    Raises Conflict if no key signs at present (:func:`replace_lost`), Invalid for a bad number.
    """
    known = load(config)
    waiting = office_keys.prepared(config, known)
    with writing(engine) as connection:
        hold(connection, storage.counter_table)
        following = storage.counter(connection) or config.first_number
        here = office_keys.in_use(config, known)
        signer = office_key_rules.signer_of(following, known.keys.values(), here)
        if waiting:
            key = known.keys[next(iter(waiting))]
        elif signer is None:
            raise Conflict(
                "no_office_key", "No key signs at present: `tem issuer office-key create`."
            )
        else:
            first = office_key_rules.first_of_next(signer, following, wanted)
            key = add(config, passphrase, first)
        tell(connection, now, actor, "prepared", key, first_batch=key.first_batch)
    return key, not waiting


def replace_lost(
    engine: Engine | None,
    config: Settings,
    now: datetime,
    actor: str,
    passphrase: bytes | None,
    wanted: int | None,
) -> OfficeKey:
    """A key in the place of one that is gone or frozen; it signs once it is activated.

    ``engine`` is None where the database is not at hand. Raises Conflict while a key is here.
    """
    known = load(config)
    here = [key for key in office_keys.in_use(config, known) if not known.keys[key].frozen]
    waiting = office_keys.prepared(config, known)
    if here or waiting:
        raise Conflict(
            "office_key_there",
            f"{(here or list(waiting))[0][:16]} is here: "
            + ("go on with `activate`." if waiting else "a second one is made by `prepare`.")
            + " One that cannot be opened any more is given up by `retire --lost`.",
        )
    if engine is None:
        first = office_key_rules.first_after_loss(None, wanted, known.sandbox)
        return add(config, passphrase, first)
    with writing(engine) as connection:
        hold(connection, storage.counter_table)
        oldest = unsigned(connection, config)[0]
        first = office_key_rules.first_after_loss(oldest, wanted, known.sandbox)
        key = add(config, passphrase, first)
        tell(connection, now, actor, "prepared", key, first_batch=key.first_batch)
    return key


def unsigned(connection: Connection, config: Settings) -> list[int]:
    """The numbers that a key has yet to sign, lowest first: those that wait, and the next one."""
    waiting = [batch.number for batch in storage.unsigned_batches(connection)]
    return [*waiting, storage.counter(connection) or config.first_number]


def activate(engine: Engine, config: Settings, now: datetime, actor: str, name: str) -> int:
    """Let a prepared key sign; from which number on. Numbers already taken keep their signer.

    Two files change, and a kill between them costs nothing but a wait: once the old key's range
    is closed nobody signs behind it until the new key's private part is in use.
    """
    with writing(engine) as connection:
        hold(connection, storage.counter_table)  # no number is taken meanwhile
        known = load(config)
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
    private = opened(draft, keys.passphrase_from(config.passphrase_file))
    if keys.raw_public(private) != key.public_key:
        raise Conflict("other_office_key", f"{draft} holds another key than trust.json names.")


def retire(
    engine: Engine, config: Settings, now: datetime, actor: str, name: str, lost: bool = False
) -> bool:
    """Destroy a key's private part; whether there was one. Its manifests stay accepted.

    Raises Conflict while it has batches to sign, unless it is ``lost``: it cannot be opened.
    """
    with writing(engine) as connection:
        hold(connection, storage.counter_table)
        known = load(config)
        key = office_key_rules.named(known.keys, name)
        if not lost:
            here = office_keys.in_use(config, known)
            office_key_rules.require_retirable(known.keys, key, here, unsigned(connection, config))
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
    known = load(config)
    key = office_key_rules.named(known.keys, name)
    if file.exists():
        raise Conflict("file_there", f"{file} is there already: choose another name.")
    places = {**office_keys.prepared(config, known), **office_keys.in_use(config, known)}
    if key.id not in places:
        raise NotFound("private_part_missing", f"The private part of {key.id[:16]} is not here.")
    private = opened(places[key.id], keys.passphrase_from(config.passphrase_file))
    if engine is not None:
        with writing(engine) as connection:
            audit.record(connection, now, actor, "office_key.exported", f"office-key:{key.id}", {})
    keys.store_office_key(file, private, passphrase)
    return key


def restore(
    engine: Engine, config: Settings, now: datetime, actor: str, file: Path, passphrase: bytes
) -> OfficeKey:
    """Put a copy from the safe in its place again. Raises NotFound for a key nobody trusts."""
    private = opened(file, passphrase)
    known = load(config)
    key = office_key_rules.named(known.keys, manifest.key_id(keys.raw_public(private)))
    office_key_rules.require_usable(key)
    place = office_keys.place_of(config, known, key.id)
    if place.exists() or office_keys.prepared_file(config, key.id).exists():
        raise Conflict("office_key_there", f"{key.id[:16]} is here already.")
    with writing(engine) as connection:
        keys.store_office_key(place, private, keys.passphrase_from(config.passphrase_file))
        audit.record(connection, now, actor, "office_key.restored", f"office-key:{key.id}", {})
    return key
