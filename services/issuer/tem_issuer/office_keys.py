"""Which office keys there are, and which of them signs which batch.

``trust.json`` says whom everybody believes, for which batch numbers; the files beside the issuer's
database are the private parts. A key signs if both agree: it is trusted for the number, not
frozen, and its private part lies here in use. Nothing else remembers who signs, so nothing can
contradict it::

    office-key.pem                          the first key of trust.json
    office-key-<16 digits>.pem              a later one, in use
    office-key-<16 digits>.prepared.pem     a later one that does not sign yet
"""

from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from tem import trust
from tem.errors import Conflict, Invalid, Unavailable
from tem.trust import OfficeKey, Trust
from tem_issuer import keys
from tem_issuer.office_key_rules import signer_of
from tem_issuer.settings import Settings

NAME_DIGITS = 16


class OfficeKeyAway(Unavailable):
    """No office key can sign this batch at present: it waits, it does not fail."""

    def __init__(self, number: int, why: str) -> None:
        super().__init__(
            "office_key_away",
            f"Batch {number} waits for an office key: {why}. `tem issuer office-key show` says "
            "which keys there are.",
        )
        self.why = why


def load(config: Settings) -> Trust:
    """The list of keys. Raises Conflict if it cannot be read: nothing is decided blindly."""
    try:
        return trust.load(config.trust_file)
    except (OSError, ValueError) as error:
        raise Conflict("trust_unreadable", f"{config.trust_file}: {error}") from error


def opened(path: Path, passphrase: bytes | None) -> Ed25519PrivateKey:
    """A private part. Raises Conflict if the passphrase is not its own."""
    try:
        return keys.load_office_key(path, passphrase)
    except (ValueError, TypeError) as error:
        raise Conflict(
            "other_passphrase",
            f"{path} does not open: it is sealed under another passphrase, or damaged.",
        ) from error


def private_file(config: Settings, key_id: str) -> Path:
    """Where the private part of a later key lies once it signs."""
    return config.folder / f"office-key-{key_id[:NAME_DIGITS]}.pem"


def prepared_file(config: Settings, key_id: str) -> Path:
    """Where it lies before."""
    return config.folder / f"office-key-{key_id[:NAME_DIGITS]}.prepared.pem"


def place_of(config: Settings, known: Trust, key_id: str) -> Path:
    """Where the private part of a key belongs: the first of the list has the plain name."""
    first = next(iter(known.keys), None)
    return config.office_key if key_id == first else private_file(config, key_id)


def in_use(config: Settings, known: Trust) -> dict[str, Path]:
    """The private parts that may sign, by key id."""
    places = {key_id: place_of(config, known, key_id) for key_id in known.keys}
    return {key_id: path for key_id, path in places.items() if path.exists()}


def usable(config: Settings, known: Trust) -> list[OfficeKey]:
    """The keys that may sign: not frozen, and their private part in use."""
    here = in_use(config, known)
    return [key for key in known.keys.values() if key.id in here and not key.frozen]


def prepared(config: Settings, known: Trust, *, frozen: bool = False) -> dict[str, Path]:
    """The private parts that wait for their activation, by key id; with the frozen, if asked."""
    places = {key.id: prepared_file(config, key.id) for key in known.keys.values()}
    return {
        key_id: path
        for key_id, path in places.items()
        if path.exists() and (frozen or not known.keys[key_id].frozen)
    }


def strangers(config: Settings, known: Trust) -> list[Path]:
    """Private parts of keys that ``trust.json`` does not name: a step was cut short."""
    named = {*in_use(config, known).values(), *prepared(config, known, frozen=True).values()}
    return sorted(path for path in config.folder.glob("office-key*.pem") if path not in named)


def signing_key(config: Settings, number: int) -> tuple[OfficeKey, Path]:
    """The key that signs a batch now, and its private part, still closed. Raises OfficeKeyAway."""
    try:
        known = trust.load(config.trust_file)
    except (OSError, ValueError) as error:
        raise OfficeKeyAway(number, f"{config.trust_file} cannot be read") from error
    found = signer_of(number, usable(config, known))
    if found is None:
        raise OfficeKeyAway(number, "none is trusted for it, not frozen and here")
    return found, place_of(config, known, found.id)


def open_for(config: Settings, number: int) -> Ed25519PrivateKey:
    """The private key that signs a batch. Raises OfficeKeyAway.

    A signing run calls it, and whoever vouches for a pack key.
    """
    signer, path = signing_key(config, number)
    try:
        key = keys.load_office_key(path, keys.passphrase_from(config.passphrase_file))
    except (OSError, ValueError, TypeError, Invalid) as error:
        raise OfficeKeyAway(number, f"{path.name} cannot be opened") from error
    if keys.raw_public(key) != signer.public_key:
        raise OfficeKeyAway(number, f"{path.name} holds another key than trust.json names")
    return key


def require_still_signing(config: Settings, number: int, public_key: bytes) -> None:
    """Raises OfficeKeyAway if a key that has just signed was frozen or given up meanwhile."""
    if signing_key(config, number)[0].public_key != public_key:
        raise OfficeKeyAway(number, "the one that signed it is no longer used")
