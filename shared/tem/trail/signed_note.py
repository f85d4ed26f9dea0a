"""Signed notes: lines of text and who vouches for them (C2SP signed-note, Ed25519 keys).

A note is its text, an empty line, and one line for each signature::

    — <name> <base64 of 4 bytes of the key's hash and 64 bytes of signature>

Several may sign; a reader looks at the signature of the key it knows and leaves the others.
"""

import base64
import binascii
import hashlib
import secrets
from dataclasses import dataclass

from nacl.bindings import crypto_sign, crypto_sign_seed_keypair

from tem.ed25519 import PUBLIC_KEY_BYTES, SIGNATURE_BYTES, is_sound_public_key, verifies
from tem.errors import Invalid

ED25519 = b"\x01"  # the algorithm's number in the format
HINT_BYTES = 4
DASH = "\u2014 "  # what a signature's line begins with
PRIVATE = "PRIVATE+KEY+"


class NoteRefused(Exception):
    """The note is not vouched for by the key asked about."""


@dataclass(frozen=True, slots=True)
class NoteKey:
    """A public key and the name it signs under."""

    name: str
    public: bytes

    @property
    def hint(self) -> bytes:
        """Four bytes that tell the keys of one name apart."""
        return hashlib.sha256(f"{self.name}\n".encode() + ED25519 + self.public).digest()[:4]

    def __str__(self) -> str:
        """How a verifier's key is written: ``name+hint+key``."""
        return _written(self, self.public)

    @classmethod
    def parse(cls, text: str) -> "NoteKey":
        """Read it again. Raises Invalid."""
        name, hint, public = _read(text)
        key = cls(name, public)
        if key.hint != hint or not is_sound_public_key(public):
            raise Invalid("note_key_invalid", "This is no public key as `audit key` prints it.")
        return key


@dataclass(frozen=True, slots=True)
class NoteSigner:
    """A private key; ``seed`` never leaves it but for its file."""

    key: NoteKey
    seed: bytes

    @classmethod
    def make(cls, name: str) -> "NoteSigner":
        """A new key."""
        return cls._of(name, secrets.token_bytes(PUBLIC_KEY_BYTES))

    @classmethod
    def _of(cls, name: str, seed: bytes) -> "NoteSigner":
        public, _ = crypto_sign_seed_keypair(seed)
        return cls(NoteKey(name, public), seed)

    @classmethod
    def parse(cls, text: str) -> "NoteSigner":
        """Read what ``written`` gave. Raises Invalid."""
        name, hint, seed = _read(text.removeprefix(PRIVATE))
        signer = cls._of(name, seed)
        if not text.startswith(PRIVATE) or signer.key.hint != hint:
            raise Invalid("note_key_invalid", "This is no private key of signed notes.")
        return signer

    @property
    def written(self) -> str:
        """The private key as text, for a file only its owner can read."""
        return PRIVATE + _written(self.key, self.seed)

    def __repr__(self) -> str:
        return f"NoteSigner({self.key})"

    def sign(self, text: str) -> str:
        """The note of a text whose last line ends. Raises ValueError for any other text."""
        if not text.endswith("\n") or "\n\n" in text or text.startswith("\n"):
            raise ValueError("a note's text is of whole lines, none of them empty")
        _, secret = crypto_sign_seed_keypair(self.seed)
        signature = crypto_sign(text.encode(), secret)[:SIGNATURE_BYTES]
        signed = base64.b64encode(self.key.hint + signature).decode()
        return f"{text}\n{DASH}{self.key.name} {signed}\n"


def open_note(note: str, key: NoteKey) -> str:
    """The text that ``key`` vouches for. Raises NoteRefused."""
    text, _, lines = note.partition("\n\n")
    found = False
    for line in lines.splitlines():
        name, _, signed = line.removeprefix(DASH).partition(" ")
        try:
            content = base64.b64decode(signed, validate=True)
        except (binascii.Error, ValueError) as error:
            raise NoteRefused("a signature is not written as one") from error
        # The last letter has bits that no byte is made of: a note is to be written one way.
        one_way = base64.b64encode(content).decode() == signed
        if not line.startswith(DASH) or len(content) <= HINT_BYTES or not one_way:
            raise NoteRefused("a signature is not written as one")
        if name != key.name or content[:HINT_BYTES] != key.hint:
            continue
        if not verifies(key.public, f"{text}\n".encode(), content[HINT_BYTES:]):
            raise NoteRefused("its signature is not good")
        found = True
    if not found:
        raise NoteRefused("it is signed by another key")
    return f"{text}\n"


def _written(key: NoteKey, content: bytes) -> str:
    return f"{key.name}+{key.hint.hex()}+{base64.b64encode(ED25519 + content).decode()}"


def _read(text: str) -> tuple[str, bytes, bytes]:
    """Name, hint and 32 bytes of a key as written. Raises Invalid."""
    try:
        name, hint, content = text.strip().split("+", 2)
        raw = base64.b64decode(content, validate=True)
        if raw[:1] != ED25519 or len(raw) != 1 + PUBLIC_KEY_BYTES or not name:
            raise ValueError("not a key of this kind")
        return name, bytes.fromhex(hint), raw[1:]
    except (ValueError, binascii.Error) as error:
        raise Invalid("note_key_invalid", "This is no key of signed notes.") from error
