"""A frame signed with the pack key, by libsodium as checkpoints are (docs/adr/0034)."""

import gzip
import hashlib
import json
from datetime import datetime
from typing import Any

from nacl.bindings import crypto_sign, crypto_sign_seed_keypair

from tem.dates import rfc3339
from tem.manifest import key_id
from tem.pack import frames, header
from tem.pack.frames import SIGNATURE_BYTES, Signed
from tem.pack.header import Header
from tem.pack.key_file import PackKey
from tem_registry.packs.published_record import Position


def payload_of(content: Any) -> bytes:
    """The JSON of a payload."""
    return json.dumps(content, ensure_ascii=False, separators=(",", ":")).encode()


def signed(
    key: PackKey,
    position: Position,
    prefix: str,
    payload: bytes,
    *,
    sequence: int,
    base: int | None,
    as_of: datetime,
    valid_until: datetime,
) -> bytes:
    """The bytes of a frame. It never outlives the certificate of its key."""
    packed = gzip.compress(payload, 9, mtime=0)
    made = Header(
        as_of=rfc3339(as_of),
        base=base,
        change=position.change,
        environment=key.certificate.environment,
        epoch=position.epoch,
        event=position.event,
        format=header.FORMAT,
        pack_key_id=key_id(bytes.fromhex(key.certificate.public_key)),
        payload_bytes=len(payload),
        payload_sha256=hashlib.sha256(packed).hexdigest(),
        prefix=prefix,
        sequence=sequence,
        valid_until=min(rfc3339(valid_until), key.certificate.valid_until),
    )
    raw = made.write()
    _, secret = crypto_sign_seed_keypair(key.seed)
    signature = crypto_sign(header.signed_message(raw), secret)[:SIGNATURE_BYTES]
    return frames.write(Signed(raw, signature), key.signed, packed)
