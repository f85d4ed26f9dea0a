"""Batches really signed, without an issuer: their keys are kept, so any code can be made again.

That is what no issuer does, and why a seeded registry is for measurements only: its office key is
of its own and stands in its folder.
"""

import hashlib
import json
import os
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass
from functools import partial
from multiprocessing import get_context
from pathlib import Path

from loadtests.seed_plan import Plan, producer_id, product_id
from nacl.bindings import crypto_sign, crypto_sign_seed_keypair

from tem import manifest, trust
from tem.manifest import FINGERPRINT_BYTES, Manifest
from tem.stampcode import SIGNATURE_BYTES, SIGNING_CONTEXT, signed_message, text_of

HOST = "tem.example.vn"
FILE, TABLES = "seed.json", "fingerprints.bin"
NO_TABLE = hashlib.sha256(b"").hexdigest()


@dataclass(frozen=True, slots=True)
class Seed:
    """A plan and the secret that all keys of a seeded registry come from."""

    plan: Plan
    secret: bytes

    @classmethod
    def read(cls, folder: Path) -> "Seed":
        """What :meth:`write` wrote."""
        kept = json.loads((folder / FILE).read_text())
        return cls(Plan(**kept["plan"]), bytes.fromhex(kept["secret"]))

    def write(self, folder: Path) -> None:
        """Keep the plan and the secret, and the trust file that names the office key."""
        (folder / TABLES).unlink(missing_ok=True)
        folder.mkdir(parents=True, exist_ok=True)
        kept = {"plan": asdict(self.plan), "secret": self.secret.hex()}
        (folder / FILE).write_text(json.dumps(kept))
        office = trust.OfficeKey(self.keys("office")[0])
        (folder / "trust.json").write_text(json.dumps(trust.document([office], sandbox=False)))

    def keys(self, of: str | int) -> tuple[bytes, bytes]:
        """Public and secret Ed25519 key of a batch, or of the office."""
        return crypto_sign_seed_keypair(hashlib.sha256(self.secret + str(of).encode()).digest())

    def code(self, batch: int, index: int) -> str:
        """The digits on a stamp."""
        return text_of(_code(self.keys(batch)[1], batch, index))

    def manifest(self, batch: int, table: bytes, issued_at: str) -> tuple[str, bytes]:
        """A batch's manifest and the office's signature, over a table of fingerprints or b""."""
        plan = self.plan
        office, secret = self.keys("office")
        product = plan.product_of(batch)
        text = manifest.write(
            Manifest(
                batch=batch,
                code_file_sha256="0" * 64,
                fingerprints_sha256=hashlib.sha256(table).hexdigest() if table else NO_TABLE,
                format=manifest.FORMAT,
                hashes_sha256="0" * 64,
                host=HOST,
                issued_at=issued_at,
                last_index=plan.last_index,
                office_key_id=manifest.key_id(office),
                producer=producer_id(product // 2),
                product=product_id(product),
                public_key=self.keys(batch)[0].hex(),
                quantity=plan.quantity,
            )
        )
        return text, crypto_sign(manifest.signed_message(text), secret)[:SIGNATURE_BYTES]

    def tables(self, kept: Path) -> Iterator[tuple[int, bytes]]:
        """(batch, fingerprints) of every batch that has them, signed on all cores; once, for they
        are kept in a file."""
        coded, size = self.plan.coded(), self.plan.last_index * FINGERPRINT_BYTES
        if not kept.exists():
            self._sign(kept, coded)
        with kept.open("rb") as file:
            for batch in coded:
                yield batch, file.read(size)

    def _sign(self, kept: Path, coded: range) -> None:
        cores = len(os.sched_getaffinity(0))
        draft = kept.with_suffix(".draft")
        with (
            draft.open("wb") as file,
            ProcessPoolExecutor(cores, mp_context=get_context("fork")) as pool,
        ):
            for table in pool.map(partial(_table, self), coded, chunksize=4):
                file.write(table)
        draft.replace(kept)


def _code(secret: bytes, batch: int, index: int) -> bytes:
    message = signed_message(batch, index)
    return message[len(SIGNING_CONTEXT) :] + crypto_sign(message, secret)[:SIGNATURE_BYTES]


def _table(seed: Seed, batch: int) -> bytes:
    """Every stamp of a batch signed, its fingerprint kept."""
    secret = seed.keys(batch)[1]
    return b"".join(
        hashlib.sha256(_code(secret, batch, index)).digest()[:FINGERPRINT_BYTES]
        for index in range(1, seed.plan.last_index + 1)
    )
