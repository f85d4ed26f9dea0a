"""The highest sequence ever accepted, kept beside a pack in ``<file>.seen``: nobody can bring an
old pack back by replacing the file. With it the latest clock by which that pack was asked: nobody
can keep it young by setting the clock back."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tem.errors import Invalid
from tem.pack.canonical import instant
from tem_verifier.packs import whole_files

try:
    import fcntl
except ImportError:  # a till on Windows: each file is whole, the last one written stays
    fcntl = None  # type: ignore[assignment]

_LINE = re.compile(r"([0-9]{1,16})(?: (\S+))?\s*", re.ASCII)


@dataclass(frozen=True, slots=True, order=True)
class Seen:
    """``sequence`` is 0 before the first; ``clock`` an instant in UTC with whole seconds, or
    nothing. A later one is the greater one: texts of one form are in the order of time."""

    sequence: int = 0
    clock: str = ""


def read(pack: Path) -> Seen:
    """What is kept. Raises Invalid if the file holds something else, or cannot be read."""
    path = _beside(pack)
    try:
        return _parsed(path.read_text("ascii"))
    except FileNotFoundError:
        return Seen()
    except (OSError, ValueError) as error:
        raise Invalid(
            "pack_seen_damaged",
            f"{path} should hold the highest number seen ({error}): delete it if you know the "
            "pack to be the newest.",
        ) from error


def _parsed(text: str) -> Seen:
    found = _LINE.fullmatch(text)
    if found is None:
        raise ValueError("it does not")
    sequence, clock = found.groups(default="")
    if clock:
        instant(clock)
    return Seen(int(sequence), clock)


def keep(pack: Path, found: Seen) -> None:
    """Remember it, if what is kept by then is not later. Raises OSError, Invalid."""
    with locked(pack):
        keep_locked(pack, found)


def keep_locked(pack: Path, found: Seen) -> None:
    """The same for whoever holds the lock: whole or not at all."""
    if found > read(pack):
        line = f"{found.sequence} {found.clock}".rstrip() + "\n"
        whole_files.replace(_beside(pack), line.encode("ascii"))


@contextmanager
def locked(pack: Path) -> Iterator[None]:
    """One process at a time has a pack's files. Raises OSError."""
    if fcntl is None:
        yield
        return
    with pack.with_name(f"{pack.name}.lock").open("ab") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _beside(pack: Path) -> Path:
    return pack.with_name(f"{pack.name}.seen")
