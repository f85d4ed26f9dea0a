"""A pack opened and asked: whether it is believed, and the whole verdict with no network.

Pure: file, trust list and clock arrive as arguments. ``docs/offline-packs.md`` is normative.
"""

import hashlib
import json
import zlib
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from tem.answer import Card, Subject, answer, plain
from tem.manifest import Manifest, key_id
from tem.pack import certificate, content, frames, header, refusals, rfc8032
from tem.pack.batch import Batch, Verifies
from tem.pack.canonical import instant, no_number
from tem.pack.content import NOTHING, Content
from tem.pack.frames import Frame
from tem.pack.header import Header
from tem.pack.trust_list import TrustList
from tem.stampcode import FIRST_TEST_BATCH, StampCode, parse, signed_message, strip_prefix
from tem.stampcode import Malformed as MalformedCode
from tem.verdict import MALFORMED, UNAVAILABLE, UNKNOWN

NEWER_THAN_PACK = "newer_than_pack"
_WINDOW = 16 + zlib.MAX_WBITS  # RFC 1952, no other wrapping


@dataclass(frozen=True, slots=True)
class Pack:
    """A pack that is believed. ``header`` is the last frame's: it counts for the whole."""

    header: Header
    content: Content
    trust: TrustList
    verifies: Verifies
    # A signature and the soundness of a key cost some milliseconds: once for each batch asked for.
    _manifests: dict[int, Manifest | None] = field(default_factory=dict, repr=False, compare=False)

    @property
    def base(self) -> int:
        """Sequence of the full frame: deltas are asked for with it."""
        return self.header.sequence if self.header.base is None else self.header.base

    def answer(self, scanned: str, now: datetime) -> Card:
        """What a look-up answers, as of the pack's time. Raises PackRefused once it is too old."""
        if now > instant(self.header.valid_until):
            raise refusals.too_old(self.header.valid_until)
        as_of = instant(self.header.as_of)
        try:
            code = parse(strip_prefix(scanned, self.header.prefix))
        except MalformedCode:
            return plain(MALFORMED, as_of)
        if code.batch in self.content.unavailable:
            return plain(UNAVAILABLE, as_of)
        batch = self.content.batches.get(code.batch)
        if batch is None:
            return self._not_here(code, as_of)
        made = self._manifest(batch)
        if made is None:
            return plain(UNAVAILABLE, as_of)
        if code.index > made.quantity or not self._is_signed(code, made):
            return plain(UNKNOWN, as_of)
        # A clock that stands before the pack is certainly wrong.
        return self._told(code, batch, max(now, as_of), as_of)

    def _not_here(self, code: StampCode, as_of: datetime) -> Card:
        """A batch issued since must not be slandered: a person is asked, unless its number is one
        that this environment never issues."""
        out = plain(UNKNOWN, as_of)
        if (code.batch >= FIRST_TEST_BATCH) is (self.header.environment == "sandbox"):
            out["reasons"] = [*out["reasons"], NEWER_THAN_PACK]
            out["advice"] = "ask"
        return out

    def _manifest(self, batch: Batch) -> Manifest | None:
        """What the office signed about a batch; None if that is not to be believed."""
        if batch.number not in self._manifests:
            made = batch.believed(self.trust, self.verifies)
            self._manifests[batch.number] = made if made and self._has_cards(batch, made) else None
        return self._manifests[batch.number]

    def _has_cards(self, batch: Batch, made: Manifest) -> bool:
        product = self.content.products[batch.product].get("product_id")
        producer = self.content.producers[batch.producer].get("producer_id")
        return (product, producer) == (made.product, made.producer)

    def _is_signed(self, code: StampCode, made: Manifest) -> bool:
        message = signed_message(code.batch, code.index)
        return self.verifies(bytes.fromhex(made.public_key), message, code.signature)

    def _told(self, code: StampCode, batch: Batch, now: datetime, as_of: datetime) -> Card:
        place = batch.binding_at(code.index)
        if place == NOTHING:
            return plain(UNAVAILABLE, as_of)
        binding = self.content.bindings[place]
        subject = Subject(
            code.batch,
            code.index,
            binding.state,
            {**self.content.products[batch.product], "points_of_sale": []},
            self.content.producers[batch.producer],
            None if binding.lot == NOTHING else self.content.lots[binding.lot],
            binding.revoked_on,
        )
        try:
            return answer(subject, now, as_of)
        except (TypeError, ValueError, LookupError, AttributeError, OverflowError):
            return plain(UNAVAILABLE, as_of)  # a card that is none


def open_pack(
    file: bytes, trust: TrustList, seen: int = 0, verifies: Verifies = rfc8032.verifies
) -> Pack:
    """The pack in a file. Raises PackRefused.

    ``seen`` is the highest sequence that was ever accepted, ``verifies`` a faster look at
    signatures (key, message, signature) where there is one that is as strict.
    """
    first, delta = frames.split(file)
    for frame in (first, delta):
        if frame is not None:
            _require_signed(frame, trust, verifies)
    found = _unpacked(first, content.full)
    last = first.header
    if delta is not None:
        _require_made_for(first.header, delta.header)
        found = _unpacked(delta, lambda payload: content.with_delta(found, payload))
        last = delta.header
    if last.sequence < seen:
        raise refusals.older_than_seen(last.sequence, seen)
    return Pack(last, found, trust, verifies)


def _require_signed(frame: Frame, trust: TrustList, verifies: Verifies) -> None:
    made, vouched = frame.header, frame.certificate
    if {made.environment, vouched.environment} != {trust.environment}:
        raise refusals.of_another_environment()
    why = trust.fault_of_certifier(vouched.office_key_id)
    if why is not None:
        raise refusals.not_certified(why)
    office_key = trust.keys[vouched.office_key_id].public_key
    signed = frame.signed_certificate
    if not verifies(office_key, certificate.signed_message(signed.raw), signed.signature):
        raise refusals.not_certified("the office key did not sign its certificate")
    pack_key = bytes.fromhex(vouched.public_key)
    if made.pack_key_id != key_id(pack_key):
        raise refusals.not_certified("the certificate is for another key")
    # Texts of one form: their order is that of the instants.
    if made.as_of < vouched.valid_from or made.valid_until > vouched.valid_until:
        raise refusals.not_certified("its certificate is for another time")
    signed = frame.signed_header
    if not verifies(pack_key, header.signed_message(signed.raw), signed.signature):
        raise refusals.signature_wrong()


def _require_made_for(first: Header, delta: Header) -> None:
    fits = delta.base == first.sequence < delta.sequence
    if not fits or (delta.epoch, delta.prefix) != (first.epoch, first.prefix):
        raise refusals.damaged("the delta is not made for this full frame")


def _unpacked(frame: Frame, read: Callable[[Any], Content]) -> Content:
    """The content of a payload, whose digest is looked at before a byte of it is believed."""
    made = frame.header
    if hashlib.sha256(frame.payload).hexdigest() != made.payload_sha256:
        raise refusals.damaged("its payload is another one")
    try:
        return read(_parsed(_inflated(frame.payload, made.payload_bytes)))
    except (zlib.error, ValueError) as error:
        raise refusals.damaged(str(error) or type(error).__name__) from error
    except (TypeError, LookupError, AttributeError, OverflowError, RecursionError) as error:
        raise refusals.damaged("its payload does not fit") from error


def _inflated(packed: bytes, length: int) -> bytes:
    """The one gzip member that ``packed`` is, which unpacks to so many bytes."""
    inflating = zlib.decompressobj(_WINDOW)
    text = inflating.decompress(packed, length + 1)
    if len(text) != length or not inflating.eof or inflating.unused_data:
        raise ValueError("it unpacks to another length, or is not one whole")
    return text


def _parsed(text: bytes) -> Any:
    """The JSON of a text in UTF-8; numbers are whole."""
    return json.loads(text.decode(), parse_float=no_number, parse_constant=no_number)
