"""Where things lie in one installation on the embedded default, and what its first start makes.

Each service owns one folder; ``trust.json`` and ``keys/`` stand between them. Anything larger
than one machine names databases and key files by environment instead (each service's settings).
"""

import json
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from tem.errors import Conflict

DEFAULT_DATA = "var/data"
DEFAULT_PUBLIC_URL = "http://127.0.0.1:8103"


@dataclass(frozen=True, slots=True)
class Installation:
    """The folder of an installation; every path is worked out from it."""

    data: Path

    @classmethod
    def at(cls, data: str | Path | None) -> "Installation":
        """From ``--data``, else ``TEM_DATA``, else ``var/data``."""
        return cls(Path(data or os.environ.get("TEM_DATA") or DEFAULT_DATA).absolute())

    def folder(self, service: str) -> Path:
        """The folder only this service writes to."""
        return self.data / service

    def database(self, service: str) -> Path:
        """The SQLite file of a service."""
        return self.folder(service) / f"{service}.db"

    @property
    def exists(self) -> bool:
        """Whether a first start has been here, or the environment says where things are."""
        if self.trust_file.exists() or "TEM_TRUST_FILE" in os.environ:
            return True
        return any(self.data.glob("*/audit-key"))  # one service alone makes this at least

    @property
    def trust_file(self) -> Path:
        """The office's public keys: where ``TEM_TRUST_FILE`` says, for the issuer too."""
        return Path(os.environ.get("TEM_TRUST_FILE") or self.data / "trust.json")

    def key_file(self, name: str) -> Path:
        """An API key handed from one service to its user, readable by the owner alone."""
        return self.data / "keys" / name

    @property
    def pack_key_file(self) -> Path:
        """The key that signs offline packs, handed by the issuer to the registry's follower."""
        return Path(os.environ.get("TEM_PACK_KEY_FILE") or self.key_file("pack-key.json"))

    @property
    def addresses_file(self) -> Path:
        """Where the services of a running ``tem up`` answer."""
        return self.data / "addresses.json"

    @property
    def lock_file(self) -> Path:
        """Held by whoever runs the services of this installation."""
        return self.data / "up.lock"

    @property
    def restore_mark(self) -> Path:
        """There while a restore is under way or was broken off: nothing may start."""
        return self.data / "restore-unfinished"

    def addresses(self) -> dict[str, str]:
        """Service name to base URL, as the last start wrote it; empty if there was none."""
        try:
            found: dict[str, str] = json.loads(self.addresses_file.read_text("utf-8"))
        except FileNotFoundError:
            return {}
        return found

    @property
    def public_url(self) -> str:
        """What shoppers see, as the last start chose it."""
        return self.addresses().get("public_url", DEFAULT_PUBLIC_URL)


def require_restored(installation: Installation) -> None:
    """Raises Conflict while a restore was begun and not ended."""
    if installation.restore_mark.exists():
        raise Conflict(
            "restore_unfinished",
            f"A restore of {installation.data} was broken off: run `tem restore` again.",
        )


def write_private(path: Path, content: bytes) -> None:
    """Write a file that only its owner can read, whole or not at all, and durably."""
    with private_file(path) as file:
        file.write(content)


@contextmanager
def private_file(path: Path) -> Iterator[IO[bytes]]:
    """The same, to be written in the block; what goes wrong leaves nothing behind and names it."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    draft = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        draft.replace(path)
    except BaseException as error:
        draft.unlink(missing_ok=True)
        if isinstance(error, OSError) and error.filename is None:
            error.filename = str(path)
        raise
    sync_folder(path.parent)


def sync_folder(folder: Path) -> None:
    """Make names just created or removed in a folder survive a power cut."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
