"""The file of a batch's codes at rest: chunks of AES-256-GCM at fixed offsets.

Chunks can be written by several processes at once and read one at a time, so memory stays
flat however large the batch. Each run has a data key of its own, which makes the chunk
number a nonce that is never repeated.
"""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from tem.stampcode import CODE_BYTES

CHUNK_CODES = 4096
TAG_BYTES = 16
CONTEXT = b"tem-codes-v1\x00"


@dataclass(frozen=True, slots=True)
class Layout:
    """Where the chunks of one run lie, and what each is bound to."""

    batch: int
    attempt: int
    last_index: int

    @property
    def chunks(self) -> int:
        """How many chunks there are."""
        return -(-self.last_index // CHUNK_CODES)

    def indexes(self, chunk: int) -> range:
        """The stamps of a chunk, by index from 1."""
        first = chunk * CHUNK_CODES + 1
        return range(first, min(first + CHUNK_CODES, self.last_index + 1))

    def span(self, chunk: int) -> tuple[int, int]:
        """Offset and length in bytes of a sealed chunk."""
        offset = chunk * (CHUNK_CODES * CODE_BYTES + TAG_BYTES)
        return offset, len(self.indexes(chunk)) * CODE_BYTES + TAG_BYTES

    @property
    def file_bytes(self) -> int:
        """The whole file's length."""
        offset, length = self.span(self.chunks - 1)
        return offset + length

    def bound(self, chunk: int) -> bytes:
        """What a chunk is authenticated with: it fits nowhere else."""
        numbers = (self.batch, self.attempt, self.last_index, chunk)
        return CONTEXT + b"".join(number.to_bytes(4, "big") for number in numbers)


def _nonce(chunk: int) -> bytes:
    return chunk.to_bytes(12, "big")


def write_chunk(file: int, cipher: AESGCM, layout: Layout, chunk: int, codes: bytes) -> None:
    """Seal one chunk's codes, 72 bytes each in index order, into an open file descriptor."""
    offset, length = layout.span(chunk)
    sealed = cipher.encrypt(_nonce(chunk), codes, layout.bound(chunk))
    if len(sealed) != length:
        raise ValueError("a chunk holds exactly its own codes")
    write_at(file, sealed, offset)


def write_at(file: int, content: bytes, offset: int) -> None:
    """Write all of it: ``pwrite`` may stop short, for instance on a disk that fills up."""
    view = memoryview(content)
    while view:
        written = os.pwrite(file, view, offset)
        view, offset = view[written:], offset + written


def read_chunk(file: int, cipher: AESGCM, layout: Layout, chunk: int) -> bytes:
    """The codes of a chunk. Raises cryptography's InvalidTag if a single bit changed."""
    offset, length = layout.span(chunk)
    return cipher.decrypt(_nonce(chunk), os.pread(file, length, offset), layout.bound(chunk))


class CodeReader:
    """Reads codes out of a sealed file, one chunk in memory at a time."""

    def __init__(self, path: Path, data_key: bytes, layout: Layout) -> None:
        self._file = os.open(path, os.O_RDONLY)
        self._cipher = AESGCM(data_key)
        self._layout = layout

    def __enter__(self) -> "CodeReader":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the file."""
        os.close(self._file)

    def codes(self, first: int, last: int) -> Iterator[tuple[int, bytes]]:
        """(index, 72 bytes) of a range, in order."""
        for chunk in range((first - 1) // CHUNK_CODES, (last - 1) // CHUNK_CODES + 1):
            plain = read_chunk(self._file, self._cipher, self._layout, chunk)
            for place, index in enumerate(self._layout.indexes(chunk)):
                if first <= index <= last:
                    yield index, plain[place * CODE_BYTES : (place + 1) * CODE_BYTES]
