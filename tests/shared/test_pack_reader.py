"""Offline packs as a till reads them: who is believed, and what is answered."""

import gzip
import hashlib
import json
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from tests.pack_mint import AS_OF, EMPTY, PREFIX, UNTIL, PackMint

from tem import ed25519, trust
from tem.manifest import ManifestRefused
from tem.pack import batch, content, frames, key_file, reader, trust_list
from tem.pack.refusals import PackRefused
from tem.stampcode import FIRST_TEST_BATCH, SIGNING_CONTEXT, signed_message, text_of
from tem.trust import OfficeKey, Trust

NOW = datetime(2026, 11, 21, tzinfo=UTC)
BATCH_KEY = Ed25519PrivateKey.generate()
OFFICE, OTHER = PackMint(), PackMint()
LOT = {
    "code": "L1",
    "production_date": "2026-10-20",
    "production_date_kind": "production_date",
    "best_before": "2027-10-20",
    "precision": "day",
    "info_expires_on": "2027-11-20",
    "window_ends_on": "2027-11-20",
    "recalls": [],
}
RECALL = {
    "kind": "mandatory",
    "ordered_on": "2026-11-20",
    "ordered_by": "Office",
    "decision_no": None,
    "reason_public": "x",
    "lifted_at": None,
}
RECALLED = {**LOT, "recalls": [RECALL]}
PRODUCT = {"product_id": "SP1", "name": "Tea", "date_kind": "best_before", "certificates": []}
RUNS = [10, 0, 20, 1, 5, -1, 5, 2]  # activated, delivered, a hole, void: 40 stamps
BATCH = OFFICE.batch(7, BATCH_KEY, RUNS)
FULL: dict[str, Any] = {
    "products": [PRODUCT],
    "producers": [{"producer_id": "P1", "name": "Coop", "statuses": []}],
    "lots": [LOT],
    "bindings": [["activated", 0, None], ["delivered", -1, None], ["void", 0, None]],
    "batches": [BATCH],
    "unavailable": [9],
}
DELTA = {**EMPTY, "removed": [], "unavailable": [9]}


def opened(*made: bytes, seen: int = 0, **trusted: Any) -> reader.Pack:
    """A pack out of frames."""
    return reader.open_pack(b"".join(made), OFFICE.trust(**trusted), seen, ed25519.verifies)


def code(batch: int, index: int, key: Ed25519PrivateKey = BATCH_KEY) -> str:
    """The digits of a stamp."""
    message = signed_message(batch, index)
    return text_of(message[len(SIGNING_CONTEXT) :] + key.sign(message))


def delta(payload: Any = None, **changes: Any) -> bytes:
    """A delta of the full frame 100."""
    return OFFICE.frame(payload or DELTA, **{"base": 100, "sequence": 101, **changes})


@pytest.mark.parametrize(
    ("scanned", "verdict", "reasons", "advice"),
    [
        (code(7, 1), "OK", ["activated"], "allow"),
        (PREFIX + code(7, 10), "OK", ["activated"], "allow"),
        ("https://other.example.vn/s/" + code(7, 1), "MALFORMED", ["not_a_stamp_code"], "ask"),
        (code(7, 11), "NOT_ACTIVATED", ["not_activated"], "ask"),
        (code(7, 31), "UNAVAILABLE", ["temporarily_unavailable"], "ask"),
        (code(7, 40), "VOID", ["stamp_void"], "stop"),
        (code(7, 41), "UNKNOWN", ["not_on_record"], "stop"),  # a canary
        (code(7, 1, OFFICE.key), "UNKNOWN", ["not_on_record"], "stop"),  # forged
        (code(9, 1), "UNAVAILABLE", ["temporarily_unavailable"], "ask"),
        (code(6, 1), "UNKNOWN", ["not_on_record", "newer_than_pack"], "ask"),
        (code(8, 1), "UNKNOWN", ["not_on_record", "newer_than_pack"], "ask"),
        (code(FIRST_TEST_BATCH, 1), "UNKNOWN", ["not_on_record"], "stop"),
        ("1", "MALFORMED", ["not_a_stamp_code"], "ask"),
    ],
)
def test_each_code_gets_its_verdict(
    scanned: str, verdict: str, reasons: list[str], advice: str
) -> None:
    """The whole verdict as of the pack's time; what may have been issued since is asked about."""
    told = opened(OFFICE.frame(FULL)).answer(scanned, NOW)
    assert (told["verdict"], told["reasons"], told["advice"]) == (verdict, reasons, advice)
    assert told["as_of"] == AS_OF


def test_a_delta_changes_cards_batches_and_what_is_unavailable() -> None:
    """It replaces by place and number, and the frame before stays as it is."""
    changed = {
        **DELTA,
        "lots": [[0, RECALLED]],
        "bindings": [[3, ["revoked", 0, "2026-11-19"]]],
        "batches": [OFFICE.batch(8, BATCH_KEY, [40, 3])],
        "removed": [7],
        "unavailable": [],
    }
    pack = opened(OFFICE.frame(FULL), delta(changed, as_of="2026-11-20T03:00:00Z"))
    assert pack.answer(code(8, 1), NOW)["verdict"] == "RECALLED"
    assert pack.answer(code(7, 1), NOW)["reasons"][1:] == ["newer_than_pack"]
    assert pack.answer(code(9, 1), NOW)["verdict"] == "UNKNOWN"
    assert pack.answer("1", NOW)["as_of"] == "2026-11-20T03:00:00Z"
    assert opened(OFFICE.frame(FULL)).answer(code(7, 1), NOW)["verdict"] == "OK"


def test_a_pack_answers_until_its_last_instant() -> None:
    """After it the refusal says nothing about a stamp."""
    pack, until = opened(OFFICE.frame(FULL)), datetime.fromisoformat(UNTIL)
    assert pack.answer(code(7, 1), until)["verdict"] == "OK"
    with pytest.raises(PackRefused) as refused:
        pack.answer(code(7, 1), until + timedelta(seconds=1))
    assert refused.value.code == "pack_too_old"


CERTIFIED = OFFICE.certificate
REFUSED = {
    "empty": (b"", "pack_damaged"),
    "cut": (OFFICE.frame(FULL)[:-1], "pack_damaged"),
    "longer": (OFFICE.frame(FULL) + b"x", "pack_damaged"),
    "a delta alone": (delta(), "pack_damaged"),
    "two full frames": (OFFICE.frame(FULL) + OFFICE.frame(FULL), "pack_damaged"),
    "a delta of another": (OFFICE.frame(FULL) + delta(base=99), "pack_damaged"),
    "a delta before its base": (OFFICE.frame(FULL) + delta(sequence=100), "pack_damaged"),
    "a delta of another epoch": (OFFICE.frame(FULL) + delta(epoch="e2"), "pack_damaged"),
    "a header more": (OFFICE.frame(FULL, more=1), "pack_damaged"),
    "a digest of another": (OFFICE.frame(FULL, payload_sha256="0" * 64), "pack_damaged"),
    "a length of another": (OFFICE.frame(FULL, payload_bytes=3), "pack_damaged"),
    "shorter than it says": (OFFICE.frame(FULL, payload_bytes=10**6), "pack_damaged"),
    "no gzip": (OFFICE.frame(FULL, packed=b"{}"), "pack_damaged"),
    "a name less": (OFFICE.frame({"lots": []}), "pack_damaged"),
    "no object": (OFFICE.frame([1]), "pack_damaged"),
    "no such binding": (OFFICE.frame({**FULL, "batches": [[*BATCH[:5], [40, 3]]]}), "pack_damaged"),
    "a gap of places": (
        OFFICE.frame(FULL) + delta({**DELTA, "lots": [[2, LOT]]}),
        "pack_damaged",
    ),
    **{
        f"places that {fault}": (
            OFFICE.frame(FULL) + delta({**DELTA, "lots": [[one, LOT] for one in places]}),
            "pack_damaged",
        )
        for fault, places in (("fall", (1, 0)), ("stand twice", (0, 0)), ("are below 0", (-1,)))
    },
    "a sandbox's": (OFFICE.frame(FULL, environment="sandbox"), "pack_of_another_environment"),
    "a sandbox's key": (
        OFFICE.frame(FULL, vouched=CERTIFIED(environment="sandbox")),
        "pack_of_another_environment",
    ),
    "a stranger's office": (OTHER.frame(FULL), "pack_key_not_certified"),
    "a stranger in its name": (
        OTHER.frame(FULL, vouched=OTHER.certificate(office_key_id=OFFICE.office_id)),
        "pack_key_not_certified",
    ),
    "another's certificate": (OTHER.frame(FULL, vouched=CERTIFIED()), "pack_key_not_certified"),
    "before the certificate": (
        OFFICE.frame(FULL, vouched=CERTIFIED(valid_from="2026-11-20T02:00:01Z")),
        "pack_key_not_certified",
    ),
    "past the certificate": (
        OFFICE.frame(FULL, vouched=CERTIFIED(valid_until="2026-11-27T01:59:59Z")),
        "pack_key_not_certified",
    ),
    "signed by another": (OFFICE.frame(FULL, signer=OTHER.key), "pack_signature_wrong"),
    "a delta by another": (OFFICE.frame(FULL) + delta(signer=OTHER.key), "pack_signature_wrong"),
}


TEXT = json.dumps(FULL).encode()
PAYLOADS = {
    "two members": (gzip.compress(TEXT[:99]) + gzip.compress(TEXT[99:]), TEXT),
    "zeros behind": (gzip.compress(TEXT) + b"\0", TEXT),
    "an end cut off": (gzip.compress(TEXT)[:-1], TEXT),
    **{
        name: (gzip.compress(text), text)
        for name, text in {
            "a byte order mark": b"\xef\xbb\xbf" + TEXT,
            "UTF-16": TEXT.decode().encode("utf-16"),
            "NaN": TEXT.replace(b'"Tea"', b"NaN"),
            "a fraction": TEXT.replace(b'"Tea"', b"1.5"),
            "no UTF-8": TEXT.replace(b'"Tea"', b'"T\xc3"'),
        }.items()
    },
}
REFUSED |= {
    name: (OFFICE.frame(packed=packed, payload_bytes=len(text)), "pack_damaged")
    for name, (packed, text) in PAYLOADS.items()
}
SHAPES: dict[str, dict[str, Any]] = {
    "a batch twice": {"batches": [BATCH, BATCH]},
    "a number that is true": {"batches": [[True, *BATCH[1:]]]},
    "a place that is true": {"batches": [[*BATCH[:3], False, 0, RUNS]]},
    "a run that is true": {"batches": [[*BATCH[:5], [40, False]]]},
    "a run without its binding": {"batches": [[*BATCH[:5], [40, 0, 5]]]},
    "a signature in other letters": {
        "batches": [[7, BATCH[1], BATCH[2][:-1] + chr(ord(BATCH[2][-1]) + 1), 0, 0, RUNS]]
    },
    "a signature cut off": {"batches": [[7, BATCH[1], BATCH[2][:-1], 0, 0, RUNS]]},
    "a signature padded": {"batches": [[7, BATCH[1], BATCH[2] + "==", 0, 0, RUNS]]},
    "no manifest": {"batches": [[7, None, *BATCH[2:]]]},
    "a lot that is false": {"bindings": [["void", False, None]] * 3},
    "a day that is none": {"bindings": [["void", 0, 5]] * 3},
    "no number": {"unavailable": ["9"]},
    "a card that is none": {"lots": [[LOT]]},
    "an object for a list": {"unavailable": {}},
}
REFUSED |= {name: (OFFICE.frame({**FULL, **one}), "pack_damaged") for name, one in SHAPES.items()}
DAY_AHEAD = int(datetime.fromisoformat(AS_OF).timestamp()) + 86_400
AHEAD: dict[str, dict[str, Any]] = {
    "a sequence far ahead": {"sequence": DAY_AHEAD + 1},
    "an answer for too long": {"valid_until": "2027-01-19T02:00:01Z"},
    "a number past all counting": {"change": 2**53},
}
REFUSED |= {name: (OFFICE.frame(FULL, **one), "pack_damaged") for name, one in AHEAD.items()}


def test_a_day_ahead_and_sixty_days_are_allowed() -> None:
    """What a clock that was set back and the longest setting need, and no second more."""
    longest = {"sequence": DAY_AHEAD, "valid_until": "2027-01-19T02:00:00Z", "change": 2**53 - 1}
    assert opened(OFFICE.frame(FULL, **longest)).header.sequence == DAY_AHEAD


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_not_the_offices_own_is_refused(name: str) -> None:
    """Each fault has its stable code."""
    file, expected = REFUSED[name]
    with pytest.raises(PackRefused) as refused:
        opened(file)
    assert refused.value.code == expected


def test_a_frozen_office_key_vouches_for_no_pack() -> None:
    """Whoever stole it writes any date."""
    with pytest.raises(PackRefused) as refused:
        opened(OFFICE.frame(FULL), frozen=True)
    assert refused.value.code == "pack_key_not_certified"


@pytest.mark.parametrize(
    ("environment", "last_batch", "is_believed"),
    [
        ("production", FIRST_TEST_BATCH - 1, True),
        ("production", FIRST_TEST_BATCH - 2, False),
        ("sandbox", 2**32 - 1, True),
        ("sandbox", 2**32 - 2, False),
    ],
)
def test_a_retired_office_key_vouches_for_no_pack(
    environment: str, last_batch: int, is_believed: bool
) -> None:
    """Its range has an end before the last number of its environment."""
    vouched = CERTIFIED(environment=environment)
    file = OFFICE.frame(environment=environment, vouched=vouched)
    trusted = OFFICE.trust(environment, last_batch=last_batch)
    try:
        found = reader.open_pack(file, trusted, verifies=ed25519.verifies).header.environment
    except PackRefused as refusal:
        found = refusal.code
    assert found == (environment if is_believed else "pack_key_not_certified")


MIXED = "4aeb99b60c964e72642442bbf75e5d568414c23518359338554cf891c242f7aa"
NAME = hashlib.sha256(BATCH[1].encode()).hexdigest()
ROWS: dict[str, tuple[list[Any], dict[str, Any], bool]] = {
    "the office's own": (BATCH, {}, True),
    "signed by the pack key": (OFFICE.batch(7, BATCH_KEY, RUNS, signer=OFFICE.key), {}, False),
    "changed since": ([7, BATCH[1].replace("tem.", "tom."), *BATCH[2:]], {}, False),
    "of another number": ([8, *BATCH[1:]], {}, False),
    "of another office key": (OFFICE.batch(7, BATCH_KEY, RUNS, office_key_id="0" * 64), {}, False),
    "of another product": (OFFICE.batch(7, BATCH_KEY, RUNS, product="SP2"), {}, False),
    "of another producer": (OFFICE.batch(7, BATCH_KEY, RUNS, producer="P2"), {}, False),
    "of another quantity": (OFFICE.batch(7, BATCH_KEY, RUNS, quantity=39), {}, False),
    "of another format": (OFFICE.batch(7, BATCH_KEY, RUNS, format="x"), {}, False),
    "not ASCII": ([7, BATCH[1] + "é", *BATCH[2:]], {}, False),
    "under an office key": (OFFICE.batch(7, OFFICE.office, RUNS), {}, False),
    "under a weak key": (OFFICE.batch(7, BATCH_KEY, RUNS, public_key="00" * 32), {}, False),
    "under a key of mixed order": (OFFICE.batch(7, BATCH_KEY, RUNS, public_key=MIXED), {}, False),
    "out of the key's range": (BATCH, {"first_batch": 8}, False),
    "of a sandbox": (BATCH, {"environment": "sandbox"}, False),
    "of a frozen key": (BATCH, {"frozen": True}, False),
    "listed of a frozen key": (BATCH, {"frozen": True, "accepted": frozenset({NAME})}, True),
}


@pytest.mark.parametrize("name", ROWS)
def test_a_stolen_pack_key_adds_no_batch(name: str) -> None:
    """Each batch is believed by what the office signed, as the registry and the verifiers do."""
    row, trusted, is_believed = ROWS[name]
    read, known = batch.read(row), OFFICE.trust(**trusted)
    as_verifiers = {id: OfficeKey(**asdict(key)) for id, key in known.keys.items()}
    try:
        made = Trust(as_verifiers, known.environment == "sandbox").accept(row[1], read.signature)
        also = (made.batch, made.quantity, made.product, made.producer) == (row[0], 40, "SP1", "P1")
    except ManifestRefused:
        also = False
    told_of = content.full({**FULL, "batches": [row]})
    pack = reader.Pack(opened(OFFICE.frame()).header, told_of, known, ed25519.verifies)
    told = pack.answer(code(row[0], 1), NOW)
    assert (told["verdict"], also) == ("OK" if is_believed else "UNAVAILABLE", is_believed)


@pytest.mark.parametrize(
    "lot", [{}, {**LOT, "window_ends_on": 5}, {**LOT, "recalls": [1]}, {**LOT, "best_before": "x"}]
)
def test_a_card_that_is_none_says_nothing(lot: dict[str, Any]) -> None:
    """A field that is missing or of another kind makes the stamp UNAVAILABLE, never a crash."""
    pack = opened(OFFICE.frame({**FULL, "lots": [lot]}))
    assert pack.answer(code(7, 1), NOW)["verdict"] == "UNAVAILABLE"


def test_an_older_pack_than_one_seen_is_refused() -> None:
    """The whole file counts as its last frame; the same one may be opened again."""
    assert opened(OFFICE.frame(FULL), delta(), seen=101).header.sequence == 101
    with pytest.raises(PackRefused) as refused:
        opened(OFFICE.frame(FULL), seen=101)
    assert refused.value.code == "pack_older_than_seen"


def test_no_changed_byte_is_taken_for_the_offices() -> None:
    """Whatever bit of a pack is turned, it is refused."""
    file = bytearray(OFFICE.frame(FULL))
    for place in range(0, len(file), 3):
        file[place] ^= 1 << place % 8
        with pytest.raises(PackRefused):
            opened(bytes(file))
        file[place] ^= 1 << place % 8


def test_a_trust_list_is_read_as_it_is_served() -> None:
    """Frozen keys are known as such; a document that is none says so."""
    key = OFFICE.office.public_key().public_bytes_raw().hex()
    as_read: dict[str, Any] = {"first_batch": 3, "last_batch": 9, "accepted": frozenset({"a" * 64})}
    office_key = OfficeKey(bytes.fromhex(key), frozen=True, **as_read)
    served = trust.document([office_key], sandbox=False)
    text = json.dumps(served)
    assert trust_list.parse(text) == OFFICE.trust(frozen=True, **as_read)
    twice = json.dumps({**served, "office_keys": served["office_keys"] * 2})  # type: ignore[operator]
    other = [("tem-trust-v1", "x"), (key, "x"), ("first_batch", "f"), ('"manifest"', '"other"')]
    for wrong in ("[]", "{}", twice, *(text.replace(one, another) for one, another in other)):
        with pytest.raises(ValueError):
            trust_list.parse(wrong)


def test_the_key_file_is_read_as_it_was_written_and_hides_the_key() -> None:
    """A damaged one is refused without a word of what is in it."""
    key = OFFICE.handed_over()
    assert key_file.parse(key.write()) == key
    assert key.seed.hex() not in repr(key)
    with pytest.raises(ValueError, match="not a tem-pack-key-file-v1 file"):
        key_file.parse(key.write().replace(key.seed.hex(), "zz"))


def test_a_frame_is_written_as_it_was_read() -> None:
    """Nothing of a frame is lost or rearranged."""
    made = OFFICE.frame(FULL)
    frame = frames.read(made)
    assert frames.write(frame.signed_header, frame.signed_certificate, frame.payload) == made
    assert frame.header.write() == frame.signed_header.raw
