"""Which requests' bodies go into a file while they arrive, and where."""

import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

MOST_BYTES = 32 * 1024 * 1024  # 100,000 lines with an address and a reference each


@dataclass(frozen=True, slots=True)
class Spooling:
    """``types`` of POST to ``target`` are kept in ``folder``, if the sender's key is one.

    ``holder`` takes the header Authorization and says whose key it is, None for one that is none;
    it may ask a database.
    """

    target: bytes
    types: frozenset[bytes]
    folder: Path
    holder: Callable[[str], str | None]

    def wants(self, method: bytes, target: bytes, headers: Mapping[bytes, bytes]) -> bool:
        """Whether a request is one of those, by its headers in lower case."""
        if method != b"POST" or target.partition(b"?")[0] != self.target:
            return False
        kind = headers.get(b"content-type", b"").partition(b";")[0].strip().lower()
        return kind in self.types and b"authorization" in headers


class Spool:
    """The body of one request in a file without a name, which nobody else can open and which is
    gone with the process: it holds codes. :data:`MOST_BYTES` of it are kept."""

    def __init__(self, folder: Path) -> None:
        """Raises OSError."""
        folder.mkdir(parents=True, exist_ok=True)
        self.file: BinaryIO = tempfile.TemporaryFile(dir=folder)  # noqa: SIM115 - it is closed below
        self._left = MOST_BYTES

    def write(self, piece: bytes) -> None:
        """Add a piece; of a body that is too long no more, it is refused by its length. Raises
        OSError.

        This is done on the event loop: a piece is at most what one reading of the socket gave
        (256 KiB of asyncio's), the first one what came until its sender was known. It goes into
        the system's memory; only where that is full of what is to be written the loop waits for
        the disk.
        """
        if len(piece) <= self._left:
            self._left -= len(piece)
            self.file.write(piece)
        else:
            self._left = 0

    def close(self) -> None:
        """Give the room back."""
        self.file.close()
