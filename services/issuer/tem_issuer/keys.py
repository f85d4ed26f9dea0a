"""The issuer's long-lived keys on disk: the office key and the key that wraps codes at rest."""

import secrets
from pathlib import Path

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from tem.installation import write_private

WRAP_CONTEXT = b"tem-data-key-v1\x00"
NONCE_BYTES = 12
KEY_BYTES = 32


def make_office_key(path: Path, passphrase: bytes | None) -> bytes:
    """Make and store the office key; its raw public key. Sealed if a passphrase is given."""
    key = Ed25519PrivateKey.generate()
    sealing: serialization.KeySerializationEncryption = (
        serialization.BestAvailableEncryption(passphrase)
        if passphrase
        else serialization.NoEncryption()
    )
    pem = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, sealing)
    write_private(path, pem)
    return raw_public(key)


def load_office_key(path: Path, passphrase: bytes | None) -> Ed25519PrivateKey:
    """The office key. Raises ValueError if the file holds no Ed25519 key or stays sealed."""
    key = serialization.load_pem_private_key(path.read_bytes(), passphrase)
    if not isinstance(key, Ed25519PrivateKey):
        raise ValueError(f"{path} holds no Ed25519 key")
    return key


def raw_public(key: Ed25519PrivateKey) -> bytes:
    """The 32 bytes of a key's public half."""
    return key.public_key().public_bytes_raw()


def passphrase_from(path: Path | None) -> bytes | None:
    """The passphrase in a file, without the line's end; None if there is no file named."""
    return path.read_bytes().rstrip(b"\r\n") if path else None


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
