"""The stamp code against its frozen vectors, a second Ed25519, and mutations of good codes."""

import hashlib
import itertools
import json
import string
from functools import cache
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from tests.vectors import ed25519_reference as reference
from tests.vectors import make_stamps

from tem import ed25519, stampcode
from tem.errors import Invalid
from tem.stampcode import MAX_BATCH, MAX_INDEX, Malformed

VECTORS: dict[str, Any] = json.loads(make_stamps.FILE.read_text("ascii"))
GOOD, BAD = VECTORS["good"], VECTORS["bad"]
FIRST = GOOD[0]
BATCHES = st.integers(1, MAX_BATCH) | st.sampled_from([1, 0xEFFFFFFF, 0xF0000000, MAX_BATCH])
INDEXES = st.integers(1, MAX_INDEX) | st.sampled_from([1, MAX_INDEX])


def outcome(text: str, public_key: bytes) -> str:
    """What a verifier says that has nothing but the batch's key: the steps of the document."""
    try:
        code = stampcode.parse(text)
    except Malformed:
        return "malformed"
    message = stampcode.signed_message(code.batch, code.index)
    sound = ed25519.is_sound_public_key(public_key)
    good = sound and ed25519.verifies(public_key, message, code.signature)
    return "good" if good else "bad_signature"


@cache
def message_of(batch: int, index: int) -> bytes:
    """The signed bytes by the letter of the document, without the code under test."""
    return b"tem-stamp-v1\0" + bytes([1]) + batch.to_bytes(4, "big") + index.to_bytes(3, "big")


def names(cases: list[dict[str, Any]]) -> list[str]:
    return [case["name"] for case in cases]


def test_the_file_is_what_its_script_makes() -> None:
    """Making the vectors again gives the committed file, byte for byte."""
    assert make_stamps.FILE.read_text("ascii") == make_stamps.rendered()


def test_every_case_has_a_name_of_its_own() -> None:
    """No case is there twice, so a report by name points at one of them."""
    for cases in (BAD, VECTORS["manifests"]["good"], VECTORS["manifests"]["bad"]):
        assert len(set(names(cases))) == len(cases)


@pytest.mark.parametrize("case", GOOD, ids=lambda c: f"{c['batch']}-{c['index']}")
def test_good_code(case: dict[str, Any]) -> None:
    """A good code parses to its parts, verifies, and is written as the same text again."""
    key = bytes.fromhex(case["public_key"])
    code = stampcode.parse(case["text"])
    assert (code.batch, code.index) == (case["batch"], case["index"])
    assert code.raw.hex() == case["body"] + case["signature"]
    assert code.signature.hex() == case["signature"]
    assert stampcode.body(code.batch, code.index).hex() == case["body"]
    assert stampcode.text_of(code.raw) == case["text"]
    assert stampcode.serial(code.batch, code.index) == case["serial"]
    assert stampcode.parse_serial(case["serial"]) == (code.batch, code.index)
    assert stampcode.strip_prefix(case["url"], VECTORS["prefix"]) == case["text"]
    assert hashlib.sha256(code.raw).hexdigest() == case["hash"]
    assert case["hash"].startswith(case["fingerprint"])
    assert len(case["fingerprint"]) == 16
    assert outcome(case["text"], key) == "good"
    message = message_of(code.batch, code.index)
    assert stampcode.signed_message(code.batch, code.index) == message
    assert reference.verifies_strictly(key, message, code.signature)


@pytest.mark.parametrize("case", BAD, ids=names(BAD))
def test_bad_code(case: dict[str, Any]) -> None:
    """A bad code is refused for the reason on record, and by the second Ed25519 as well."""
    key = bytes.fromhex(case["public_key"])
    assert outcome(case["text"], key) == case["expected"]
    if case["expected"] == "bad_signature":
        raw = int(case["text"]).to_bytes(72, "big")
        assert not reference.verifies_strictly(key, stampcode.SIGNING_CONTEXT + raw[:8], raw[8:])


def test_bad_codes_are_a_real_test() -> None:
    """The malleable, weak-key and odd-R cases are ones that a lax verifier would accept."""
    marks = (" L", "weak key: torsion", "weak key: mixed", "R plus", "R is torsion", "-canonical R")
    lax = [case for case in BAD if any(mark in case["name"] for mark in marks)]
    assert len(lax) > 30
    for case in lax:
        raw = int(case["text"]).to_bytes(72, "big")
        message = stampcode.SIGNING_CONTEXT + raw[:8]
        key = bytes.fromhex(case["public_key"])
        assert reference.verifies_carelessly(key, message, raw[8:]), case["name"]


@pytest.mark.parametrize("case", VECTORS["weak_keys"], ids=lambda c: c["why"])
def test_weak_key(case: dict[str, Any]) -> None:
    """A key of small or mixed order, off the curve or not canonical is refused as a key."""
    key = bytes.fromhex(case["public_key"])
    assert not ed25519.is_sound_public_key(key)
    assert not reference.is_sound_key(key)


def test_strong_keys() -> None:
    """Ordinary keys are sound, other lengths never are."""
    for key in VECTORS["keys"]:
        public = bytes.fromhex(key["public_key"])
        assert ed25519.is_sound_public_key(public)
        assert reference.is_sound_key(public)
        assert not ed25519.is_sound_public_key(public[:31])
        assert not ed25519.is_sound_public_key(public + b"\0")
    assert not ed25519.is_sound_public_key(b"")


def test_all_weak_encodings_are_in_the_vectors() -> None:
    """The vectors hold every encoding of a point of small order, found here by another way."""
    listed = {bytes.fromhex(case["public_key"]) for case in VECTORS["weak_keys"]}
    near = {y for p in (0, reference.P) for y in range(p, p + 19) if y < 2**255}
    ys = near | {reference.P - 1} | {int.from_bytes(k, "little") % 2**255 for k in listed}
    encodings = [(y | sign << 255).to_bytes(32, "little") for y in ys for sign in (0, 1)]
    points = ((encoded, reference.decode_lax(encoded)) for encoded in encodings)
    small = {encoded for encoded, p in points if p is not None and reference.is_small_order(p)}
    assert len(small) == 14
    assert small <= listed


def test_lengths_of_key_and_signature_are_looked_at() -> None:
    """Bytes moved between signature and message do not verify, nor does a key cut short."""
    key = bytes.fromhex(FIRST["public_key"])
    message, signed = message_of(7, 1), bytes.fromhex(FIRST["signature"])
    assert ed25519.verifies(key, message, signed)
    assert not ed25519.verifies(key, signed[63:] + message, signed[:63])
    assert not ed25519.verifies(key, message[1:], signed + message[:1])
    assert not ed25519.verifies(key, message, b"")
    assert not ed25519.verifies(key[:31], message, signed)
    assert not ed25519.verifies(key + b"\0", message, signed)


@given(BATCHES, INDEXES, st.binary(min_size=64, max_size=64))
@example(1, 1, bytes(64))
@example(MAX_BATCH, MAX_INDEX, b"\xff" * 64)
def test_writing_and_reading_round_trip(batch: int, index: int, signature: bytes) -> None:
    """What is written is read back the same, and the text is always 174 digits."""
    raw = stampcode.body(batch, index) + signature
    text = stampcode.text_of(raw)
    assert len(text) == 174
    assert set(text) <= set(string.digits)
    code = stampcode.parse(text)
    assert (code.batch, code.index, code.raw) == (batch, index, raw)


@given(st.text() | st.text(string.digits, min_size=174, max_size=174))
def test_any_text_is_read_or_malformed(text: str) -> None:
    """Whatever arrives is a code written exactly so, or malformed; nothing else is raised."""
    try:
        code = stampcode.parse(text)
    except Malformed as error:
        assert error.code == "malformed_code"
    else:
        assert stampcode.text_of(code.raw) == text


def test_one_turned_bit() -> None:
    """A good code with any one bit turned never verifies, and is at worst malformed."""
    for bit in range(576):
        text = str(int(FIRST["text"]) ^ (1 << bit)).zfill(174)
        found = outcome(text, bytes.fromhex(FIRST["public_key"]))
        assert found in ("malformed", "bad_signature"), bit


@given(st.sampled_from(GOOD), st.integers(0, 173), st.characters())
def test_one_other_character(case: dict[str, Any], place: int, letter: str) -> None:
    """A good code with one character replaced never verifies."""
    text = case["text"][:place] + letter + case["text"][place + 1 :]
    if text != case["text"]:
        assert outcome(text, bytes.fromhex(case["public_key"])) != "good"


@given(st.sampled_from(GOOD), st.integers(1, 2**576))
def test_any_other_number(case: dict[str, Any], change: int) -> None:
    """A good code with any other number in its place never verifies."""
    text = str(int(case["text"]) ^ change).zfill(174)
    assert outcome(text, bytes.fromhex(case["public_key"])) != "good"


@pytest.mark.parametrize(
    ("batch", "index"), [(0, 1), (1, 0), (-1, 1), (1, -1), (2**32, 1), (1, 2**24)]
)
def test_no_body_outside_the_ranges(batch: int, index: int) -> None:
    """No stamp can be made outside the numbers that have a code."""
    with pytest.raises(ValueError, match="no such stamp"):
        stampcode.body(batch, index)


@pytest.mark.parametrize("length", [0, 8, 71, 73])
def test_no_text_of_other_lengths(length: int) -> None:
    """Only 72 bytes have a text."""
    with pytest.raises(ValueError, match="72 bytes"):
        stampcode.text_of(bytes(length))


@pytest.mark.parametrize(
    "written",
    [
        "http://tem.example.vn/s/",
        "HTTPS://TEM.EXAMPLE.VN/s/",
        "https://tem.example.vn.evil.example/s/",
        "https://tem.example.vn/s//",
        "https://tem.example.vn/t/",
        " https://tem.example.vn/s/",
    ],
)
def test_another_prefix_is_no_prefix(written: str) -> None:
    """An address that differs from ours in any character does not pass as a code."""
    scanned = written + FIRST["text"]
    left = stampcode.strip_prefix(scanned, VECTORS["prefix"])
    assert outcome(left, bytes.fromhex(FIRST["public_key"])) == "malformed"
    assert stampcode.strip_prefix(FIRST["text"], VECTORS["prefix"]) == FIRST["text"]


@pytest.mark.parametrize("case", VECTORS["serials"]["good"], ids=lambda c: c["text"])
def test_good_serial(case: dict[str, Any]) -> None:
    """A printed serial is read back to its stamp, with blanks around it forgiven."""
    stamp = case["batch"], case["index"]
    assert stampcode.serial(*stamp) == case["text"]
    assert stampcode.parse_serial(case["text"]) == stamp
    assert stampcode.parse_serial(f" {case['text']}\n") == stamp


@pytest.mark.parametrize("case", VECTORS["serials"]["bad"], ids=lambda c: c["why"])
def test_bad_serial(case: dict[str, Any]) -> None:
    """A serial written otherwise, or with other check digits, is refused."""
    with pytest.raises(Invalid) as refused:
        stampcode.parse_serial(case["text"])
    assert refused.value.code in ("malformed_serial", "serial_check_failed")


def refuses(serial: str) -> bool:
    try:
        stampcode.parse_serial(serial)
    except Invalid:
        return True
    return False


@given(BATCHES, INDEXES)
def test_check_digits_follow_iso_7064(batch: int, index: int) -> None:
    """The padded digits with their check digits leave 1 modulo 97, in one way only."""
    front = f"{batch}-{index}"
    number = int(f"{batch:010d}{index:08d}")
    fitting = [f"{front}-{c:02d}" for c in range(100) if not refuses(f"{front}-{c:02d}")]
    assert fitting == [stampcode.serial(batch, index)]
    assert (number * 100 + int(fitting[0][-2:])) % 97 == 1


@given(BATCHES, INDEXES)
def test_serial_detects_one_wrong_digit(batch: int, index: int) -> None:
    """Every serial with one digit misread is refused."""
    serial = stampcode.serial(batch, index)
    for place, right in enumerate(serial):
        if right != "-":
            wrong = [serial[:place] + d + serial[place + 1 :] for d in "0123456789" if d != right]
            assert all(map(refuses, wrong))


@given(BATCHES, INDEXES)
def test_serial_detects_exchanged_neighbours(batch: int, index: int) -> None:
    """Every serial with two neighbouring digits exchanged is refused, across hyphens too."""
    serial = stampcode.serial(batch, index)
    places = [place for place, letter in enumerate(serial) if letter != "-"]
    for left, right in itertools.pairwise(places):
        letters = list(serial)
        letters[left], letters[right] = letters[right], letters[left]
        assert serial[left] == serial[right] or refuses("".join(letters))


@given(st.text())
def test_any_text_is_a_serial_or_invalid(text: str) -> None:
    """Whatever is typed as a serial is read exactly or refused; nothing else is raised."""
    if not refuses(text):
        assert stampcode.serial(*stampcode.parse_serial(text)) == text.strip()
