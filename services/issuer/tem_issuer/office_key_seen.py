"""Whether a verifier knows a key already: asked of it, or read from what it answered elsewhere."""

import time
from pathlib import Path

import httpx

from tem import trust
from tem.errors import Conflict, Unavailable
from tem.tls import client_context
from tem.trust import OfficeKey, Trust

ASK_SECONDS, TRIES, BETWEEN_SECONDS = 5, 10, 0.3  # a verifier looks at its file every 0.1 s


def require_known(source: str, key: OfficeKey, authority: Path) -> None:
    """``source`` is a verifier's address, or a file with the answer of its ``GET /v1/trust``;
    ``authority`` is the certificate of the installation's own, which is believed if it is there.

    Raises Conflict if the key would be refused there, Unavailable if there is no such answer.
    """
    for last in range(TRIES - 1, -1, -1):
        if knows(_told(source, authority), key):
            return
        if not last or not _is_address(source):
            raise Conflict(
                "key_not_known",
                f"{source} does not know {key.id[:16]} for batches from {key.first_batch} on: "
                "what it signs would be UNAVAILABLE there. Put this installation's trust.json "
                "where the verifier reads its own (TEM_TRUST_FILE), then run this again.",
            )
        time.sleep(BETWEEN_SECONDS)


def knows(told: Trust, key: OfficeKey) -> bool:
    """Whether a list accepts what the key will sign: all its range, and not frozen."""
    there = told.keys.get(key.id)
    return (
        there is not None
        and not there.frozen
        and there.first_batch <= key.first_batch
        and there.last_batch >= key.last_batch
    )


def _is_address(source: str) -> bool:
    return source.startswith(("http://", "https://"))


def _told(source: str, authority: Path) -> Trust:
    try:
        if not _is_address(source):
            return trust.read(Path(source).read_text("utf-8"), source)
        address = f"{source.rstrip('/')}/v1/trust"
        answer = httpx.get(address, timeout=ASK_SECONDS, verify=client_context(authority))
        return trust.read(answer.raise_for_status().text, source)
    except (OSError, ValueError, httpx.HTTPError) as error:
        raise Unavailable(
            "no_trust_document", f"{source} shows no list of keys ({type(error).__name__})."
        ) from error
