"""What a restore lost of an audit trail, as the checkpoints kept of it tell.

A file of checkpoints that the restored trail does not continue is put aside under another name and
never deleted: it is the only witness of what there was.
"""

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from sqlalchemy import Connection

from tem.dates import rfc3339
from tem.trail import kept_checkpoints
from tem.trail.checkpoints import Checkpoint, hashes_of, load_key, opened
from tem.trail.signed_note import NoteKey, NoteRefused


@dataclass(frozen=True, slots=True)
class Lost:
    """Entries that a checkpoint vouches for and the trail no longer has.

    ``agreed`` is the last entry of which a checkpoint and the trail say the same (0: none),
    ``size`` how many entries there were ``at`` the newest checkpoint, ``hash`` that of the last.
    """

    agreed: int
    size: int
    hash: str
    at: datetime

    def told(self) -> str:
        """One sentence for the operator."""
        return (
            f"On {rfc3339(self.at)} the audit trail had {self.size} entries. What followed entry "
            f"{self.agreed}, and was not in the backup, is lost."
        )


def lost(connection: Connection, service: str, key_path: Path, kept: Path) -> Lost | None:
    """What a trail lacks of the checkpoints in a file; None if it continues them all.

    Raises NotFound where the file is there, but the key to check it is not.
    """
    try:
        content = kept.read_bytes()
    except FileNotFoundError:
        return None
    sound = _opened(content, load_key(service, key_path).key)
    hashes = hashes_of(connection, [one.size for one in sound])
    agreed = max((one.size for one in sound if hashes.get(one.size) == one.hash), default=0)
    gone = [one for one in sound if one.size and hashes.get(one.size) != one.hash]
    if not gone:
        return None
    newest = max(gone, key=lambda one: (one.at, one.size))
    return Lost(agreed, newest.size, newest.hash, newest.at)


def _opened(content: bytes, key: NoteKey) -> list[Checkpoint]:
    found = []
    for _, note in kept_checkpoints.read(content).notes:
        try:
            found.append(opened(note, key))
        except NoteRefused:  # `tem fsck` tells of it
            continue
    return found


def put_aside(kept: Path, now: datetime) -> Path:
    """Give the file of checkpoints another name, beside the one that will be begun anew."""
    aside = kept.with_name(f"{kept.stem}.before-{now:%Y%m%dT%H%M%SZ}{kept.suffix}")
    kept.rename(aside)
    return aside
