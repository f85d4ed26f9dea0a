"""The long part of a signing run: chunks of a batch signed, then verified, on all cores.

Helpers are forked from the run. They inherit the work, keys included, by that fork; nothing of
it is pickled or stored, and they are told chunk numbers only.
"""

import hashlib
import os
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from tem import ed25519, stampcode
from tem.manifest import HASH_BYTES
from tem.process import die_with_parent, forbid_core_dumps
from tem.stampcode import CODE_BYTES
from tem_issuer import codefile, keys
from tem_issuer.codefile import Layout


@dataclass(frozen=True, slots=True)
class Work:
    """What a run holds in memory and forked helpers inherit; it is never pickled or stored."""

    layout: Layout
    batch_key: Ed25519PrivateKey
    data_key: bytes
    codes: Path
    hashes: Path


_work: Work | None = None


def _inherit(work: Work, run: int) -> None:
    global _work
    die_with_parent(run)  # a helper left behind would keep the batch key, and the signer's lock
    forbid_core_dumps()
    _work = work


def in_parallel(
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


def sign(chunk: int) -> int:
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
        codefile.write_at(file, bytes(hashes), (layout.indexes(chunk).start - 1) * HASH_BYTES)
    return len(layout.indexes(chunk))


def verify(chunk: int) -> int:
    """Read a chunk again and check each code as a stranger would; how many there were."""
    work = _work
    assert work is not None
    layout, public = work.layout, keys.raw_public(work.batch_key)
    with _opened(work.codes) as file:
        codes = codefile.read_chunk(file, AESGCM(work.data_key), layout, chunk)
    with _opened(work.hashes) as file:
        hashes = os.pread(
            file,
            len(codes) // CODE_BYTES * HASH_BYTES,
            (layout.indexes(chunk).start - 1) * HASH_BYTES,
        )
    for place, index in enumerate(layout.indexes(chunk)):
        raw = codes[place * CODE_BYTES : (place + 1) * CODE_BYTES]
        code = stampcode.parse(stampcode.text_of(raw))
        message = stampcode.signed_message(code.batch, code.index)
        if (code.batch, code.index, code.raw) != (layout.batch, index, raw):
            raise ValueError(f"stamp {index} does not read back as itself")
        if not ed25519.verifies(public, message, code.signature):
            raise ValueError(f"the signature of stamp {index} does not verify")
        if hashlib.sha256(raw).digest() != hashes[place * HASH_BYTES : (place + 1) * HASH_BYTES]:
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
