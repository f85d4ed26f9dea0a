"""The frames of frozen packs, written from ``docs/offline-packs.md`` alone."""

import gzip
import hashlib
import json
from typing import Any

from tests.vectors.make_stamps import OFFICE, Key, Record
from tests.vectors.pack_record import NO_CHANGES, SMALL

PREFIX = "https://tem.example.vn/s/"
PACK, STRANGER = Key("pack key"), Key("stranger's pack key")
FULL, DELTA = 1_790_000_000, 1_790_000_600
AS_OF, DELTA_AS_OF, UNTIL = "2026-11-20T02:00:00Z", "2026-11-20T02:10:00Z", "2026-11-27T02:00:00Z"
AS_OF_SECONDS = 1_795_140_000
NOW = "2026-11-20T03:00:00Z"  # 10:00 in Vietnam


def canonical(fields: Record) -> bytes:
    return json.dumps(fields, sort_keys=True, separators=(",", ":")).encode()


def counted(raw: bytes) -> bytes:
    return len(raw).to_bytes(4, "big") + raw


def packed(payload: Any) -> tuple[bytes, int]:
    raw = json.dumps(payload, ensure_ascii=False, separators=(",", ":")).encode()
    return gzip.compress(raw, 0, mtime=0), len(raw)


def header(payload: bytes, length: int, **differing: Any) -> Record:
    usual = {
        "as_of": AS_OF,
        "base": None,
        "change": 41,
        "environment": "production",
        "epoch": "e" * 32,
        "event": 3,
        "format": "tem-pack-v1",
        "pack_key_id": PACK.id,
        "payload_bytes": length,
        "payload_sha256": hashlib.sha256(payload).hexdigest(),
        "prefix": PREFIX,
        "sequence": FULL,
        "valid_until": UNTIL,
    }
    return usual | differing


def certificate(**differing: Any) -> Record:
    usual = {
        "environment": "production",
        "format": "tem-pack-key-v1",
        "office_key_id": OFFICE.id,
        "public_key": PACK.public.hex(),
        "valid_from": "2026-01-01T00:00:00Z",
        "valid_until": "2027-02-05T00:00:00Z",
    }
    return usual | differing


def frame(
    made: bytes, vouched: bytes, payload: bytes, key: Key = PACK, office: Key = OFFICE
) -> bytes:
    """A frame whose header and certificate are signed as they stand."""
    signed = key.sign(b"tem-pack-v1\0" + made)
    proof = office.sign(b"tem-pack-key-v1\0" + vouched)
    return b"TEMPACK1" + counted(made) + signed + counted(vouched) + proof + counted(payload)


def full(payload: Any = None, key: Key = PACK, office: Key = OFFICE, **differing: Any) -> bytes:
    """A full frame; ``differing`` are fields of the header, of ``certificate`` those in it."""
    told = certificate(**differing.pop("certificate", {}))
    raw, length = packed(SMALL if payload is None else payload)
    made = canonical(header(raw, length, **differing))
    return frame(made, canonical(told), raw, key, office)


def delta(payload: Any = None, **differing: Any) -> bytes:
    usual = {"as_of": DELTA_AS_OF, "base": FULL, "change": 44, "event": 5, "sequence": DELTA}
    return full(NO_CHANGES if payload is None else payload, **(usual | differing))
