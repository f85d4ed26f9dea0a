"""What people wrote stays text, whatever it is, and links lead where they may."""

import re
from html import unescape
from typing import Any

import pytest
from tests.verifier.page_reading import (
    FULL,
    PAGES,
    PATH,
    TITLES,
    Structure,
    answer,
    bare,
    outward,
    read,
)

from tem.language import LANGUAGES
from tem.vocabulary import Note
from tem_verifier.pieces import Hole, Pieces

UNWELCOME = re.compile("[\u202a-\u202e\u2066-\u2069\u200f\x00\ud800-\udfff\ufdd0-\ufdef\uffff]")
HOSTILE = [
    "<script>alert(1)</script>",
    "\"' onmouseover=alert(1) x='",
    "</title></bdi><img src=x onerror=alert(1)>",
    "{{ 7*7 }} {% raw %} {lot_code} {0.__class__} %s",
    "W" * 4000,
    "🐟🦐👩‍👩‍👧‍👦 tươi",
    "abc\u202egnaoh\u2069\u2066 \u200f\x00\ud800 xyz",
    "\u202e\ufdd0CODE\ufdd1 \ufdd0lot_code\ufdd1 \ufdd0sections\ufdd1 \ufdd0none\ufdd1 \uffff",
]
# A mark that is put together from what is left once something is taken out.
NESTED = "\ufdd0\ufdd0\u202eCO\x00DE\ufdd1\ufdd1"


def poisoned(part: Any, text: str) -> Any:
    """The same answer with ``text`` in place of every string that a person wrote."""
    fixed = {"date_kind", "production_date_kind"}
    if isinstance(part, dict):
        return {k: v if k in fixed else poisoned(v, text) for k, v in part.items()}
    if isinstance(part, list):
        return [poisoned(one, text) for one in part]
    return text if isinstance(part, str) else part


def hostile(verdict: str, text: str) -> dict[str, Any]:
    """An answer with every note, in which people wrote ``text`` everywhere."""
    fixed = ("verdict", "notes", "reason", "as_of", "stamp")
    asked = {k: v if k in fixed else poisoned(v, text) for k, v in FULL.items()}
    return asked | {"verdict": verdict, "notes": [str(note) for note in Note]}


@pytest.mark.parametrize("text", HOSTILE)
@pytest.mark.parametrize("verdict", TITLES)
def test_whatever_people_wrote_stays_text(verdict: str, text: str) -> None:
    """Marks, quotes, templates, bidi controls and half surrogates end as harmless words."""
    html = PAGES.render(hostile(verdict, text), "en", "/s/" + text)
    calm = Structure(PAGES.render(answer(verdict), "en", PATH))
    structure = Structure(html)
    html.encode("utf-8")
    assert not re.search(
        "[\u202a-\u202e\u2066-\u2069\u200f\x00\ud800-\udfff\ufdd0-\ufdef\uffff]", html
    )
    assert {tag for tag, _ in structure.tags} <= {tag for tag, _ in calm.tags} | {"li", "ul", "h2"}
    assert not [name for _, attrs in structure.tags for name in attrs if name.startswith("on")]
    assert "49" not in read(html)
    if verdict == "OK" and "\u202e" not in text:
        assert text in unescape(html)


def holes_in(pieces: Pieces) -> list[Hole]:
    """The holes in their order."""
    return [piece for piece in pieces if isinstance(piece, Hole)]


@pytest.mark.parametrize("text", [HOSTILE[-1], NESTED, "\ufdd0CODE\ufdd1"])
@pytest.mark.parametrize("verdict", TITLES)
def test_no_value_makes_a_hole_or_closes_one(verdict: str, text: str) -> None:
    """The marks of our templates are taken out of what people wrote: the same holes in the same
    order as with harmless words, and nothing put in where a name of ours was written."""
    for lang in LANGUAGES:
        asked = hostile(verdict, text)
        pieces, calm = PAGES.pieces(asked, lang), PAGES.pieces(hostile(verdict, "A"), lang)
        assert [p for p in pieces if isinstance(p, Hole)] == [
            p for p in calm if isinstance(p, Hole)
        ]
        told = b"".join(piece for piece in pieces if isinstance(piece, bytes))
        assert not re.search("[\ufdd0-\ufdef\uffff]", told.decode())


@pytest.mark.parametrize(
    ("website", "linked"),
    [
        ("https://songlam.example", True),
        ("HTTP://songlam.example/a?b=c", True),
        ("javascript:alert(1)", False),
        ("java\nscript:alert(1)", False),
        (" data:text/html,x", False),
        ("//songlam.example", False),
        ("songlam.example", False),
        ("https://a b", False),
        ("https://", False),
    ],
)
def test_producers_site_is_a_link_only_over_http(website: str, linked: bool) -> None:
    """Any other scheme is shown as text; a link tells the other side nothing of this page."""
    asked = bare("OK", producer={"name": "A", "website": website})
    links = outward(PAGES.render(asked, "vi", PATH))
    rel = "noopener nofollow noreferrer"
    assert links == ([{"href": website, "rel": rel}] if linked else [])
    assert website.strip() in unescape(PAGES.render(asked, "vi", PATH))


def test_values_in_attributes_and_numbers_are_escaped_too() -> None:
    """A quote ends no attribute, and a coordinate that is no number is only words."""
    website = 'https://a"onmouseover=alert(1)//'
    gps = {"lat": "<b>1</b>", "lon": "<i>"}
    asked = bare(
        "OK", producer={"website": website, "gps": gps}, points_of_sale=[{"name": "A", "gps": gps}]
    )
    html = PAGES.render(asked, "vi", PATH)
    (link,) = outward(html)
    assert link == {"href": website, "rel": "noopener nofollow noreferrer"}
    assert "<b>" not in html
    assert "<i>" not in html
