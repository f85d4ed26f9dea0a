"""The registry's settings, read once from the environment."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from tem import settings
from tem.database import sqlite_url
from tem.installation import Installation

ISSUER_KEY_FILE = "issuer-service.key"


@dataclass(frozen=True, slots=True)
class Settings:
    """Where the registry keeps what, whom it asks for stamps, and the office's own rules.

    ``unit_fee_vnd`` is what a producer pays for a blank (200 VND, 2020) and is stored with each
    order. Orders above ``two_person_quantity`` stamps need approval by two different people.
    ``window_months`` and ``fresh_window_months`` are how long the information of goods without
    a declared date stays public, counted from production (record periods of Circular 17/2021).
    """

    database_url: str
    trust_file: Path
    issuer_url: str
    issuer_key_file: Path
    unit_fee_vnd: int
    two_person_quantity: int
    window_months: int
    fresh_window_months: int
    fresh_categories: tuple[str, ...]


def read(env: Mapping[str, str], installation: Installation) -> Settings:
    """The settings of an installation. Raises :class:`tem.errors.Invalid` naming a bad one."""
    key_file = env.get("TEM_REGISTRY_ISSUER_KEY_FILE")
    trust_file = env.get("TEM_TRUST_FILE")
    running = installation.addresses().get("issuer", "http://127.0.0.1:8101")
    return Settings(
        database_url=env.get("TEM_REGISTRY_DATABASE_URL")
        or sqlite_url(installation.database("registry")),
        trust_file=Path(trust_file) if trust_file else installation.trust_file,
        issuer_url=env.get("TEM_ISSUER_URL") or running,
        issuer_key_file=Path(key_file) if key_file else installation.key_file(ISSUER_KEY_FILE),
        unit_fee_vnd=settings.whole(env, "TEM_REGISTRY_UNIT_FEE_VND", 200, 0, 1_000_000),
        two_person_quantity=settings.whole(
            env, "TEM_REGISTRY_TWO_PERSON_QUANTITY", 100_000, 0, 10**9
        ),
        window_months=settings.whole(env, "TEM_REGISTRY_WINDOW_MONTHS", 24, 1, 240),
        fresh_window_months=settings.whole(env, "TEM_REGISTRY_FRESH_WINDOW_MONTHS", 6, 1, 240),
        fresh_categories=tuple(env.get("TEM_REGISTRY_FRESH_CATEGORIES", "I.1").split(",")),
    )
