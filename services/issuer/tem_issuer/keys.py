"""The issuer's long-lived keys on disk: the office key and the key that wraps codes at rest."""

import contextlib
import secrets
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from tem.errors import Invalid
from tem.installation import write_private

WRAP_CONTEXT = b"tem-data-key-v1\x00"
NONCE_BYTES = 12
KEY_BYTES = 32
SEALED = b"BEGIN ENCRYPTED PRIVATE KEY"


def make_office_key(path: Path, passphrase: bytes | None) -> bytes:
    """Make and store an office key; its raw public key. Sealed if a passphrase is given."""
    key = Ed25519PrivateKey.generate()
    store_office_key(path, key, passphrase)
    return raw_public(key)


def store_office_key(path: Path, key: Ed25519PrivateKey, passphrase: bytes | None) -> None:
    """Write an office key to a file of its owner's alone. Sealed if a passphrase is given."""
    sealing: serialization.KeySerializationEncryption = (
        serialization.BestAvailableEncryption(passphrase)
        if passphrase
        else serialization.NoEncryption()
    )
    pem = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, sealing)
    write_private(path, pem)


def load_office_key(path: Path, passphrase: bytes | None) -> Ed25519PrivateKey:
    """An office key. Raises ValueError or TypeError if it is no Ed25519 key or stays sealed.

    One that was made before there was a passphrase opens as it is: the next one will be sealed.
    """
    pem = path.read_bytes()
    key = serialization.load_pem_private_key(pem, passphrase if SEALED in pem else None)
    if not isinstance(key, Ed25519PrivateKey):
        raise ValueError(f"{path} holds no Ed25519 key")
    return key


def raw_public(key: Ed25519PrivateKey) -> bytes:
    """The 32 bytes of a key's public half."""
    return key.public_key().public_bytes_raw()


def passphrase_from(path: Path | None) -> bytes | None:
    """The passphrase in a file, without the line's end; None if there is no file named.

    Raises Invalid for an empty one: whoever names a file does not mean to leave a key unsealed.
    """
    if path is None:
        return None
    passphrase = path.read_bytes().rstrip(b"\r\n")
    if not passphrase:
        raise Invalid("empty_passphrase", f"{path} is empty: write the passphrase into it.")
    return passphrase


def make_wrapping_key(path: Path) -> None:
    """Make and store the key that wraps the data keys."""
    write_private(path, secrets.token_bytes(KEY_BYTES))


def wrap(wrapping_key: bytes, data_key: bytes, batch: int, attempt: int) -> bytes:
    """A data key, sealed for one run of one batch."""
    nonce = secrets.token_bytes(NONCE_BYTES)
    return nonce + AESGCM(wrapping_key).encrypt(nonce, data_key, _bound(batch, attempt))


def unwrap(wrapping_key: bytes, wrapped: bytes, batch: int, attempt: int) -> bytes:
    """The data key again. Raises cryptography's InvalidTag for any other batch or run."""
    nonce, sealed = wrapped[:NONCE_BYTES], wrapped[NONCE_BYTES:]
    return AESGCM(wrapping_key).decrypt(nonce, sealed, _bound(batch, attempt))


def _bound(batch: int, attempt: int) -> bytes:
    return WRAP_CONTEXT + batch.to_bytes(4, "big") + attempt.to_bytes(4, "big")


def following_wrapping_key(path: Path) -> Path:
    """Where the next wrapping key lies while one is changed for it."""
    return path.with_name(f"{path.name}.next")


def wrapping_keys(path: Path) -> list[bytes]:
    """The keys that may have wrapped a data key: one, or two while it is being changed."""
    known = [path.read_bytes()]
    with contextlib.suppress(FileNotFoundError):
        known.append(following_wrapping_key(path).read_bytes())
    return known


def unwrap_any(known: list[bytes], wrapped: bytes, batch: int, attempt: int) -> bytes:
    """The data key, under whichever wrapping key opens it. Raises InvalidTag if none does."""
    for wrapping_key in known:
        with contextlib.suppress(InvalidTag):
            return unwrap(wrapping_key, wrapped, batch, attempt)
    raise InvalidTag


def unwrap_file(path: Path, wrapped: Path, batch: int, attempt: int) -> bytes:
    """The data key in a file, also while the wrapping key at ``path`` is being changed."""
    with contextlib.suppress(InvalidTag):
        return unwrap_any(wrapping_keys(path), wrapped.read_bytes(), batch, attempt)
    # File and key were read on two sides of the change: now both are of one side.
    return unwrap_any(wrapping_keys(path), wrapped.read_bytes(), batch, attempt)
