"""Manifests and the trust in office keys, against the frozen vectors and by mutation."""

import hashlib
import json
import os
from dataclasses import asdict, fields, replace
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.vectors import ed25519_reference as reference
from tests.vectors import make_stamps

from tem import manifest, trust
from tem.manifest import Manifest, ManifestRefused
from tem.stampcode import FIRST_TEST_BATCH, MAX_BATCH, MAX_INDEX
from tem.trust import OfficeKey, Trust

VECTORS: dict[str, Any] = json.loads(make_stamps.FILE.read_text("ascii"))
GOOD, BAD = VECTORS["manifests"]["good"], VECTORS["manifests"]["bad"]
FIRST = GOOD[0]
HEX = st.text("0123456789abcdef", min_size=64, max_size=64)
ASCII = st.text(st.characters(min_codepoint=0x21, max_codepoint=0x7E), min_size=1, max_size=200)
KEYS = {key["name"]: bytes.fromhex(key["public_key"]) for key in VECTORS["keys"]}


@cache
def trust_of(name: str) -> Trust:
    """A trust of the vectors, built without the file reader under test."""
    document = VECTORS["trusts"][name]
    keys = [
        OfficeKey(
            bytes.fromhex(entry["public_key"]),
            entry["first_batch"],
            entry["last_batch"],
            entry["state"] == "frozen",
            frozenset(entry["accepted"]),
        )
        for entry in document["office_keys"]
    ]
    return Trust({key.id: key for key in keys}, document["environment"] == "sandbox")


def refusal(case: dict[str, Any]) -> str:
    with pytest.raises(ManifestRefused) as refused:
        trust_of(case["trust"]).accept(case["text"], bytes.fromhex(case["signature"]))
    assert refused.value.code == "manifest_refused"
    return refused.value.detail


@pytest.mark.parametrize("case", GOOD, ids=lambda c: c["name"])
def test_good_manifest(case: dict[str, Any]) -> None:
    """A good manifest is accepted, says what its JSON says, and is written the same again."""
    accepted = trust_of(case["trust"]).accept(case["text"], bytes.fromhex(case["signature"]))
    assert asdict(accepted) == json.loads(case["text"])
    assert manifest.write(accepted) == case["text"]
    assert manifest.digest(case["text"]) == case["digest"]
    message = b"tem-manifest-v1\0" + case["text"].encode()
    assert manifest.signed_message(case["text"]) == message
    signature = bytes.fromhex(case["signature"])
    assert reference.verifies_strictly(KEYS["office"], message, signature)


@pytest.mark.parametrize("case", BAD, ids=lambda c: c["name"])
def test_bad_manifest(case: dict[str, Any]) -> None:
    """A bad manifest is refused, whatever is bad about it, and nothing else is raised."""
    assert refusal(case)


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("wrong office key", "no office key we trust has signed it"),
        ("S + L", "no office key we trust has signed it"),
        ("duplicate key, same value", "a field stands twice"),
        ("unknown key", "exactly the known fields"),
        ("without batch", "exactly the known fields"),
        ("float", "only whole numbers"),
        ("NaN", "only whole numbers"),
        ("blank after a colon", "canonical"),
        ("keys in another order", "canonical"),
        ("escaped letter in a value", "canonical"),
        ("non-ASCII", "not ASCII"),
        ("non-ASCII escaped", "printable ASCII"),
        ("huge whole number", "no such batch number"),
        ("true for a number", "whole numbers"),
        ("names the other office key", "another office key"),
        ("test batch in production", "sandbox"),
        ("production batch in a sandbox", "sandbox"),
        ("frozen key, digest not listed", "frozen"),
        ("below the key's range", "this batch number"),
        ("batch key is the office key", "office key or a weak one"),
        ("batch key: torsion point 0", "office key or a weak one"),
    ],
)
def test_the_refusal_says_why(name: str, reason: str) -> None:
    """The rule that was broken is named, so that each bad case tests the rule it is there for."""
    assert reason in refusal(next(case for case in BAD if case["name"] == name))


def test_digests_are_over_the_codes_of_the_batch() -> None:
    """The manifest's digests come out of the batch's codes, canaries included, in index order."""
    found = json.loads(FIRST["text"])
    codes = [code for code in VECTORS["good"] if code["batch"] == found["batch"]]
    assert [code["index"] for code in codes] == list(range(1, found["last_index"] + 1))
    raws = [bytes.fromhex(code["body"] + code["signature"]) for code in codes]
    hashes = [hashlib.sha256(raw).digest() for raw in raws]
    prints = b"".join(each[: manifest.FINGERPRINT_BYTES] for each in hashes)
    assert hashlib.sha256(b"".join(hashes)).hexdigest() == found["hashes_sha256"]
    assert hashlib.sha256(prints).hexdigest() == found["fingerprints_sha256"]


@given(st.integers(0), st.integers(0, 127))
def test_one_changed_character(place: int, code: int) -> None:
    """A manifest with any one character changed is refused under its old signature."""
    at = place % len(FIRST["text"])
    changed = FIRST["text"][:at] + chr(code) + FIRST["text"][at + 1 :]
    if changed != FIRST["text"]:
        refusal({**FIRST, "text": changed})


def test_one_turned_bit_of_the_signature() -> None:
    """A signature with any one bit turned vouches for nothing."""
    for bit in range(512):
        changed = bytearray.fromhex(FIRST["signature"])
        changed[bit // 8] ^= 1 << bit % 8
        refusal({**FIRST, "signature": changed.hex()})


@given(st.text(max_size=400) | st.binary(max_size=400).map(lambda b: b.decode("latin-1")))
def test_any_text_is_parsed_or_refused(text: str) -> None:
    """Whatever stands where a manifest should be is refused, and nothing else is raised."""
    with pytest.raises(ManifestRefused):
        manifest.parse(text)


JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5) | HEX,
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=4,
)


@given(st.sampled_from([field.name for field in fields(Manifest)]), JSON_VALUES)
def test_any_value_in_any_field_is_parsed_or_refused(name: str, value: Any) -> None:
    """Whatever stands in a field, the manifest is refused or has exactly this one spelling."""
    written = make_stamps.canonical(make_stamps.manifest_fields() | {name: value})
    try:
        read = manifest.parse(written)
    except ManifestRefused:
        return
    assert manifest.write(read) == written


@st.composite
def manifests(draw: st.DrawFn) -> Manifest:
    """Any manifest that the format allows."""
    quantity = draw(st.integers(1, MAX_INDEX - 1))
    return Manifest(
        batch=draw(st.integers(1, MAX_BATCH)),
        code_file_sha256=draw(HEX),
        fingerprints_sha256=draw(HEX),
        format="tem-manifest-v1",
        hashes_sha256=draw(HEX),
        host=draw(ASCII),
        issued_at=draw(
            st.datetimes().map(lambda at: f"{at:%Y}".zfill(4) + f"{at:-%m-%dT%H:%M:%SZ}")
        ),
        last_index=draw(st.integers(quantity + 1, MAX_INDEX)),
        office_key_id=draw(HEX),
        producer=draw(ASCII),
        product=draw(ASCII),
        public_key=draw(HEX),
        quantity=quantity,
    )


@given(manifests())
def test_writing_and_parsing_round_trip(written: Manifest) -> None:
    """Every manifest that can be written is read back the same, in ASCII and without blanks."""
    text = manifest.write(written)
    assert text.isascii()
    assert manifest.parse(text) == written
    assert text == json.dumps(json.loads(text), sort_keys=True, separators=(",", ":"))


def test_nothing_wrong_can_be_written() -> None:
    """The writer refuses what the reader would refuse."""
    good = manifest.parse(FIRST["text"])
    wrong: list[dict[str, Any]] = [
        {"batch": 0},
        {"quantity": good.last_index},
        {"quantity": True},
        {"host": "tem.đà-nẵng.vn"},
        {"public_key": "00"},
        {"issued_at": "2026-11-20"},
    ]
    for change in wrong:
        with pytest.raises(ManifestRefused):
            manifest.write(replace(good, **change))


@pytest.mark.parametrize("name", VECTORS["trusts"])
def test_trust_file_round_trip(name: str, tmp_path: Path) -> None:
    """A trust file is read as it means, and written with the same content again."""
    path = tmp_path / "trust.json"
    path.write_text(json.dumps(VECTORS["trusts"][name]))
    read = trust.load(path)
    assert read == trust_of(name)
    assert trust.document(list(read.keys.values()), read.sandbox) == VECTORS["trusts"][name]


@pytest.mark.parametrize(
    "change",
    [
        {"purpose": "stamps"},
        {"state": "retired"},
        {"public_key": "00" * 32},
        {"public_key": "01" + "00" * 31},
        {"public_key": "zz"},
        {"public_key": KEYS["office"].hex()[:-2]},
        {"first_batch": "1"},
        {"last_batch": None},
        {"accepted": "all"},
        {"first_batch": 0},
        {"first_batch": 9, "last_batch": 8},
        *({"public_key": weak["public_key"]} for weak in VECTORS["weak_keys"]),
    ],
    ids=lambda change: str(change)[:60],
)
def test_bad_office_key_in_a_trust_file(change: dict[str, Any], tmp_path: Path) -> None:
    """A trust file with a weak or badly described office key is refused as a whole."""
    document = json.loads(json.dumps(VECTORS["trusts"]["production"]))
    document["office_keys"][0] |= change
    path = tmp_path / "trust.json"
    path.write_text(json.dumps(document))
    with pytest.raises(ValueError, match=r"."):
        trust.load(path)


def test_a_key_that_stands_twice_is_refused(tmp_path: Path) -> None:
    """Two entries of one key could say two things, and one of them would not count."""
    document = json.loads(json.dumps(VECTORS["trusts"]["production"]))
    document["office_keys"].append(document["office_keys"][0] | {"state": "frozen"})
    path = tmp_path / "trust.json"
    path.write_text(json.dumps(document))
    with pytest.raises(ValueError, match="stands twice"):
        trust.load(path)


@pytest.mark.parametrize("mode", [0o600, 0o644])
def test_a_trust_file_written_anew_keeps_its_readers(mode: int, tmp_path: Path) -> None:
    """Order, content and permission are those that were; no draft is left beside it."""
    path = tmp_path / "trust.json"
    known = trust_of("frozen, listed")
    trust.save(path, known.keys.values(), known.sandbox)
    assert path.stat().st_mode & 0o777 == 0o600
    path.chmod(mode)
    trust.save(path, reversed(known.keys.values()), known.sandbox)
    assert list(trust.load(path).keys) == list(reversed(known.keys))
    assert (path.stat().st_mode & 0o777, os.listdir(tmp_path)) == (mode, ["trust.json"])


def test_trust_file_of_another_format(tmp_path: Path) -> None:
    """A file of another format, or no JSON, is no trust file."""
    path = tmp_path / "trust.json"
    for content in ('{"format":"tem-trust-v2"}', "{}", "", "tem"):
        path.write_text(content)
        with pytest.raises(ValueError, match=r"."):
            trust.load(path)
    with pytest.raises(OSError, match="absent"):
        trust.load(tmp_path / "absent.json")


def test_test_batches_begin_at_f0000000() -> None:
    """The border between production and test numbers is the frozen one."""
    assert FIRST_TEST_BATCH == 0xF0000000
