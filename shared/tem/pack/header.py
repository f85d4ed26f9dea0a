"""The header of a frame: which record it is, how old, and how its payload is known."""

from dataclasses import asdict, dataclass
from datetime import timedelta
from typing import Any

from tem.pack import canonical

FORMAT = "tem-pack-v1"
SIGNING_CONTEXT = b"tem-pack-v1\x00"
MOST_UNPACKED = 2**30
MOST = 2**53 - 1  # what every reader can count to
LONGEST = timedelta(days=60)  # from as_of to valid_until
AHEAD = 86_400  # of as_of in seconds, for a clock that was set back


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
        base = 0 if self.base is None else self.base
        whole = (self.change, self.event, self.payload_bytes, self.sequence, base)
        if any(type(one) is not int or not 0 <= one <= MOST for one in whole):
            raise ValueError("numbers are whole, from 0 to 2^53 - 1")
        if self.payload_bytes > MOST_UNPACKED or type(self.epoch) is not str:
            raise ValueError("too large, or of no epoch")
        if not (self.prefix.isascii() and self.prefix.endswith("/s/")):
            raise ValueError("not the address of a stamp")
        digests = (self.pack_key_id, self.payload_sha256)
        if not all(canonical.HEX32.fullmatch(digest) for digest in digests):
            raise ValueError("digests are 64 hexadecimal digits")
        as_of = canonical.instant(self.as_of)
        # Whatever a thief of the pack key has told a till, it is over then.
        if not timedelta(0) <= canonical.instant(self.valid_until) - as_of <= LONGEST:
            raise ValueError("it ends before it begins, or more than 60 days after")
        if self.sequence > as_of.timestamp() + AHEAD:
            raise ValueError("its sequence lies more than a day ahead")

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
