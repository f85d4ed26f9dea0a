"""Signed notes: what one key vouched for, to the byte, and nothing else."""

import base64
import string

import pytest

from tem.errors import Invalid
from tem.trail.signed_note import NoteKey, NoteRefused, NoteSigner, open_note

TEXT = "tem/registry/audit\n7\nAAAA\n2026-11-20T02:00:00Z\n"
SIGNER = NoteSigner.make("tem/registry/audit")
OTHER = NoteSigner.make("tem/registry/audit")

# The example of the format's first implementation (C2SP signed-note, Go's sumdb/note).
GO_SECRET = "PRIVATE+KEY+PeterNeumann+c74f20a3+AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz"
GO_KEY = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
GO_NOTE = (
    "If you think cryptography is the answer to your problem,\n"
    "then you don't know what your problem is.\n"
    "\n"
    "\u2014 PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdng"
    "otpRZb6KE6RyyBwJnAM=\n"
)


def test_a_note_of_another_implementation_is_read() -> None:
    """Go's example is made and verified here to the byte, so ours can be checked by its tools."""
    key, signer = NoteKey.parse(GO_KEY), NoteSigner.parse(GO_SECRET)
    assert (signer.key, signer.written) == (key, GO_SECRET)
    assert signer.sign(GO_NOTE.split("\n\n")[0] + "\n") == GO_NOTE
    assert str(key) == GO_KEY
    assert open_note(GO_NOTE, key) == GO_NOTE.split("\n\n")[0] + "\n"


def test_a_note_is_opened_by_its_key() -> None:
    """What was signed comes back, and both halves of the key survive being written."""
    again = NoteSigner.parse(SIGNER.written)
    assert again == SIGNER
    assert open_note(again.sign(TEXT), NoteKey.parse(str(SIGNER.key))) == TEXT


def test_others_may_sign_as_well() -> None:
    """A second signature is left alone, whether it stands before or after."""
    own, other = SIGNER.sign(TEXT), OTHER.sign(TEXT)
    line = other.split("\n\n")[1]
    assert open_note(own + line, SIGNER.key) == open_note(other + own.split("\n\n")[1], SIGNER.key)


def test_every_changed_byte_is_noticed() -> None:
    """No single character of a note can be another one."""
    note = SIGNER.sign(TEXT)
    for place, letter in enumerate(note):
        other = "A" if letter != "A" else "B"
        with pytest.raises(NoteRefused):
            open_note(note[:place] + other + note[place + 1 :], SIGNER.key)


def test_a_signature_is_written_in_one_way() -> None:
    """Letters of base64 that differ only in bits without meaning are another note all the same."""
    begin, last = SIGNER.sign(TEXT)[:-3], SIGNER.sign(TEXT)[-3]
    for letter in {*string.ascii_letters, *string.digits, "+", "/"} - {last}:
        with pytest.raises(NoteRefused):
            open_note(f"{begin}{letter}=\n", SIGNER.key)


@pytest.mark.parametrize(
    ("note", "why"),
    [
        ("", "another key"),
        (TEXT, "another key"),
        (OTHER.sign(TEXT), "another key"),
        (f"{TEXT}\n\u2014 tem/registry/audit !!\n", "not written as one"),
        (f"{TEXT}\n\u2014 tem/registry/audit AAAA\n", "not written as one"),
        (f"{TEXT}\nno signature\n", "not written as one"),
        (SIGNER.sign(TEXT).replace("\n7\n", "\n8\n"), "not good"),
    ],
    ids=range(7),
)
def test_what_a_key_does_not_vouch_for(note: str, why: str) -> None:
    """A note without its signature, of another key or changed is refused with the reason."""
    with pytest.raises(NoteRefused, match=why):
        open_note(note, SIGNER.key)


@pytest.mark.parametrize("text", ["", "no end", "a\n\nb\n", "\na\n"])
def test_a_text_that_could_be_read_in_two_ways_is_not_signed(text: str) -> None:
    """Only whole lines, none of them empty."""
    with pytest.raises(ValueError, match="whole lines"):
        SIGNER.sign(text)


def _with(content: bytes, name: str = "x", hint: str = "00000000") -> str:
    return f"{name}+{hint}+{base64.b64encode(content).decode()}"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "x",
        "x+00+zz",
        _with(b"\x02" + bytes(32)),
        _with(b"\x01" + bytes(31)),
        _with(b"\x01" + bytes(32)),
        str(SIGNER.key).replace("registry", "issuer"),
        "x+" + str(SIGNER.key).split("+", 1)[1],
        str(NoteKey("x", bytes(32))),
    ],
    ids=range(9),
)
def test_keys_that_are_none(text: str) -> None:
    """Neither half of a key is taken from another kind, name or length, or of small order."""
    for read in (NoteKey.parse, NoteSigner.parse):
        with pytest.raises(Invalid) as error:
            read(text)
        assert error.value.code == "note_key_invalid"


def test_a_public_key_is_no_private_one() -> None:
    """A file that holds the public half by mistake signs nothing."""
    with pytest.raises(Invalid):
        NoteSigner.parse(str(SIGNER.key))


def test_a_signer_does_not_show_its_secret() -> None:
    """What a traceback would print of it is the public half."""
    assert SIGNER.written.split("+")[-1] not in repr(SIGNER)
    assert SIGNER.seed.hex() not in repr(SIGNER)
