"""Ed25519 in plain Python: slow, not constant-time, independent of every library under test.

Written from RFC 8032 section 5.1. The vectors are made with it and the tests ask it for a
second opinion; nothing outside the tests may use it.
"""

import hashlib

P = 2**255 - 19
L = 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, -1, P) % P
SQRT_M1 = pow(2, (P - 1) // 4, P)

Point = tuple[int, int]
IDENTITY: Point = (0, 1)


def add(a: Point, b: Point) -> Point:
    """The sum of two points of the curve -x² + y² = 1 + d x² y²; complete, so it doubles too."""
    (x1, y1), (x2, y2) = a, b
    t = D * x1 * x2 * y1 * y2 % P
    x = (x1 * y2 + y1 * x2) * pow(1 + t, -1, P)
    y = (y1 * y2 + x1 * x2) * pow(1 - t, -1, P)
    return x % P, y % P


def multiply(scalar: int, point: Point) -> Point:
    """``scalar`` times a point, for any whole number from 0; the scalar is not reduced."""
    total = IDENTITY
    while scalar:
        if scalar & 1:
            total = add(total, point)
        point = add(point, point)
        scalar >>= 1
    return total


def negate(point: Point) -> Point:
    """The point that adds up to the identity with this one."""
    return -point[0] % P, point[1]


def encode(point: Point) -> bytes:
    """The one canonical encoding: y in 255 bits, little-endian, and the low bit of x on top."""
    return (point[1] | (point[0] & 1) << 255).to_bytes(32, "little")


def decode_lax(encoded: bytes) -> Point | None:
    """A point as a careless reader takes it: y reduced modulo p, the sign of zero ignored."""
    number = int.from_bytes(encoded, "little")
    y, sign = number % 2**255 % P, number >> 255
    square = (y * y - 1) * pow(D * y * y + 1, -1, P) % P
    x = pow(square, (P + 3) // 8, P)
    if x * x % P != square:
        x = x * SQRT_M1 % P
    if x * x % P != square:
        return None  # not on the curve
    return (x if x & 1 == sign else -x % P), y


def decode(encoded: bytes) -> Point | None:
    """A point in its one canonical encoding, else None."""
    point = decode_lax(encoded)
    return point if point is not None and encode(point) == encoded else None


BASE = decode_lax((4 * pow(5, -1, P) % P).to_bytes(32, "little")) or IDENTITY


def is_small_order(point: Point) -> bool:
    """One of the eight points whose order divides 8."""
    return multiply(8, point) == IDENTITY


def is_sound_key(public_key: bytes) -> bool:
    """Canonical, on the curve, not the identity, and in the group of prime order."""
    point = decode(public_key)
    return point is not None and point != IDENTITY and multiply(L, point) == IDENTITY


def challenge(r: bytes, public_key: bytes, message: bytes) -> int:
    """The hash that ties R, key and message together; deliberately not reduced modulo L here."""
    return int.from_bytes(hashlib.sha512(r + public_key + message).digest(), "little")


def verifies_strictly(public_key: bytes, message: bytes, signature: bytes) -> bool:
    """The rules of ``docs/stamp-format.md``, every one of them, without a cofactor."""
    r, s = signature[:32], int.from_bytes(signature[32:], "little")
    big_r, a = decode(r), decode(public_key)
    if len(signature) != 64 or s >= L or big_r is None or a is None:
        return False
    if is_small_order(big_r) or not is_sound_key(public_key):
        return False
    h = challenge(r, public_key, message) % L
    return multiply(s, BASE) == add(big_r, multiply(h, a))


def verifies_carelessly(public_key: bytes, message: bytes, signature: bytes) -> bool:
    """What a lax verifier accepts: any S, any encoding, any point, times the cofactor."""
    r, s = signature[:32], int.from_bytes(signature[32:], "little")
    big_r, a = decode_lax(r), decode_lax(public_key)
    if big_r is None or a is None:
        return False
    h = challenge(r, public_key, message) % L
    right = add(big_r, multiply(h, a))
    return is_small_order(add(multiply(s % L, BASE), negate(right)))


def secret_scalar(seed: bytes) -> int:
    """The number behind a private seed (RFC 8032, 5.1.5)."""
    number = int.from_bytes(hashlib.sha512(seed).digest()[:32], "little")
    return number & (2**254 - 8) | 2**254
