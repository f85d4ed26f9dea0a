"""What counts as JSON at our doors."""

import json
from typing import Any

import pytest
from flask import Flask
from hypothesis import given
from hypothesis import strategies as st

from tem.errors import Invalid
from tem.http.strictjson import MAX_DEPTH, StrictJSONProvider, loads


def nested(depth: int, opening: str = "[", closing: str = "]") -> str:
    return opening * depth + closing * depth


@pytest.mark.parametrize(
    "text",
    [
        '{"a":1,"a":1}',
        '{"a":{"b":1,"c":2,"b":3}}',
        '[{"a":1,"\\u0061":2}]',
        "NaN",
        '{"a":Infinity}',
        "[-Infinity]",
        "1e999",
        '{"a":[-1e999]}',
        "9" * 5000,
        '"\\u0000"',
        '{"\\u0000":1}',
        '"a\\u0000b"',
        '"\\ud800"',
        '"\\udc00\\ud800"',
        '{"\\udfff":1}',
        nested(MAX_DEPTH + 1),
        nested(100_000),
        '{"a":' * 9 + "1" + "}" * 9,
        '{"a":' * 50_000,
        "",
        " ",
        "{",
        "{} {}",
        "{'a':1}",
        '{"a":1,}',
        "[1,]",
        "01",
        "+1",
        "0x10",
        "// comment\n{}",
        "undefined",
        "\ufeff{}",
        '"line\nfeed"',
    ],
    ids=lambda text: repr(text[:30]),
)
def test_refused(text: str) -> None:
    """What is ambiguous, no JSON or unstorable is refused with one code, as text and as bytes."""
    for body in (text, text.encode("utf-8")):
        with pytest.raises(Invalid) as refused:
            loads(body)
        assert refused.value.code == "bad_json"


@pytest.mark.parametrize(
    "body",
    [
        b"\xff",
        b'"\xc3"',
        b'"\xed\xa0\x80"',
        b'"\xc0\x80"',
        '"a"'.encode("utf-16"),
        b"\xef\xbb\xbf{}",
    ],
)
def test_other_encodings_are_refused(body: bytes) -> None:
    """Bytes that are not plain UTF-8 are refused."""
    with pytest.raises(Invalid) as refused:
        loads(body)
    assert refused.value.code == "bad_json"


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ('{"a":1,"b":[true,false,null,1.5,-0.0]}', {"a": 1, "b": [True, False, None, 1.5, 0.0]}),
        ('[{"a":1},{"a":2}]', [{"a": 1}, {"a": 2}]),
        ('"Nước mắm"', "Nước mắm"),
        ('"\\ud83d\\ude00"', "\U0001f600"),
        (nested(MAX_DEPTH - 1), None),
        (" 7 ", 7),
    ],
)
def test_accepted(text: str, value: Any) -> None:
    """Plain JSON is read as it means, down to the greatest depth."""
    for body in (text, text.encode("utf-8")):
        read = loads(body)
        assert value is None or read == value


@given(st.text() | st.binary())
def test_anything_is_read_or_refused(body: str | bytes) -> None:
    """Whatever a body holds it is read or refused with Invalid; nothing else is raised."""
    try:
        value = loads(body)
    except Invalid as error:
        assert error.code == "bad_json"
    else:
        json.dumps(value, allow_nan=False, ensure_ascii=False).encode("utf-8")


STORABLE = st.text(st.characters(exclude_characters="\x00", exclude_categories=["Cs"]))
PLAIN = (
    st.none()
    | st.booleans()
    | st.integers()
    | STORABLE
    | st.floats(allow_nan=False).filter(lambda number: abs(number) != float("inf"))
)


@given(st.dictionaries(STORABLE, PLAIN | st.lists(PLAIN)))
def test_what_any_writer_writes_is_read_the_same(value: dict[str, Any]) -> None:
    """Storable values survive the round trip through Flask's writer and our reader."""
    provider = StrictJSONProvider(Flask(__name__))
    written = provider.dumps(value)
    assert provider.loads(written) == value
    assert list(provider.loads(written.encode())) == list(value)


def test_vietnamese_is_written_in_plain_utf_8() -> None:
    """Answers hold letters, not escapes, and keep the order they were given in."""
    provider = StrictJSONProvider(Flask(__name__))
    assert provider.dumps({"b": "Hà Tĩnh", "a": 1}) == '{"b": "Hà Tĩnh", "a": 1}'
