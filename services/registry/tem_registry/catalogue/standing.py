"""How certificates and contracts stand on a day: worked out from dates, never stored. Pure."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

STANDINGS = ("valid", "expired", "revoked", "not_yet_valid")

Record = Mapping[str, Any]


def certificate(record: Record, day: date) -> str:
    """``revoked`` from the day of its withdrawal, ``expired`` after its last day, or ``valid``."""
    revoked = record.get("revoked_on")
    if revoked is not None and revoked <= day.isoformat():
        return "revoked"
    return _term(record["valid_from"], record["valid_until"], day)


def contract(record: Record, day: date) -> str:
    """Both days belong to a contract's term."""
    return _term(record["signed_on"], record["valid_until"], day)


def _term(first: str, last: str, day: date) -> str:
    if last < day.isoformat():
        return "expired"
    return "not_yet_valid" if first > day.isoformat() else "valid"


def current(certificates: Sequence[Record], day: date) -> Record | None:
    """The certificate that tells of a product on a day.

    The newest in force; without one the newest that has begun, then any that is to come.
    """
    in_force = [one for one in certificates if certificate(one, day) == "valid"]
    begun = [one for one in certificates if one["valid_from"] <= day.isoformat()]
    choice = in_force or begun or list(certificates)
    return max(choice, key=lambda one: (one["valid_from"], one["certificate_id"]), default=None)
