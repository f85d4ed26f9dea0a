"""Ed25519 verification and the refusal of weak public keys, by libsodium (RFC 8032).

Signing lives in the issuer alone; nothing here can make a signature.
"""

from nacl.bindings import crypto_core_ed25519_is_valid_point, crypto_sign_open
from nacl.exceptions import BadSignatureError

PUBLIC_KEY_BYTES = 32
SIGNATURE_BYTES = 64


def verifies(public_key: bytes, message: bytes, signature: bytes) -> bool:
    """Whether the signature is good.

    libsodium refuses S >= L, a non-canonical R or key, and keys of small order, so one stamp
    has one signature text and no key signs everything. It reads key and signature without
    looking at their lengths, so those are looked at here.
    """
    if len(public_key) != PUBLIC_KEY_BYTES or len(signature) != SIGNATURE_BYTES:
        return False
    try:
        crypto_sign_open(signature + message, public_key)
    except BadSignatureError:
        return False
    return True


def is_sound_public_key(public_key: bytes) -> bool:
    """Canonical, on the curve, and in the prime-order group: neither small nor mixed order."""
    return len(public_key) == PUBLIC_KEY_BYTES and bool(
        crypto_core_ed25519_is_valid_point(public_key)
    )
