"""Ed25519 verification in plain Python (RFC 8032), for machines without a library.

It refuses what ``docs/stamp-format.md``, "A good signature", says: the same as libsodium. It takes
about two milliseconds and handles public values only, so its time tells nobody a secret.
"""

import hashlib
from functools import lru_cache

P = 2**255 - 19
L = 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, -1, P) % P
_ROOT_OF_MINUS_ONE = pow(2, (P - 1) // 4, P)
KEY_BYTES, SIGNATURE_BYTES = 32, 64

# Extended homogeneous coordinates (section 5.1.4): x = X/Z, y = Y/Z, x*y = T/Z.
Point = tuple[int, int, int, int]
_NEUTRAL: Point = (0, 1, 1, 0)


def verifies(public_key: bytes, message: bytes, signature: bytes) -> bool:
    """Whether the signature is good: S·B = R + k·A, as it stands."""
    if len(public_key) != KEY_BYTES or len(signature) != SIGNATURE_BYTES:
        return False
    scalar = int.from_bytes(signature[32:], "little")
    key, nonce = _point_of(public_key), _decoded(signature[:32])
    if scalar >= L or key is None or nonce is None or _is_small(nonce):
        return False
    digest = hashlib.sha512(signature[:32] + public_key + message).digest()
    challenge = int.from_bytes(digest, "little") % L
    return _same(_sum_of_products(scalar, _BASE, challenge, _negated(key)), nonce)


def is_sound(public_key: bytes) -> bool:
    """Whether a key is a point of the prime-order group: neither of small nor of mixed order."""
    key = _point_of(public_key) if len(public_key) == KEY_BYTES else None
    return key is not None and _same(_sum_of_products(L, key, 0, _NEUTRAL), _NEUTRAL)


@lru_cache(maxsize=1024)
def _point_of(public_key: bytes) -> Point | None:
    """The point of a key; None if it is none, or of small order."""
    key = _decoded(public_key)
    return None if key is None or _is_small(key) else key


def _decoded(raw: bytes) -> Point | None:
    """The point of its one encoding (section 5.1.3)."""
    y = int.from_bytes(raw, "little")
    sign, y = y >> 255, y & ((1 << 255) - 1)
    if y >= P:
        return None
    x = _root((y * y - 1) * pow(D * y * y + 1, -1, P) % P)
    if x is None or (x == 0 and sign):
        return None
    if x & 1 != sign:
        x = P - x
    return x, y, 1, x * y % P


def _root(square: int) -> int | None:
    x = pow(square, (P + 3) // 8, P)
    if x * x % P != square:
        x = x * _ROOT_OF_MINUS_ONE % P
    return x if x * x % P == square else None


def _added(one: Point, other: Point) -> Point:
    a = (one[1] - one[0]) * (other[1] - other[0]) % P
    b = (one[1] + one[0]) * (other[1] + other[0]) % P
    c = 2 * D * one[3] * other[3] % P
    d = 2 * one[2] * other[2] % P
    e, f, g, h = b - a, d - c, d + c, b + a
    return e * f % P, g * h % P, f * g % P, e * h % P


def _doubled(one: Point) -> Point:
    a, b = one[0] * one[0] % P, one[1] * one[1] % P
    c, h = 2 * one[2] * one[2] % P, a + b
    e = h - (one[0] + one[1]) ** 2 % P
    g = a - b
    f = c + g
    return e * f % P, g * h % P, f * g % P, e * h % P


def _negated(one: Point) -> Point:
    return P - one[0], one[1], one[2], P - one[3]


def _sum_of_products(m: int, one: Point, n: int, other: Point) -> Point:
    """m·one + n·other, the doublings shared (Straus)."""
    both, total = _added(one, other), _NEUTRAL
    for bit in range(max(m.bit_length(), n.bit_length()) - 1, -1, -1):
        total = _doubled(total)
        if m >> bit & 1:
            total = _added(total, both if n >> bit & 1 else one)
        elif n >> bit & 1:
            total = _added(total, other)
    return total


def _same(one: Point, other: Point) -> bool:
    return (one[0] * other[2] - other[0] * one[2]) % P == 0 and (
        one[1] * other[2] - other[1] * one[2]
    ) % P == 0


def _is_small(one: Point) -> bool:
    """Whether it is one of the eight points of small order."""
    return _same(_doubled(_doubled(_doubled(one))), _NEUTRAL)


def _base() -> Point:
    y = 4 * pow(5, -1, P) % P
    found = _decoded(y.to_bytes(32, "little"))
    assert found is not None
    return found


_BASE = _base()
