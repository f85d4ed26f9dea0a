"""The pack key as the issuer hands it to the registry: private part, certificate, signature."""

import json
from dataclasses import dataclass, field

from tem.pack import certificate
from tem.pack.certificate import Certificate
from tem.pack.frames import SIGNATURE_BYTES, Signed

FORMAT = "tem-pack-key-file-v1"
SEED_BYTES = 32


@dataclass(frozen=True, slots=True)
class PackKey:
    """A private pack key (its 32-byte seed) with what an office key says about it."""

    seed: bytes = field(repr=False)
    certificate: Certificate
    signed: Signed

    def write(self) -> str:
        """The text of its file, which only its owner may read."""
        return json.dumps(
            {
                "format": FORMAT,
                "private_key": self.seed.hex(),
                "certificate": self.signed.raw.decode(),
                "signature": self.signed.signature.hex(),
            },
            indent=1,
        )


def parse(text: str) -> PackKey:
    """Read the file again. Raises ValueError, never with a part of the key."""
    try:
        document = json.loads(text)
        raw = document["certificate"].encode("ascii")
        seed, signature = (bytes.fromhex(document[n]) for n in ("private_key", "signature"))
        whole = document["format"] == FORMAT
    except (KeyError, TypeError, AttributeError, ValueError):
        raise ValueError(f"not a {FORMAT} file") from None
    if not whole or len(seed) != SEED_BYTES or len(signature) != SIGNATURE_BYTES:
        raise ValueError(f"not a {FORMAT} file")
    return PackKey(seed, certificate.parse(raw), Signed(raw, signature))
