"""Putting a backup in the place of an installation on SQLite that is stopped.

Nothing is deleted: what was there is kept beside it under another name. A mark stands from before
the first change until after the last, and nothing starts while it is there: half an installation
would look like an empty one.
"""

import os
import shutil
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path

from tem.dates import rfc3339
from tem.errors import Conflict, Invalid, NotFound
from tem.installation import Installation, private_file, sync_folder, write_private
from tem.upkeep import backup_contents
from tem.upkeep.backup import PIECE, database_file, no_room, telling_no_room
from tem.upkeep.backup_contents import CHECKPOINTS, HASHES, TRUST, Contents
from tem.upkeep.standstill import standstill

_BEFORE = ".before-"


def require_stopped(installation: Installation) -> None:
    """Raises Conflict while the services of an installation run; changes nothing."""
    if installation.lock_file.exists():
        with standstill(installation):
            pass


def restore(
    installation: Installation,
    source: Path,
    services: tuple[str, ...],
    now: datetime,
    accept: Callable[[], None],
) -> Iterator[str]:
    """Put the databases of these services back, with the files they need; a line for each step.

    ``accept`` is called when the registry's database is in place, before anything may start.
    Raises Conflict while the installation runs, Invalid for a backup that is not whole,
    Unavailable if there is no room for it.
    """
    contents = _sound(source, services)
    targets = {service: _target(installation, service) for service in services}
    suffix = _suffix(installation, targets, now)
    with standstill(installation), telling_no_room(installation.data):
        _require_room(installation, contents, targets)
        write_private(installation.restore_mark, f"{rfc3339(now)} {suffix} {source}\n".encode())
        yield from _put_files(installation, source, contents, services, suffix)
        for service, target in targets.items():
            yield from _put_database(source / backup_contents.database(service), target, suffix)
        if "registry" in services:
            accept()
        installation.restore_mark.unlink()
        sync_folder(installation.data)


def _sound(source: Path, services: tuple[str, ...]) -> Contents:
    contents = backup_contents.read(source)
    missing = [service for service in services if service not in contents.databases]
    if missing:
        raise NotFound("not_in_backup", f"{source} has no database of: {', '.join(missing)}.")
    found = list(backup_contents.faults(source, contents))
    if found:
        raise Invalid(
            "backup_damaged", f"Nothing was changed. {'; '.join(found[:5])}. Take another backup."
        )
    return contents


def _suffix(installation: Installation, targets: dict[str, Path], now: datetime) -> str:
    """What is put behind the names of what was there.

    A restore that goes on where one was broken off uses that one's, so the parts of a database
    keep names that fit each other; no other has ever been used here.
    """
    if installation.restore_mark.exists():
        words = installation.restore_mark.read_text("utf-8").split(" ", 2)
        if len(words) == 3 and words[1].startswith(_BEFORE):
            return words[1]
    suffix = f"{_BEFORE}{now:%Y%m%dT%H%M%SZ}"
    while any(target.with_name(target.name + suffix).exists() for target in targets.values()):
        suffix += "x"
    return suffix


def _require_room(installation: Installation, contents: Contents, targets: dict[str, Path]) -> None:
    """Before anything is changed: what was there is kept, so every copy takes room of its own."""
    wanted = {backup_contents.database(service): file for service, file in targets.items()}
    if "issuer" in targets:
        hashes = (name for name in contents.files if name.startswith(f"{HASHES}/"))
        absent = {name: installation.data / name for name in hashes}
        wanted |= {name: file for name, file in absent.items() if not file.exists()}
    needed: dict[int, int] = {}
    for name, file in wanted.items():
        folder = next(parent for parent in file.parents if parent.exists())
        disk = folder.stat().st_dev
        needed[disk] = needed.get(disk, 0) + contents.files[name].bytes
        if (free := shutil.disk_usage(folder).free) < needed[disk]:
            raise no_room(
                file, f"{needed[disk]} bytes are needed, {free} are free, and nothing was changed"
            )


def _target(installation: Installation, service: str) -> Path:
    target = database_file(installation, service)
    if target is None:
        raise Conflict(
            "database_elsewhere",
            f"The database of the {service} is on a server: restore it by PostgreSQL's own means "
            "(docs/operations.md), or unset its address.",
        )
    return target


def _put_files(
    installation: Installation,
    source: Path,
    contents: Contents,
    services: tuple[str, ...],
    suffix: str,
) -> Iterator[str]:
    """Hashes as the backup has them. Trusted keys and checkpoints only where there are none: an
    older list of keys would thaw a frozen one, and newer checkpoints tell what was lost."""
    for name, told in contents.files.items():
        target, is_hash = installation.data / name, name.startswith(f"{HASHES}/")
        if is_hash and "issuer" in services:
            if target.exists() and backup_contents.digest(target) != told:
                target.rename(target.with_name(target.name + suffix))
            if not target.exists():
                _copy(source / name, target)
        elif name == TRUST or name.startswith(f"{CHECKPOINTS}/"):
            target = installation.trust_file if name == TRUST else target
            if not target.exists():
                _copy(source / name, target)
                yield f"put back  {target}"
            elif backup_contents.digest(target) != told:
                yield f"left      {target} (newer than the backup's)"


def _put_database(source: Path, target: Path, suffix: str) -> Iterator[str]:
    with source.open("rb") as file, private_file(target) as copy:
        shutil.copyfileobj(file, copy, PIECE)
        copy.flush()
        os.fsync(copy.fileno())  # whole, before anything is moved
        for tail in ("", "-wal", "-shm"):  # the three are one database: they keep fitting names
            part = target.with_name(target.name + tail)
            kept = target.with_name(target.name + suffix + tail)
            if part.exists() and not kept.exists():  # else it is what a broken restore put there
                part.rename(kept)
                if not tail:
                    yield f"kept      {target.name + suffix}"
    yield f"put back  {target}"


def _copy(source: Path, target: Path) -> None:
    """A private copy, whole or not at all, on the disk."""
    with source.open("rb") as file, private_file(target) as copy:
        shutil.copyfileobj(file, copy, PIECE)
