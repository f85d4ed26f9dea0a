"""Taking a backup of an installation on SQLite, beside its running services.

Each database is copied by SQLite's online backup: one consistent snapshot, which waits for nobody
and lets nobody wait. The copy is checked before it gets its name; nothing is ever overwritten.
"""

import errno
import os
import secrets
import shutil
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from importlib.metadata import version
from pathlib import Path
from typing import IO

from sqlalchemy import make_url

from tem.databases.database import BUSY_SECONDS
from tem.dates import rfc3339
from tem.errors import Conflict, Invalid, NotFound, Unavailable
from tem.installation import Installation, sync_folder
from tem.trail.audit import GENESIS
from tem.upkeep import backup_contents
from tem.upkeep.backup_contents import CHECKPOINTS, HASHES, SERVICES, TRUST, Contents, Copied, File
from tem.upkeep.state_digest import OF_ONE_DAY

PIECE = 1 << 20
_NO_ROOM = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
_NO_ROOM_IN_SQLITE = (sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR_WRITE)


@dataclass(frozen=True, slots=True)
class Taken:
    """A backup that is complete and checked, and the secrets that it does not hold."""

    folder: Path
    contents: Contents
    for_the_safe: list[Path]


def database_file(installation: Installation, service: str) -> Path | None:
    """The SQLite file of a service; None where its database is on a server."""
    url = os.environ.get(f"TEM_{service.upper()}_DATABASE_URL")
    if not url:
        return installation.database(service)
    parsed = make_url(url)
    return Path(str(parsed.database)) if parsed.get_backend_name() == "sqlite" else None


def take(installation: Installation, target: Path, clock: Callable[[], datetime]) -> Taken:
    """Copy an installation into a new folder. Raises Conflict where that would overwrite, and
    where it is not clear which database of a service is the one in use.

    The folder gets its name when all of it is on the disk and has been read again; whatever
    goes wrong before leaves nothing behind.
    """
    _require_one_place(installation)
    _require_room(installation, target)
    target.parent.mkdir(parents=True, exist_ok=True)
    draft = target.with_name(f".{target.name}.unfinished-{secrets.token_hex(4)}")
    draft.mkdir(mode=0o700)
    try:
        with telling_no_room(target):
            contents = _fill(installation, draft, clock)
        _require_sound(draft, contents)
        for folder in {draft, *(path for path in draft.rglob("*") if path.is_dir())}:
            sync_folder(folder)
        draft.rename(target)
    except BaseException:
        shutil.rmtree(draft, ignore_errors=True)
        raise
    sync_folder(target.parent)
    return Taken(target, contents, secrets_of(installation))


@contextmanager
def telling_no_room(place: Path) -> Iterator[None]:
    """Raises Unavailable where the block finds the disk full; other errors pass."""
    try:
        yield
    except OSError as error:
        if error.errno not in _NO_ROOM:
            raise
        raise no_room(error.filename or place, f"{error.strerror}") from error
    except sqlite3.OperationalError as error:
        if getattr(error, "sqlite_errorcode", None) not in _NO_ROOM_IN_SQLITE:
            raise
        raise no_room(place, str(error)) from error


def no_room(place: object, why: str) -> Unavailable:
    """What is said of a disk that is full."""
    return Unavailable("no_room", f"There is no room for {place}: {why}. Make room and try again.")


def secrets_of(installation: Installation) -> list[Path]:
    """What only a safe may hold a copy of: private keys, and the registry's key at the issuer."""
    issuer = installation.folder("issuer")
    wanted = [
        *issuer.glob("*.pem"),
        *issuer.glob("wrapping*.key"),
        *(installation.folder(service) / "audit-key" for service in SERVICES),
    ]
    return sorted(path for path in wanted if path.exists())


def _require_one_place(installation: Installation) -> None:
    for service in SERVICES:
        file = installation.database(service)
        if database_file(installation, service) is None and file.exists():
            raise Conflict(
                "database_in_two_places",
                f"TEM_{service.upper()}_DATABASE_URL names a server, and {file} is there too: "
                "nothing was copied. If the file is in use, unset that address and try again. If "
                "it was moved to the server, put the file aside.",
            )


def _require_room(installation: Installation, target: Path) -> None:
    if target.exists() or target.is_symlink():
        raise Conflict(
            "backup_exists", f"{target} is there already: name a folder that is not. Nothing is "
            "overwritten or pruned.",
        )  # fmt: skip
    if target.resolve().is_relative_to(installation.data.resolve()):
        raise Invalid(
            "backup_inside",
            f"{target} lies in the installation itself: choose a folder outside, best on another "
            "disk.",
        )


def _fill(installation: Installation, draft: Path, clock: Callable[[], datetime]) -> Contents:
    began = rfc3339(clock())
    files: dict[str, File] = {}
    # Checkpoints first: every entry they vouch for is then in the copied trail.
    _copy_into(draft, files, _texts(installation.data, CHECKPOINTS))
    copied: dict[str, Copied] = {}
    elsewhere = []
    for service in SERVICES:
        source = database_file(installation, service)
        if source is None:
            elsewhere.append(service)
            continue
        name = backup_contents.database(service)
        copied[service] = _copy_database(source, draft / name)
        files[name] = backup_contents.digest(draft / name)
    _copy_into(draft, files, _texts(installation.data, HASHES))
    _copy_into(draft, files, iter([(TRUST, installation.trust_file)]))
    contents = Contents(version("tem"), began, rfc3339(clock()), copied, tuple(elsewhere), files)
    backup_contents.write(draft, contents)
    return contents


def _texts(data: Path, folder: str) -> Iterator[tuple[str, Path]]:
    """The files of a folder under the names a backup gives them; drafts have other names."""
    for path in sorted((data / folder).glob("*")):
        if backup_contents.holds(name := f"{folder}/{path.name}"):
            yield name, path


def _copy_into(draft: Path, files: dict[str, File], found: Iterator[tuple[str, Path]]) -> None:
    for name, source in found:
        try:
            with source.open("rb") as file:
                _copy(file, draft / name)
        except FileNotFoundError:  # an attempt at signing was given up meanwhile
            continue
        files[name] = backup_contents.digest(draft / name)


def _copy(file: IO[bytes], target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    made = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(made, "wb") as copy:
        shutil.copyfileobj(file, copy, PIECE)
        copy.flush()
        os.fsync(copy.fileno())


def _copy_database(source: Path, target: Path) -> Copied:
    """One snapshot of a database that others read and write, as a single file."""
    if not source.exists():
        raise NotFound("no_database", f"{source} is missing: see `tem fsck`.")
    target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    os.close(os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
    opened = sqlite3.connect(
        f"{source.absolute().as_uri()}?mode=rw", uri=True, timeout=BUSY_SECONDS
    )
    copy = sqlite3.connect(target)
    try:
        opened.execute("PRAGMA query_only=ON")
        opened.backup(copy)
        copy.execute("PRAGMA journal_mode=DELETE")  # no second file belongs to the copy
        _forget_the_day(copy)
        return _described(copy)
    finally:
        copy.close()
        opened.close()


def _forget_the_day(copy: sqlite3.Connection) -> None:
    """Zero what must not outlive its day, and leave no journal of it on the disk."""
    copy.execute("PRAGMA journal_mode=MEMORY")
    copy.execute("PRAGMA secure_delete=ON")
    there = {name for (name,) in copy.execute("SELECT name FROM sqlite_schema")}
    for table in there.intersection(OF_ONE_DAY):
        copy.execute(f'DELETE FROM "{table}"')  # noqa: S608
    copy.commit()


def _described(copy: sqlite3.Connection) -> Copied:
    query = "SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name"
    there = [name for (name,) in copy.execute(query)]
    revisions = {
        table.removesuffix("_version"): mark
        for table in there
        if table.endswith("_version")  # one for each history of migrations
        for (mark,) in copy.execute(f'SELECT version_num FROM "{table}"')  # noqa: S608
    }
    ends = "SELECT seq, hash FROM audit_head WHERE id = 1"
    head = copy.execute(ends).fetchone() if "audit_head" in there else None
    return Copied(revisions, *(head or (0, GENESIS)))


def _require_sound(draft: Path, contents: Contents) -> None:
    found = list(backup_contents.faults(draft, contents))
    if found:
        raise Unavailable(
            "backup_unsound",
            f"The copy is not sound and was thrown away: {'; '.join(found[:5])}. Run `tem fsck`: "
            "if it finds the same, the installation is damaged, else the disk of the copy.",
        )
