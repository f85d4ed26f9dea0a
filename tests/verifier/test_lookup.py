"""One code, one answer: what is genuine, and that nothing else ever passes."""

import random
import secrets
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.registry.records import Register
from tests.verifier.conftest import Opener, Verifier
from tests.verifier.mint import PREFIX, Mint, Minted, code_of, publish

from tem.stampcode import raw_of, text_of
from tem_verifier.lookup import is_issued

GROUP_ORDER = 2**252 + 27742317777372353535851937790883648493
MUTATIONS = 100_000
MEMORY_ONLY = pytest.mark.parametrize("engine", ["sqlite"], indirect=True)


@pytest.fixture
def reader(batch: Minted, open_verifier: Opener) -> Verifier:
    """A verifier that has read one delivered batch of 100."""
    return open_verifier()


def test_a_genuine_code_is_known_with_and_without_our_prefix(
    batch: Minted, reader: Verifier
) -> None:
    """Bare digits and exactly our own address are read; every other writing is malformed."""
    digits = batch.text(1)
    assert reader.verdict(digits) == reader.verdict(PREFIX + digits) == "NOT_ACTIVATED"
    for other in (
        f"https://tem.example.vn.evil.example/s/{digits}",
        f"http://tem.example.vn/s/{digits}",
        f"HTTPS://TEM.EXAMPLE.VN/S/{digits}",
        PREFIX + PREFIX + digits,
        f"{PREFIX}{digits}/",
        f"{PREFIX}{digits}?lang=en",
        f" {digits}",
        f"{digits}\n",
        f"/s/{digits}",
        digits[1:],
        "0" + digits,
        digits.translate(str.maketrans("0123456789", "٠١٢٣٤٥٦٧٨٩")),
        digits[:-1] + "٣",
        "+" + digits[1:],
        digits[:80] + "_" + digits[81:],
        "\x00" * 174,
        "\ud800" * 174,
        "",
    ):
        assert reader.verdict(other) == "MALFORMED", other


def test_a_canary_is_unknown_and_raises_an_alarm(
    batch: Minted, reader: Verifier, alarms: Callable[[str], float]
) -> None:
    """A signed code that was never exported is answered like any stranger's; the alarm tells."""
    assert reader.verdict(batch.text(100)) == "NOT_ACTIVATED" and alarms("canary_seen") == 0
    assert [reader.verdict(batch.text(index)) for index in (101, 103)] == ["UNKNOWN"] * 2
    assert alarms("canary_seen") == 2


def strangers(batch: Minted, other: Minted) -> dict[str, str]:
    """Legible codes that were never issued, each for another reason."""
    raw = bytearray(code_of(batch.key, 1, 5))
    body, signature = bytes(raw[:8]), bytes(raw[8:])
    malleable = int.from_bytes(signature[32:], "little") + GROUP_ORDER
    swapped = body[:7] + bytes([6]) + signature
    return {
        "no signature": text_of(body + bytes(64)),
        "random signature": text_of(body + secrets.token_bytes(64)),
        "the same point with S + L": text_of(
            body + signature[:32] + malleable.to_bytes(32, "little")
        ),
        "another stamp's signature": text_of(swapped),
        "another batch's key": text_of(code_of(other.key, 1, 5)),
        "another batch's number": text_of(body[:4] + bytes([2]) + body[5:] + signature),
        "a stranger's key": text_of(code_of(Ed25519PrivateKey.generate(), 1, 5)),
        "an index never signed": text_of(code_of(batch.key, 1, 104)),
        "the greatest index": text_of(code_of(batch.key, 1, 2**24 - 1)),
        "a batch never issued": text_of(code_of(batch.key, 3, 5)),
        "the greatest batch": text_of(code_of(batch.key, 2**32 - 1, 5)),
        "a canary": batch.text(102),
    }


def test_all_codes_never_issued_get_one_answer(
    register: Register, batch: Minted, mint: Mint, open_verifier: Opener
) -> None:
    """Wrong signature, wrong key, swapped or unknown numbers: the answers are the same to the
    byte but for the time, so that nobody learns which guess came close."""
    other = publish(register, mint.sign(2))
    register.activate("L1", 1, 1, 10)
    reader = open_verifier()
    assert reader.verdict(batch.text(5)) == "OK"
    answers: dict[str, dict[str, Any]] = {}
    for name, code in strangers(batch, other).items():
        answers[name] = reader.ask(code)
        del answers[name]["as_of"]
    for name, answer in answers.items():
        assert answer == {
            "verdict": "UNKNOWN",
            "notes": [],
            "reason": "not_on_record",
            "reasons": ["not_on_record"],
            "checked": ["signature", "issued"],
            "advice": "stop",
        }, name


@MEMORY_ONLY
def test_mutated_codes_never_verify(batch: Minted, reader: Verifier) -> None:
    """100,000 random changes of a genuine code's bytes: none is taken for the code it was not."""
    chance = random.Random(20261120)
    accepted = reader.index.view.batches[1].accepted
    assert accepted is not None
    genuine = [code_of(batch.key, 1, index) for index in range(1, 101)]
    for _ in range(MUTATIONS):
        raw = bytearray(chance.choice(genuine))
        for _ in range(chance.choice((1, 1, 1, 2, 3, 40))):
            raw[chance.randrange(72)] ^= 1 << chance.randrange(8)
        told = reader.lookup.answer(text_of(bytes(raw)))["verdict"]
        assert told in ("UNKNOWN", "MALFORMED") or bytes(raw) in genuine


@MEMORY_ONLY
def test_mutated_digits_never_verify(batch: Minted, reader: Verifier) -> None:
    """Digits changed, exchanged, left out and doubled are never an answer about a stamp."""
    chance = random.Random(7)
    digits = batch.text(42)
    for _ in range(20_000):
        text, place = list(digits), chance.randrange(173)
        match chance.randrange(4):
            case 0:
                text[place] = chance.choice("0123456789")
            case 1:
                text[place], text[place + 1] = text[place + 1], text[place]
            case 2:
                del text[place]
            case _:
                text.insert(place, text[place])
        changed = "".join(text)
        if changed != digits:
            assert reader.lookup.answer(changed)["verdict"] in ("UNKNOWN", "MALFORMED")


@MEMORY_ONLY
def test_without_fingerprints_mutated_codes_do_not_verify_either(
    batch: Minted, reader: Verifier
) -> None:
    """Every single flipped bit of a code fails by its signature alone."""
    accepted = reader.index.view.batches[1].accepted
    assert accepted is not None
    bare = replace(accepted, fingerprints=None)
    raw = code_of(batch.key, 1, 5)
    assert is_issued(raw, bare, both=False)
    for bit in range(8 * 72):
        flipped = (int.from_bytes(raw, "big") ^ (1 << bit)).to_bytes(72, "big")
        if raw_of(text_of(flipped)) is not None:
            assert not is_issued(flipped, bare, both=False)


@MEMORY_ONLY
@settings(
    max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    st.one_of(
        st.text(),
        st.text(alphabet="0123456789", min_size=174, max_size=174),
        st.binary(min_size=72, max_size=72).map(text_of),
        st.binary(min_size=71, max_size=71).map(lambda raw: text_of(b"\x01" + raw)),
    )
)
def test_any_text_has_an_answer(reader: Verifier, text: str) -> None:
    """Whatever arrives is MALFORMED or UNKNOWN and never an error."""
    assert reader.lookup.answer(text)["verdict"] in ("MALFORMED", "UNKNOWN")
    assert reader.lookup.answer(PREFIX + text)["verdict"] in ("MALFORMED", "UNKNOWN")
