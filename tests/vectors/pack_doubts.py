"""A pack whose batches are each doubtful in one thing: what the office did not sign is not told."""

import hashlib
from collections.abc import Iterator

from tests.vectors import ed25519_reference as curve
from tests.vectors.make_stamps import (
    BATCHES,
    OFFICE,
    OTHER_OFFICE,
    STRANGER,
    TEST_BATCH,
    Key,
    Record,
    canonical,
    office_key,
    small_points,
)
from tests.vectors.pack_record import KEYS, SMALL, batch, lot, manifest_of

FROZEN = Key("frozen office")
LISTED = 38
RUNS = [1, 0]


def mixed(key: Key) -> str:
    """The key and a point of order two: signatures of the key may pass under it."""
    honest = curve.multiply(key.scalar, curve.BASE)
    return curve.encode(curve.add(honest, small_points()[4])).hex()


def blank(fields: Record) -> str:
    return canonical(fields).replace(",", ", ", 1)


def doubts() -> Iterator[tuple[str, list[object]]]:
    """What is wrong, and the row of the batch."""
    yield "signed by nobody", batch(20, 1, 0, 0, RUNS, office=STRANGER)
    yield "in another's name", batch(21, 1, 0, 0, RUNS, office_key_id=OTHER_OFFICE.id)
    yield "outside its key's range", batch(22, 1, 0, 0, RUNS, office=OTHER_OFFICE)
    yield "of another batch", batch(23, 1, 0, 0, RUNS, batch=24)
    yield "of another product", batch(24, 1, 0, 0, RUNS, product="SP2")
    yield "of another producer", batch(25, 1, 0, 0, RUNS, producer="P2")
    yield "longer than its runs", batch(26, 2, 0, 0, RUNS)
    yield "shorter than its runs", batch(27, 1, 0, 0, [2, 0])
    yield "without canaries", batch(28, 1, 0, 0, RUNS, last_index=1)
    yield "spelled otherwise", batch(29, 1, 0, 0, RUNS, said=blank)
    yield "with a field more", batch(30, 1, 0, 0, RUNS, more=1)
    yield "at a day that does not exist", batch(31, 1, 0, 0, RUNS, issued_at="2026-02-30T00:00:00Z")
    yield "whose key is an office key", batch(32, 1, 0, 0, RUNS, public_key=OFFICE.public.hex())
    small = curve.encode(small_points()[1]).hex()
    yield "whose key is of small order", batch(33, 1, 0, 0, RUNS, public_key=small)
    yield "whose key is of mixed order", batch(34, 1, 0, 0, RUNS, public_key=mixed(KEYS[34]))
    yield "whose key is not canonical", batch(35, 1, 0, 0, RUNS, public_key="ff" * 31 + "7f")
    yield "of a frozen key, not listed", batch(36, 1, 0, 0, RUNS, office=FROZEN)
    yield "whose lot has no end", batch(37, 1, 0, 0, [1, 1])
    test = batch(TEST_BATCH, 1, 0, 0, RUNS, public_key=BATCHES[TEST_BATCH].public.hex())
    yield "of the sandbox", test


def listed() -> list[object]:
    """Signed by a key that was frozen afterwards: the trust list names it."""
    return batch(LISTED, 1, 0, 0, RUNS, office=FROZEN)


DOUBTED: Record = SMALL | {
    "lots": [lot("L0"), lot("L1", window_ends_on="soon")],
    "bindings": [["activated", 0, None], ["activated", 1, None]],
    "batches": [*(row for _, row in doubts()), listed()],
}


def several() -> Record:
    """The trust list to read it by: one key of few numbers, and a frozen one."""
    manifest = canonical(manifest_of(LISTED, 1, 0, 0) | {"office_key_id": FROZEN.id})
    names = [hashlib.sha256(manifest.encode()).hexdigest()]
    keys = [
        office_key(OFFICE),
        office_key(OTHER_OFFICE, first_batch=100, last_batch=199),
        office_key(FROZEN, state="frozen", accepted=names),
    ]
    return {"format": "tem-trust-v1", "environment": "production", "office_keys": keys}
