"""What the office's pages of stamps work out themselves: the bar of a batch, numbers as typed."""

from typing import Any

import pytest

from tem.errors import Invalid
from tem.stampcode import serial
from tem_registry.portal import stamp_states
from tem_registry.portal.forms import Form
from tem_registry.portal.office import print_forms, range_bar, range_forms


def ranges(*parts: tuple[int, int, str]) -> list[dict[str, Any]]:
    return [{"first": first, "last": last, "state": state} for first, last, state in parts]


def test_a_bar_shows_every_part_in_its_place() -> None:
    """Parts are as wide as their share; lots side by side are one piece of the bar."""
    found = range_bar.pieces(
        ranges((1, 50, "activated"), (51, 75, "activated"), (76, 100, "delivered")), 100
    )
    assert [(one.state, one.x, one.width) for one in found] == [
        ("activated", 0, 75),
        ("delivered", 75, 25),
    ]


def test_one_stamp_of_many_is_still_seen() -> None:
    """The narrowest piece comes last, on top, and never ends beyond the bar."""
    found = range_bar.pieces(ranges((1, 99_999, "delivered"), (100_000, 100_000, "void")), 100_000)
    assert found[-1].state == "void" and found[-1].width >= 0.2
    assert found[-1].x + found[-1].width <= 100


def test_a_bar_of_thousands_of_parts_stays_small() -> None:
    """What would be drawn at the same place and looks the same is drawn once."""
    states = ("activated", "void")
    parts = ranges(*((n, n, states[n % 2]) for n in range(1, 20_001)))
    assert len(range_bar.pieces(parts, 20_000)) <= 2 * 500 + 2
    assert stamp_states.counts(parts) == {
        "issued": 0,
        "delivered": 0,
        "activated": 10_000,
        "void": 10_000,
        "revoked": 0,
    }


@pytest.mark.parametrize(
    ("typed", "index"),
    [("7", 7), ("1.000", 1000), ("1,000", 1000), (serial(12, 345), 345), ("12 – 345 – 55", None)],
)
def test_a_stamp_as_it_is_typed(typed: str, index: int | None) -> None:
    """A number with its thousands apart, or a serial of this batch; a wrong digit is told."""
    if index is None:
        with pytest.raises(Invalid, match="check digits"):
            print_forms.stamp(typed, 12)
    else:
        assert print_forms.stamp(typed, 12) == index


@pytest.mark.parametrize(
    ("typed", "code"),
    [("", "range_not_readable"), ("0", "range_not_readable"), (serial(13, 1), "other_batch")],
)
def test_what_names_no_stamp_of_the_batch(typed: str, code: str) -> None:
    """Each is told by its code."""
    with pytest.raises(Invalid) as refused:
        print_forms.stamp(typed, 12)
    assert refused.value.code == code


def test_spoiled_stamps_as_people_list_them() -> None:
    """A range a line or after a comma, with any dash; anything else is named."""
    assert print_forms.spoiled("1.099-1.100\n 7, 8–9\n") == [
        {"first": 1099, "last": 1100},
        {"first": 7, "last": 7},
        {"first": 8, "last": 9},
    ]
    with pytest.raises(Invalid) as refused:
        print_forms.spoiled("khoảng chục tem")
    assert refused.value.extra["line"] == "khoảng chục tem"


@pytest.mark.parametrize(
    ("values", "path", "query"),
    [
        ({"file": "csv"}, "/v1/batches/12/codes.csv", {}),
        (
            {"file": "pdf:1-10000", "size": "20,5", "template": "9x8"},
            "/v1/batches/12/sheet.pdf",
            {"first": "1", "last": "10000", "size": "20.5", "template": "9x8"},
        ),
        (
            {"file": "pdf", "first": "3", "last": serial(12, 4)},
            "/v1/batches/12/sheet.pdf",
            {"first": "3", "last": "4"},
        ),
    ],
)
def test_the_file_that_a_button_asks_for(
    values: dict[str, str], path: str, query: dict[str, str]
) -> None:
    """The issuer's call; what a button or a field says never becomes another path."""
    assert print_forms.wanted(Form("vi", values, "key"), 12) == (path, query)


@pytest.mark.parametrize(
    ("typed", "sent"),
    [("20/11/2026", "2026-11-20"), ("2.1.2026", "2026-01-02"), ("hôm qua", "hôm qua")],
)
def test_a_day_as_vietnam_writes_it(typed: str, sent: str) -> None:
    """Day, month, year; what is no day is left to the API, which says so."""
    values = {"printed": "1.000", "printed_on": typed}
    body = print_forms.run_body(Form("vi", values, "key"))
    assert body == {"printed": 1000, "printed_on": sent, "spoiled": []}


def test_a_batch_in_files_of_ten_thousand() -> None:
    """The last file is what is left."""
    assert print_forms.parts(25_000) == [(1, 10_000), (10_001, 20_000), (20_001, 25_000)]
    assert print_forms.parts(10_000) == [(1, 10_000)]


@pytest.mark.parametrize(
    ("stops", "rest"),
    [
        ([], [(1, 100)]),
        ([(96, 100)], [(1, 95)]),
        ([(1, 10), (50, 50)], [(11, 49), (51, 100)]),
        ([(1, 100)], []),
        ([(40, 60), (40, 60)], [(1, 39), (61, 100)]),
    ],
)
def test_what_is_left_of_a_range(stops: list[tuple[int, int]], rest: list[tuple[int, int]]) -> None:
    """The parts that nothing refuses are offered; a refusal of the whole leaves none."""
    refused = [{"first": first, "last": last} for first, last in stops]
    assert range_forms.left_over(1, 100, refused) == rest
    assert range_forms.left_over(1, 100, [*refused, {"code": "no_such_lot"}]) == []
