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

import hashlib
import os
import secrets
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass
from functools import partial
from multiprocessing import get_context
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from sqlalchemy import Engine

from tem import audit, ed25519, manifest, stampcode
from tem.clock import Clock
from tem.database import writing
from tem.dates import rfc3339
from tem.installation import sync_folder, write_private
from tem.process import die_with_parent, forbid_core_dumps
from tem_issuer import codefile, keys, storage
from tem_issuer.codefile import Layout
from tem_issuer.domain import Batch
from tem_issuer.settings import Settings

ACTOR = "signer"
CANARIES_LEAST, CANARIES_SPREAD = 3, 6
OnStep = Callable[[str], None]


class RunAbandoned(Exception):
    """Another run of the same batch has begun: this one may release nothing."""


@dataclass(frozen=True, slots=True)
class Work:
    """What a run holds in memory and forked helpers inherit; it is never pickled or stored."""

    layout: Layout
    batch_key: Ed25519PrivateKey
    data_key: bytes
    codes: Path
    hashes: Path


def paths(settings: Settings, number: int, attempt: int) -> tuple[Path, Path, Path]:
    """Codes, wrapped data key and hashes of one attempt."""
    name = f"{number}-{attempt}"
    codes = settings.codes / f"{name}.codes"
    return codes, settings.codes / f"{name}.key", settings.hashes / f"{name}.hashes"


def run(
    engine: Engine,
    settings: Settings,
    clock: Clock,
    number: int,
    *,
    processes: int,
    on_step: OnStep = lambda step: None,
) -> None:
    """Sign and release one batch. Raises RunAbandoned, or whatever made signing impossible."""
    attempt, batch = _claim(engine, clock, number)
    discard(settings, number, keep_attempt=attempt)
    on_step("claimed")
    codes, wrapped, hashes = paths(settings, number, attempt)
    last_index = batch.quantity + CANARIES_LEAST + secrets.randbelow(CANARIES_SPREAD)
    layout = Layout(number, attempt, last_index)
    key = Ed25519PrivateKey.generate()
    work = Work(layout, key, secrets.token_bytes(keys.KEY_BYTES), codes, hashes)
    _make_files(work)
    on_step("prepared")
    engine.dispose()  # forked helpers must inherit no open connection
    _in_parallel(_sign_chunk, work, processes, partial(_progress, engine, batch, attempt))
    _to_disk(codes, hashes)
    on_step("signed")
    engine.dispose()
    _in_parallel(_verify_chunk, work, processes, lambda done: None)
    on_step("verified")
    wrapping = settings.wrapping_key.read_bytes()
    write_private(wrapped, keys.wrap(wrapping, work.data_key, number, attempt))
    on_step("kept")
    office = keys.load_office_key(
        settings.office_key, keys.passphrase_from(settings.passphrase_file)
    )
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
    _release(engine, number, attempt, made)
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


def _release(engine: Engine, number: int, attempt: int, made: storage.Release) -> None:
    """The signature leaves this process here, by the commit that makes the batch released."""
    with writing(engine) as connection:
        if not storage.release(connection, number, attempt, made):
            raise RunAbandoned(f"attempt {attempt} of batch {number} was superseded")
        details = {
            "attempt": attempt,
            "last_index": made.last_index,
            "manifest_sha256": manifest.digest(made.manifest),
        }
        audit.record(
            connection, made.released_at, ACTOR, "batch.released", f"batch:{number}", details
        )


def discard(settings: Settings, number: int, keep_attempt: int | None) -> None:
    """Delete what other attempts at a batch left on disk."""
    for folder in (settings.codes, settings.hashes):
        for path in folder.glob(f"*{number}-*"):
            stem = path.name.lstrip(".").split(".")[0]
            owner, _, attempt = stem.partition("-")
            if owner == str(number) and attempt != str(keep_attempt):
                path.unlink(missing_ok=True)


def _make_files(work: Work) -> None:
    """Empty files of full size: a disk too small is found out before signing."""
    sizes = ((work.codes, work.layout.file_bytes), (work.hashes, work.layout.last_index * 32))
    for path, size in sizes:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600)
        try:
            os.posix_fallocate(descriptor, 0, size)
        finally:
            os.close(descriptor)


def _to_disk(*files: Path) -> None:
    for path in files:
        descriptor = os.open(path, os.O_RDWR)
        os.fsync(descriptor)
        os.close(descriptor)
        sync_folder(path.parent)


def _progress(engine: Engine, batch: Batch, attempt: int, signed: int) -> None:
    with writing(engine) as connection:
        storage.set_progress(connection, batch.number, attempt, min(signed, batch.quantity))


# --- what forked helpers do; they inherit the work by fork and see chunk numbers only ---

_work: Work | None = None


def _inherit(work: Work, run: int) -> None:
    global _work
    die_with_parent(run)  # a helper left behind would keep the batch key, and the signer's lock
    forbid_core_dumps()
    _work = work


def _in_parallel(
    task: Callable[[int], int], work: Work, processes: int, report: Callable[[int], None]
) -> None:
    """Run a task for each chunk on all cores; a dead helper ends the run with an error."""
    chunks = range(work.layout.chunks)
    if len(chunks) == 1:
        _inherit_here(work)
        task(0)
        return
    done = 0
    helpers = min(processes, len(chunks))
    with ProcessPoolExecutor(
        helpers, mp_context=get_context("fork"), initializer=_inherit, initargs=(work, os.getpid())
    ) as pool:
        try:
            for finished in as_completed([pool.submit(task, chunk) for chunk in chunks]):
                before, done = done, done + finished.result()
                if before * 40 // work.layout.last_index != done * 40 // work.layout.last_index:
                    report(done)
        except BaseException:
            pool.shutdown(cancel_futures=True)  # what fails early need not be finished
            raise


def _inherit_here(work: Work) -> None:
    global _work
    _work = work


def _sign_chunk(chunk: int) -> int:
    """Sign and seal a chunk's codes and write their hashes; how many there were."""
    work = _work
    assert work is not None
    layout = work.layout
    codes, hashes = bytearray(), bytearray()
    for index in layout.indexes(chunk):
        message = stampcode.signed_message(layout.batch, index)
        raw = message[len(stampcode.SIGNING_CONTEXT) :] + work.batch_key.sign(message)
        codes += raw
        hashes += hashlib.sha256(raw).digest()
    with _opened(work.codes) as file:
        codefile.write_chunk(file, AESGCM(work.data_key), layout, chunk, bytes(codes))
    with _opened(work.hashes) as file:
        codefile.write_at(file, bytes(hashes), (layout.indexes(chunk).start - 1) * 32)
    return len(layout.indexes(chunk))


def _verify_chunk(chunk: int) -> int:
    """Read a chunk again and check each code as a stranger would; how many there were."""
    work = _work
    assert work is not None
    layout, public = work.layout, keys.raw_public(work.batch_key)
    with _opened(work.codes) as file:
        codes = codefile.read_chunk(file, AESGCM(work.data_key), layout, chunk)
    with _opened(work.hashes) as file:
        hashes = os.pread(file, len(codes) // 72 * 32, (layout.indexes(chunk).start - 1) * 32)
    for place, index in enumerate(layout.indexes(chunk)):
        raw = codes[place * 72 : place * 72 + 72]
        code = stampcode.parse(stampcode.text_of(raw))
        message = stampcode.signed_message(code.batch, code.index)
        if (code.batch, code.index, code.raw) != (layout.batch, index, raw):
            raise ValueError(f"stamp {index} does not read back as itself")
        if not ed25519.verifies(public, message, code.signature):
            raise ValueError(f"the signature of stamp {index} does not verify")
        if hashlib.sha256(raw).digest() != hashes[place * 32 : place * 32 + 32]:
            raise ValueError(f"the hash of stamp {index} is not the one kept")
    return len(layout.indexes(chunk))


class _opened:
    """An open file descriptor for the length of a ``with``."""

    def __init__(self, path: Path) -> None:
        self._descriptor = os.open(path, os.O_RDWR)

    def __enter__(self) -> int:
        return self._descriptor

    def __exit__(self, *_: object) -> None:
        os.close(self._descriptor)


# --- the manifest ---


def blocks(path: Path, size: int = 1 << 20) -> Iterator[bytes]:
    """A file piece by piece; ``size`` is a multiple of a hash's length."""
    with path.open("rb") as file:
        while block := file.read(size):
            yield block


def fingerprints_of(block: bytes) -> bytes:
    """The first 8 bytes of each 32-byte hash."""
    return b"".join(block[at : at + 8] for at in range(0, len(block), 32))


def _digests(work: Work) -> tuple[str, str, str]:
    """SHA-256 over the code file, the hashes and the fingerprints."""
    code_file, hashes, fingerprints = (hashlib.sha256() for _ in range(3))
    for block in blocks(work.codes):
        code_file.update(block)
    for block in blocks(work.hashes):
        hashes.update(block)
        fingerprints.update(fingerprints_of(block))
    return code_file.hexdigest(), hashes.hexdigest(), fingerprints.hexdigest()


def _manifest(batch: Batch, work: Work, office: bytes, issued_at: str) -> manifest.Manifest:
    code_file, hashes, fingerprints = _digests(work)
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
