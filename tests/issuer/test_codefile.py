"""Codes at rest: what was sealed is read back, and nothing else is."""

import os
import random
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from tem_issuer import codefile
from tem_issuer.codefile import CHUNK_CODES, CodeReader, Layout

KEY = bytes(range(32))
LAYOUT = Layout(batch=7, attempt=2, last_index=2 * CHUNK_CODES + 100)


@pytest.fixture
def sealed(tmp_path: Path) -> Iterator[tuple[Path, bytes]]:
    """A file of three chunks, and the codes in it."""
    path, codes = tmp_path / "7-2.codes", random.Random(7).randbytes(LAYOUT.last_index * 72)
    file = os.open(path, os.O_RDWR | os.O_CREAT)
    for chunk in (2, 0, 1):
        indexes = LAYOUT.indexes(chunk)
        part = codes[(indexes.start - 1) * 72 : (indexes.stop - 1) * 72]
        codefile.write_chunk(file, AESGCM(KEY), LAYOUT, chunk, part)
    os.close(file)
    yield path, codes


def read(path: Path, layout: Layout = LAYOUT, first: int = 1, last: int | None = None) -> bytes:
    with CodeReader(path, KEY, layout) as reader:
        return b"".join(code for _, code in reader.codes(first, last or layout.last_index))


def test_what_was_sealed_is_read_back(sealed: tuple[Path, bytes]) -> None:
    """Chunks written in any order give the codes in index order, whole or any range of them."""
    path, codes = sealed
    assert path.stat().st_size == LAYOUT.file_bytes
    assert read(path) == codes
    for first, last in ((1, 1), (CHUNK_CODES, CHUNK_CODES + 1), (5000, 8200), (8292, 8292)):
        assert read(path, first=first, last=last) == codes[(first - 1) * 72 : last * 72]


@pytest.mark.parametrize("count", [1, CHUNK_CODES - 1, CHUNK_CODES, CHUNK_CODES + 1, 5_000_005])
def test_chunks_cover_every_index_once(count: int) -> None:
    """The chunks of a layout meet without a gap or an overlap, in indexes and in bytes."""
    layout = Layout(1, 1, count)
    expected_index, expected_offset = 1, 0
    for chunk in range(layout.chunks):
        indexes, (offset, length) = layout.indexes(chunk), layout.span(chunk)
        assert (indexes.start, offset) == (expected_index, expected_offset)
        expected_index, expected_offset = indexes.stop, offset + length
    assert (expected_index, expected_offset) == (count + 1, layout.file_bytes)


def test_any_flipped_bit_is_refused(sealed: tuple[Path, bytes]) -> None:
    """A single bit changed in codes or in a chunk's tag makes that chunk unreadable."""
    path, _ = sealed
    honest = path.read_bytes()
    places = random.Random(1).sample(range(len(honest) * 8), 60)
    for place in [0, len(honest) * 8 - 1, *places]:
        forged = bytearray(honest)
        forged[place // 8] ^= 1 << place % 8
        path.write_bytes(forged)
        with pytest.raises(InvalidTag):
            read(path)


def test_a_moved_chunk_is_refused(sealed: tuple[Path, bytes]) -> None:
    """Two chunks of equal length that change places are both refused."""
    path, _ = sealed
    content, (_, length) = path.read_bytes(), LAYOUT.span(0)
    path.write_bytes(content[length : 2 * length] + content[:length] + content[2 * length :])
    for first in (1, CHUNK_CODES + 1):
        with pytest.raises(InvalidTag):
            read(path, first=first, last=first)


@pytest.mark.parametrize("other", [{"batch": 8}, {"attempt": 1}, {"last_index": 8293}])
def test_a_chunk_fits_no_other_batch_or_run(
    sealed: tuple[Path, bytes], other: dict[str, int]
) -> None:
    """The same key reads nothing under another batch, another attempt or another length."""
    with pytest.raises(InvalidTag):
        read(sealed[0], replace(LAYOUT, **other), last=1)


def test_a_cut_file_is_refused(sealed: tuple[Path, bytes]) -> None:
    """A file that lost its end is refused there, and still read before it."""
    path, codes = sealed
    os.truncate(path, LAYOUT.file_bytes - 1)
    assert read(path, last=2 * CHUNK_CODES) == codes[: 2 * CHUNK_CODES * 72]
    with pytest.raises(InvalidTag):
        read(path, first=2 * CHUNK_CODES + 1)


def test_a_chunk_holds_exactly_its_own_codes(sealed: tuple[Path, bytes]) -> None:
    """Too few or too many codes for a chunk are never written."""
    file = os.open(sealed[0], os.O_RDWR)
    for count in (99, 101):
        with pytest.raises(ValueError, match="exactly"):
            codefile.write_chunk(file, AESGCM(KEY), LAYOUT, 2, bytes(72 * count))
    os.close(file)
