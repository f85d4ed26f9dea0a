"""Small things a process asks of Linux: to die with its parent, and to leave no core dump."""

import ctypes
import fcntl
import os
import resource
import signal
from collections.abc import Callable
from functools import partial
from pathlib import Path

_PR_SET_PDEATHSIG = 1
_PR_SET_DUMPABLE = 4
_libc = ctypes.CDLL(None, use_errno=True)


def die_with_parent(parent: int | None = None) -> None:
    """Be killed when the parent ends, even by kill -9: nothing is left running behind.

    ``parent`` is its process id, taken before the fork: had it ended meanwhile, we end here.
    """
    _libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    if parent is not None and os.getppid() != parent:
        os.kill(os.getpid(), signal.SIGKILL)


def dying_with_me() -> Callable[[], None]:
    """What ``Popen(preexec_fn=…)`` runs in a child that must not outlive this process."""
    return partial(die_with_parent, os.getpid())


def forbid_core_dumps() -> None:
    """A crash must not write keys to disk, and no other process may read our memory."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    _libc.prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0)


def allow_open_files() -> None:
    """As many open files as the system lets us have; the usual 1024 is for users of select()."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


class LockHeld(Exception):
    """Another process holds the lock file."""


def hold_lock(path: Path) -> int:
    """Hold a lock file until the descriptor given is closed, or we end. Raises LockHeld."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        raise LockHeld(str(path)) from None
    return descriptor
