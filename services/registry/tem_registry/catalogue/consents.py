"""A person's consent to be shown by name or reached directly (Law 91/2025/QH15). Pure.

No consent is assumed. Consent given is for the name, the contact, or both, and ends at once
when it is withdrawn; what was shown then leaves the published card.
"""

from collections.abc import Mapping
from datetime import date
from typing import Any

from tem_registry.rules import Fault


def given(record: Mapping[str, Any], subject: str) -> bool:
    """Whether a producer's person agreed to ``representative`` or ``contact`` being shown."""
    consent = record.get("consent") or {}
    return consent.get(subject) is True and consent.get("withdrawn_on") is None


def faults(record: Mapping[str, Any], today: date) -> list[Fault]:
    """Days that lie ahead, or a withdrawal before the consent."""
    consent = record.get("consent") or {}
    found = [
        Fault(f"/consent/{name}", "consent_in_future", "It counts once it has been said.")
        for name in ("given_on", "withdrawn_on")
        if (consent.get(name) or "") > today.isoformat()
    ]
    if consent.get("withdrawn_on") and consent["withdrawn_on"] < consent["given_on"]:
        told = "It was withdrawn before it was given: check both days."
        found.append(Fault("/consent/withdrawn_on", "consent_out_of_order", told))
    return found


def shows_contact(record: Mapping[str, Any]) -> bool:
    """A household's telephone and place are a person's own; those of others their business's."""
    return record["producer_type"] != "household" or given(record, "contact")
