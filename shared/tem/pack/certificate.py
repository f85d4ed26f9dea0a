"""What an office key says about a pack key: whose it is and for how long."""

from dataclasses import asdict, dataclass
from typing import Any

from tem.pack import canonical

FORMAT = "tem-pack-key-v1"
SIGNING_CONTEXT = b"tem-pack-key-v1\x00"


@dataclass(frozen=True, slots=True)
class Certificate:
    """Keys in lower-case hexadecimal, both times inclusive."""

    environment: str
    format: str
    office_key_id: str
    public_key: str
    valid_from: str
    valid_until: str

    def __post_init__(self) -> None:
        """Raises ValueError or TypeError for what the format does not allow."""
        keys = (self.office_key_id, self.public_key)
        if self.format != FORMAT or self.environment not in canonical.ENVIRONMENTS:
            raise ValueError(f"not {FORMAT} of a production or a sandbox")
        if not all(canonical.HEX32.fullmatch(key) for key in keys):
            raise ValueError("keys are 64 hexadecimal digits")
        if canonical.instant(self.valid_from) > canonical.instant(self.valid_until):
            raise ValueError("it ends before it begins")

    def write(self) -> bytes:
        """The one spelling, which is signed."""
        return canonical.write(asdict(self))


def parse(raw: bytes) -> Certificate:
    """Read one. Raises ValueError."""
    fields: dict[str, Any] = canonical.parse(raw)
    try:
        return Certificate(**fields)
    except TypeError as error:
        raise ValueError("a certificate has other fields") from error


def signed_message(raw: bytes) -> bytes:
    """The bytes that the office key signs."""
    return SIGNING_CONTEXT + raw
