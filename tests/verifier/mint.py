"""Batches really signed, without an issuer: an office key, its trust file, keys of batches."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from types import MappingProxyType
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from tests.registry.records import OFFICE, Register

from tem import manifest, trust
from tem.dates import vietnam_day
from tem.manifest import Manifest
from tem.stampcode import SIGNING_CONTEXT, signed_message, text_of
from tem.vocabulary import StampState
from tem_registry import publication, tables
from tem_registry.batches import delivery
from tem_registry.intervals import Interval
from tem_registry.stamps import stamps

CANARIES = 3
PREFIX = "https://tem.example.vn/s/"


def code_of(key: Ed25519PrivateKey, batch: int, index: int) -> bytes:
    """The 72 bytes of a stamp signed with a key."""
    message = signed_message(batch, index)
    return message[len(SIGNING_CONTEXT) :] + key.sign(message)


@dataclass(frozen=True)
class Minted:
    """A signed batch: everything an issuer would hand out about it, and its secret key."""

    made: Manifest
    manifest: str
    signature: bytes
    key: Ed25519PrivateKey
    fingerprints: bytes

    def text(self, index: int) -> str:
        """The digits of a stamp, a canary's too."""
        return text_of(code_of(self.key, self.made.batch, index))


class Mint:
    """The office's signing key and the trust file that names it."""

    def __init__(self, folder: Path) -> None:
        self.trust_file = folder / "trust.json"
        self.office = Ed25519PrivateKey.generate()
        self.public_key = self.office.public_key().public_bytes_raw()
        self.trust()

    def trust(self, **changes: Any) -> None:
        """Write the trust file, its one key changed in these members."""
        key = replace(trust.OfficeKey(self.public_key), **changes)
        draft = self.trust_file.with_suffix(".draft")
        draft.write_text(json.dumps(trust.document([key], sandbox=False)), "utf-8")
        draft.replace(self.trust_file)

    def sign(
        self,
        batch: int,
        quantity: int = 100,
        product: str = "SP1",
        producer: str = "P1",
        *,
        key: Ed25519PrivateKey | None = None,
        says: Mapping[str, Any] = MappingProxyType({}),
    ) -> Minted:
        """A batch signed stamp by stamp; its manifest ``says`` something else in these fields."""
        key = key or Ed25519PrivateKey.generate()
        last_index = quantity + CANARIES
        codes = (code_of(key, batch, index) for index in range(1, last_index + 1))
        fingerprints = b"".join(hashlib.sha256(code).digest()[:8] for code in codes)
        made = Manifest(
            batch=batch,
            code_file_sha256="0" * 64,
            fingerprints_sha256=hashlib.sha256(fingerprints).hexdigest(),
            format=manifest.FORMAT,
            hashes_sha256="0" * 64,
            host="tem.example.vn",
            issued_at="2026-11-20T02:00:00Z",
            last_index=last_index,
            office_key_id=manifest.key_id(self.public_key),
            producer=producer,
            product=product,
            public_key=key.public_key().public_bytes_raw().hex(),
            quantity=quantity,
        )
        text = manifest.write(Manifest(**{**asdict(made), **says}))
        signature = self.office.sign(manifest.signed_message(text))
        return Minted(made, text, signature, key, fingerprints)


def publish(register: Register, minted: Minted, *, delivered: bool = True) -> Minted:
    """Put a signed batch on record and publish it, as the registry does after an order."""
    made = minted.made
    owned = {"product_id": made.product, "producer_id": made.producer, "quantity": made.quantity}
    with register.write() as connection:
        connection.execute(
            tables.stamp_order.insert().values(
                id=f"DH-{made.batch}",
                **owned,
                unit_fee_vnd=200,
                unit_subsidy_vnd=0,
                state="issued",
                requested_at=register.clock(),
                requested_by=OFFICE,
                batch=made.batch,
            )
        )
        connection.execute(
            tables.stamp_batch.insert().values(
                number=made.batch,
                order_id=f"DH-{made.batch}",
                **owned,
                public_key=hashlib.sha256(minted.manifest.encode()).digest(),
                manifest=minted.manifest,
                signature=minted.signature,
                issued_on=vietnam_day(register.clock()),
                revision=0,
            )
        )
        whole = [Interval(1, made.quantity, StampState.ISSUED)]
        stamps.write(connection, made.batch, whole)
        change = publication.next_change(connection, register.clock())
        half = len(minted.fingerprints) // 16 * 8
        pieces = [minted.fingerprints[:half], minted.fingerprints[half:]]
        publication.put_batch(connection, change, made, minted.manifest, minted.signature, pieces)
        publication.replace_intervals(connection, change, made.batch, whole)
        if delivered:
            delivery.deliver(connection, register.clock(), OFFICE, made.batch, "BB-1")
    return minted
