"""The files of a batch: its sealed codes, the wrapped key that opens them, and its hashes."""

import hashlib
import os
from collections.abc import Iterator
from pathlib import Path

from tem.installation import sync_folder
from tem.manifest import FINGERPRINT_BYTES, HASH_BYTES
from tem_issuer.settings import Settings


def paths(settings: Settings, number: int, attempt: int) -> tuple[Path, Path, Path]:
    """Codes, wrapped data key and hashes of one attempt."""
    name = f"{number}-{attempt}"
    codes = settings.codes / f"{name}.codes"
    return codes, settings.codes / f"{name}.key", settings.hashes / f"{name}.hashes"


def discard(settings: Settings, number: int, keep_attempt: int | None) -> None:
    """Delete what other attempts at a batch left on disk."""
    for folder in (settings.codes, settings.hashes):
        for path in folder.glob(f"*{number}-*"):
            stem = path.name.lstrip(".").split(".")[0]
            owner, _, attempt = stem.partition("-")
            if owner == str(number) and attempt != str(keep_attempt):
                path.unlink(missing_ok=True)


def make(*wanted: tuple[Path, int]) -> None:
    """Empty files of full size: a disk too small is found out before signing."""
    for path, size in wanted:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600)
        try:
            os.posix_fallocate(descriptor, 0, size)
        finally:
            os.close(descriptor)


def to_disk(*files: Path) -> None:
    """Make files and their names survive a power cut."""
    for path in files:
        descriptor = os.open(path, os.O_RDWR)
        os.fsync(descriptor)
        os.close(descriptor)
        sync_folder(path.parent)


def blocks(path: Path, size: int = 1 << 20) -> Iterator[bytes]:
    """A file piece by piece; ``size`` is a multiple of a hash's length."""
    with path.open("rb") as file:
        while block := file.read(size):
            yield block


def fingerprints_of(block: bytes) -> bytes:
    """The first 8 bytes of each 32-byte hash."""
    return b"".join(block[at : at + FINGERPRINT_BYTES] for at in range(0, len(block), HASH_BYTES))


def digests(codes: Path, hashes: Path) -> tuple[str, str, str]:
    """SHA-256 over the code file, the hashes and the fingerprints."""
    code_file, all_hashes, fingerprints = (hashlib.sha256() for _ in range(3))
    for block in blocks(codes):
        code_file.update(block)
    for block in blocks(hashes):
        all_hashes.update(block)
        fingerprints.update(fingerprints_of(block))
    return code_file.hexdigest(), all_hashes.hexdigest(), fingerprints.hexdigest()
