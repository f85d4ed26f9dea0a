"""GS1 Digital Link read and written: pure rules, each with its table of cases."""

import base64
import re
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tem.digital_link import gtin14, link_of, raw_of
from tem.errors import Invalid
from tem.stampcode import StampCode, body, serial
from tem_verifier.digital_link import links
from tem_verifier.digital_link.addresses import read

GTIN = "09521234000013"
SERIAL = serial(7, 42)
SIGNATURE = bytes(range(64))
SIGNED = base64.urlsafe_b64encode(SIGNATURE).decode().rstrip("=")
TITLES = {lang: dict.fromkeys(("defaultLink", "pip", "traceability"), "x") for lang in ("vi", "en")}


@pytest.mark.parametrize(
    "number", ["9521234000013", "09521234000013", "96385074", "614141007349", "19521234000010"]
)
def test_a_gtin_of_any_length_is_written_with_fourteen_digits(number: str) -> None:
    """Zeros fill it up on the left; a GTIN-14 stays as it is."""
    assert gtin14(number) == number.rjust(14, "0")


@pytest.mark.parametrize(
    "number", ["", "9521234000014", "952123400001", "٩521234000013", "9521234000013 ", "0" * 15]
)
def test_what_is_no_gtin_is_refused(number: str) -> None:
    """A wrong check digit, a length that no GTIN has, other digits than ASCII's."""
    with pytest.raises(Invalid) as told:
        gtin14(number)
    assert told.value.code == "malformed_gtin"


def test_a_link_holds_the_bytes_of_the_code() -> None:
    """What is written for a stamp is read back as the same 72 bytes, and it is valid GS1."""
    raw = body(7, 42) + SIGNATURE
    link = link_of("https://h", "9521234000013", StampCode(7, 42, raw))
    assert link == f"https://h/01/{GTIN}/235/{SERIAL}?8030={SIGNED}"
    path, _, signature = link.removeprefix("https://h/01/").partition("?8030=")
    assert read(path, [signature]).code == raw
    assert len(serial(2**32 - 1, 2**24 - 1)) <= 28 and re.fullmatch("[A-Za-z0-9_-]{86}", SIGNED)


@pytest.mark.parametrize(
    ("printed", "signature"),
    [
        (SERIAL, SIGNED[:-1]),
        (SERIAL, SIGNED + "A"),
        (SERIAL, SIGNED[:-1] + "9"),  # the same bytes with a bit set that stands for nothing
        (SERIAL, "+" + SIGNED[1:]),
        (SERIAL, "é" * 86),
        (SERIAL + " ", SIGNED),
        (SERIAL[:-1] + str((int(SERIAL[-1]) + 1) % 10), SIGNED),
        ("0-42-00", SIGNED),
        ("", SIGNED),
    ],
)
def test_one_stamp_has_one_accepted_writing(printed: str, signature: str) -> None:
    """Another spelling of serial or signature stands for no code."""
    assert raw_of(printed, signature) is None
    assert raw_of(SERIAL, SIGNED) == body(7, 42) + SIGNATURE


@pytest.mark.parametrize(
    ("path", "qualifiers"),
    [
        (GTIN, {}),
        (f"{GTIN}/", {}),
        ("9521234000013", {}),
        (f"{GTIN}/10/L%C3", None),
        (f"{GTIN}/10/L%2F1", {"10": "L/1"}),
        (f"{GTIN}/10/L/1", None),
        (f"{GTIN}/22/A/10/B/21/C", {"22": "A", "10": "B", "21": "C"}),
        (f"{GTIN}/21/C/10/B", None),
        (f"{GTIN}/235/{'x' * 28}", {"235": "x" * 28}),
        (f"{GTIN}/235/{'x' * 29}", None),
        (f"{GTIN}/235/A/10/B", None),
        (f"{GTIN}/10/B/10/B", None),
        (f"{GTIN}/10/{'x' * 21}", None),
        (f"{GTIN}/10/", None),
        (f"{GTIN}/10/a%20b", None),
        (f"{GTIN}/17/261231", None),
        (f"{GTIN}//", None),
        ("", None),
    ],
)
def test_a_path_holds_a_gtin_and_its_qualifiers_in_order(
    path: str, qualifiers: dict[str, str] | None
) -> None:
    """22, 10 and 21 in this order or 235 alone, in their formats; anything else is refused."""
    if qualifiers is not None:
        assert (read(path).gtin, read(path).qualifiers) == (GTIN, qualifiers)
        return
    with pytest.raises(Invalid):
        read(path)


@pytest.mark.parametrize("values", [[""], ["a b"], ["x" * 91], [SIGNED, SIGNED]])
def test_a_signature_stands_in_the_query_once_and_in_its_format(values: list[str]) -> None:
    """AI 8030 is 1 to 90 characters of base64url."""
    with pytest.raises(Invalid) as told:
        read(GTIN, values)
    assert told.value.code == "malformed_digital_link"


@pytest.mark.parametrize("path", ["", "/10/L1", f"/10/L1/21/{SERIAL}", f"/22/A/21/{SERIAL}"])
def test_a_signature_is_read_beside_a_serial_alone(path: str) -> None:
    """A lot in the path is signed by nobody, so that such a link is never a stamp's."""
    assert read(GTIN + path, [SIGNED]).code is None
    assert read(f"{GTIN}/21/{SERIAL}", [SIGNED]).code == body(7, 42) + SIGNATURE


@given(st.text(max_size=80), st.lists(st.text(max_size=90), max_size=2))
@settings(max_examples=200)
def test_whatever_arrives_is_read_or_refused(rest: str, values: list[str]) -> None:
    """Nothing else is raised, whatever stands in the address."""
    try:
        assert read(f"{GTIN}/{rest}", values).gtin == GTIN
    except Invalid as told:
        assert told.code == "malformed_digital_link"


def faults(told: Any, of: str) -> list[str]:
    """What GS1's schemas (resolver standard 1.2) would find: types, patterns, required members."""
    rules: dict[str, dict[str, str]] = {
        "description": {
            "resolverRoot": r"https?://[^/?#]+",
            "name": ".+",
            "jsonLdContextLocation": "https://.+",
        },
        "link": {"href": r"https?://[a-zA-z0-9./]+.*", "title": ".+"},
    }
    return [
        name for name, rule in rules[of].items() if not re.fullmatch(rule, str(told.get(name, "")))
    ]


def test_the_description_is_as_the_standard_has_it() -> None:
    """Root, keys from the standard's list, prefixes with their colon."""
    told = links.description("https://h", "Tem", "Văn phòng")
    assert faults(told, "description") == [] and told["supportedPrimaryKeys"] == ["01"]
    assert told["linkTypeDefaultCanBeLinkset"] is False and told["contact"] == {"fn": "Văn phòng"}
    for namespace in told["supportedLinkType"]:
        assert re.fullmatch("[a-zA-Z_][A-Za-z0-9_-]*?:", namespace["prefix"])
        assert namespace["namespace"].startswith("https://")


def test_a_linkset_is_as_the_standards_have_it() -> None:
    """One context object, its types of link as addresses, of which one is the default; languages
    and media types in the spelling of GS1's schema (RFC 9264, section 4.2)."""
    shown = {"product": {"name": "Nước mắm"}}
    (context,) = links.linkset("https://h", GTIN, shown, TITLES)["linkset"]
    assert (context.pop("anchor"), context.pop("description")) == (
        f"https://h/01/{GTIN}",
        "Nước mắm",
    )
    assert context.keys() == {
        f"https://ref.gs1.org/voc/{name}" for name in ("defaultLink", "pip", "traceability")
    }
    assert len(context["https://ref.gs1.org/voc/defaultLink"]) == 1
    for type, targets in context.items():
        assert re.fullmatch(r"https?://[a-zA-z0-9./]+", type)
        for target in targets:
            assert faults(target, "link") == []
            assert all(re.fullmatch(r"\w{2}", lang) for lang in target.get("hreflang", []))
            assert re.fullmatch(r"\w+/[-+.\w]+", target.get("type", "text/html"))


@pytest.mark.parametrize(
    ("asked", "name"),
    [
        ("gs1:pip", "pip"),
        ("https://ref.gs1.org/voc/pip", "pip"),
        ("https://gs1.org/voc/pip", "pip"),
        ("pip", ""),
        ("schema:pip", ""),
    ],
)
def test_types_of_link_are_gs1_s_however_written(asked: str, name: str) -> None:
    """By prefix or by either address of the vocabulary."""
    assert links.link_type_of(asked) == name
