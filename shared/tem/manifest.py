"""The manifest of a batch: canonical JSON in ASCII, signed by the office key.

Verify first, then parse, then write again and compare: what is accepted has one spelling.
Format: ``docs/stamp-format.md``, "Manifest".
"""

import hashlib
import json
import re
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any, NoReturn

from tem.errors import Invalid
from tem.stampcode import MAX_BATCH, MAX_INDEX

FORMAT = "tem-manifest-v1"
SIGNING_CONTEXT = b"tem-manifest-v1\x00"
FINGERPRINT_BYTES = 8
HASH_BYTES = 32

_HEX32 = re.compile(r"[0-9a-f]{64}", re.ASCII)
_PRINTABLE = re.compile(r"[\x21-\x7e]{1,200}", re.ASCII)
_INSTANT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", re.ASCII)


class ManifestRefused(Invalid):
    """Not a manifest we accept; ``detail`` says which rule it breaks."""

    def __init__(self, detail: str) -> None:
        super().__init__("manifest_refused", detail)


@dataclass(frozen=True, slots=True)
class Manifest:
    """What the office vouches for. Digests and keys are lower-case hex of 32 bytes.

    ``last_index`` exceeds ``quantity`` by the canaries. ``code_file_sha256`` is over the
    encrypted file as stored, ``hashes_sha256`` over one SHA-256 per stamp in index order,
    ``fingerprints_sha256`` over the first 8 bytes of each of those.
    """

    batch: int
    code_file_sha256: str
    fingerprints_sha256: str
    format: str
    hashes_sha256: str
    host: str
    issued_at: str
    last_index: int
    office_key_id: str
    producer: str
    product: str
    public_key: str
    quantity: int


def key_id(public_key: bytes) -> str:
    """The name of a public key: SHA-256 of its 32 raw bytes, in hex."""
    return hashlib.sha256(public_key).hexdigest()


def digest(text: str) -> str:
    """The name of a manifest: SHA-256 of its exact bytes, in hex."""
    return hashlib.sha256(text.encode("ascii")).hexdigest()


def signed_message(text: str) -> bytes:
    """The bytes the office key signs."""
    return SIGNING_CONTEXT + text.encode("ascii")


def write(manifest: Manifest) -> str:
    """The one spelling: keys sorted, no blanks, ASCII. Raises :class:`ManifestRefused`."""
    _check(manifest)
    return json.dumps(asdict(manifest), sort_keys=True, separators=(",", ":"), ensure_ascii=True)


def parse(text: str) -> Manifest:
    """Read a manifest whose signature was verified. Raises :class:`ManifestRefused`."""
    try:
        fields = json.loads(
            text,
            object_pairs_hook=_no_duplicates,
            parse_float=_refuse_number,
            parse_constant=_refuse_number,
        )
        manifest = Manifest(**fields)
        again = write(manifest)
    except (TypeError, ValueError, RecursionError) as error:
        raise ManifestRefused("not an object with exactly the known fields") from error
    if again != text:
        raise ManifestRefused("not in its one canonical spelling")
    return manifest


def _no_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    fields = dict(pairs)
    if len(fields) != len(pairs):
        raise ManifestRefused("a field stands twice")
    return fields


def _refuse_number(text: str) -> NoReturn:
    raise ManifestRefused("only whole numbers are allowed")


def _check(manifest: Manifest) -> None:
    """Types and ranges of every field."""
    whole = (manifest.batch, manifest.last_index, manifest.quantity)
    if any(type(number) is not int for number in whole):
        raise ManifestRefused("batch, quantity and last index are whole numbers")
    text = {
        k: v for k, v in asdict(manifest).items() if k not in ("batch", "last_index", "quantity")
    }
    if not all(type(value) is str and _PRINTABLE.fullmatch(value) for value in text.values()):
        raise ManifestRefused("every other field is printable ASCII")
    hexes = [text[k] for k in text if k.endswith("_sha256") or k in ("office_key_id", "public_key")]
    if not all(_HEX32.fullmatch(value) for value in hexes):
        raise ManifestRefused("digests and keys are 64 hexadecimal digits")
    if manifest.format != FORMAT or not _is_instant(manifest.issued_at):
        raise ManifestRefused(f"not {FORMAT} with an instant in UTC")
    if not (1 <= manifest.batch <= MAX_BATCH):
        raise ManifestRefused("no such batch number")
    if not (1 <= manifest.quantity < manifest.last_index <= MAX_INDEX):
        raise ManifestRefused("quantity and last index do not fit")


def _is_instant(text: str) -> bool:
    """Whole seconds in UTC, and a time that exists."""
    try:
        return bool(_INSTANT.fullmatch(text)) and bool(datetime.fromisoformat(text))
    except ValueError:
        return False
