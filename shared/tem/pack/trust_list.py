"""Whom a till believes: the office's public keys, out of ``trust.json`` or ``GET /v1/trust``."""

import json
from dataclasses import dataclass

from tem.manifest import key_id
from tem.pack.canonical import ENVIRONMENTS, HEX32

FORMAT = "tem-trust-v1"


@dataclass(frozen=True, slots=True)
class TrustList:
    """Office keys by their id. A frozen one vouches for no pack: a thief writes any date."""

    environment: str
    keys: dict[str, bytes]
    frozen: frozenset[str] = frozenset()


def parse(text: str) -> TrustList:
    """Read the document. Raises ValueError with the fault."""
    try:
        document = json.loads(text)
        entries = document["office_keys"]
        known = document["format"] == FORMAT and document["environment"] in ENVIRONMENTS
        keys = {entry["public_key"]: entry["state"] for entry in entries}
    except (KeyError, TypeError, RecursionError) as error:
        raise ValueError(f"not a {FORMAT} document: {error!r}") from error
    if len(keys) != len(entries):
        raise ValueError("an office key stands twice")  # which of the two would count?
    if not known or not all(type(key) is str and HEX32.fullmatch(key) for key in keys):
        raise ValueError(f"not a {FORMAT} document with keys of 64 hexadecimal digits")
    public = {key: bytes.fromhex(key) for key in keys}
    return TrustList(
        document["environment"],
        {key_id(raw): raw for raw in public.values()},
        frozenset(key_id(public[key]) for key, state in keys.items() if state != "active"),
    )
