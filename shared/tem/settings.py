"""Reading settings from the environment: each with one name, one default and one clear error.

A setting that is empty is not set: whoever leaves ``NAME=`` in a file means the default.
"""

import difflib
from collections.abc import Iterator, Mapping
from urllib.parse import urlsplit

from tem.errors import Invalid

LOOPBACK = ("localhost", "127.0.0.1", "[::1]")


def whole(env: Mapping[str, str], name: str, default: int, low: int, high: int) -> int:
    """A whole number within bounds. Raises :class:`Invalid` naming the setting."""
    text = env.get(name) or str(default)
    if not (text.isascii() and text.isdigit() and low <= int(text) <= high):
        raise Invalid("bad_setting", f"{name} must be a whole number from {low} to {high}.")
    return int(text)


def one_of(env: Mapping[str, str], name: str, default: str, allowed: tuple[str, ...]) -> str:
    """One of the words allowed. Raises :class:`Invalid` naming the setting."""
    text = env.get(name) or default
    if text not in allowed:
        raise Invalid("bad_setting", f"{name} must be one of: {', '.join(allowed)}.")
    return text


def public_url(env: Mapping[str, str], name: str, default: str) -> str:
    """The address shoppers see, without a slash at its end; plain http for loopback alone."""
    url = (env.get(name) or default).rstrip("/")
    parts = urlsplit(url)
    host = parts.netloc.rsplit(":", 1)[0] if not parts.netloc.endswith("]") else parts.netloc
    if parts.scheme not in ("https", "http") or not host or parts.query or "@" in parts.netloc:
        raise Invalid("bad_setting", f"{name} must be like https://tem.example.vn")
    if url != url.lower() or not url.isascii():
        raise Invalid("bad_setting", f"{name} must be in lower case: some phones need it.")
    if parts.scheme == "http" and host not in LOOPBACK:
        raise Invalid("bad_setting", f"{name} must be https; plain http is for loopback alone.")
    return url


def stamp_prefix(public: str) -> str:
    """What stands before the digits in a printed QR code."""
    return f"{public}/s/"


# All settings there are, as docs/operations.md has them: services cannot be asked without import.
SETTINGS = frozenset(
    {
        "TEM_BIND",
        "TEM_DATA",
        "TEM_ENVIRONMENT",
        "TEM_ISSUER_DAILY_CEILING",
        "TEM_ISSUER_DATABASE_URL",
        "TEM_ISSUER_HIGH_WATER_FILE",
        "TEM_ISSUER_PASSPHRASE_FILE",
        "TEM_ISSUER_URL",
        "TEM_OFFICE_CONTACT",
        "TEM_PACK_KEY_FILE",
        "TEM_PUBLIC_URL",
        "TEM_PUBLISHED_DATABASE_URL",
        "TEM_REGISTRY_CHECKPOINTS",
        "TEM_REGISTRY_CORRECTION_DAYS",
        "TEM_REGISTRY_DATABASE_URL",
        "TEM_REGISTRY_EPCIS_BASE",
        "TEM_REGISTRY_ISSUER_KEY_FILE",
        "TEM_REGISTRY_OFFICE_GLN",
        "TEM_REGISTRY_PACK_DAYS",
        "TEM_REGISTRY_PROXIES",
        "TEM_REGISTRY_RECORD_MONTHS",
        "TEM_REGISTRY_TWO_PERSON_QUANTITY",
        "TEM_REGISTRY_UNIT_FEE_VND",
        "TEM_REGISTRY_UNIT_SUBSIDY_VND",
        "TEM_REGISTRY_VERIFIER_KEY_FILE",
        "TEM_REGISTRY_WINDOW_MONTHS",
        "TEM_TRUST_FILE",
        "TEM_VERIFIER_DATABASE_URL",
        "TEM_VERIFIER_FINGERPRINTS_MB",
        "TEM_VERIFIER_LOG_LOOKUPS",
        "TEM_VERIFIER_MANY_ORIGINS",
        "TEM_VERIFIER_MANY_SCANS",
        "TEM_VERIFIER_PROXIES",
        "TEM_VERIFIER_RATE",
        "TEM_VERIFIER_REPORT_RATE",
        "TEM_VERIFIER_RETAILER_RATE",
        "TEM_VERIFIER_SCAN_DAYS",
        "TEM_VERIFIER_URL",
        "TEM_VERIFIER_VALKEY_PASSWORD_FILE",
        "TEM_VERIFIER_VALKEY_URL",
        "TEM_VERIFIER_WEBHOOKS",
        "TEM_VERIFIER_WEBHOOK_NETWORKS",
    }
)


def require_one_record(env: Mapping[str, str]) -> None:
    """Raises Invalid where the registry's record is moved and the verifier would not know.

    It would go on answering from the file that stayed behind, and nobody would see it.
    """
    if env.get("TEM_REGISTRY_DATABASE_URL") and not env.get("TEM_PUBLISHED_DATABASE_URL"):
        raise Invalid(
            "bad_setting",
            "TEM_REGISTRY_DATABASE_URL is set, so say in TEM_PUBLISHED_DATABASE_URL where the "
            "verifier reads the published tables: the same database, or a replica.",
        )


def remarks(env: Mapping[str, str]) -> Iterator[str]:
    """What somebody who starts the services should know of the settings: lines for people."""
    for name in sorted(name for name in env if name.startswith("TEM_") and name not in SETTINGS):
        near = difflib.get_close_matches(name, SETTINGS, 1)
        yield f"{name} is no setting and does nothing" + (f": {near[0]}?" if near else "")
    if not env.get("TEM_OFFICE_CONTACT"):
        yield "TEM_OFFICE_CONTACT is not set: no page says how to reach the Office"
