"""Makes ``stamps.json``: the stamp format, frozen, with every kind of bad code and manifest.

Run ``python -m tests.vectors.make_stamps`` from the root of the project; the same bytes come
out every time. Written from ``docs/stamp-format.md`` alone: it imports nothing of the suite,
so that a mistake there cannot hide here.
"""

import hashlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from tests.vectors import ed25519_reference as curve

FILE = Path(__file__).with_name("stamps.json")
STAMP_CONTEXT = b"tem-stamp-v1\x00"
MANIFEST_CONTEXT = b"tem-manifest-v1\x00"
QUANTITY, CANARIES = 3, 2
MAX_BATCH, MAX_INDEX, TEST_BATCH = 2**32 - 1, 2**24 - 1, 0xF0000000
PREFIX = "https://tem.example.vn/s/"
Record = dict[str, Any]


class Key:
    """A private key from a fixed seed; in production a batch key is random and forgotten."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.seed = hashlib.sha256(f"tem test vectors: {name}".encode()).digest()
        self._private = Ed25519PrivateKey.from_private_bytes(self.seed)
        self.public = self._private.public_key().public_bytes_raw()
        self.scalar = curve.secret_scalar(self.seed)

    @property
    def id(self) -> str:
        return hashlib.sha256(self.public).hexdigest()

    def sign(self, message: bytes) -> bytes:
        return self._private.sign(message)


BATCHES = {n: Key(f"batch {n}") for n in (1, 2, 7, 0xEFFFFFFF, TEST_BATCH, MAX_BATCH)}
OFFICE, OTHER_OFFICE, STRANGER = Key("office"), Key("other office"), Key("stranger")


def body(batch: int, index: int, version: int = 1) -> bytes:
    return bytes([version]) + batch.to_bytes(4, "big") + index.to_bytes(3, "big")


def text(raw: bytes) -> str:
    return str(int.from_bytes(raw, "big")).zfill(174)


def serial(batch: int, index: int) -> str:
    number = int(f"{batch:010d}{index:08d}")
    check = next(c for c in range(2, 99) if (number * 100 + c) % 97 == 1)
    return f"{batch}-{index}-{check:02d}"


def signature(batch: int, index: int, key: Key | None = None) -> bytes:
    return (key or BATCHES[batch]).sign(STAMP_CONTEXT + body(batch, index))


def good_code(batch: int, index: int) -> Record:
    raw = body(batch, index) + signature(batch, index)
    return {
        "batch": batch,
        "index": index,
        "public_key": BATCHES[batch].public.hex(),
        "body": raw[:8].hex(),
        "signature": raw[8:].hex(),
        "text": text(raw),
        "url": PREFIX + text(raw),
        "serial": serial(batch, index),
        "hash": hashlib.sha256(raw).hexdigest(),
        "fingerprint": hashlib.sha256(raw).hexdigest()[:16],
    }


def good_codes() -> list[Record]:
    stamps = [(7, index) for index in range(1, QUANTITY + CANARIES + 1)]
    stamps += [(1, 1), (1, 2), (1, MAX_INDEX), (2, 1), (2, 65536)]
    stamps += [(0xEFFFFFFF, 77), (TEST_BATCH, 1), (MAX_BATCH, 1), (MAX_BATCH, MAX_INDEX)]
    return [good_code(batch, index) for batch, index in stamps]


def bad(name: str, expected: str, why: str, code: str, key: bytes | None = None) -> Record:
    public = (key or BATCHES[1].public).hex()
    return {"name": name, "expected": expected, "why": why, "text": code, "public_key": public}


def malformed_codes() -> Iterator[Record]:
    raw = body(1, 1) + signature(1, 1)
    good = text(raw)

    def case(name: str, why: str, code: str) -> Record:
        return bad(name, "malformed", why, code)

    yield case("empty", "no digits at all", "")
    yield case("one digit", "far too short", "1")
    yield case("173 digits", "the last digit is missing", good[:-1])
    yield case("173 digits, first missing", "a leading zero was dropped", good[1:])
    yield case("175 digits", "one digit too many at the end", good + "0")
    yield case("175 digits, zero in front", "the same number, spelled longer", "0" + good)
    yield case("unpadded", "the same number without its leading zeros", str(int(good)))
    yield case("10,000 digits", "far too long", "1" * 10_000)
    blanks = {"blank": " ", "tab": "\t", "line feed": "\n", "no-break space": "\u00a0"}
    for name, blank in blanks.items():
        yield case(f"leading {name}", "175 characters", blank + good)
        yield case(f"trailing {name}", "175 characters", good + blank)
        yield case(f"{name} for first digit", "174 characters, one no digit", blank + good[1:])
        yield case(f"{name} for last digit", "174 characters, one no digit", good[:-1] + blank)
    yield case("plus sign", "174 characters, the first a sign", "+" + good[1:])
    yield case("minus sign", "174 characters, the first a sign", "-" + good[1:])
    yield case("underscore", "some languages read 1_0 as 10", good[:5] + "_" + good[6:])
    yield case("comma", "no separators", good[:100] + "," + good[101:])
    yield case("decimal point", "no separators", good[:-2] + ".0")
    yield case("exponent", "no exponents", good[:-2] + "e1")
    yield case("NUL at the end", "one character is no digit", good[:-1] + "\x00")
    digits = {
        "Arabic-Indic": 0x0660,
        "extended Arabic-Indic": 0x06F0,
        "Devanagari": 0x0966,
        "full-width": 0xFF10,
        "mathematical bold": 0x1D7CE,
    }
    for name, zero in digits.items():
        every = "".join(chr(zero + int(digit)) for digit in good)
        yield case(f"{name} digits", "only ASCII 0-9 are digits", every)
        one = good[:-1] + chr(zero + int(good[-1]))
        yield case(f"one {name} digit", "only ASCII 0-9 are digits", one)
    yield case("superscript two", "no digit, though some call it one", good[:-1] + "\u00b2")
    yield case("zero-width space", "175 characters", good + "\u200b")
    yield case("byte-order mark", "175 characters", "\ufeff" + good)
    yield case("lower-case hex", "hex is another spelling", raw.hex())
    yield case("upper-case hex", "hex is another spelling", raw.hex().upper())
    yield case("0x hex", "hex is another spelling", "0x" + raw.hex())
    yield case("hex letters, 174 long", "174 characters, letters among them", raw.hex().zfill(174))
    yield case("whole URL", "the prefix is taken off before, by its exact text", PREFIX + good)
    yield case("URL without scheme", "not the digits", "tem.example.vn/s/" + good)
    yield case("serial", "a serial is no code", serial(1, 1))
    yield case("2^576", "one more than 72 bytes can hold", str(2**576))
    yield case("2^576 + the code", "the same 72 bytes modulo 2^576", str(2**576 + int(good)))
    yield case("all nines", "far above 2^576", "9" * 174)
    yield case("2^576 - 1", "version byte 255", str(2**576 - 1))
    yield case("all zeros", "version byte 0", "0" * 174)
    for version in (0, 2, 3, 0x81, 255):
        signed = BATCHES[1].sign(STAMP_CONTEXT + body(1, 1, version))
        why = "well signed, but only version 1 has this path"
        yield case(f"version {version}", why, text(body(1, 1, version) + signed))
    for batch, index in ((0, 1), (1, 0), (0, 0)):
        well = text(body(batch, index) + signature(batch, index, BATCHES[1]))
        yield case(f"batch {batch}, index {index}", "well signed, but both count from 1", well)


def badly_signed_codes() -> Iterator[Record]:
    key = BATCHES[1]
    raw, other = body(1, 1), signature(1, 2)
    mine = signature(1, 1)
    r, s = mine[:32], int.from_bytes(mine[32:], "little")

    def case(name: str, why: str, signed: bytes, public: bytes | None = None) -> Record:
        return bad(name, "bad_signature", why, text(raw + signed), public)

    yield case("index 1 with the signature of index 2", "signatures are not exchangeable", other)
    yield bad(
        "index 2 with the signature of index 1",
        "bad_signature",
        "signatures are not exchangeable",
        text(body(1, 2) + mine),
    )
    yield bad(
        "batch 2 with the signature of batch 1",
        "bad_signature",
        "a batch has a key of its own",
        text(body(2, 1) + mine),
        BATCHES[2].public,
    )
    yield case("batch 1 signed by the key of batch 2", "wrong key", signature(1, 1, BATCHES[2]))
    yield case("checked with the key of batch 2", "wrong key", mine, BATCHES[2].public)
    yield case("signed by the office key", "the office signs manifests", signature(1, 1, OFFICE))
    yield case("signed without the context", "context missing", key.sign(raw))
    yield case("context without its zero byte", "wrong context", key.sign(STAMP_CONTEXT[:-1] + raw))
    yield case("manifest context", "wrong context", key.sign(MANIFEST_CONTEXT + raw))
    digest = hashlib.sha512(STAMP_CONTEXT + raw).digest()
    yield case("signature of the SHA-512", "Ed25519, not Ed25519ph", key.sign(digest))
    yield case("all-zero signature", "R = 0 is a point of order 4", bytes(64))
    yield case("all-ones signature", "no point, and S above L", b"\xff" * 64)
    yield case("S = 0", "R as signed, S = 0", r + bytes(32))
    yield case("R and S exchanged", "the order is R, S", mine[32:] + r)
    yield case("R and S big-endian", "both are little-endian", r[::-1] + mine[32:][::-1])
    yield case("first bit of R turned", "another R", bytes([r[0] ^ 1]) + mine[1:])
    yield case("sign of R turned", "another R", r[:31] + bytes([r[31] ^ 0x80]) + mine[32:])
    yield case("last bit of S turned", "another S", mine[:32] + bytes([mine[32] ^ 1]) + mine[33:])
    for times in (1, 2, 14):
        high = (s + times * curve.L).to_bytes(32, "little")
        yield case(f"S + {times} L", "malleable: S must be below L", r + high)
    yield case("-S", "S negated modulo L", r + (curve.L - s).to_bytes(32, "little"))
    yield from _chosen_r(case, key)


def _chosen_r(case: Any, key: Key) -> Iterator[Record]:
    """Signatures that only the holder of the key can make, and still not of the one form."""
    message = STAMP_CONTEXT + body(1, 1)

    def signed(r: bytes, secret: int) -> bytes:
        h = curve.challenge(r, key.public, message) % curve.L
        return r + ((secret + h * key.scalar) % curve.L).to_bytes(32, "little")

    y_of_one = (curve.P + 1).to_bytes(32, "little")
    negative_zero = (1 | 1 << 255).to_bytes(32, "little")
    yield case("non-canonical R, y = p + 1", "R must be canonical", signed(y_of_one, 0))
    yield case("non-canonical R, x = -0", "R must be canonical", signed(negative_zero, 0))
    for order, point in enumerate(small_points()):
        why = "R of small order, S fitting to it"
        yield case(f"R is torsion point {order}", why, signed(curve.encode(point), 0))
    nonce = int.from_bytes(hashlib.sha256(b"tem test vectors: nonce").digest(), "little") % curve.L
    honest = curve.multiply(nonce, curve.BASE)
    for order, point in list(enumerate(small_points()))[1:]:
        mixed = curve.encode(curve.add(honest, point))
        why = "the equation holds only when multiplied by 8"
        yield case(f"R plus torsion point {order}", why, signed(mixed, nonce))


def small_points() -> list[curve.Point]:
    """The eight points of small order, as multiples 0..7 of one of order 8."""
    number = 2
    while True:
        point = curve.decode(number.to_bytes(32, "little"))
        generator = curve.multiply(curve.L, point) if point else curve.IDENTITY
        if curve.multiply(4, generator) != curve.IDENTITY:
            return [curve.multiply(times, generator) for times in range(8)]
        number += 1


def small_encodings() -> list[tuple[str, bytes]]:
    """Every 32 bytes that a lax reader takes for a point of small order."""
    found = [(f"torsion point {i}", curve.encode(p)) for i, p in enumerate(small_points())]
    for name, y, sign in (
        ("y = 1, x = -0", 1, 1),
        ("y = -1, x = -0", curve.P - 1, 1),
        ("y = p", curve.P, 0),
        ("y = p, sign set", curve.P, 1),
        ("y = p + 1", curve.P + 1, 0),
        ("y = p + 1, x = -0", curve.P + 1, 1),
    ):
        found.append((f"non-canonical {name}", (y | sign << 255).to_bytes(32, "little")))
    return found


def weak_keys() -> Iterator[Record]:
    """Keys to refuse, and for each a code that a lax verifier takes for well signed."""
    for name, encoded in small_encodings():
        point = curve.decode_lax(encoded)
        assert point is not None
        index, forged = _forged(encoded, point)
        canonical = curve.encode(point) == encoded
        why = "small order" if canonical else "small order, not in its canonical encoding"
        yield _weak(name, why, encoded, text(body(1, index) + forged))
    key, torsion = BATCHES[1], small_points()
    honest = curve.multiply(key.scalar, curve.BASE)
    for times in (1, 2, 4):
        mixed = curve.encode(curve.add(honest, torsion[times]))
        index, signed = _signed_under_mixed(mixed, key, curve.add(honest, torsion[times]))
        code = text(body(1, index) + signed)
        yield _weak(f"mixed order: key plus torsion point {times}", "mixed order", mixed, code)
    off_curve = next(
        y.to_bytes(32, "little")
        for y in range(2, 99)
        if curve.decode_lax(y.to_bytes(32, "little")) is None
    )
    code = text(body(1, 1) + signature(1, 1))
    yield _weak("not on the curve", "no point has this y", off_curve, code)
    huge = (curve.P + 3).to_bytes(32, "little")
    yield _weak("non-canonical y = p + 3", "y is not below p", huge, code)
    yield _weak("all ones", "not canonical", b"\xff" * 32, code)


def _weak(name: str, why: str, key: bytes, code: str) -> Record:
    return bad(f"weak key: {name}", "bad_signature", f"the key must be refused: {why}", code, key)


def _forged(key: bytes, point: curve.Point) -> tuple[int, bytes]:
    """An index and a signature with S = 0 that fit a key of small order; nobody's secret needed."""
    for index in range(1, 1000):
        message = STAMP_CONTEXT + body(1, index)
        for r in small_points():
            encoded = curve.encode(r)
            h = curve.challenge(encoded, key, message) % curve.L
            if curve.add(r, curve.multiply(h % 8, point)) == curve.IDENTITY:
                return index, encoded + bytes(32)
    raise AssertionError("no forgery found")


def _signed_under_mixed(mixed: bytes, key: Key, point: curve.Point) -> tuple[int, bytes]:
    """A signature that fits a mixed-order key even without the cofactor."""
    r = curve.encode(curve.multiply(1234567, curve.BASE))
    for index in range(1, 1000):
        h = curve.challenge(r, mixed, STAMP_CONTEXT + body(1, index)) % curve.L
        s = (1234567 + h * key.scalar) % curve.L
        right = curve.add(curve.multiply(1234567, curve.BASE), curve.multiply(h, point))
        if curve.multiply(s, curve.BASE) == right:
            return index, r + s.to_bytes(32, "little")
    raise AssertionError("no signature found")


def canonical(fields: Record) -> str:
    return json.dumps(fields, sort_keys=True, separators=(",", ":"))


def manifest_fields(batch: int = 7) -> Record:
    """The manifest of batch 7, with digests over the five good codes above."""
    codes = [good_code(7, index) for index in range(1, QUANTITY + CANARIES + 1)]
    hashes = b"".join(bytes.fromhex(code["hash"]) for code in codes)
    prints = b"".join(bytes.fromhex(code["fingerprint"]) for code in codes)
    return {
        "batch": batch,
        "code_file_sha256": hashlib.sha256(b"tem test vectors: encrypted codes").hexdigest(),
        "fingerprints_sha256": hashlib.sha256(prints).hexdigest(),
        "format": "tem-manifest-v1",
        "hashes_sha256": hashlib.sha256(hashes).hexdigest(),
        "host": "tem.example.vn",
        "issued_at": "2026-11-20T02:00:00Z",
        "last_index": QUANTITY + CANARIES,
        "office_key_id": OFFICE.id,
        "producer": "HT-P001",
        "product": "HT-SP001",
        "public_key": BATCHES.get(batch, BATCHES[7]).public.hex(),
        "quantity": QUANTITY,
    }


def office_key(key: Key, **differing: Any) -> Record:
    usual = {
        "key_id": key.id,
        "public_key": key.public.hex(),
        "purpose": "manifest",
        "first_batch": 1,
        "last_batch": MAX_BATCH,
        "state": "active",
        "accepted": [],
    }
    return usual | differing


def trusts() -> Record:
    def trust(environment: str, *keys: Record) -> Record:
        return {"format": "tem-trust-v1", "environment": environment, "office_keys": list(keys)}

    listed = [hashlib.sha256(canonical(manifest_fields()).encode()).hexdigest()]
    return {
        "production": trust("production", office_key(OFFICE), office_key(OTHER_OFFICE)),
        "sandbox": trust("sandbox", office_key(OFFICE)),
        "frozen, listed": trust("production", office_key(OFFICE, state="frozen", accepted=listed)),
        "frozen, not listed": trust("production", office_key(OFFICE, state="frozen")),
        "range from 8": trust("production", office_key(OFFICE, first_batch=8)),
        "range to 6": trust("production", office_key(OFFICE, last_batch=6)),
        "range 7 to 7": trust("production", office_key(OFFICE, first_batch=7, last_batch=7)),
        "other office only": trust("production", office_key(OTHER_OFFICE)),
        "nobody": trust("production"),
    }


def sign_manifest(written: str, key: Key = OFFICE) -> str:
    return key.sign(MANIFEST_CONTEXT + written.encode()).hex()


def good_manifests() -> list[Record]:
    def case(name: str, fields: Record, trust: str) -> Record:
        written = canonical(fields)
        return {
            "name": name,
            "trust": trust,
            "text": written,
            "signature": sign_manifest(written),
            "digest": hashlib.sha256(written.encode()).hexdigest(),
        }

    return [
        case("batch 7", manifest_fields(), "production"),
        case("test batch in a sandbox", manifest_fields(TEST_BATCH), "sandbox"),
        case("last production batch", manifest_fields(0xEFFFFFFF), "production"),
        case("frozen key, digest listed", manifest_fields(), "frozen, listed"),
        case("range of exactly this batch", manifest_fields(), "range 7 to 7"),
    ]


def bad_manifests() -> Iterator[Record]:
    good = manifest_fields()
    written = canonical(good)

    def case(
        name: str, why: str, text: str, trust: str = "production", signed: str | None = None
    ) -> Record:
        proof = sign_manifest(text) if signed is None else signed
        return {"name": name, "why": why, "trust": trust, "text": text, "signature": proof}

    def spelled(name: str, why: str, old: str, new: str) -> Record:
        assert written.count(old) == 1
        return case(name, why, written.replace(old, new))

    def changed(name: str, why: str, **fields: Any) -> Record:
        return case(name, why, canonical(good | fields))

    yield from _badly_signed_manifests(case, written)
    yield from _badly_spelled_manifests(case, spelled, written)
    yield from _badly_filled_manifests(case, changed, good)
    yield from _distrusted_manifests(case, changed, good, written)


def _badly_signed_manifests(case: Any, written: str) -> Iterator[Record]:
    right = bytes.fromhex(sign_manifest(written))
    high = int.from_bytes(right[32:], "little") + curve.L
    production = "production"
    yield case(
        "wrong office key", "nobody we trust", written, production, sign_manifest(written, STRANGER)
    )
    yield case("office key not configured", "nobody we trust", written, "other office only")
    yield case("no office key configured", "nobody we trust", written, "nobody")
    own = sign_manifest(written, BATCHES[7])
    yield case("signed by its own batch key", "not an office key", written, production, own)
    bare = OFFICE.sign(written.encode()).hex()
    yield case("signed without the context", "context missing", written, production, bare)
    stamp = OFFICE.sign(STAMP_CONTEXT + written.encode()).hex()
    yield case("signed as a stamp", "wrong context", written, production, stamp)
    yield case("all-zero signature", "not a signature", written, production, bytes(64).hex())
    yield case("empty signature", "not 64 bytes", written, production, "")
    yield case("short signature", "not 64 bytes", written, production, right[:63].hex())
    yield case("long signature", "not 64 bytes", written, production, right.hex() + "00")
    malleable = (right[:32] + high.to_bytes(32, "little")).hex()
    yield case("S + L", "malleable", written, production, malleable)
    changed = written.replace('"quantity":3', '"quantity":4')
    yield case("quantity changed after signing", "other bytes", changed, production, right.hex())


def _badly_spelled_manifests(case: Any, spelled: Any, written: str) -> Iterator[Record]:
    yield spelled("duplicate key, same value", "stands twice", '"batch":7', '"batch":7,"batch":7')
    yield spelled("duplicate key, other value", "stands twice", '"batch":7', '"batch":8,"batch":7')
    yield spelled("blank after a colon", "blank", '"batch":7', '"batch": 7')
    yield spelled("blank after a comma", "blank", '"batch":7,', '"batch":7, ')
    yield case("line feed at the end", "blank", written + "\n")
    yield case("blank in front", "blank", " " + written)
    yield case("indented", "blanks", json.dumps(json.loads(written), sort_keys=True, indent=1))
    backwards = dict(reversed(json.loads(written).items()))
    other_order = json.dumps(backwards, separators=(",", ":"))
    yield case("keys in another order", "keys are sorted", other_order)
    yield spelled("escaped letter in a key", "one spelling", '"quantity"', '"q\\u0075antity"')
    yield spelled("escaped letter in a value", "one spelling", '"HT-P001"', '"\\u0048T-P001"')
    yield spelled("escaped slash", "one spelling", '"HT-P001"', '"HT\\/P001"')
    yield spelled("upper-case escape", "non-ASCII anyway", '"HT-P001"', '"HT-\\u00C3"')
    yield spelled("non-ASCII", "ASCII only", '"HT-P001"', '"HT-Đ001"')
    yield spelled("non-ASCII escaped", "ASCII text only", '"HT-P001"', '"HT-\\u0110001"')
    yield spelled("lone surrogate escaped", "ASCII text only", '"HT-P001"', '"HT-\\ud800"')
    yield spelled("full-width digit", "ASCII only", '"batch":7', '"batch":\uff17')
    yield spelled("float", "whole numbers only", '"quantity":3', '"quantity":3.0')
    yield spelled("exponent", "whole numbers only", '"quantity":3', '"quantity":3e0')
    yield spelled("leading zero", "not JSON", '"quantity":3', '"quantity":03')
    yield spelled("plus sign", "not JSON", '"quantity":3', '"quantity":+3')
    yield spelled("minus zero", "not canonical", '"batch":7', '"batch":-0')
    yield spelled("NaN", "not JSON", '"quantity":3', '"quantity":NaN')
    yield spelled("Infinity", "not JSON", '"quantity":3', '"quantity":Infinity')
    yield spelled("huge whole number", "out of range", '"batch":7', '"batch":1' + "0" * 300)
    yield spelled(
        "5,000 digits", "more than some parsers read", '"batch":7', '"batch":' + "7" * 5000
    )
    yield spelled("trailing comma", "not JSON", '"quantity":3}', '"quantity":3,}')
    yield spelled("comment", "not JSON", '"batch":7', '"batch":7/**/')
    yield case("second document", "one object only", written + "{}")
    yield case("byte-order mark", "ASCII only", "\ufeff" + written)
    yield case("array", "one object only", f"[{written}]")
    yield case(
        "array of the values", "one object only", canonical(list(json.loads(written).values()))
    )
    yield case("string", "one object only", json.dumps(written))
    yield case("number", "one object only", "7")
    yield case("null", "one object only", "null")
    yield case("empty", "one object only", "")
    yield case("empty object", "fields missing", "{}")
    yield case("deep nesting", "one object only", "[" * 20_000)


def _badly_filled_manifests(case: Any, changed: Any, good: Record) -> Iterator[Record]:
    yield changed("unknown key", "exactly the known fields", zone="a")
    yield changed("unknown key, empty", "exactly the known fields", **{"": ""})
    for name in good:
        left = {k: v for k, v in good.items() if k != name}
        yield case(f"without {name}", "exactly the known fields", canonical(left))
        yield changed(f"{name} is null", "wrong type", **{name: None})
        wrong = [good[name]] if isinstance(good[name], str) else str(good[name])
        yield changed(f"{name} of another type", "wrong type", **{name: wrong})
        if isinstance(good[name], str):
            yield changed(f"{name} is empty", "no text", **{name: ""})
            yield changed(f"{name} is a number", "wrong type", **{name: 7})
    for name in ("code_file_sha256", "fingerprints_sha256", "hashes_sha256", "public_key"):
        yield changed(f"{name} in upper case", "lower-case hex", **{name: "AB" * 32})
        yield changed(f"{name} too short", "64 digits", **{name: "ab" * 31})
        yield changed(f"{name} too long", "64 digits", **{name: "ab" * 33})
        yield changed(f"{name} not hex", "64 digits", **{name: "zz" * 32})
        yield changed(f"{name} with a line feed", "64 digits", **{name: good[name] + "\n"})
    yield changed("true for a number", "a boolean is no number", quantity=True)
    yield changed("other format", "only tem-manifest-v1", format="tem-manifest-v2")
    yield changed("batch 0", "batches count from 1", batch=0)
    yield changed("negative batch", "batches count from 1", batch=-7)
    yield changed("batch 2^32", "no such batch", batch=2**32)
    yield changed("quantity 0", "at least one stamp", quantity=0)
    yield changed("negative quantity", "at least one stamp", quantity=-3)
    yield changed("no canary", "last index above quantity", last_index=QUANTITY)
    yield changed("last index below quantity", "last index above quantity", last_index=2)
    yield changed("last index 2^24", "no such index", last_index=2**24)
    for name, instant in (
        ("instant with offset", "2026-11-20T09:00:00+07:00"),
        ("instant without zone", "2026-11-20T02:00:00"),
        ("instant with fraction", "2026-11-20T02:00:00.0Z"),
        ("instant in lower case", "2026-11-20t02:00:00z"),
        ("date for instant", "2026-11-20"),
        ("instant with a line feed", "2026-11-20T02:00:00Z\n"),
    ):
        yield changed(name, "YYYY-MM-DDThh:mm:ssZ", issued_at=instant)


def _distrusted_manifests(case: Any, changed: Any, good: Record, written: str) -> Iterator[Record]:
    other = canonical(good | {"office_key_id": OTHER_OFFICE.id})
    yield case("names the other office key", "signer and name differ", other)
    by_other = sign_manifest(written, OTHER_OFFICE)
    yield case(
        "signed by the other office key", "signer and name differ", written, "production", by_other
    )
    yield changed("names no known key", "signer and name differ", office_key_id="00" * 32)
    test = canonical(manifest_fields(TEST_BATCH))
    yield case("test batch in production", "test stamps belong to a sandbox", test)
    last = canonical(manifest_fields(MAX_BATCH))
    yield case("last test batch in production", "test stamps belong to a sandbox", last)
    yield case("production batch in a sandbox", "a sandbox takes test stamps", written, "sandbox")
    yield case("frozen key, digest not listed", "frozen", written, "frozen, not listed")
    second = canonical(good | {"quantity": 2})
    yield case("frozen key, another digest listed", "frozen", second, "frozen, listed")
    yield case("below the key's range", "not this key's number", written, "range from 8")
    yield case("above the key's range", "not this key's number", written, "range to 6")
    yield changed(
        "batch key is the office key", "one purpose a key", public_key=OFFICE.public.hex()
    )
    yield changed(
        "batch key is another office key", "one purpose a key", public_key=OTHER_OFFICE.public.hex()
    )
    for weak in weak_keys():
        name = f"batch key: {weak['name'].removeprefix('weak key: ')}"
        yield changed(name, "a weak batch key", public_key=weak["public_key"])


def serials() -> Record:
    stamps = [(1, 1), (7, 3), (12, 345), (1, MAX_INDEX), (TEST_BATCH, 1), (MAX_BATCH, MAX_INDEX)]
    good = serial(12, 345)
    front, check = good[:-2], int(good[-2:])
    wrong = [
        ("check digits one higher", f"{front}{(check + 1) % 100:02d}"),
        ("two digits exchanged", f"12-354-{check:02d}"),
        ("one digit changed", f"12-346-{check:02d}"),
        ("batch and index exchanged", f"345-12-{check:02d}"),
        ("digit moved across the hyphen", f"123-45-{check:02d}"),
        ("no check digits", "12-345"),
        ("one check digit", f"12-345-{check % 10}"),
        ("leading zero in the batch", f"012-345-{check:02d}"),
        ("leading zero in the index", f"12-0345-{check:02d}"),
        ("batch 0", serial(0, 1)),
        ("index 0", serial(1, 0)),
        ("batch 2^32", serial(2**32, 1)),
        ("index 2^24", serial(1, 2**24)),
        ("Arabic-Indic digit", "\u0661" + good[1:]),
        ("full-width digit", "\uff11" + good[1:]),
        ("en dash", good.replace("-", "\u2013")),
        ("no hyphens", good.replace("-", "")),
        ("plus sign", "+" + good),
        ("empty", ""),
    ]
    return {
        "good": [{"batch": b, "index": i, "text": serial(b, i)} for b, i in stamps],
        "bad": [{"why": why, "text": written} for why, written in wrong],
    }


def document() -> Record:
    codes = [*malformed_codes(), *badly_signed_codes(), *weak_keys()]
    keys = [{"name": k.name, "seed": k.seed.hex(), "public_key": k.public.hex(), "id": k.id}
            for k in (*BATCHES.values(), OFFICE, OTHER_OFFICE, STRANGER)]  # fmt: skip
    return {
        "format": "tem-stamp-vectors-v1",
        "about": "Frozen cases of the stamp format; see docs/stamp-format.md. The keys are for "
        "tests alone: their seeds stand here.",
        "stamp_context": STAMP_CONTEXT.hex(),
        "manifest_context": MANIFEST_CONTEXT.hex(),
        "prefix": PREFIX,
        "keys": keys,
        "good": good_codes(),
        "bad": codes,
        "weak_keys": [
            {"public_key": weak["public_key"], "why": weak["name"].removeprefix("weak key: ")}
            for weak in weak_keys()
        ],
        "serials": serials(),
        "trusts": trusts(),
        "manifests": {"good": good_manifests(), "bad": list(bad_manifests())},
    }


def rendered() -> str:
    """The file's exact content."""
    return json.dumps(document(), indent=1, ensure_ascii=True) + "\n"


if __name__ == "__main__":
    FILE.write_text(rendered(), "ascii")
