"""Tags and comments that take a parser longer than they take to send are told beforehand."""

import pytest

from tem_registry.importing.sheet_tokens import MOST_BYTES, MOST_REMARKS, is_laborious

LONG = b"a" * MOST_BYTES
ANGLES = b">" * MOST_BYTES


@pytest.mark.parametrize(
    ("xml", "laborious"),
    [
        (b"", False),
        (b"<a><b c='1'/>text</a>", False),
        (b'<?xml version="1.0"?><!-- a program wrote this --><a/>', False),
        # A cell's text may be as long as it likes.
        (b"<a>" + LONG * 3 + b"</a>", False),
        (b"<a b='>'>" + b"\"'>" * MOST_BYTES + b"</a>", False),
        (b"<a>" + b"&amp;&lt;" * MOST_BYTES + b"</a>", False),
        (b"<" + LONG + b">", True),
        (b"<a " + LONG, True),
        (b"<a b='" + ANGLES + b"'/>", True),
        (b'<a b="' + ANGLES + b'"/>', True),
        (b"<a " + b"b='' " * MOST_BYTES + b"/>", True),
        (b"<a></a" + b" " * MOST_BYTES + b">", True),
        (b"<!--" + LONG + b"-->", True),
        (b"<!--" + b"<" * MOST_BYTES + b"-->", True),
        (b"<?a " + LONG + b"?>", True),
        (b"<![CDATA[<!-->]]><!-->" + LONG + b"-->", True),
        (b"<!-- never ended", True),
        (b"<!---->" * MOST_REMARKS, False),
        (b"<!---->" * (MOST_REMARKS + 1), True),
        (b"<a>&" + LONG + b";</a>", True),
    ],
)
def test_long_tokens_are_told_from_long_texts(xml: bytes, laborious: bool) -> None:
    """A tag, a comment or an entity has a bound, wherever quotes and angles stand in it."""
    assert is_laborious(xml) is laborious
