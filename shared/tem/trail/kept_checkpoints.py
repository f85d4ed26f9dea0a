"""Files of checkpoints: kept while an audit trail grows, and held against it.

Notes stand one after the other; a line that a crash tore off is passed over, and mended before the
next one is written.
"""

import errno
import fcntl
import os
import re
import sqlite3
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import IO

from sqlalchemy import Connection, Engine, func, select
from sqlalchemy.exc import SQLAlchemyError

from tem.databases.database import reading
from tem.dates import rfc3339
from tem.errors import Conflict, Invalid, NotFound, TemError
from tem.installation import Installation, sync_folder
from tem.logs import log
from tem.trail import audit
from tem.trail.checkpoints import Checkpoint, hashes_of, key_file, load_key, opened, take
from tem.trail.signed_note import NoteKey, NoteRefused, NoteSigner

_RECORD = re.compile(rb"(?:(?!\xe2\x80\x94 )[^\n]+\n){1,16}\n(?:\xe2\x80\x94 [^\n]+\n){1,16}")
INTERVAL_SECONDS = 60  # what is not yet vouched for can be cut off unseen for so long
TORN_BYTES = 400  # what a write cut short can leave at most: less than one note
TAIL_BYTES = 8192  # where the newest note is looked for: room for a few dozen


def kept_file(installation: Installation, service: str) -> Path:
    """Where a service's checkpoints are kept unless a setting says otherwise."""
    return installation.data / "checkpoints" / f"{service}.txt"


@dataclass(frozen=True, slots=True)
class Kept:
    """A file of checkpoints as read: notes with the lines they begin on, and damage.

    ``whole`` is how many bytes from the start are whole; what follows was cut short in writing.
    """

    notes: list[tuple[int, str]]
    damaged_lines: list[int]
    whole: int


def read(content: bytes) -> Kept:
    """The notes of a file, one after the other, empty lines between them or not."""
    notes: list[tuple[int, str]] = []
    damaged: list[int] = []
    at = counted = 0
    line = 1
    while (at := _skip_empty(content, at)) < len(content):
        line, counted = line + content.count(b"\n", counted, at), at
        here = _RECORD.match(content, at)
        if here is None:
            later = _RECORD.search(content, at)
            if later is None and len(content) - at <= TORN_BYTES:
                return Kept(notes, damaged, at)
            damaged.append(line)
            at = later.start() if later else len(content)
            continue
        notes.append((line, here[0].decode("utf-8", "replace")))
        at = here.end()
    return Kept(notes, damaged, at)


def _skip_empty(content: bytes, at: int) -> int:
    while content[at : at + 1] == b"\n":
        at += 1
    return at


def faults(connection: Connection, content: bytes, key: NoteKey) -> Iterator[str]:
    """How a trail contradicts the checkpoints kept of it, one sentence each.

    After the first entry that is missing or another one, later checkpoints would say the same.
    """
    kept = read(content)
    for line in kept.damaged_lines:
        yield f"line {line} of the checkpoints is no checkpoint"
    sound = []
    for line, note in kept.notes:
        try:
            sound.append((line, opened(note, key)))
        except NoteRefused as refused:
            yield f"the checkpoint on line {line} is refused: {refused}"
    hashes = hashes_of(connection, [one.size for _, one in sound])
    left = _count(connection)
    before = 0
    for line, one in sound:
        if one.size < before:
            yield f"the checkpoint on line {line} has {one.size} entries, one before it {before}"
        elif one.size and one.size not in hashes:
            yield (
                f"on {rfc3339(one.at)} the audit trail had {one.size} entries, now it has {left}: "
                "its end was cut off, or an older copy was put in its place"
            )
            return
        elif one.size and hashes[one.size] != one.hash:
            yield (
                f"audit entry {one.size} is not the one of {rfc3339(one.at)}: what follows entry "
                f"{before} was written anew, or an older copy was put in its place and went on"
            )
            return
        before = max(before, one.size)


def kept_faults(connection: Connection, key_path: Path, kept: Path, service: str) -> Iterator[str]:
    """The same for the file an installation keeps itself; nothing if it keeps none."""
    try:
        content = kept.read_bytes()
    except FileNotFoundError:
        return
    try:
        key = load_key(service, key_path).key
    except (NotFound, Invalid) as error:
        yield f"checkpoints are kept, but cannot be checked: {error.detail}"
        return
    for fault in faults(connection, content, key):
        yield f"{fault} ({kept})"


def own_faults(connection: Connection, installation: Installation, service: str) -> Iterator[str]:
    """The same where no setting names other files."""
    return kept_faults(
        connection, key_file(installation, service), kept_file(installation, service), service
    )


def keep(engine: Engine, clock: Callable[[], datetime], signer: NoteSigner, path: Path) -> bool:
    """Append a checkpoint to a file if the trail has grown since the last; whether it did.

    Only committed entries are vouched for, and only such as continue what was vouched for
    before: raises Conflict where the trail contradicts the newest checkpoint or itself.
    A note cut short by a power cut is cut away first; returns when the new one is on disk.
    """
    service = signer.key.name.split("/")[1]
    made = not path.exists()
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
    with os.fdopen(descriptor, "r+b", buffering=0) as file:
        fcntl.flock(file, fcntl.LOCK_EX)  # let go when the file is closed
        newest_note, whole = _end(file)
        with reading(engine) as connection:
            new = take(connection, clock(), service)
            newest = _newest(newest_note, signer.key)
            _require_continued(connection, newest, new)
        if new.size == (newest.size if newest else 0):
            return False
        file.truncate(whole)
        _write(file, signer.sign(new.text).encode())
        os.fsync(file.fileno())
    if made:
        sync_folder(path.parent)
    return True


def keeping(
    engine: Engine, clock: Callable[[], datetime], service: str, key: Path, path: Path
) -> Callable[[], None]:
    """What a process that runs for long calls often: it keeps a checkpoint once a minute.

    A contradiction, a full disk, a folder that is not there or a database that does not answer is
    an alarm, not an end.
    """
    done: list[float] = []

    def now_and_then() -> None:
        if done and time.monotonic() < done[0] + INTERVAL_SECONDS:
            return
        done[:] = [time.monotonic()]
        try:
            keep(engine, clock, load_key(service, key), path)
        except (TemError, OSError, SQLAlchemyError, sqlite3.Error) as error:
            log.error("alarm", alarm="checkpoint_not_kept", file=str(path), error=str(error))

    return now_and_then


def _write(file: IO[bytes], content: bytes) -> None:
    """All of it in one write. Raises OSError where the disk takes only a part."""
    if file.write(content) != len(content):
        raise OSError(errno.ENOSPC, "No space left on device", str(file.name))


def _end(file: IO[bytes]) -> tuple[str | None, int]:
    """The newest note of a file, and how many bytes of it are whole; little else is read."""
    start = max(0, file.seek(0, os.SEEK_END) - TAIL_BYTES)
    file.seek(start)
    kept = read(file.read())
    if start and len(kept.notes) < 2:  # the first one may lack its beginning
        start = file.seek(0)
        kept = read(file.read())
    return (kept.notes[-1][1] if kept.notes else None), start + kept.whole


def _newest(note: str | None, key: NoteKey) -> Checkpoint | None:
    try:
        return opened(note, key) if note is not None else None
    except NoteRefused as refused:
        raise Conflict(
            "checkpoints_contradict",
            f"The newest checkpoint is refused: {refused}. Run `tem fsck`, and put the file aside.",
        ) from refused


def _require_continued(connection: Connection, newest: Checkpoint | None, new: Checkpoint) -> None:
    """Raises Conflict unless the trail goes on, unbroken, from the newest checkpoint."""
    known = (newest.size, newest.hash) if newest else (0, audit.GENESIS)
    if known[0] > new.size or (
        known[0] and hashes_of(connection, [known[0]]) != {known[0]: known[1]}
    ):
        raise Conflict(
            "checkpoints_contradict",
            f"The audit trail does not continue entry {known[0]}, of which a checkpoint is kept: "
            "run `tem fsck`. After restoring a backup, put the file of checkpoints aside.",
        )
    fault = next(audit.faults(connection, known), None)
    if fault is not None:
        raise Conflict("trail_broken", f"{fault}: see `tem fsck`.")


def _count(connection: Connection) -> int:
    """How many entries there are, whatever the head says."""
    return connection.execute(select(func.count()).select_from(audit.entry_table)).scalar_one()
