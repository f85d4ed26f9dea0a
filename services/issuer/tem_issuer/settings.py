"""The issuer's settings, read once from the environment."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from tem import settings
from tem.databases.database import sqlite_url
from tem.installation import Installation
from tem.stampcode import FIRST_TEST_BATCH


@dataclass(frozen=True, slots=True)
class Settings:
    """Where the issuer keeps what, and what it refuses whoever asks.

    ``daily_ceiling`` is the number of stamps it reserves for one producer in one Vietnam day:
    a broken-into registry mints no more than that.
    """

    database_url: str
    folder: Path
    public_url: str
    sandbox: bool
    daily_ceiling: int
    passphrase_file: Path | None
    trust_file: Path
    high_water: Path  # the mark that no backup holds: apart from ``folder``
    pack_key_file: Path  # where the pack key is handed to the registry's follower

    @property
    def first_number(self) -> int:
        """Where batch numbers begin: a sandbox makes test stamps only."""
        return FIRST_TEST_BATCH if self.sandbox else 1

    @property
    def codes(self) -> Path:
        """Codes at rest and their wrapped keys; never part of a backup."""
        return self.folder / "codes"

    @property
    def hashes(self) -> Path:
        """One SHA-256 per stamp, kept for good."""
        return self.folder / "hashes"

    @property
    def office_key(self) -> Path:
        """The office's private key; only a signing run opens it."""
        return self.folder / "office-key.pem"

    @property
    def wrapping_key(self) -> Path:
        """Wraps the data keys of codes at rest; another key than the office's."""
        return self.folder / "wrapping.key"

    @property
    def signer_lock(self) -> Path:
        """Held by the one signer of an installation."""
        return self.folder / "signer.lock"


def read(env: Mapping[str, str], installation: Installation) -> Settings:
    """The settings of an installation. Raises :class:`tem.errors.Invalid` naming a bad one."""
    passphrase = env.get("TEM_ISSUER_PASSPHRASE_FILE")
    kept_apart = env.get("TEM_ISSUER_HIGH_WATER_FILE")
    return Settings(
        database_url=env.get("TEM_ISSUER_DATABASE_URL")
        or sqlite_url(installation.database("issuer")),
        folder=installation.folder("issuer"),
        public_url=settings.public_url(env, "TEM_PUBLIC_URL", installation.public_url),
        sandbox=settings.one_of(env, "TEM_ENVIRONMENT", "production", ("production", "sandbox"))
        == "sandbox",
        daily_ceiling=settings.whole(env, "TEM_ISSUER_DAILY_CEILING", 10_000_000, 1, 10**9),
        passphrase_file=Path(passphrase) if passphrase else None,
        # Behind a link it is the file on the other disk that is replaced, not the link.
        high_water=Path(
            os.path.realpath(kept_apart or installation.data / "high-water" / "issuer.json")
        ),
        trust_file=installation.trust_file,
        pack_key_file=installation.pack_key_file,
    )
