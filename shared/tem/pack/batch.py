"""A batch in a pack: what the office signed about it, whether that is believed, and its runs."""

import base64
from array import array
from bisect import bisect_left
from collections.abc import Callable
from dataclasses import dataclass
from itertools import accumulate
from typing import Any

from tem.manifest import Manifest, ManifestRefused, digest, key_id, parse, signed_message
from tem.pack import rfc8032
from tem.pack.trust_list import TrustList
from tem.stampcode import FIRST_TEST_BATCH, MAX_BATCH, MAX_INDEX

SIGNATURE_BYTES = 64
Verifies = Callable[[bytes, bytes, bytes], bool]


@dataclass(frozen=True, slots=True)
class Batch:
    """A batch: its manifest, where its product and producer stand, its runs by their last stamp."""

    number: int
    manifest: str
    signature: bytes
    product: int
    producer: int
    lasts: "array[int]"
    bindings: "array[int]"

    def binding_at(self, index: int) -> int:
        """The place of the binding of a stamp within the quantity; NOTHING if there is none."""
        return self.bindings[bisect_left(self.lasts, index)]

    def believed(self, trust: TrustList, verifies: Verifies) -> Manifest | None:
        """Its manifest, if an office key vouches for it (``tem.trust.Trust.accept``); whoever has
        the pack key alone can add none."""
        if not self.manifest.isascii():
            return None
        message = signed_message(self.manifest)
        keys = trust.keys.items()
        signed = (id for id, one in keys if verifies(one.public_key, message, self.signature))
        office_key_id = next(signed, None)
        if office_key_id is None:
            return None
        try:
            made = parse(self.manifest)
        except ManifestRefused:
            return None
        fits = made.office_key_id == office_key_id and self._is_of(made)
        return made if fits and _is_vouched_for(made, digest(self.manifest), trust) else None

    def _is_of(self, made: Manifest) -> bool:
        return (made.batch, made.quantity) == (self.number, self.lasts[-1])


def _is_vouched_for(made: Manifest, name: str, trust: TrustList) -> bool:
    """Whether the office key that signed a manifest of this digest may, as far as is known."""
    office_key = trust.keys[made.office_key_id]
    public_key = bytes.fromhex(made.public_key)
    return (
        office_key.may_sign(made.batch)
        and (made.batch >= FIRST_TEST_BATCH) is (trust.environment == "sandbox")
        and (not office_key.frozen or name in office_key.accepted)
        and key_id(public_key) not in trust.keys
        and rfc8032.is_sound(public_key)
    )


def read(fields: Any) -> Batch:
    """A row of the payload. Raises ValueError, TypeError or OverflowError where it does not fit."""
    number, manifest, signature, product, producer, runs = fields
    if set(map(type, (number, product, producer, *runs))) != {int}:
        raise TypeError("a number that is none")
    if type(manifest) is not str or not 1 <= number <= MAX_BATCH or min(runs[::2]) < 1:
        raise ValueError("no such batch")
    lasts, bindings = array("I", accumulate(runs[::2])), array("i", runs[1::2])
    if len(runs) % 2 or lasts[-1] > MAX_INDEX:
        raise ValueError("runs that are none")
    return Batch(number, manifest, _unwritten(signature), product, producer, lasts, bindings)


def _unwritten(signature: str) -> bytes:
    """A signature out of its one spelling."""
    raw = base64.b64decode(signature + "==", altchars=b"-_", validate=True)
    if len(raw) != SIGNATURE_BYTES or written(raw) != signature:
        raise ValueError("a signature has 86 characters")
    return raw


def written(signature: bytes) -> str:
    """A signature as rows have it."""
    return base64.urlsafe_b64encode(signature).decode().rstrip("=")
