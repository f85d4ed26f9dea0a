"""The document of the stamp format says what the vectors and the code say."""

import json
import re
from dataclasses import fields
from pathlib import Path

from tests.vectors import ed25519_reference as reference
from tests.vectors import make_stamps

from tem.manifest import Manifest

DOCUMENT = (Path(__file__).parents[2] / "docs" / "stamp-format.md").read_text("utf-8")
VECTORS = json.loads(make_stamps.FILE.read_text("ascii"))
EXAMPLE = DOCUMENT.split("## Worked example")[1].split("## The vectors")[0]


def test_the_worked_example_is_the_first_vector() -> None:
    """Every value of the example is that of the vectors, in the row that names it."""
    good = VECTORS["good"][0]
    rows = dict(re.findall(r"^\| ([\w ]+) \| `([0-9a-f]+)` \|$", EXAMPLE, re.MULTILINE))
    assert rows == {
        "batch public key": good["public_key"],
        "body": good["body"],
        "signed message": VECTORS["stamp_context"] + good["body"],
        "signature R": good["signature"][:64],
        "signature S": good["signature"][64:],
        "hash": good["hash"],
        "fingerprint": good["fingerprint"],
    }
    code, manifest = re.findall(r"^```\n(.*?)\n```$", EXAMPLE, re.MULTILINE | re.DOTALL)
    assert code.split("\n") == [good["text"], good["url"], good["serial"]]
    first = VECTORS["manifests"]["good"][0]
    office = next(key for key in VECTORS["keys"] if key["name"] == "office")
    assert manifest.split("\n") == [first["text"], office["public_key"], first["signature"]]


def test_the_document_names_every_field_of_a_manifest() -> None:
    """The table of fields is complete, in the order in which they are written."""
    table = DOCUMENT.split("## The manifest")[1].split("**Canonical form.**")[0]
    rows = re.findall(r"^\| (`.*?`) \|", table, re.MULTILINE)
    named = [name for row in rows for name in re.findall(r"`(\w+)`", row)]
    assert named == sorted(field.name for field in fields(Manifest))


def test_the_document_names_every_member_of_the_vectors() -> None:
    """Whoever opens the vectors finds each list explained."""
    section = DOCUMENT.split("## The vectors")[1]
    named = set(re.findall(r"^\| `(\w+)` \|", section, re.MULTILINE))
    about = {"format", "about", "stamp_context", "manifest_context", "prefix"}
    assert named == set(VECTORS) - about


def test_the_numbers_of_the_group_are_right() -> None:
    """L and the limits stand in the document as the reference has them."""
    assert f"2^252 + {reference.L - 2**252}" in DOCUMENT
    assert f"{2**32 - 1:,}" in DOCUMENT
    assert f"{2**24 - 1:,}" in DOCUMENT
    assert f"{0xF0000000:,}" in DOCUMENT
