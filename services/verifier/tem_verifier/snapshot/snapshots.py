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
Start = Callable[[int], "subprocess.Popen[bytes]"]


def start_making(lock: int) -> "subprocess.Popen[bytes]":
    """A process that makes a snapshot; it holds ``lock`` for as long as it lives."""
    return subprocess.Popen(
        [sys.executable, "-m", "tem_verifier.snapshot"],
        stdin=subprocess.DEVNULL,
        pass_fds=(lock,),
        preexec_fn=dying_with_me(),
    )


def path_of(folder: Path, rendered_by: str) -> Path:
    """The file of a renderer: two versions that run beside each other have one each."""
    return folder / f"{rendered_by[:16]}.snapshot"


class Snapshots:
    """The snapshots of one folder by one renderer. For one thread."""

    def __init__(self, folder: Path, rendered_by: str, start: Start = start_making) -> None:
        """``rendered_by`` is the renderer whose answers are wanted; others are not used."""
        self._path, self._rendered_by, self._start = (
            path_of(folder, rendered_by),
            rendered_by,
            start,
        )
        self._seen: tuple[int, int] | None = None
        self._newest: Snapshot | None = None
        self._making: subprocess.Popen[bytes] | None = None
        self._not_before = 0.0
        self._failing = Trouble("snapshot_not_made")

    def newest(self) -> Snapshot | None:
        """The newest one there is; None without one that can be used."""
        self.is_making()  # whoever has ended is not left as a zombie
        try:
            status = self._path.stat()
            seen = (status.st_ino, status.st_mtime_ns)
            if seen != self._seen:
                self._seen, self._newest = seen, None
                opened = Snapshot(self._path)
                if opened.rendered_by == self._rendered_by:
                    self._newest = opened
        except FileNotFoundError:
            self._seen = self._newest = None
        except (OSError, ValueError, LookupError, TypeError) as error:
            log.error("snapshot_unreadable", error=type(error).__name__)
        return self._newest

    def make(self) -> None:
        """See to it that another one is made: at once, if none is being made already."""
        if self.is_making() or time.monotonic() < self._not_before:
            return
        self._not_before = time.monotonic() + AGAIN_SECONDS
        try:
            lock = hold_lock(self._path.with_suffix(".lock"))
        except LockHeld:
            self._not_before = time.monotonic() + 1
            return
        try:
            log.info("snapshot_begun")
            self._making = self._start(lock)
        finally:
            os.close(lock)

    def is_making(self) -> bool:
        """Whether a process of ours is at it."""
        if self._making is not None and self._making.poll() is not None:
            status, self._making = self._making.returncode, None
            self._failing.lasts(status != 0, status=status)
        return self._making is not None
