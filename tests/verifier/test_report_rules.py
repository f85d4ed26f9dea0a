"""What is read out of a report's form, and what is wrong with it."""

from datetime import date
from typing import Any

import pytest

from tem_verifier.reports.report_rules import (
    KINDS,
    LONGEST_PLACE,
    LONGEST_TEXT,
    MOST_A_DAY,
    MOST_UNNAMED,
    Draft,
    draft_of,
    faults_of,
    is_full,
    is_number,
    number_of,
)

TOKEN = "0123456789abcdef" * 2
WHOLE = Draft(kind="mismatch", text="Lô khác", token=TOKEN)


@pytest.mark.parametrize(
    ("fields", "read"),
    [
        ({}, {}),
        ({"kind": "tampered"}, {"kind": "tampered"}),
        ({"kind": "sold"}, {}),
        ({"text": " a\r\nb\rc \x00\u202e"}, {"text": "a\nb\nc"}),
        ({"text": "Ha\u0300 Tĩnh"}, {"text": "Hà Tĩnh"}),
        ({"place": " Chợ\nHà  Tĩnh\x00 "}, {"place": "Chợ Hà Tĩnh"}),
        ({"token": TOKEN}, {"token": TOKEN}),
        ({"token": TOKEN.upper()}, {}),
        ({"token": TOKEN + "\n"}, {}),
        ({"found": "UNKNOWN"}, {"found": "UNKNOWN"}),
        ({"found": "OK"}, {}),
        ({"lat": "18.34321", "lng": "105.90555"}, {"position": (18.343, 105.906)}),
        ({"lat": "-90", "lng": "180"}, {"position": (-90.0, 180.0)}),
        ({"lat": "90.1", "lng": "105"}, {}),
        ({"lat": "18", "lng": "181"}, {}),
        ({"lat": "18"}, {}),
        ({"lat": "nan", "lng": "inf"}, {}),
        ({"lat": "1e1", "lng": "1"}, {}),
        ({"lat": "١٨", "lng": "1"}, {}),
    ],
)
def test_a_form_is_read_and_what_nobody_could_choose_is_left_out(
    fields: dict[str, str], read: dict[str, Any]
) -> None:
    """Line ends and accents have one spelling, places are rounded, nothing disturbs the page."""
    assert draft_of(fields) == Draft(**read)


@pytest.mark.parametrize(
    ("draft", "faults"),
    [
        (WHOLE, {}),
        (Draft(kind="mismatch", token=TOKEN), {}),
        (Draft(), {"kind": "kind_missing", "token": "token_missing"}),
        (Draft(kind="other", token=TOKEN), {"text": "text_missing"}),
        (Draft(kind="other", text="x", token=TOKEN), {}),
        (Draft(kind="goods", text="ă" * LONGEST_TEXT, token=TOKEN), {}),
        (
            Draft(kind="goods", text="ă" * (LONGEST_TEXT + 1), token=TOKEN),
            {"text": "text_too_long"},
        ),
        (Draft(kind="goods", place="x" * LONGEST_PLACE, token=TOKEN), {}),
        (
            Draft(kind="goods", place="x" * (LONGEST_PLACE + 1), token=TOKEN),
            {"place": "place_too_long"},
        ),
    ],
)
def test_each_fault_stands_at_its_field(draft: Draft, faults: dict[str, str]) -> None:
    """Only what is "other" needs words; everything but the kind is optional."""
    assert faults_of(draft) == faults


def test_a_number_names_the_day_and_tells_no_volume() -> None:
    """Six digits of the day and five letters that nobody mistakes for another."""
    assert number_of(date(2026, 11, 2), 0) == "261102-00000"
    assert number_of(date(2026, 11, 2), 2**25 - 1) == "261102-ZZZZZ"
    assert number_of(date(2026, 11, 2), 1) == "261102-10000"
    assert all(is_number(number_of(date(2026, 1, 1), chance)) for chance in range(0, 2**25, 99_991))
    wrong = ("", "261102-0000", "261102-0000I", "261102-0000O", "261102-00000\n", "x61102-00000")
    assert not [text for text in wrong if is_number(text)]


def test_kinds_fit_their_column_and_are_no_two_the_same() -> None:
    """Their names go over the wire and into tables."""
    assert len(set(KINDS)) == len(KINDS)
    assert all(kind.isascii() and len(kind) <= 20 for kind in KINDS)


@pytest.mark.parametrize(
    ("taken", "unnamed", "full_for_stamp", "full_for_none"),
    [
        (0, 0, False, False),
        (MOST_UNNAMED, 0, False, False),
        (MOST_UNNAMED, MOST_UNNAMED - 1, False, False),
        (MOST_UNNAMED, MOST_UNNAMED, False, True),
        (MOST_A_DAY - 1, MOST_UNNAMED, False, True),
        (MOST_A_DAY, 0, True, True),
    ],
)
def test_part_of_a_day_is_kept_for_who_holds_a_stamp(
    taken: int, unnamed: int, full_for_stamp: bool, full_for_none: bool
) -> None:
    """Reports that anybody can send fill seven tenths of what can be read, and no more."""
    assert is_full(taken, unnamed, names_stamp=True) is full_for_stamp
    assert is_full(taken, unnamed, names_stamp=False) is full_for_none
