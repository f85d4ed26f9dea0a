"""Passwords as argon2id hashes (RFC 9106), checked by few at a time: each takes 64 MiB."""

import threading

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

HASHER = PasswordHasher()  # RFC 9106's second profile: 64 MiB, 3 passes, 4 lanes
_AT_ONCE = threading.BoundedSemaphore(2)


def hash_of(password: str) -> str:
    """What is stored of a password: algorithm, parameters, salt and hash in one text."""
    with _AT_ONCE:
        return HASHER.hash(password)


def is_right(stored: str | None, password: str) -> bool:
    """Whether a password is the one stored. Without one stored it takes as long, and is not."""
    with _AT_ONCE:
        try:
            return HASHER.verify(stored or _nobody(), password) and stored is not None
        except (VerificationError, InvalidHashError):
            return False


_kept: list[str] = []


def _nobody() -> str:
    """A hash that no password has, made when first needed."""
    if not _kept:
        _kept.append(HASHER.hash("\0nobody"))
    return _kept[0]
