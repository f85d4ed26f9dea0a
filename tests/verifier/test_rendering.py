"""Answers in pieces: the bytes of the slow path, and what stamps share."""

import json
import math
from dataclasses import replace
from datetime import timedelta
from itertools import pairwise
from typing import Any

import pytest
from flask import Flask
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.shared.cards import AS_OF, GOOD, NOW, SHOWN, lot, product, recall, shop

from tem.answer import Subject, answer, holds_until, plain
from tem.http.strictjson import StrictJSONProvider
from tem.stampcode import serial
from tem.verdict import MALFORMED, UNAVAILABLE, UNKNOWN, Ruling
from tem.vocabulary import Verdict
from tem_verifier.pages import Pages
from tem_verifier.rendering import Hole, Renderer, fill, json_pieces

CODE = "0123456789" * 17 + "0123"
RENDERER = Renderer("0239 000 000")
PAGES = Pages("0239 000 000")
# What the holes of GOOD's own answers hold.
HOLES = [
    b"2026-11-20T01:59:57Z",
    b"20/11/2026 08:59",
    b'{"batch":7,"index":3}',
    serial(7, 3).encode(),
    CODE.encode(),
]
APP = Flask("any")
JSON = StrictJSONProvider(APP)
SUBJECTS = [row[0] for row in SHOWN]
PLAIN = [(MALFORMED, 200), (UNKNOWN, 200), (UNAVAILABLE, 503)]


def jsonified(told: dict[str, Any]) -> bytes:
    """What a view of Flask's answers with."""
    found: bytes = JSON.response(told).data
    return found


@pytest.mark.parametrize("subject", SUBJECTS, ids=[str(row[1]) for row in SHOWN])
def test_filled_pieces_are_the_bytes_of_the_slow_path(subject: Subject) -> None:
    """JSON and both pages, for every verdict and with the note that only the verifier knows."""
    for asked in (subject, replace(subject, scanned_often=True)):
        told = answer(asked, NOW, AS_OF)
        found = RENDERER.render(asked, NOW, AS_OF)
        assert fill(found.json, HOLES) == jsonified(told)
        assert fill(found.vi, HOLES).decode() == PAGES.render(told, "vi", f"/s/{CODE}")
        assert fill(found.en, HOLES).decode() == PAGES.render(told, "en", f"/s/{CODE}")
        assert (found.verdict, found.status) == (told["verdict"], 200)


@pytest.mark.parametrize(("ruling", "status"), PLAIN)
def test_answers_about_no_stamp_hold_for_ever(ruling: Ruling, status: int) -> None:
    """They are rendered once, and only what was not looked up is an error of ours."""
    told, found = plain(ruling, AS_OF), RENDERER.plain(ruling)
    assert fill(found.json, HOLES) == jsonified(told)
    assert fill(found.vi, HOLES).decode() == PAGES.render(told, "vi", f"/s/{CODE}")
    assert fill(found.en, HOLES).decode() == PAGES.render(told, "en", f"/s/{CODE}")
    assert (found.verdict, found.status, found.holds_until) == (ruling.verdict, status, math.inf)


def test_the_moment_and_the_stamp_itself_are_holes() -> None:
    """The same answer serves another stamp of the range and another reading of the record."""
    other = replace(GOOD, batch=9, index=16_000_000)
    later = NOW + timedelta(seconds=30)
    assert RENDERER.render(other, NOW, later) == RENDERER.render(GOOD, NOW, AS_OF)
    assert {piece for piece in RENDERER.render(GOOD, NOW, AS_OF).vi if isinstance(piece, Hole)} == {
        Hole.AS_OF,
        Hole.MOMENT,
        Hole.SERIAL,
        Hole.CODE,
    }


@pytest.mark.parametrize("subject", SUBJECTS)
def test_each_part_of_the_json_is_a_piece_of_its_own(subject: Subject) -> None:
    """What other answers share can be kept once: no piece holds two parts, none is empty."""
    told = answer(subject, NOW, AS_OF)
    pieces = json_pieces(told)
    for part in ("product", "producer", "lot", "certificate", "points_of_sale", "recall"):
        alone = json.dumps(told.get(part), ensure_ascii=False, separators=(",", ":"))
        assert (f',"{part}":{alone}'.encode() in pieces) == (part in told)
    assert b"" not in pieces
    assert (b'"as_of":"' in pieces[0], pieces[1]) == (True, Hole.AS_OF)  # type: ignore[operator]
    assert not any(isinstance(a, Hole) and isinstance(b, Hole) for a, b in pairwise(pieces))


text = st.text(st.characters(exclude_categories=["Cs"]))


@settings(max_examples=40, deadline=None)
@given(st.dictionaries(text, text | st.none() | st.integers() | st.floats() | st.lists(text)), text)
def test_json_is_what_flask_writes_whatever_the_cards_hold(words: Any, reason: str) -> None:
    """Quotes, line separators, marks of ours, odd numbers: byte by byte the same."""
    told = answer(replace(GOOD, product=product(**{**words, **product()})), NOW, AS_OF)
    told["reason"] = reason
    assert fill(json_pieces(told), HOLES) == jsonified(told)


def test_text_that_is_not_unicode_is_a_hole_in_the_publication() -> None:
    """It is refused as other cards that no answer can be made of, not answered in half."""
    with pytest.raises(ValueError, match="surrogates"):
        RENDERER.render(replace(GOOD, product=product(name="\ud800")), NOW, AS_OF)
    with pytest.raises(LookupError):
        RENDERER.render(replace(GOOD, lot={}), NOW, AS_OF)


@pytest.mark.parametrize("subject", SUBJECTS)
def test_an_answer_says_until_when_it_holds(subject: Subject) -> None:
    """In seconds since 1970, as the rule for its subject says; for ever where there is none."""
    until = holds_until(subject, NOW)
    expected = math.inf if until is None else until.timestamp()
    assert RENDERER.render(subject, NOW, AS_OF).holds_until == expected


def test_what_was_rendered_before_makes_no_difference() -> None:
    """A renderer that has forgotten all, or saw other cards first, gives the same bytes."""
    fresh, forgetful = Renderer("0239 000 000"), Renderer("0239 000 000", kept=0)
    others = [
        replace(GOOD, product=product(name="Khác"), lot=lot(code="X", precision="month")),
        replace(GOOD, lot=lot(recalls=[recall(ordered_by="Khác")])),
        replace(GOOD, points_of_sale={"HT-DB01": shop(name="Khác")}),
    ]
    for subject in (*others, *reversed(SUBJECTS)):
        assert fresh.render(subject, NOW, AS_OF) == forgetful.render(subject, NOW, AS_OF)


def test_a_section_is_rendered_once_for_all_lots_of_a_product() -> None:
    """The very same bytes are used again, so that rendering very many lots is cheap."""
    renderer = Renderer()
    first = renderer.render(GOOD, NOW, AS_OF).vi
    second = renderer.render(replace(GOOD, lot=lot(code="L-OTHER")), NOW, AS_OF).vi
    sections = [p for p in first if isinstance(p, bytes) and p.startswith(b"<section")]
    assert len([s for s in sections if any(s is again for again in second)]) >= 4


def test_the_fingerprint_names_all_that_is_not_in_the_record() -> None:
    """The same in every process of one version, another one beside another contact, and
    in a sandbox."""
    assert RENDERER.fingerprint == Renderer("0239 000 000", kept=1).fingerprint
    assert RENDERER.fingerprint != Renderer("0239 000 001").fingerprint
    assert RENDERER.fingerprint != Renderer("0239 000 000", is_sandbox=True).fingerprint
    assert len(bytes.fromhex(RENDERER.fingerprint)) == 32


def test_the_table_of_subjects_has_every_verdict_about_one() -> None:
    """No verdict escapes the comparison with the slow path."""
    plainly = {str(ruling.verdict) for ruling, _ in PLAIN}
    assert {str(row[1]) for row in SHOWN} | plainly == {str(verdict) for verdict in Verdict}
