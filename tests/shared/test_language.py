"""Which language a page is written in."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tem.language import LANGUAGES, Lang, choose_language


@pytest.mark.parametrize(
    ("query", "header", "expected"),
    [
        (None, None, "vi"),
        ("en", "vi", "en"),
        ("VI", "en", "vi"),
        ("fr", "en", "en"),
        ("", "en-GB", "en"),
        (None, "en-US,en;q=0.9,vi;q=0.8", "en"),
        (None, "vi-VN,vi;q=0.9,en;q=0.8", "vi"),
        (None, "en-US, vi;q=0.5", "en"),
        (None, "fr, en;q=0.3, vi;q=0.7", "vi"),
        (None, "de-DE, en ; q=0.1", "en"),
        (None, "de, fr;q=0.9, *;q=0.1", "vi"),
        (None, "en;q=0", "vi"),
        (None, "en;q=nan, vi;q=0.001", "vi"),
        (None, "en;q=1e9, vi;q=0.1", "vi"),
        (None, "en;q=٠.٩", "vi"),
        (None, "english", "vi"),
        (None, ",;=,;q=,q=1;en", "vi"),
    ],
)
def test_language_choice(query: str | None, header: str | None, expected: Lang) -> None:
    """The query decides, then the weights of the header, then Vietnamese."""
    assert choose_language(query, header) == expected


@given(
    st.none() | st.text(),
    st.none()
    | st.text()
    | st.lists(st.sampled_from(["en", "vi", "*", ";", "q=", "0.5", ",", "-", " ", "\x00"])).map(
        "".join
    ),
)
def test_any_query_and_header_give_a_language(query: str | None, header: str | None) -> None:
    """Garbage in either place is answered, never refused."""
    assert choose_language(query, header) in LANGUAGES
