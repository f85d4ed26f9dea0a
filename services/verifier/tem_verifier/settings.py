"""The verifier's settings, read once from the environment."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar
from urllib.parse import urlsplit

from tem import clients, settings
from tem.clients import NO_PROXIES, Proxies
from tem.databases.database import sqlite_url
from tem.errors import Invalid
from tem.installation import Installation
from tem.trust import ENVIRONMENTS
from tem_verifier import rates, webhook_addresses
from tem_verifier.rates import Rate
from tem_verifier.webhook_addresses import Network

Read = TypeVar("Read")

# Ten a second: a market hall or an office behind one address stays below it.
DEFAULT_RATE: Rate | None = Rate(600, 60)
DEFAULT_RETAILER_RATE: Rate | None = Rate(60_000, 60)
# Many phones share an address of their network: a market's worth of reports, and no flood.
DEFAULT_REPORT_RATE: Rate | None = Rate(12, 3600, 6)
# A household and a shop look at one package a few times: fifty a month are more than one's.
MANY_SCANS = 50
MANY_ORIGINS = 5
SCAN_DAYS = 90
# Tables of fingerprints that all workers map: 8 bytes a stamp, 64 million of the youngest.
FINGERPRINTS_MB = 512
# Who sends to webhooks: each worker, or only `tem verifier deliver`, which reaches the Internet.
HERE, ELSEWHERE = "here", "elsewhere"


@dataclass(frozen=True, slots=True)
class Settings:
    """Where the verifier reads, what it keeps for itself, and whom it believes.

    ``published_url`` is the registry's database, of which it may read the published tables and
    nothing else; ``database_url`` is its own. ``office_contact`` stands on every page beside the
    Office's name: how a shopper can reach it; each page of a sandbox says that it is
    one. ``rate`` is for an address, ``retailer_rate`` for a key, ``report_rate`` for reports of
    an address, None for no limit; one look-up in ``log_lookups`` leaves a line in the log, 0 for
    none;
    ``webhook_networks`` are those that webhooks may lead to beside the Internet;
    ``many_scans`` within 30 days or ``many_origins`` in them bring the note, 0 for never.
    """

    database_url: str
    published_url: str
    folder: Path
    trust_file: Path
    public_url: str
    office_contact: str = ""
    is_sandbox: bool = False
    valkey_url: str | None = None
    valkey_password_file: Path | None = None
    rate: Rate | None = DEFAULT_RATE
    retailer_rate: Rate | None = DEFAULT_RETAILER_RATE
    report_rate: Rate | None = DEFAULT_REPORT_RATE
    proxies: Proxies = NO_PROXIES
    many_scans: int = MANY_SCANS
    many_origins: int = MANY_ORIGINS
    scan_days: int = SCAN_DAYS
    log_lookups: int = 0
    fingerprints_mb: int = FINGERPRINTS_MB
    webhooks: str = HERE
    webhook_networks: tuple[Network, ...] = ()

    @property
    def valkey_password(self) -> str | None:
        """What is in the file; None without one. Raises Invalid if it cannot be read."""
        if self.valkey_password_file is None:
            return None
        try:
            return self.valkey_password_file.read_text("utf-8").strip()
        except (OSError, UnicodeError) as error:
            raise Invalid(
                "bad_setting",
                f"TEM_VERIFIER_VALKEY_PASSWORD_FILE cannot be read: {type(error).__name__}.",
            ) from error

    @property
    def prefix(self) -> str:
        """What stands before the digits in a printed QR code."""
        return settings.stamp_prefix(self.public_url)

    @property
    def snapshots(self) -> Path:
        """What was published at one moment, mapped by all workers; can be deleted at any time."""
        return self.folder / "index"

    @property
    def table_bytes(self) -> int:
        """How much of a snapshot may be fingerprints."""
        return self.fingerprints_mb * 1024 * 1024

    @property
    def fingerprints(self) -> Path:
        """Cache of fingerprint tables, mapped into memory; can be deleted at any time."""
        return self.folder / "fingerprints"


def read(env: Mapping[str, str], installation: Installation) -> Settings:
    """The settings of an installation. Raises :class:`tem.errors.Invalid` naming a bad one."""
    trust_file = env.get("TEM_TRUST_FILE")
    password_file = env.get("TEM_VERIFIER_VALKEY_PASSWORD_FILE")
    return Settings(
        database_url=env.get("TEM_VERIFIER_DATABASE_URL")
        or sqlite_url(installation.database("verifier")),
        published_url=env.get("TEM_PUBLISHED_DATABASE_URL")
        or sqlite_url(installation.database("registry")),
        folder=installation.folder("verifier"),
        trust_file=Path(trust_file) if trust_file else installation.trust_file,
        public_url=settings.public_url(env, "TEM_PUBLIC_URL", installation.public_url),
        office_contact=env.get("TEM_OFFICE_CONTACT", ""),
        is_sandbox=settings.one_of(env, "TEM_ENVIRONMENT", "production", ENVIRONMENTS) == "sandbox",
        valkey_url=_valkey_url(env.get("TEM_VERIFIER_VALKEY_URL")),
        valkey_password_file=Path(password_file) if password_file else None,
        rate=_read(rates.parse, env, "TEM_VERIFIER_RATE", DEFAULT_RATE),
        retailer_rate=_read(rates.parse, env, "TEM_VERIFIER_RETAILER_RATE", DEFAULT_RETAILER_RATE),
        report_rate=_read(rates.parse, env, "TEM_VERIFIER_REPORT_RATE", DEFAULT_REPORT_RATE),
        proxies=_read(clients.parse_proxies, env, "TEM_VERIFIER_PROXIES", NO_PROXIES),
        many_scans=settings.whole(env, "TEM_VERIFIER_MANY_SCANS", MANY_SCANS, 0, 10**9),
        many_origins=settings.whole(env, "TEM_VERIFIER_MANY_ORIGINS", MANY_ORIGINS, 0, 1000),
        scan_days=settings.whole(env, "TEM_VERIFIER_SCAN_DAYS", SCAN_DAYS, 30, 3660),
        fingerprints_mb=settings.whole(
            env, "TEM_VERIFIER_FINGERPRINTS_MB", FINGERPRINTS_MB, 0, 10**6
        ),
        log_lookups=settings.whole(env, "TEM_VERIFIER_LOG_LOOKUPS", 0, 0, 10**9),
        webhooks=settings.one_of(env, "TEM_VERIFIER_WEBHOOKS", HERE, (HERE, ELSEWHERE)),
        webhook_networks=_read(
            webhook_addresses.networks, env, "TEM_VERIFIER_WEBHOOK_NETWORKS", ()
        ),
    )


def _read(parse: Callable[[str], Read], env: Mapping[str, str], name: str, default: Read) -> Read:
    """A setting by its parser. Raises Invalid naming it, with what the parser says."""
    text = env.get(name)
    if not text:
        return default
    try:
        return parse(text)
    except ValueError as error:
        raise Invalid("bad_setting", f"{name}: {error}.") from error


def _valkey_url(url: str | None) -> str | None:
    """An address without a password, which would show in listings of processes and settings."""
    if not url:
        return None
    parts = urlsplit(url)
    known = parts.scheme in ("valkey", "valkeys", "redis", "rediss", "unix")
    # A query could hold a password as well, and set what a link sets itself: how long to wait.
    if not known or parts.password or parts.query:
        raise Invalid(
            "bad_setting",
            "TEM_VERIFIER_VALKEY_URL must be like valkey://host:6379/0, valkeys:// for TLS or "
            "unix:///socket, with nothing behind; its password goes into "
            "TEM_VERIFIER_VALKEY_PASSWORD_FILE.",
        )
    return url
