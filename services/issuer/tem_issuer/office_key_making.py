"""Office keys made: the first one, the next one, and one in place of a key that is gone or frozen.

The private part comes first, its entry in ``trust.json`` second: one without an entry is found
again by the next run, an entry without one would name a key that is lost already.
"""

from datetime import datetime

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy import Engine

from tem import manifest, trust
from tem.databases.database import writing
from tem.errors import Conflict
from tem.stampcode import MAX_BATCH
from tem.trust import OfficeKey, Trust
from tem_issuer import keys, office_key_rules, office_keys, storage
from tem_issuer.office_key_record import tell
from tem_issuer.settings import Settings


def found(config: Settings, passphrase: bytes | None, first: int) -> OfficeKey:
    """Make the first key and ``trust.json``; before the first start, no database is needed."""
    if config.office_key.exists():  # a kill came between the two files
        public = keys.raw_public(office_keys.opened(config.office_key, passphrase))
    else:
        public = keys.make_office_key(config.office_key, passphrase)
    key = OfficeKey(public, first_batch=first)
    trust.save(config.trust_file, [key], config.sandbox)
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

    Raises Conflict if nobody signs what it would follow (:func:`replace`), Invalid for a bad
    number.
    """
    known = office_keys.load(config)
    waiting = office_keys.prepared(config, known)
    with writing(engine) as connection:
        storage.hold(connection, storage.counter_table)
        if waiting:
            key = known.keys[next(iter(waiting))]
        else:
            following = storage.counter(connection) or config.first_number
            usable = office_keys.usable(config, known)
            gap = office_key_rules.first_gap(usable, [following], known.sandbox)
            if gap is not None:
                raise Conflict(
                    "no_office_key",
                    f"No key signs batch {gap[0]}: `tem issuer office-key create` makes one.",
                )
            first = office_key_rules.first_of_next(usable, following, wanted)
            key = _add(config, known, passphrase, first)
        tell(connection, now, actor, "prepared", key, first_batch=key.first_batch)
    return key, not waiting


def replace(
    engine: Engine | None,
    config: Settings,
    now: datetime,
    actor: str,
    passphrase: bytes | None,
    wanted: int | None,
) -> OfficeKey:
    """A key for the first numbers that none at hand signs; it signs once it is activated.

    ``engine`` is None where the database is not at hand. Raises Conflict while each has a key.
    """
    known = office_keys.load(config)
    for waiting in office_keys.prepared(config, known):
        raise Conflict("office_key_there", f"{waiting[:16]} is here: go on with `activate`.")
    if engine is None:
        return _fill(config, known, passphrase, [], wanted)
    with writing(engine) as connection:
        storage.hold(connection, storage.counter_table)
        numbers = storage.numbers_to_sign(connection, config.first_number)
        key = _fill(config, known, passphrase, numbers, wanted)
        tell(connection, now, actor, "prepared", key, first_batch=key.first_batch)
    return key


def _fill(
    config: Settings, known: Trust, passphrase: bytes | None, numbers: list[int], wanted: int | None
) -> OfficeKey:
    usable = office_keys.usable(config, known)
    gap = office_key_rules.first_gap(usable, numbers or [wanted or 1], known.sandbox)
    if gap is None:
        raise Conflict(
            "office_key_there",
            f"{usable[-1].id[:16]} is here: a second one is made by `prepare`. One that cannot "
            "be opened any more is given up by `retire --lost`.",
        )
    oldest = gap[0] if numbers else None
    first = office_key_rules.first_after_loss(oldest, wanted, known.sandbox)
    return _add(config, known, passphrase, first, gap[1])


def _add(
    config: Settings,
    known: Trust,
    passphrase: bytes | None,
    first: int,
    last: int = MAX_BATCH,
) -> OfficeKey:
    """Make a key that does not sign yet, or go on with one that a kill left without its entry."""
    begun = [path for path in office_keys.strangers(config, known) if "prepared" in path.name]
    if begun:
        private = office_keys.opened(begun[0], passphrase)
    else:
        private = Ed25519PrivateKey.generate()
        name = manifest.key_id(keys.raw_public(private))
        keys.store_office_key(office_keys.prepared_file(config, name), private, passphrase)
    key = OfficeKey(keys.raw_public(private), first, last)
    trust.save(config.trust_file, [*known.keys.values(), key], known.sandbox)
    return key
