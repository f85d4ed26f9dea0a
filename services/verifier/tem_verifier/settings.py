"""The verifier's settings, read once from the environment."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from tem import settings
from tem.database import sqlite_url
from tem.installation import Installation


@dataclass(frozen=True, slots=True)
class Settings:
    """Where the verifier reads, what it keeps for itself, and whom it believes.

    ``published_url`` is the registry's database, of which it may read the published tables and
    nothing else; ``database_url`` is its own. ``office_contact`` stands on every page beside the
    Office's name: how a shopper can reach it.
    """

    database_url: str
    published_url: str
    folder: Path
    trust_file: Path
    public_url: str
    office_contact: str = ""

    @property
    def prefix(self) -> str:
        """What stands before the digits in a printed QR code."""
        return settings.stamp_prefix(self.public_url)

    @property
    def fingerprints(self) -> Path:
        """Cache of fingerprint tables, mapped into memory; can be deleted at any time."""
        return self.folder / "fingerprints"


def read(env: Mapping[str, str], installation: Installation) -> Settings:
    """The settings of an installation. Raises :class:`tem.errors.Invalid` naming a bad one."""
    trust_file = env.get("TEM_TRUST_FILE")
    return Settings(
        database_url=env.get("TEM_VERIFIER_DATABASE_URL")
        or sqlite_url(installation.database("verifier")),
        published_url=env.get("TEM_PUBLISHED_DATABASE_URL")
        or sqlite_url(installation.database("registry")),
        folder=installation.folder("verifier"),
        trust_file=Path(trust_file) if trust_file else installation.trust_file,
        public_url=settings.public_url(env, "TEM_PUBLIC_URL", installation.public_url),
        office_contact=env.get("TEM_OFFICE_CONTACT", ""),
    )
