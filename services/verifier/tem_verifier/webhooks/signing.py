"""Signatures of webhooks, after the specification "Standard Webhooks" 1.0."""

import base64
import binascii
import hashlib
import hmac
import secrets
from collections.abc import Iterable

PREFIX = "whsec_"
SECRET_BYTES = 32


def new_secret() -> str:
    """A secret as its owner keeps it."""
    return PREFIX + base64.b64encode(secrets.token_bytes(SECRET_BYTES)).decode()


def headers(known: Iterable[str], id: str, timestamp: int, body: bytes) -> dict[str, str]:
    """The three headers of a message, signed with each secret that is live: the newest first.

    ``timestamp`` is of the attempt, in seconds; a receiver refuses what is minutes old.
    """
    signed = f"{id}.{timestamp}.".encode() + body
    return {
        "webhook-id": id,
        "webhook-timestamp": str(timestamp),
        "webhook-signature": " ".join(f"v1,{_signature(secret, signed)}" for secret in known),
    }


def _signature(secret: str, signed: bytes) -> str:
    key = binascii.a2b_base64(secret.removeprefix(PREFIX))
    return base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
