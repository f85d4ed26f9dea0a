"""Offline packs made by hand: an office key, a pack key and batches it vouches for, frames that
say it all."""

import gzip
import hashlib
import json
from dataclasses import asdict
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from tem import manifest
from tem.manifest import Manifest, key_id
from tem.pack import batch, canonical, certificate, frames, header
from tem.pack.frames import Signed
from tem.pack.header import Header
from tem.pack.key_file import PackKey
from tem.pack.trust_list import OfficeKey, TrustList

PREFIX = "https://tem.example.vn/s/"
AS_OF, UNTIL = "2026-11-20T02:00:00Z", "2026-11-27T02:00:00Z"
EMPTY: dict[str, list[Any]] = {
    name: [] for name in ("products", "producers", "lots", "bindings", "batches", "unavailable")
}


class PackMint:
    """Signs packs. ``office`` may be a key that others know already."""

    def __init__(self, office: Ed25519PrivateKey | None = None) -> None:
        self.office = office or Ed25519PrivateKey.generate()
        self.key = Ed25519PrivateKey.generate()

    @property
    def office_id(self) -> str:
        """The office key's id."""
        return key_id(self.office.public_key().public_bytes_raw())

    def trust(self, environment: str = "production", **says: Any) -> TrustList:
        """The trust list that names the office key, which is otherwise in some fields."""
        public = self.office.public_key().public_bytes_raw()
        return TrustList(environment, {self.office_id: OfficeKey(public, **says)})

    def batch(
        self,
        number: int,
        key: Ed25519PrivateKey,
        runs: list[int],
        *,
        signer: Ed25519PrivateKey | None = None,
        **says: Any,
    ) -> list[Any]:
        """A row of a batch of SP1 by P1, in their first places; its manifest says something else
        in some fields."""
        quantity = sum(runs[::2])
        made = Manifest(
            batch=number,
            code_file_sha256="0" * 64,
            fingerprints_sha256="0" * 64,
            format=manifest.FORMAT,
            hashes_sha256="0" * 64,
            host="tem.example.vn",
            issued_at="2026-11-19T02:00:00Z",
            last_index=quantity + 1,
            office_key_id=self.office_id,
            producer="P1",
            product="SP1",
            public_key=key.public_key().public_bytes_raw().hex(),
            quantity=quantity,
        )
        text = canonical.write(asdict(made) | says).decode()
        signature = (signer or self.office).sign(manifest.signed_message(text))
        return [number, text, batch.written(signature), 0, 0, runs]

    def certificate(self, **changes: Any) -> Signed:
        """The pack key's certificate; it says something else in these fields."""
        vouched = {
            "environment": "production",
            "format": certificate.FORMAT,
            "office_key_id": self.office_id,
            "public_key": self.key.public_key().public_bytes_raw().hex(),
            "valid_from": "2026-01-01T00:00:00Z",
            "valid_until": "2027-12-01T00:00:00Z",
        }
        raw = canonical.write(vouched | changes)
        return Signed(raw, self.office.sign(certificate.signed_message(raw)))

    def handed_over(self, **changes: Any) -> PackKey:
        """The key as the issuer hands it over."""
        signed = self.certificate(**changes)
        return PackKey(self.key.private_bytes_raw(), certificate.parse(signed.raw), signed)

    def frame(
        self,
        payload: Any = None,
        *,
        vouched: Signed | None = None,
        signer: Ed25519PrivateKey | None = None,
        packed: bytes | None = None,
        **changes: Any,
    ) -> bytes:
        """A frame; its header says something else in these fields."""
        text = json.dumps(EMPTY if payload is None else payload).encode()
        content = gzip.compress(text, mtime=0) if packed is None else packed
        made = Header(
            as_of=AS_OF,
            base=None,
            change=5,
            environment="production",
            epoch="e1",
            event=0,
            format=header.FORMAT,
            pack_key_id=key_id(self.key.public_key().public_bytes_raw()),
            payload_bytes=len(text),
            payload_sha256=hashlib.sha256(content).hexdigest(),
            prefix=PREFIX,
            sequence=100,
            valid_until=UNTIL,
        )
        raw = canonical.write(asdict(made) | changes)
        signature = (signer or self.key).sign(header.signed_message(raw))
        return frames.write(Signed(raw, signature), vouched or self.certificate(), content)
