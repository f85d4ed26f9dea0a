"""The frames of a pack, taken apart and put together; nothing in them is believed here."""

import struct
from dataclasses import dataclass

from tem.pack import certificate, header
from tem.pack.certificate import Certificate
from tem.pack.header import Header
from tem.pack.refusals import damaged

MAGIC = b"TEMPACK1"
SIGNATURE_BYTES = 64
MOST_TEXT = 4096
MOST_PAYLOAD = 2**28
_LENGTH = struct.Struct(">I")


@dataclass(frozen=True, slots=True)
class Signed:
    """Bytes and the signature over them."""

    raw: bytes
    signature: bytes


@dataclass(frozen=True, slots=True)
class Frame:
    """One frame; header and certificate as read, and as the bytes that were signed."""

    header: Header
    certificate: Certificate
    signed_header: Signed
    signed_certificate: Signed
    payload: bytes

    @property
    def is_full(self) -> bool:
        """Whether it stands by itself."""
        return self.header.base is None


def write(signed_header: Signed, signed_certificate: Signed, payload: bytes) -> bytes:
    """The bytes of a frame."""
    return b"".join(
        (
            MAGIC,
            *(_counted(signed_header.raw), signed_header.signature),
            *(_counted(signed_certificate.raw), signed_certificate.signature),
            _counted(payload),
        )
    )


def _counted(raw: bytes) -> bytes:
    return _LENGTH.pack(len(raw)) + raw


def split(file: bytes) -> tuple[Frame, Frame | None]:
    """The full frame and the delta of a file. Raises PackRefused."""
    first, rest = _frame(memoryview(file))
    second, rest = _frame(rest) if rest else (None, rest)
    if rest or not first.is_full or (second is not None and second.is_full):
        raise damaged("it is not a whole frame and at most one delta")
    return first, second


def updated(file: bytes, newer: bytes) -> bytes:
    """A file with a newer delta in the place of the one before; a newer whole file is itself.

    Nothing is believed here: what comes out is still to be opened. Raises PackRefused.
    """
    frame, _ = _frame(memoryview(newer))
    if frame.is_full:
        return newer
    first, _ = split(file)
    return write(first.signed_header, first.signed_certificate, first.payload) + newer


def read(raw: bytes) -> Frame:
    """One frame alone, as the verifier hands out a delta. Raises PackRefused."""
    frame, rest = _frame(memoryview(raw))
    if rest:
        raise damaged("something follows the frame")
    return frame


def _frame(raw: memoryview) -> tuple[Frame, memoryview]:
    magic, raw = _taken(raw, len(MAGIC))
    if magic != MAGIC:
        raise damaged("it does not begin as one")
    signed_header, raw = _signed(raw)
    signed_certificate, raw = _signed(raw)
    payload, raw = _sized(raw, MOST_PAYLOAD)
    try:
        made = header.parse(signed_header.raw)
        vouched = certificate.parse(signed_certificate.raw)
    except ValueError as error:
        raise damaged(str(error)) from error
    return Frame(made, vouched, signed_header, signed_certificate, payload), raw


def _signed(raw: memoryview) -> tuple[Signed, memoryview]:
    text, raw = _sized(raw, MOST_TEXT)
    signature, raw = _taken(raw, SIGNATURE_BYTES)
    return Signed(text, signature), raw


def _sized(raw: memoryview, most: int) -> tuple[bytes, memoryview]:
    length, raw = _taken(raw, _LENGTH.size)
    (count,) = _LENGTH.unpack(length)
    if count > most:
        raise damaged("a part is larger than any")
    return _taken(raw, count)


def _taken(raw: memoryview, count: int) -> tuple[bytes, memoryview]:
    if len(raw) < count:
        raise damaged("it ends too soon")
    return bytes(raw[:count]), raw[count:]
