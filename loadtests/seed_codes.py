"""Batches really signed, without an issuer: their keys are kept, so any code can be made again.

That is what no issuer does, and why a seeded registry is for measurements only: its office key is
of its own and stands in its folder.

A plan that samples signs only some stamps of each batch; the other fingerprints of its table are
random bytes, which the verifier cannot tell from the hash of a code that nobody holds. The manifest
vouches for the table as it is published.
"""

import hashlib
import json
import os
import random
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass
from functools import partial
from multiprocessing import get_context
from pathlib import Path

from loadtests.seed_plan import Plan, producer_id, product_id
from loadtests.seed_sample import Sample, Samples
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
        samples = Samples()
        with (
            draft.open("wb") as file,
            ProcessPoolExecutor(cores, mp_context=get_context("fork")) as pool,
        ):
            sign = partial(_sampled if self.plan.sampled else _table, self)
            for table, sample in pool.map(sign, coded, chunksize=100 if self.plan.sampled else 4):
                file.write(table)
                samples.add(sample)
        if self.plan.sampled:
            samples.write(kept.parent)
        draft.replace(kept)


def _code(secret: bytes, batch: int, index: int) -> bytes:
    message = signed_message(batch, index)
    return message[len(SIGNING_CONTEXT) :] + crypto_sign(message, secret)[:SIGNATURE_BYTES]


def _table(seed: Seed, batch: int) -> tuple[bytes, Sample]:
    """Every stamp of a batch signed, its fingerprint kept."""
    secret = seed.keys(batch)[1]
    table = b"".join(
        _fingerprint(_code(secret, batch, index)) for index in range(1, seed.plan.last_index + 1)
    )
    return table, Sample()


def _sampled(seed: Seed, batch: int) -> tuple[bytes, Sample]:
    """A table of which some stamps are signed, each from another range while there are enough."""
    secret, chance = seed.keys(batch)[1], random.Random(seed.secret + batch.to_bytes(4, "big"))
    table = bytearray(chance.randbytes(seed.plan.last_index * FINGERPRINT_BYTES))
    ranges, sample = list(seed.plan.ranges_of(batch)), Sample()
    left = {index for one in ranges for index in range(one.first, one.last + 1)}
    chance.shuffle(ranges)
    for place in range(seed.plan.sampled_of_batch):
        one = ranges[place % len(ranges)]
        free = [index for index in range(one.first, one.last + 1) if index in left]
        if not free:
            continue
        index = chance.choice(free)
        left.discard(index)
        raw = _code(secret, batch, index)
        table[(index - 1) * FINGERPRINT_BYTES : index * FINGERPRINT_BYTES] = _fingerprint(raw)
        sample.take(raw, one, chance)
    return bytes(table), sample


def _fingerprint(raw: bytes) -> bytes:
    return hashlib.sha256(raw).digest()[:FINGERPRINT_BYTES]
