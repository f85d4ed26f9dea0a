"""Ed25519 in plain Python, as readers of packs without a library use it."""

import json
import secrets
from pathlib import Path

import pytest

from tem import ed25519
from tem.pack import rfc8032
from tem.stampcode import SIGNING_CONTEXT, raw_of

VECTORS = json.loads((Path(__file__).parent.parent / "vectors" / "stamps.json").read_text("utf-8"))
# RFC 8032, section 7.1, tests 1 to 3: key, message, signature.
RFC = [
    (
        "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
        "",
        "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555"
        "fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b",
    ),
    (
        "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c",
        "72",
        "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da0"
        "85ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00",
    ),
    (
        "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025",
        "af82",
        "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac1"
        "8ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a",
    ),
]


@pytest.mark.parametrize(("key", "message", "signature"), RFC)
def test_the_signatures_of_the_rfc_are_good(key: str, message: str, signature: str) -> None:
    """The RFC's own examples verify, and no other message under their signature does."""
    parts = bytes.fromhex(key), bytes.fromhex(message), bytes.fromhex(signature)
    assert rfc8032.verifies(*parts)
    assert not rfc8032.verifies(parts[0], parts[1] + b"x", parts[2])


def test_what_other_libraries_let_pass_is_refused_as_libsodium_does() -> None:
    """Each frozen code, good or forged in one way (S + L, small order, not canonical, cofactor),
    and each weak key gets the same answer from both."""
    asked = 0
    for case in [*VECTORS["good"], *VECTORS["bad"]]:
        raw = raw_of(case["text"])
        if raw is None or "public_key" not in case:
            continue
        asked += 1
        parts = bytes.fromhex(case["public_key"]), SIGNING_CONTEXT + raw[:8], raw[8:]
        assert rfc8032.verifies(*parts) is ed25519.verifies(*parts), case
    assert asked > 50
    for weak in VECTORS["weak_keys"]:
        key = bytes.fromhex(weak["public_key"])
        # The last is good under the neutral element, whatever the message: S = 1, R = B.
        base = b"\x58" + b"\x66" * 31 + b"\1" + bytes(31)
        for signature in (bytes(64), b"\1" + bytes(63), key + bytes(32), base):
            parts = key, b"anything", signature
            assert rfc8032.verifies(*parts) is ed25519.verifies(*parts), weak


def test_keys_and_signatures_of_another_length_are_refused() -> None:
    """Nothing is cut off and nothing is filled up."""
    key, message, signature = (bytes.fromhex(part) for part in RFC[1])
    for parts in ((key[:31], signature), (key, signature[:63]), (key, signature + b"\0")):
        assert not rfc8032.verifies(parts[0], message, parts[1])
    assert not rfc8032.verifies(secrets.token_bytes(32), message, signature)
