"""One signing run: a batch signed, verified, vouched for and released, in a process of its own.

The steps, each named to the caller as it is reached:

1. ``claimed``: the intent is recorded: state ``signing``, a new attempt, an audit entry.
2. ``prepared``: fresh batch key and data key in memory, empty files of the right size.
3. ``signed``: every code written, sealed; every hash written; both on disk for good.
4. ``verified``: a second read of the file, through the public parser and another library.
5. ``kept``: the data key, wrapped, is on disk for good.
6. ``described``: the manifest is written; nothing has vouched for it yet.
7. ``vouched``: the office's signature exists, in this process's memory only.
8. ``released``: one transaction stored manifest, signature and audit entry, and committed.

A run that dies before 8 leaves files that nothing refers to and a batch that is signed anew
under a new key by the next run; nothing of the dead run ever left this process.
"""

import secrets
from collections.abc import Callable
from contextlib import suppress
from functools import partial

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy import Engine
from sqlalchemy.exc import InterfaceError, OperationalError

from tem import manifest
from tem.clock import Clock
from tem.databases.database import writing
from tem.dates import rfc3339
from tem.installation import write_private
from tem.trail import audit
from tem_issuer import batch_files, chunks, keys, office_keys, storage
from tem_issuer.codefile import Layout
from tem_issuer.domain import Batch
from tem_issuer.settings import Settings

ACTOR = "signer"
CANARIES_LEAST, CANARIES_SPREAD = 3, 6
OnStep = Callable[[str], None]


class RunAbandoned(Exception):
    """Another run of the same batch has begun: this one may release nothing."""


def run(
    engine: Engine,
    settings: Settings,
    clock: Clock,
    number: int,
    *,
    processes: int,
    on_step: OnStep = lambda step: None,
) -> None:
    """Sign and release one batch.

    Raises RunAbandoned, OfficeKeyAway, or whatever made signing impossible.
    """
    office_keys.open_for(settings, number)  # none that opens: the batch waits, nothing is begun
    attempt, batch = _claim(engine, clock, number)
    batch_files.discard(settings, number, keep_attempt=attempt)
    on_step("claimed")
    codes, wrapped, hashes = batch_files.paths(settings, number, attempt)
    last_index = batch.quantity + CANARIES_LEAST + secrets.randbelow(CANARIES_SPREAD)
    layout = Layout(number, attempt, last_index)
    key = Ed25519PrivateKey.generate()
    work = chunks.Work(layout, key, secrets.token_bytes(keys.KEY_BYTES), codes, hashes)
    batch_files.make((codes, layout.file_bytes), (hashes, last_index * manifest.HASH_BYTES))
    on_step("prepared")
    engine.dispose()  # forked helpers must inherit no open connection
    chunks.in_parallel(chunks.sign, work, processes, partial(_progress, engine, batch, attempt))
    batch_files.to_disk(codes, hashes)
    on_step("signed")
    engine.dispose()
    chunks.in_parallel(chunks.verify, work, processes, lambda done: None)
    on_step("verified")
    wrapping = settings.wrapping_key.read_bytes()
    write_private(wrapped, keys.wrap(wrapping, work.data_key, number, attempt))
    on_step("kept")
    office = office_keys.open_for(settings, number)
    now = clock()
    text = manifest.write(_manifest(batch, work, keys.raw_public(office), rfc3339(now)))
    on_step("described")
    made = storage.Release(
        last_index,
        keys.raw_public(key),
        text,
        office.sign(manifest.signed_message(text)),
        now,
    )
    on_step("vouched")
    still = partial(office_keys.require_still_signing, settings, number, keys.raw_public(office))
    _release(engine, number, attempt, made, still)
    on_step("released")


def _claim(engine: Engine, clock: Clock, number: int) -> tuple[int, Batch]:
    with writing(engine) as connection:
        attempt = storage.claim(connection, number)
        batch = storage.find_batch(connection, number)
        if attempt is None or batch is None:
            raise RunAbandoned(f"batch {number} is not waiting to be signed")
        details = {"attempt": attempt, "quantity": batch.quantity}
        audit.record(connection, clock(), ACTOR, "batch.signing", f"batch:{number}", details)
    return attempt, batch


def _release(
    engine: Engine,
    number: int,
    attempt: int,
    made: storage.Release,
    require_still_signing: Callable[[], None],
) -> None:
    """The signature leaves this process here, by the commit that makes the batch released."""
    with writing(engine) as connection:
        if not storage.release(connection, number, attempt, made):
            raise RunAbandoned(f"attempt {attempt} of batch {number} was superseded")
        require_still_signing()  # behind the lock that a freezing takes: listed, or not released
        details = {
            "attempt": attempt,
            "last_index": made.last_index,
            "manifest_sha256": manifest.digest(made.manifest),
        }
        audit.record(
            connection, made.released_at, ACTOR, "batch.released", f"batch:{number}", details
        )


def _progress(engine: Engine, batch: Batch, attempt: int, signed: int) -> None:
    # A server that restarts ends no run for this: the next report is right again.
    with suppress(OperationalError, InterfaceError), writing(engine) as connection:
        storage.set_progress(connection, batch.number, attempt, min(signed, batch.quantity))


def _manifest(batch: Batch, work: chunks.Work, office: bytes, issued_at: str) -> manifest.Manifest:
    code_file, hashes, fingerprints = batch_files.digests(work.codes, work.hashes)
    return manifest.Manifest(
        batch=batch.number,
        code_file_sha256=code_file,
        fingerprints_sha256=fingerprints,
        format=manifest.FORMAT,
        hashes_sha256=hashes,
        host=batch.host,
        issued_at=issued_at,
        last_index=work.layout.last_index,
        office_key_id=manifest.key_id(office),
        producer=batch.producer_id,
        product=batch.product_id,
        public_key=keys.raw_public(work.batch_key).hex(),
        quantity=batch.quantity,
    )
