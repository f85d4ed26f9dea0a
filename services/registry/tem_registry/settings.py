"""The registry's settings, read once from the environment."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from tem import clients, settings
from tem.clients import NO_PROXIES, Proxies
from tem.databases.database import sqlite_url
from tem.errors import Invalid
from tem.installation import Installation
from tem.tls import TlsFiles
from tem.trail import checkpoints, kept_checkpoints
from tem_registry import uris as epcis_uris
from tem_registry.months import Months
from tem_registry.uris import Uris

ISSUER_KEY_FILE = "issuer-service.key"
VERIFIER_KEY_FILE = "verifier-registry.key"


@dataclass(frozen=True, slots=True)
class Settings:
    """Where the registry keeps what, whom it asks for stamps, and the office's own rules.

    ``unit_fee_vnd`` is what a producer pays for a blank (200 VND, 2020) and is stored with each
    order, with ``unit_subsidy_vnd``, what the programme spends on each. Orders above
    ``two_person_quantity`` stamps need approval by two different people.
    ``window_months`` is how long the information of goods without a declared date stays public,
    counted from production; ``record_months`` is how long the office keeps a lot's record after
    its best-before (Circular 17/2021/TT-BNNPTNT: 12 at least; 24 and, fresh, 6 from production
    where there is none). Both by category. ``correction_days`` after an activation any reason is
    enough to correct it; later the reason must say more. ``audit_key_file`` signs checkpoints of
    the audit trail, which the follower keeps in the file ``checkpoints``. The verifier is asked
    at ``verifier_url`` with the key in ``verifier_key_file``; ``authority`` is the certificate of
    the installation's own authority, if ``tem up --tls`` made one. Offline packs are signed with
    the key in ``pack_key_file``, answer for ``pack_days`` and know stamps by ``public_url``.
    """

    database_url: str
    trust_file: Path
    issuer_url: str
    issuer_key_file: Path
    unit_fee_vnd: int
    two_person_quantity: int
    unit_subsidy_vnd: int
    window_months: Months
    record_months: Months
    correction_days: int
    audit_key_file: Path
    checkpoints: Path
    verifier_url: str
    verifier_key_file: Path
    authority: Path
    pack_key_file: Path
    pack_days: int
    public_url: str
    uris: Uris = field(default_factory=Uris)  # how an EPCIS export names things
    proxies: Proxies = NO_PROXIES  # whose X-Forwarded-For counts, at the sign-in


def read(env: Mapping[str, str], installation: Installation) -> Settings:
    """The settings of an installation. Raises :class:`tem.errors.Invalid` naming a bad one."""
    key_file = env.get("TEM_REGISTRY_ISSUER_KEY_FILE")
    trust_file = env.get("TEM_TRUST_FILE")
    asking = env.get("TEM_REGISTRY_VERIFIER_KEY_FILE")
    running = installation.addresses()
    return Settings(
        database_url=env.get("TEM_REGISTRY_DATABASE_URL")
        or sqlite_url(installation.database("registry")),
        trust_file=Path(trust_file) if trust_file else installation.trust_file,
        issuer_url=env.get("TEM_ISSUER_URL") or running.get("issuer", "http://127.0.0.1:8101"),
        issuer_key_file=Path(key_file) if key_file else installation.key_file(ISSUER_KEY_FILE),
        unit_fee_vnd=settings.whole(env, "TEM_REGISTRY_UNIT_FEE_VND", 200, 0, 1_000_000),
        two_person_quantity=settings.whole(
            env, "TEM_REGISTRY_TWO_PERSON_QUANTITY", 100_000, 0, 10**9
        ),
        unit_subsidy_vnd=settings.whole(env, "TEM_REGISTRY_UNIT_SUBSIDY_VND", 0, 0, 1_000_000),
        window_months=_months(env, "TEM_REGISTRY_WINDOW_MONTHS", "24 I.1=6", 1),
        record_months=_months(env, "TEM_REGISTRY_RECORD_MONTHS", "12", 12),
        correction_days=settings.whole(env, "TEM_REGISTRY_CORRECTION_DAYS", 7, 0, 365),
        audit_key_file=checkpoints.key_file(installation, "registry"),
        checkpoints=_checkpoints(env.get("TEM_REGISTRY_CHECKPOINTS"), installation),
        verifier_url=env.get("TEM_VERIFIER_URL")
        or running.get("verifier", "http://127.0.0.1:8103"),
        verifier_key_file=Path(asking) if asking else installation.key_file(VERIFIER_KEY_FILE),
        authority=TlsFiles.of(installation).authority,
        pack_key_file=installation.pack_key_file,
        pack_days=settings.whole(env, "TEM_REGISTRY_PACK_DAYS", 7, 1, 60),
        public_url=settings.public_url(env, "TEM_PUBLIC_URL", installation.public_url),
        uris=epcis_uris.configured(
            env.get("TEM_REGISTRY_EPCIS_BASE"), env.get("TEM_REGISTRY_OFFICE_GLN")
        ),
        proxies=_proxies(env.get("TEM_REGISTRY_PROXIES", "")),
    )


def _proxies(text: str) -> Proxies:
    """Raises Invalid naming the setting."""
    try:
        return clients.parse_proxies(text) if text else NO_PROXIES
    except ValueError as error:
        raise Invalid("setting_invalid", f"TEM_REGISTRY_PROXIES: {error}.") from error


def _checkpoints(named: str | None, installation: Installation) -> Path:
    """The file named, or ``registry.txt`` in the folder named."""
    if not named:
        return kept_checkpoints.kept_file(installation, "registry")
    path = Path(named)
    return path / "registry.txt" if path.is_dir() else path


def _months(env: Mapping[str, str], name: str, default: str, least: int) -> Months:
    """Months by category, written ``24 I.1=6``. Raises Invalid naming the setting."""
    found: dict[str, int] = {}
    for word in (env.get(name) or default).replace(",", " ").split():
        category, given, number = word.rpartition("=")
        if category in found or not all((category if given else "rest").split(".")):
            raise Invalid("setting_invalid", f"{name}: {word} names no category, or one again.")
        if not (number.isascii() and number.isdigit() and least <= int(number) <= 240):
            raise Invalid("setting_invalid", f"{name}: {word} is not {least} to 240 months.")
        found[category] = int(number)
    if "" not in found:
        raise Invalid("setting_invalid", f"{name}: say how many months for all others, as 24.")
    return Months(found)
