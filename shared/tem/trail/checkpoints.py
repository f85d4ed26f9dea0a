"""Checkpoints of an audit trail: signed notes that say how long it was and how it ended.

The chain of hashes finds a changed entry; it cannot find that the end was cut off, that an
older copy of the database took its place, or that somebody wrote all hashes anew. A checkpoint
kept elsewhere does: the entry it names must still be there with the hash it tells. The text,
signed by the service's audit key, is that of the C2SP checkpoints with the chain's last hash
in place of a tree's root::

    tem/registry/audit
    <number of entries>
    <base64 of the last entry's hash>
    <instant, RFC 3339>
"""

import base64
import binascii
import re
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from sqlalchemy import Connection, Engine, select

from tem.databases.database import writing
from tem.dates import parse_instant, rfc3339
from tem.errors import Conflict, Invalid, NotFound
from tem.installation import Installation, write_private
from tem.trail import audit
from tem.trail.signed_note import NoteKey, NoteRefused, NoteSigner, open_note

_SIZE = re.compile(r"0|[1-9][0-9]{0,17}", re.ASCII)


def origin(service: str) -> str:
    """The first line of a service's checkpoints, and the name its audit key signs under."""
    return f"tem/{service}/audit"


def key_file(installation: Installation, service: str) -> Path:
    """Where a service's audit key lies; it is used for checkpoints and for nothing else."""
    return installation.folder(service) / "audit-key"


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """The trail had ``size`` entries at an instant, the last one with this hash (hex)."""

    origin: str
    size: int
    hash: str
    at: datetime

    @property
    def text(self) -> str:
        """What is signed."""
        root = base64.b64encode(bytes.fromhex(self.hash)).decode()
        return f"{self.origin}\n{self.size}\n{root}\n{rfc3339(self.at)}\n"

    @classmethod
    def parse(cls, text: str) -> "Checkpoint":
        """Read a signed text. Raises NoteRefused unless it is one of ours, to the byte."""
        try:
            name, size, root, at = text.removesuffix("\n").split("\n")
            if not _SIZE.fullmatch(size):
                raise ValueError("no size")
            hash = base64.b64decode(root, validate=True).hex()
            found = cls(name, int(size), hash, parse_instant(at))
        except (ValueError, binascii.Error) as error:
            raise NoteRefused("it is not the text of a checkpoint") from error
        if found.text != text:
            raise NoteRefused("it is not the text of a checkpoint")
        return found


def make_key(engine: Engine, now: datetime, actor: str, service: str, path: Path) -> bool:
    """Make a service's audit key once; whether one was made. The trail tells its public half."""
    if path.exists():
        return False
    with writing(engine) as connection:
        signer = NoteSigner.make(origin(service))
        details = {"public_key": str(signer.key)}
        name = f"audit-key:{signer.key.hint.hex()}"
        audit.record(connection, now, actor, "audit.key_made", name, details)
    write_private(path, f"{signer.written}\n".encode())  # no key that the trail does not tell
    return True


def load_key(service: str, path: Path) -> NoteSigner:
    """A service's audit key. Raises NotFound, or Invalid if the file holds another one's."""
    try:
        signer = NoteSigner.parse(path.read_text("ascii", "replace").strip())
    except FileNotFoundError as error:
        raise NotFound(
            "audit_key_missing", f"There is no {path}: `tem up` makes it, a safe has a copy."
        ) from error
    if signer.key.name != origin(service):
        raise Invalid("note_key_invalid", f"{path} is the audit key of {signer.key.name}.")
    return signer


def take(connection: Connection, now: datetime, service: str) -> Checkpoint:
    """How the trail stands. Raises Conflict where its head does not name its last entry."""
    size, hash = audit.head(connection)
    if hashes_of(connection, [size]) != ({size: hash} if size else {}):
        raise Conflict("trail_broken", "The audit trail is damaged: see `tem fsck`.")
    return Checkpoint(origin(service), size, hash, now)


def opened(note: str, key: NoteKey) -> Checkpoint:
    """The checkpoint of a signed note. Raises NoteRefused for another key, trail or text."""
    found = Checkpoint.parse(open_note(note, key))
    if found.origin != key.name:
        raise NoteRefused("it is of another trail")
    return found


def hashes_of(connection: Connection, numbers: list[int]) -> dict[int, str]:
    """The hashes of these entries, of those that are there."""
    c, found = audit.entry_table.c, {}
    for start in range(0, len(numbers), 500):
        some = numbers[start : start + 500]
        rows = connection.execute(select(c.seq, c.hash).where(c.seq.in_(some)))
        found.update({row.seq: row.hash for row in rows})
    return found
