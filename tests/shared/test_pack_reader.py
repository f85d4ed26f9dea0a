"""Offline packs as a till reads them: who is believed, and what is answered."""

import base64
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from tests.pack_mint import AS_OF, EMPTY, PREFIX, UNTIL, PackMint

from tem import ed25519
from tem.pack import frames, key_file, reader, trust_list
from tem.pack.refusals import PackRefused
from tem.stampcode import FIRST_TEST_BATCH, SIGNING_CONTEXT, signed_message, text_of

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
PUBLIC = BATCH_KEY.public_key().public_bytes_raw()
BATCH = [7, base64.urlsafe_b64encode(PUBLIC).decode().rstrip("="), 40, 0, 0, RUNS]
FULL: dict[str, Any] = {
    "products": [PRODUCT],
    "producers": [{"producer_id": "P1", "name": "Coop", "statuses": []}],
    "lots": [LOT],
    "bindings": [["activated", 0, None], ["delivered", -1, None], ["void", 0, None]],
    "batches": [BATCH],
    "unavailable": [9],
}
DELTA = {**EMPTY, "removed": [], "unavailable": [9]}


def opened(*made: bytes, seen: int = 0, mint: PackMint = OFFICE, **trust: Any) -> reader.Pack:
    """A pack out of frames."""
    return reader.open_pack(b"".join(made), mint.trust(**trust), seen, ed25519.verifies)


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
        "batches": [[8, *BATCH[1:5], [40, 3]]],
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
    "runs too short": (OFFICE.frame({**FULL, "batches": [[*BATCH[:5], [39, 0]]]}), "pack_damaged"),
    "no such binding": (OFFICE.frame({**FULL, "batches": [[*BATCH[:5], [40, 3]]]}), "pack_damaged"),
    "a gap of places": (
        OFFICE.frame(FULL) + delta({**DELTA, "lots": [[2, LOT]]}),
        "pack_damaged",
    ),
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
    text = (
        '{"format": "tem-trust-v1", "environment": "production", "office_keys": '
        f'[{{"public_key": "{key}", "state": "frozen"}}]}}'
    )
    assert trust_list.parse(text) == OFFICE.trust(frozen=True)
    for wrong in ("[]", "{}", text.replace("tem-trust-v1", "x"), text.replace(key, "x")):
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
