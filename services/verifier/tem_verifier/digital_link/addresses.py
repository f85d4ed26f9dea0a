"""What an address under ``/01/`` asks for: the path of a GS1 Digital Link read, and nothing else.

The key is AI 01 with its qualifiers in the order of the GS1 Syntax Dictionary: any of 22, 10 and
21, or 235 alone. Data attributes stand in the query, where only AI 8030 is read.
"""

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from urllib.parse import unquote_to_bytes

from tem.digital_link import gtin14, raw_of
from tem.errors import Invalid

# At most so many characters of GS1's set 82 (X..n).
_MOST = {"22": 20, "10": 20, "21": 20, "235": 28}
_ORDER = ("22", "10", "21")
_SET_82 = re.compile('[!"%-?A-Z_a-z]+', re.ASCII)
_SET_64 = re.compile("[A-Za-z0-9_-]{1,90}", re.ASCII)  # Z..90, whose padding we never write
_SERIALS = (("235",), ("21",))


@dataclass(frozen=True, slots=True)
class Asked:
    """What is asked for: the GTIN as 14 digits, the qualifiers by their AI, and the value of AI
    8030 if there is one."""

    gtin: str
    qualifiers: Mapping[str, str] = field(default_factory=dict)
    signature: str | None = None

    @property
    def code(self) -> bytes | None:
        """The 72 bytes of the stamp that this may be the full link of, the signature unchecked.

        Only a serial and nothing beside it is read: a lot in the path is signed by nobody.
        """
        names = tuple(self.qualifiers)
        if self.signature is None or names not in _SERIALS:
            return None
        return raw_of(self.qualifiers[names[0]], self.signature)


def read(path: str, signatures: Collection[str] = ()) -> Asked:
    """Read what stands behind ``/01/``, percent-encoded as sent; ``signatures`` are all values of
    AI 8030 in the query. Raises Invalid for what is no Digital Link of a GTIN."""
    number, *rest = [_decoded(part) for part in path.removesuffix("/").split("/")]
    if len(rest) % 2:
        raise _malformed("after the GTIN come pairs of /AI/value.")
    qualifiers = {
        ai: _qualifier(ai, value) for ai, value in zip(rest[::2], rest[1::2], strict=True)
    }
    if len(qualifiers) * 2 != len(rest) or not _is_ordered(tuple(qualifiers)):
        raise _malformed("behind a GTIN stand 22, 10 and 21 in this order, or 235 alone.")
    if len(signatures) > 1:
        raise _malformed("8030 stands in the query once.")
    signature = next(iter(signatures), None)
    if signature is not None and not _SET_64.fullmatch(signature):
        raise _malformed("8030 holds 1 to 90 letters, digits, - and _.")
    return Asked(gtin14(number), qualifiers, signature)


def _decoded(part: str) -> str:
    """A part of a path without its percent-encoding; what is no ASCII fits no format."""
    return unquote_to_bytes(part.encode("utf-8", "replace")).decode("ascii", "replace")


def _qualifier(ai: str, value: str) -> str:
    most = _MOST.get(ai)
    if most is None:
        raise _malformed("only 22, 10, 21 and 235 stand in the path of a GTIN.")
    if len(value) > most or not _SET_82.fullmatch(value):
        raise _malformed(f"{ai} holds 1 to {most} characters of GS1's set 82.")
    return value


def _is_ordered(names: tuple[str, ...]) -> bool:
    return names == ("235",) or names == tuple(ai for ai in _ORDER if ai in names)


def _malformed(why: str) -> Invalid:
    return Invalid("malformed_digital_link", f"This is no GS1 Digital Link of a GTIN: {why}")
