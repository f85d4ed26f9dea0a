"""The header of a frame: which record it is, how old, and how its payload is known."""

from dataclasses import asdict, dataclass
from typing import Any

from tem.pack import canonical

FORMAT = "tem-pack-v1"
SIGNING_CONTEXT = b"tem-pack-v1\x00"
MOST_UNPACKED = 2**30


@dataclass(frozen=True, slots=True)
class Header:
    """Fields as ``docs/offline-packs.md`` has them; ``base`` is None in a full frame."""

    as_of: str
    base: int | None
    change: int
    environment: str
    epoch: str
    event: int
    format: str
    pack_key_id: str
    payload_bytes: int
    payload_sha256: str
    prefix: str
    sequence: int
    valid_until: str

    def __post_init__(self) -> None:
        """Raises ValueError or TypeError for what the format does not allow."""
        if self.format != FORMAT or self.environment not in canonical.ENVIRONMENTS:
            raise ValueError(f"not {FORMAT} of a production or a sandbox")
        whole = (self.change, self.event, self.payload_bytes, self.sequence, self.base or 0)
        if any(type(one) is not int or one < 0 for one in whole):
            raise ValueError("numbers are whole and not below 0")
        if self.payload_bytes > MOST_UNPACKED or type(self.epoch) is not str:
            raise ValueError("too large, or of no epoch")
        if not (self.prefix.isascii() and self.prefix.endswith("/s/")):
            raise ValueError("not the address of a stamp")
        digests = (self.pack_key_id, self.payload_sha256)
        if not all(canonical.HEX32.fullmatch(digest) for digest in digests):
            raise ValueError("digests are 64 hexadecimal digits")
        if canonical.instant(self.as_of) > canonical.instant(self.valid_until):
            raise ValueError("it ends before it begins")

    def write(self) -> bytes:
        """The one spelling, which is signed."""
        return canonical.write(asdict(self))


def parse(raw: bytes) -> Header:
    """Read one. Raises ValueError."""
    fields: dict[str, Any] = canonical.parse(raw)
    try:
        return Header(**fields)
    except (TypeError, AttributeError) as error:
        raise ValueError("a header has other fields") from error


def signed_message(raw: bytes) -> bytes:
    """The bytes that the pack key signs."""
    return SIGNING_CONTEXT + raw
