"""Whom a till believes: the office's public keys, out of ``trust.json`` or ``GET /v1/trust``."""

import json
from dataclasses import dataclass
from typing import Any

from tem.manifest import key_id
from tem.pack.canonical import ENVIRONMENTS, HEX32
from tem.stampcode import FIRST_TEST_BATCH, MAX_BATCH

FORMAT = "tem-trust-v1"
PURPOSE = "manifest"


@dataclass(frozen=True, slots=True)
class OfficeKey:
    """One office key. A frozen one vouches for the manifests whose digests it lists, and for
    nothing else: a thief writes any date."""

    public_key: bytes
    first_batch: int = 1
    last_batch: int = MAX_BATCH
    frozen: bool = False
    accepted: frozenset[str] = frozenset()

    def may_sign(self, batch: int) -> bool:
        """Whether a number lies in its range."""
        return self.first_batch <= batch <= self.last_batch


@dataclass(frozen=True, slots=True)
class TrustList:
    """Office keys by their id."""

    environment: str
    keys: dict[str, OfficeKey]

    @property
    def last_batch(self) -> int:
        """The last number of the environment."""
        return MAX_BATCH if self.environment == "sandbox" else FIRST_TEST_BATCH - 1

    def fault_of_certifier(self, office_key_id: str) -> str | None:
        """Why an office key may vouch for no pack key at present; None if it may.

        One whose range has an end was retired: its copies may lie anywhere.
        """
        found = self.keys.get(office_key_id)
        if found is None:
            return "its office key is not in the trust list"
        if found.frozen:
            return "its office key is frozen"
        if not found.may_sign(self.last_batch):
            return "its office key is retired"
        return None


def parse(text: str) -> TrustList:
    """Read the document. Raises ValueError with the fault."""
    try:
        document = json.loads(text)
        if document["format"] != FORMAT or document["environment"] not in ENVIRONMENTS:
            raise ValueError(f"not a {FORMAT} document")
        keys = [_office_key(entry) for entry in document["office_keys"]]
    except (KeyError, TypeError, AttributeError, RecursionError) as error:
        raise ValueError(f"not a {FORMAT} document: {error!r}") from error
    if len({key.public_key for key in keys}) != len(keys):
        raise ValueError("an office key stands twice")  # which of the two would count?
    return TrustList(document["environment"], {key_id(key.public_key): key for key in keys})


def _office_key(entry: Any) -> OfficeKey:
    texts = [entry["public_key"], *entry.get("accepted", [])]
    if not all(type(one) is str and HEX32.fullmatch(one) for one in texts):
        raise ValueError("keys and digests are 64 hexadecimal digits")
    first, last = entry["first_batch"], entry["last_batch"]
    if type(first) is not int or type(last) is not int or entry["purpose"] != PURPOSE:
        raise ValueError("an office key has the purpose 'manifest' and a range of whole numbers")
    frozen = entry["state"] != "active"
    return OfficeKey(bytes.fromhex(texts[0]), first, last, frozen, frozenset(texts[1:]))
