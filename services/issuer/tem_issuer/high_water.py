"""The file of the high-water mark: read, and raised for good before the caller goes on.

Every process of the issuer shares the one file; a lock beside it orders those that raise it.
"""

import fcntl
import json
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from tem.errors import Unavailable
from tem.installation import write_private
from tem_issuer.high_water_rules import Mark

FORMAT = "tem-high-water-v1"


def find(path: Path) -> Mark | None:
    """The mark, or None where there is none. Raises Unavailable if it cannot be read."""
    try:
        return _parse(path.read_text("ascii"))
    except FileNotFoundError:
        return None
    except (OSError, ValueError, KeyError, TypeError, RecursionError) as error:
        raise Unavailable(
            "high_water_damaged",
            f"The high-water mark {path} cannot be read ({type(error).__name__}). If it cannot be "
            "mended, move it aside and run `tem issuer accept-restore --past NUMBER`.",
        ) from error


def required(path: Path) -> Mark:
    """The mark. Raises Unavailable if it is missing or cannot be read."""
    mark = find(path)
    if mark is None:
        raise Unavailable(
            "high_water_missing",
            f"The high-water mark {path} is missing: without it nobody can tell whether this "
            "database is an older copy. Mount its disk or put the file back; if it is lost, run "
            "`tem issuer accept-restore --past NUMBER` with the highest batch number the registry "
            "has: docs/operations.md.",
        )
    return mark


def change(path: Path, rule: Callable[[Mark], Mark]) -> Mark:
    """Put a mark in the place of the present one, on disk for good. Raises Unavailable."""
    with _alone(path):
        before = required(path)
        after = rule(before)
        if after != before:
            _write(path, after)
    return after


def put(path: Path, mark: Mark) -> None:
    """Write a mark whatever was there. Raises Unavailable if the disk does not take it."""
    with _alone(path, make=True):
        _write(path, mark)


@contextmanager
def _alone(path: Path, *, make: bool = False) -> Iterator[None]:
    """Hold the lock beside the file; nothing is made where the folder itself is missing."""
    try:
        if make:
            path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        elif not path.parent.is_dir():
            required(path)
        lock = os.open(path.with_suffix(".lock"), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise _unwritable(path, error) from error
    try:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
    finally:
        os.close(lock)


def _write(path: Path, mark: Mark) -> None:
    document = {
        "committed": mark.committed,
        "format": FORMAT,
        "reserved": mark.reserved,
        "unsigned": sorted(mark.unsigned),
    }
    try:
        write_private(path, f"{json.dumps(document)}\n".encode("ascii"))
    except OSError as error:
        for draft in path.parent.glob(f".{path.name}.*"):  # it may be the disk that is full
            draft.unlink(missing_ok=True)
        raise _unwritable(path, error) from error


def _unwritable(path: Path, error: OSError) -> Unavailable:
    return Unavailable(
        "high_water_unwritable",
        f"The high-water mark {path} cannot be raised ({error.strerror}): no number is given out "
        "until its disk takes it.",
    )


def _parse(text: str) -> Mark:
    document = json.loads(text)
    numbers = [document["reserved"], document["committed"], *document["unsigned"]]
    sound = document["format"] == FORMAT and len(document) == 4
    if not sound or any(type(number) is not int or number < 0 for number in numbers):
        raise ValueError("not a high-water mark")
    return Mark(document["reserved"], document["committed"], frozenset(document["unsigned"]))
