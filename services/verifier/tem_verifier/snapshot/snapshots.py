"""Which snapshot is in use, and the process that makes the next one.

A worker that needs one starts it, unless another worker's is at work: the lock file is held by the
process that makes it. It is a process of its own so that look-ups go on, and so that what it takes
in memory goes back when it ends.
"""

import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

from tem.logs import log
from tem.process import LockHeld, dying_with_me, hold_lock
from tem_verifier.alarms import Trouble
from tem_verifier.snapshot.snapshot import Snapshot

AGAIN_SECONDS = 60.0  # after one that did not help
MOST_SECONDS = 1800.0  # for one; ten times what a country takes on a slow machine
HELD = "--lock-held"
Start = Callable[[int], "subprocess.Popen[bytes]"]


def start_making(lock: int) -> "subprocess.Popen[bytes]":
    """A process that makes a snapshot; it holds ``lock`` for as long as it lives."""
    return subprocess.Popen(
        [sys.executable, "-m", "tem_verifier.snapshot", HELD],
        stdin=subprocess.DEVNULL,
        pass_fds=(lock,),
        preexec_fn=dying_with_me(),
    )


def path_of(folder: Path, rendered_by: str) -> Path:
    """The file of a renderer: two versions that run beside each other have one each."""
    return folder / f"{rendered_by[:16]}.snapshot"


def lock_of(path: Path) -> Path:
    """What is held while a snapshot is made."""
    return path.with_suffix(".lock")


class Snapshots:
    """The snapshots of one folder. For one thread."""

    def __init__(
        self, folder: Path, rendered_by: str, table_bytes: int, start: Start = start_making
    ) -> None:
        """``rendered_by`` is the renderer whose answers are wanted, ``table_bytes`` how much of a
        snapshot may be fingerprints. One that is otherwise is used until there is another."""
        self._folder, self._path = folder, path_of(folder, rendered_by)
        self._rendered_by, self._table_bytes, self._start = rendered_by, table_bytes, start
        self._seen: dict[Path, tuple[int, int]] = {}
        self._newest: Snapshot | None = None
        self._making: subprocess.Popen[bytes] | None = None
        self._began = self._not_before = 0.0
        self._failing = Trouble("snapshot_not_made")

    def newest(self) -> Snapshot | None:
        """Our own if there is one, else another version's, whose facts are as good; else None."""
        self.is_making()  # whoever has ended is not left as a zombie
        own = self._opened(self._path)
        if own is not None:
            self._newest = own
        elif self._newest is None:
            others = self._folder.glob("*.snapshot")
            found = (self._opened(path) for path in others if path != self._path)
            some = [one for one in found if one is not None]
            self._newest = max(some, key=lambda one: one.made_at, default=None)
        return self._newest

    def _opened(self, path: Path) -> Snapshot | None:
        """A file, if it was not opened before as it is, and is a snapshot."""
        try:
            status = path.stat()
            seen = (status.st_ino, status.st_mtime_ns)
            if seen == self._seen.get(path):
                return None
            self._seen[path] = seen
            return Snapshot(path, self._rendered_by)
        except FileNotFoundError:
            self._seen.pop(path, None)
        except (OSError, ValueError, LookupError, TypeError) as error:
            log.error("snapshot_unreadable", file=path.name, error=str(error)[:200])
        return None

    def is_wanted(self, one: Snapshot) -> bool:
        """Whether it is as one made now would be, apart from what was published since."""
        return one.is_rendered and one.table_bytes == self._table_bytes

    def make(self) -> None:
        """See to it that another one is made: at once, if none is being made already."""
        if self.is_making() or time.monotonic() < self._not_before:
            return
        self._not_before = time.monotonic() + AGAIN_SECONDS
        try:
            lock = hold_lock(lock_of(self._path))
        except LockHeld:
            self._not_before = time.monotonic() + 1
            return
        try:
            log.info("snapshot_begun")
            self._making, self._began = self._start(lock), time.monotonic()
        finally:
            os.close(lock)

    def is_making(self) -> bool:
        """Whether a process of ours is at it; one that hangs is ended."""
        if self._making is None:
            return False
        taken = time.monotonic() - self._began
        if taken > MOST_SECONDS:
            self._making.kill()
            self._making.wait()
        if self._making.poll() is not None:
            status, self._making = self._making.returncode, None
            self._failing.lasts(status != 0, status=status)
            log.info("snapshot_ended", status=status, seconds=round(taken, 1))
        return self._making is not None
