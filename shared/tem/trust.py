"""Whom a registry and a verifier believe: the office's public keys, from configuration alone.

The file is ``trust.json`` of the installation (``docs/trust.md``). A manifest that came with
the published tables is worth nothing until :meth:`Trust.accept` has returned.
"""

import json
import re
import stat
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tem import ed25519
from tem.installation import sync_folder, write_private
from tem.manifest import Manifest, ManifestRefused, digest, key_id, parse, signed_message
from tem.stampcode import FIRST_TEST_BATCH, MAX_BATCH

FORMAT = "tem-trust-v1"
PURPOSE = "manifest"
ENVIRONMENTS = ("production", "sandbox")
KEY_UNFIT = "its batch key is an office key or a weak one"
_DIGEST = re.compile(r"[0-9a-f]{64}", re.ASCII)


@dataclass(frozen=True, slots=True)
class OfficeKey:
    """One office key: what it may sign, and whether it was frozen after a theft.

    A frozen key vouches only for the manifests whose digests are listed in ``accepted``:
    dates decide nothing, because a thief can write any date.
    """

    public_key: bytes
    first_batch: int = 1
    last_batch: int = MAX_BATCH
    frozen: bool = False
    accepted: frozenset[str] = frozenset()

    @property
    def id(self) -> str:
        """SHA-256 of the raw public key."""
        return key_id(self.public_key)


@dataclass(frozen=True, slots=True)
class Trust:
    """Office keys by their id. A sandbox accepts test batches and nothing else."""

    keys: dict[str, OfficeKey]
    sandbox: bool = False

    def accept(self, text: str, signature: bytes) -> Manifest:
        """The manifest, if an office key we trust vouches for it. Raises ManifestRefused.

        The signature is verified over the exact bytes before a single field is believed;
        the key that verifies must also be the one the manifest names.
        """
        if not text.isascii():
            raise ManifestRefused("not ASCII")
        message = signed_message(text)
        signer = next(
            (k for k in self.keys.values() if ed25519.verifies(k.public_key, message, signature)),
            None,
        )
        if signer is None:
            raise ManifestRefused("no office key we trust has signed it")
        manifest = parse(text)
        self._check(manifest, signer, digest(text))
        return manifest

    def _check(self, manifest: Manifest, signer: OfficeKey, name: str) -> None:
        if manifest.office_key_id != signer.id:
            raise ManifestRefused("it names another office key than the one that signed it")
        batch_key = bytes.fromhex(manifest.public_key)
        fault = self._fault(signer, manifest.batch, batch_key, name)
        if fault is None and not ed25519.is_sound_public_key(batch_key):
            fault = KEY_UNFIT
        if fault is not None:
            raise ManifestRefused(fault)

    def _fault(self, signer: OfficeKey, batch: int, batch_key: bytes, name: str) -> str | None:
        """What this configuration has against a manifest that ``signer`` did sign."""
        if not signer.first_batch <= batch <= signer.last_batch:
            return "this office key may not sign this batch number"
        if (batch >= FIRST_TEST_BATCH) is not self.sandbox:
            return "test stamps belong to a sandbox, and only they do"
        if signer.frozen and name not in signer.accepted:
            return "its office key is frozen and this manifest is not listed"
        return KEY_UNFIT if key_id(batch_key) in self.keys else None

    def still_accepts(self, office_key_id: str, batch: int, batch_key: bytes, name: str) -> bool:
        """Whether a manifest accepted before, signed by the office key of this id, still is one.

        ``name`` is its digest. An id is the key's own digest, so its signature holds.
        """
        signer = self.keys.get(office_key_id)
        return signer is not None and self._fault(signer, batch, batch_key, name) is None


def load(path: Path) -> Trust:
    """Read ``trust.json``. Raises ValueError with the fault, OSError if it cannot be read."""
    return read(path.read_text("utf-8"), str(path))


def read(text: str, name: str) -> Trust:
    """The same from a text, as ``GET /v1/trust`` gives it too; ``name`` is told in a fault."""
    document = json.loads(text)
    try:
        if document["format"] != FORMAT or document["environment"] not in ENVIRONMENTS:
            raise ValueError(f"not a {FORMAT} file of a production or a sandbox")
        keys = [_office_key(entry) for entry in document["office_keys"]]
    except (KeyError, TypeError, AttributeError) as error:
        raise ValueError(f"{name}: {error!r} is missing or of the wrong kind") from error
    if len({key.id for key in keys}) != len(keys):
        raise ValueError(f"{name}: an office key stands twice")  # which of the two would count?
    return Trust({key.id: key for key in keys}, document["environment"] == "sandbox")


def save(path: Path, keys: Iterable[OfficeKey], sandbox: bool) -> None:
    """Write ``trust.json`` anew, whole or not at all; who may read it stays as it was."""
    draft = path.with_name(f".{path.name}.new")
    write_private(draft, json.dumps(document(list(keys), sandbox), indent=1).encode())
    if path.exists():
        draft.chmod(stat.S_IMODE(path.stat().st_mode))
    draft.replace(path)
    sync_folder(path.parent)


def _office_key(entry: dict[str, Any]) -> OfficeKey:
    if entry["purpose"] != PURPOSE or entry["state"] not in ("active", "frozen"):
        raise ValueError("an office key has the purpose 'manifest' and is active or frozen")
    public_key = bytes.fromhex(entry["public_key"])
    if not ed25519.is_sound_public_key(public_key):
        raise ValueError("an office key is weak or no Ed25519 key")
    first, last = entry["first_batch"], entry["last_batch"]
    if type(first) is not int or type(last) is not int:
        raise ValueError("first_batch and last_batch are whole numbers")
    if not 1 <= first <= last <= MAX_BATCH:
        raise ValueError("first_batch and last_batch are batch numbers, the first not behind")
    accepted = entry.get("accepted", [])
    if not all(_DIGEST.fullmatch(one) for one in accepted):
        raise ValueError("accepted is a list of manifest digests: 64 hexadecimal digits each")
    return OfficeKey(public_key, first, last, entry["state"] == "frozen", frozenset(accepted))


def document(keys: list[OfficeKey], sandbox: bool) -> dict[str, object]:
    """The content of ``trust.json``, also served as ``GET /v1/trust``."""
    return {
        "format": FORMAT,
        "environment": "sandbox" if sandbox else "production",
        "office_keys": [
            {
                "key_id": key.id,
                "public_key": key.public_key.hex(),
                "purpose": PURPOSE,
                "first_batch": key.first_batch,
                "last_batch": key.last_batch,
                "state": "frozen" if key.frozen else "active",
                "accepted": sorted(key.accepted),
            }
            for key in keys
        ],
    }
