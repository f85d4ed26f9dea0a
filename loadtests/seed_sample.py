"""The codes that a generator asks for: files of one code a line, in no order."""

import random
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from loadtests.seed_plan import Range

from tem.stampcode import BODY_BYTES, DIGITS, SIGNATURE_BYTES, text_of
from tem.vocabulary import StampState

FORGED_EVERY = 3  # a forgery for so many genuine codes
NO_SUCH_BATCH = 2_000_000_000  # added to a batch's number: none of them exists


@dataclass(slots=True)
class Sample:
    """Codes of one batch as lines: all that are signed, those of activated stamps among them, and
    forgeries, of its own number and of one that does not exist."""

    genuine: bytearray = field(default_factory=bytearray)
    activated: bytearray = field(default_factory=bytearray)
    forged: bytearray = field(default_factory=bytearray)
    unknown: bytearray = field(default_factory=bytearray)
    taken: int = 0

    def take(self, raw: bytes, one: Range, chance: random.Random) -> None:
        """Keep a code of a range, and now and then a forgery of it."""
        line = _line(raw)
        self.genuine += line
        if one.state is StampState.ACTIVATED:
            self.activated += line
        self.taken += 1
        if self.taken % FORGED_EVERY == 0:
            body, signature = raw[:BODY_BYTES], chance.randbytes(SIGNATURE_BYTES)
            batch = int.from_bytes(body[1:5], "big") + NO_SUCH_BATCH
            elsewhere = body[:1] + batch.to_bytes(4, "big") + body[5:]
            self.forged += _line(body + signature)
            self.unknown += _line(elsewhere + signature)


KINDS = ("genuine", "activated", "forged", "unknown")


class Samples:
    """The samples of all batches, joined."""

    def __init__(self) -> None:
        self._parts: dict[str, list[bytearray]] = {kind: [] for kind in KINDS}

    def add(self, sample: Sample) -> None:
        """Keep those of one batch."""
        for kind, parts in self._parts.items():
            parts.append(getattr(sample, kind))

    def write(self, folder: Path) -> None:
        """One file a kind, its lines shuffled."""
        chance = np.random.default_rng(1)
        for kind, parts in self._parts.items():
            lines = np.frombuffer(b"".join(parts), dtype=f"S{DIGITS + 1}")
            path(folder, kind).write_bytes(chance.permutation(lines).tobytes())


def path(folder: Path, kind: str) -> Path:
    """The file of a kind of codes in the folder of a seeded registry."""
    return folder / f"codes-{kind}.txt"


def _line(raw: bytes) -> bytes:
    return text_of(raw).encode() + b"\n"
