"""The stamp code, version 1: 72 bytes, written as exactly 174 decimal digits.

The normative text is ``docs/stamp-format.md``. Frozen cases, good and bad, are in
``tests/vectors/stamps.json``. Everything here is pure and reads no key.
"""

import re
from dataclasses import dataclass

from tem.errors import Invalid

VERSION = 1
BODY_BYTES = 8
SIGNATURE_BYTES = 64
CODE_BYTES = BODY_BYTES + SIGNATURE_BYTES
DIGITS = 174
SIGNING_CONTEXT = b"tem-stamp-v1\x00"

MAX_BATCH = 2**32 - 1
MAX_INDEX = 2**24 - 1
FIRST_TEST_BATCH = 0xF000_0000

_CODE_LIMIT = 1 << (8 * CODE_BYTES)
_SERIAL = re.compile(r"([1-9][0-9]{0,9})-([1-9][0-9]{0,7})-([0-9]{2})", re.ASCII)


class Malformed(Invalid):
    """Not the one accepted text of any stamp."""

    def __init__(self, detail: str) -> None:
        super().__init__("malformed_code", detail)


@dataclass(frozen=True, slots=True)
class StampCode:
    """A code as read: who it claims to be, and the signature that has yet to be checked."""

    batch: int
    index: int
    raw: bytes

    @property
    def signature(self) -> bytes:
        """The 64 bytes after the body."""
        return self.raw[BODY_BYTES:]


def body(batch: int, index: int) -> bytes:
    """The 8 signed bytes of a stamp. Raises ValueError outside 1..2^32-1 and 1..2^24-1."""
    if not (1 <= batch <= MAX_BATCH and 1 <= index <= MAX_INDEX):
        raise ValueError(f"no such stamp: batch {batch}, index {index}")
    return bytes((VERSION,)) + batch.to_bytes(4, "big") + index.to_bytes(3, "big")


def signed_message(batch: int, index: int) -> bytes:
    """The bytes Ed25519 signs: the context, one zero byte, the body."""
    return SIGNING_CONTEXT + body(batch, index)


def text_of(raw: bytes) -> str:
    """The 174 digits of 72 bytes. Raises ValueError on any other length."""
    if len(raw) != CODE_BYTES:
        raise ValueError(f"a code has {CODE_BYTES} bytes, not {len(raw)}")
    return f"{int.from_bytes(raw, 'big'):0{DIGITS}d}"


def raw_of(text: str | bytes) -> bytes | None:
    """The 72 bytes that 174 digits stand for; None for everything but the one accepted text.

    Length is looked at first, so that a hostile input costs one comparison.
    """
    if len(text) != DIGITS or not (text.isascii() and text.isdigit()):
        return None
    value = int(text)
    if value >= _CODE_LIMIT:
        return None
    raw = value.to_bytes(CODE_BYTES, "big")
    claims = raw[0] == VERSION and raw[1:5] != b"\0\0\0\0" and raw[5:8] != b"\0\0\0"
    return raw if claims else None


def parse(text: str) -> StampCode:
    """Read the 174 digits. Raises :class:`Malformed` for everything but the one accepted text."""
    raw = raw_of(text)
    if raw is None:
        raise Malformed(
            f"A stamp code is exactly {DIGITS} digits 0-9, of version 1, batch and index from 1."
        )
    return StampCode(int.from_bytes(raw[1:5], "big"), int.from_bytes(raw[5:8], "big"), raw)


def strip_prefix(text: str, prefix: str) -> str:
    """What a machine scanned, less exactly our own prefix if it stands there.

    ``prefix`` is ``https://<host>/s/`` of this installation; anything else is left as it is,
    so that another host's address never passes as a code.
    """
    return text.removeprefix(prefix)


def check_digits(batch: int, index: int) -> str:
    """The two digits after a printed serial (ISO/IEC 7064, MOD 97-10)."""
    return f"{98 - int(f'{batch:010d}{index:08d}00') % 97:02d}"


def serial(batch: int, index: int) -> str:
    """The serial a person reads and types: ``<batch>-<index>-<check digits>``."""
    return f"{batch}-{index}-{check_digits(batch, index)}"


def parse_serial(text: str) -> tuple[int, int]:
    """Batch and index of a typed serial. Raises :class:`Invalid` when a digit is wrong."""
    found = _SERIAL.fullmatch(text.strip())
    if not found:
        raise Invalid("malformed_serial", "A serial looks like 12-345-67: batch, number, check.")
    batch, index = int(found[1]), int(found[2])
    if check_digits(batch, index) != found[3] or batch > MAX_BATCH or index > MAX_INDEX:
        raise Invalid("serial_check_failed", "The check digits do not fit: please read it again.")
    return batch, index
