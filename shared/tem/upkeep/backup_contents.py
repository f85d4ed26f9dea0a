"""What a backup holds, and how it is known to be whole: one list of files with their digests.

It never holds codes, keys that open or sign anything, or the issuer's high-water mark: codes in a
backup would outlive their destruction, a key belongs into a safe, and a mark that went back
together with the database would not notice that it did.
"""

import hashlib
import json
import os
import re
import sqlite3
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

from tem.errors import Invalid, NotFound
from tem.installation import write_private

FORMAT = "tem-backup-v1"
LIST = "backup.json"
TRUST, HASHES, CHECKPOINTS = "trust.json", "issuer/hashes", "checkpoints"
# In this order no copy knows of anything that a later one lacks: what the verifier has read the
# registry has published, what is on record the issuer has released, and that has its hashes.
SERVICES = ("verifier", "registry", "issuer")
_MEMBER = re.compile(
    r"(verifier/verifier|registry/registry|issuer/issuer)\.db"
    r"|issuer/hashes/[0-9]+-[0-9]+\.hashes|checkpoints/[a-z]+\.txt|trust\.json",
    re.ASCII,
)
_SHA256 = re.compile(r"[0-9a-f]{64}", re.ASCII)


@dataclass(frozen=True, slots=True)
class File:
    """One file of a backup: its length and the SHA-256 of its content, in hexadecimal."""

    bytes: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Copied:
    """One database of a backup: the revision of each history of migrations, its trail's end."""

    revisions: Mapping[str, str]
    audit_entries: int
    audit_hash: str


@dataclass(frozen=True, slots=True)
class Contents:
    """The list of a backup. ``elsewhere`` names services whose database is on a server."""

    version: str
    began: str
    ended: str
    databases: Mapping[str, Copied]
    elsewhere: tuple[str, ...]
    files: Mapping[str, File]


def holds(name: str) -> bool:
    """Whether a backup may hold a file of this name."""
    return _MEMBER.fullmatch(name) is not None


def database(service: str) -> str:
    """Where a service's database lies in a backup, and in an installation."""
    return f"{service}/{service}.db"


def write(folder: Path, contents: Contents) -> None:
    """Write the list, durably: with it the backup is complete."""
    text = json.dumps({"format": FORMAT, **asdict(contents)}, indent=1, sort_keys=True)
    write_private(folder / LIST, text.encode())


def read(folder: Path) -> Contents:
    """The list of a backup. Raises NotFound where there is none, Invalid if it cannot be read.

    Names are checked: a restore writes to them.
    """
    try:
        told = json.loads((folder / LIST).read_text("utf-8"))
    except (FileNotFoundError, NotADirectoryError) as error:
        raise NotFound(
            "no_backup",
            f"{folder} holds no complete backup: {LIST} is missing. What a backup that was "
            "killed left behind is worth nothing: delete it.",
        ) from error
    except (ValueError, RecursionError) as error:
        raise _unreadable(folder, str(error)) from error
    try:
        if told.pop("format") != FORMAT:
            raise ValueError("it is of another format")
        files = {name: File(**file) for name, file in told.pop("files").items()}
        copied = {name: Copied(**one) for name, one in told.pop("databases").items()}
        contents = Contents(
            databases=copied, files=files, elsewhere=tuple(told.pop("elsewhere")), **told
        )
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise _unreadable(folder, str(error)) from error
    for name, file in files.items():
        if not (holds(name) and _SHA256.fullmatch(str(file.sha256))):
            raise _unreadable(folder, f"{name!r} is nothing that a backup holds")
    return contents


def _unreadable(folder: Path, why: str) -> Invalid:
    return Invalid("backup_unreadable", f"{folder / LIST} cannot be read: {why}. Take another one.")


def faults(folder: Path, contents: Contents) -> Iterator[str]:
    """What is wrong with a backup, one sentence each; every byte of it is read."""
    present = {p.relative_to(folder).as_posix() for p in folder.rglob("*") if not p.is_dir()}
    for name in sorted(present - contents.files.keys() - {LIST}):
        yield f"{name} is not on the list"
    for service in contents.databases:
        if database(service) not in contents.files:
            yield f"the database of the {service} is missing"
    for name, told in sorted(contents.files.items()):
        if name not in present:
            yield f"{name} is missing"
        elif digest(folder / name) != told:
            yield f"{name} is not the file that was copied"
        elif name.endswith(".db"):
            yield from (f"{name}: {fault}" for fault in damage(folder / name))


def damage(path: Path) -> Iterator[str]:
    """What SQLite itself finds wrong with a database that nobody has open."""
    uri = f"{path.absolute().as_uri()}?mode=ro&immutable=1"
    try:
        connection = sqlite3.connect(uri, uri=True)
        try:
            for (told,) in connection.execute("PRAGMA integrity_check(10)"):
                if told != "ok":
                    yield told
            for table, *_ in connection.execute("PRAGMA foreign_key_check"):
                yield f"a row of {table} names one that is not there"
        finally:
            connection.close()
    except sqlite3.DatabaseError as error:
        yield str(error)


def digest(path: Path) -> File:
    """Length and SHA-256 of a file, as it is on the disk."""
    with path.open("rb") as file:
        made = hashlib.file_digest(file, "sha256")
        return File(os.fstat(file.fileno()).st_size, made.hexdigest())
