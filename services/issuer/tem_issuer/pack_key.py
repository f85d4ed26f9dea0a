"""The pack key: made here, vouched for by an office key, handed to the registry, forgotten.

It signs offline packs (``docs/offline-packs.md``) and can make no stamp. The registry's follower
reads it from the file it is handed over in; the issuer keeps no copy.
"""

from datetime import datetime, timedelta

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy import Engine

from tem import manifest
from tem.databases.database import writing
from tem.dates import rfc3339
from tem.errors import Unavailable
from tem.installation import write_private
from tem.pack import certificate, key_file, trust_list
from tem.pack.canonical import instant
from tem.pack.certificate import Certificate
from tem.pack.frames import Signed
from tem.pack.key_file import PackKey
from tem.trail import audit
from tem_issuer import keys, office_keys
from tem_issuer.office_key_rules import numbers_of
from tem_issuer.settings import Settings

CERTIFIED_FOR = timedelta(days=400)
RENEWED_BEFORE = timedelta(days=60)  # its end: the first start of those days makes another
CLOCKS_DIFFER = timedelta(hours=1)  # a registry whose clock is behind can use it at once


class NobodyVouches(Unavailable):
    """No office key can certify a pack key at present: stamps are signed as before."""

    def __init__(self, why: str) -> None:
        super().__init__(
            "office_key_away",
            f"No office key can vouch for a pack key: {why}. With it and its passphrase at hand "
            "say `tem issuer pack-key make`; until then no new pack is made.",
        )


def there(config: Settings) -> PackKey | None:
    """The key that was handed over; None if there is none that can be read."""
    try:
        return key_file.parse(config.pack_key_file.read_text("utf-8"))
    except (OSError, ValueError):
        return None


def is_needed(config: Settings, now: datetime) -> bool:
    """Whether readers would refuse what the key there signs, now or soon."""
    found = there(config)
    if found is None:
        return True
    try:
        known = trust_list.parse(config.trust_file.read_text("utf-8"))
    except (OSError, ValueError):
        return False  # nobody could certify another
    vouched = known.fault_of_certifier(found.certificate.office_key_id) is None
    here = found.certificate.environment == _environment(config)
    lasting = instant(found.certificate.valid_until) - now > RENEWED_BEFORE
    return not (vouched and here and lasting)


def make(engine: Engine, config: Settings, now: datetime, actor: str) -> Certificate:
    """Make a key, vouch for it and hand it over in the place of the one before.

    The office key is the one that signs the last number of all, so none that is retired. Its
    signature is the last act, after the trail tells of it. Raises NobodyVouches where it cannot
    be opened.
    """
    try:
        office_key = office_keys.open_for(config, numbers_of(config.sandbox)[1])
    except office_keys.OfficeKeyAway as away:
        raise NobodyVouches(away.why) from away
    private = Ed25519PrivateKey.generate()
    vouched = Certificate(
        environment=_environment(config),
        format=certificate.FORMAT,
        office_key_id=manifest.key_id(keys.raw_public(office_key)),
        public_key=keys.raw_public(private).hex(),
        valid_from=rfc3339(now - CLOCKS_DIFFER),
        valid_until=rfc3339(now + CERTIFIED_FOR),
    )
    _tell(engine, now, actor, vouched)
    raw = vouched.write()
    signed = Signed(raw, office_key.sign(certificate.signed_message(raw)))
    handed = PackKey(private.private_bytes_raw(), vouched, signed)
    write_private(config.pack_key_file, handed.write().encode())
    return vouched


def id_of(vouched: Certificate) -> str:
    """The name of the key that a certificate is about."""
    return manifest.key_id(bytes.fromhex(vouched.public_key))


def _tell(engine: Engine, now: datetime, actor: str, vouched: Certificate) -> None:
    details = {"office_key": vouched.office_key_id, "valid_until": vouched.valid_until}
    with writing(engine) as connection:
        name = f"pack-key:{id_of(vouched)}"
        audit.record(connection, now, actor, "pack_key.certified", name, details)


def _environment(config: Settings) -> str:
    return "sandbox" if config.sandbox else "production"
