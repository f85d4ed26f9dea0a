"""``/.well-known/security.txt`` (RFC 9116): whom to tell of a hole in this site."""

import re
from datetime import datetime, timedelta

from tem.dates import rfc3339
from tem_verifier.filters import link_for
from tem_verifier.templating import contacts

# RFC 9116 §2.5.5 recommends less than a year; it is written anew with every answer.
LASTS = timedelta(days=180)
_ENCRYPTED = re.compile(r"(https|mailto|tel):", re.IGNORECASE)  # §2.5.3: never plain http


def security_txt(office_contact: str, public_url: str, now: datetime) -> str | None:
    """The file, or None where nothing in ``office_contact`` can be written to, opened or called."""
    links = [link_for(part) for part in contacts(office_contact)]
    usable = [link for link in links if link is not None and _ENCRYPTED.match(link)]
    if not usable:
        return None
    lines = [f"Contact: {link}" for link in usable]
    midnight = now.replace(hour=0, minute=0, second=0, microsecond=0)
    lines += [f"Expires: {rfc3339(midnight + LASTS)}", "Preferred-Languages: vi, en"]
    lines += [f"Canonical: {public_url}/.well-known/security.txt", ""]
    return "\n".join(lines)
