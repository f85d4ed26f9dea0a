"""The file of a snapshot: a head in JSON, then sections of numbers or bytes.

Nothing in it is parsed when it is opened, and a worker has in memory only the pages it touched,
which it shares with all others.
"""

import hashlib
import json
import mmap
import os
import struct
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Literal

from tem.vocabulary import StampState, Verdict

FORMAT = "tem-index-2"
HEAD_BYTES = 64 * 1024
PAGE_BYTES = 4096
NONE = 0xFFFF_FFFF

STATES, VERDICTS = list(StampState), [str(one) for one in Verdict]

# Of a batch, all that a look-up needs: its ranges (from, to), its table of fingerprints (as a place
# in their section, counted in entries), quantity, last index, and whether it is believed.
HOT = struct.Struct("<IIIIII")
# And what is needed seldom: product and producer (fragments), the place of its office key in the
# head, its batch key, the digest of its manifest.
COLD = struct.Struct("<III32s32s")
# A subject: until when its renderings hold (seconds since 1970), verdict, state of the stamps,
# where its three lists of pieces begin (how many, then each: a fragment, or a hole counted back
# from the last, so that it is negative), its lot and date of withdrawal (fragments).
SUBJECT = struct.Struct("<dBBxxIIIII")


class Writer:
    """Writes a file from its beginning to its end; :meth:`finish` makes it whole."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._file = os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb")
        self._sections: dict[str, tuple[int, int]] = {}
        self._digest = hashlib.sha256()  # of all behind the head
        self._file.seek(HEAD_BYTES)

    def section(self, name: str, pieces: Iterable[Any]) -> int:
        """Add a section, given as buffers; the place it begins at in the file."""
        gap = -self._file.tell() % PAGE_BYTES
        self._write(bytes(gap))
        at = self._file.tell()
        length = sum(self._write(piece) for piece in pieces)
        self._sections[name] = (at, length)
        return at

    def _write(self, piece: Any) -> int:
        self._digest.update(piece)
        return self._file.write(piece)

    def finish(self, head: dict[str, Any]) -> None:
        """Write the head, and all of it to the disk. Raises ValueError if the head is too long."""
        told = {"format": FORMAT, **head, "sections": self._sections}
        text = json.dumps({**told, "sha256": self._digest.hexdigest()}).encode()
        if len(text) > HEAD_BYTES:
            raise ValueError("the head of a snapshot has no room for so many office keys")
        self._file.seek(0)
        self._file.write(text.ljust(HEAD_BYTES))
        self._file.flush()
        os.fsync(self._file.fileno())
        self.close()

    def close(self) -> None:
        """Give the file up."""
        self._file.close()


class Mapped:
    """A file opened for reading: ``head``, and its sections as arrays over the one mapping."""

    def __init__(self, path: Path) -> None:
        """Raises OSError or ValueError if it is none of ours, of another format, or damaged."""
        with path.open("rb") as file:
            self.head: dict[str, Any] = json.loads(file.read(HEAD_BYTES))
            if self.head["format"] != FORMAT:
                raise ValueError(f"not {FORMAT}")
            # Read, and not through the mapping, so that its pages do not become ours.
            if hashlib.file_digest(file, "sha256").hexdigest() != self.head["sha256"]:
                raise ValueError("damaged, or not whole")
            self.memory = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)

    def place(self, name: str) -> int:
        """Where a section begins."""
        return int(self.head["sections"][name][0])

    def numbers(self, name: str, kind: Literal["I", "i", "Q"] = "I") -> memoryview:
        """A section as an array of numbers."""
        at, length = self.head["sections"][name]
        return memoryview(self.memory)[at : at + length].cast(kind)


def card_name(kind: str, id: str) -> bytes:
    """What cards are sorted by."""
    return f"{kind}\0{id}".encode()
