"""What producers type and what is proposed to them: rules of the activation pages."""

import pytest

from tem_registry.portal.my.foresight import MOST_PROPOSED, parts_to_propose
from tem_registry.portal.my.pages_home import stamps_left
from tem_registry.portal.stamp_states import counts
from tem_registry.portal.typed_range import as_printed

TYPED = {
    "12-345-27": "12-345-27",
    " 012 345 27 ": "12-345-27",
    "12.345.27": "12-345-27",
    "12\u2013345\u221227": "12-345-27",
    "\uff112-0345-27": "12-345-27",
    "12-345": "12-345",
    "": "",
    "1-2-3-4": "1-2-3-4",
}


def test_a_typed_serial_has_one_spelling() -> None:
    """Dashes, blanks, stops, wide digits and leading zeros do not matter; the rest stays odd."""
    assert {text: as_printed(text) for text in TYPED} == TYPED


@pytest.mark.parametrize(
    ("good", "room", "proposed"),
    [
        ([(1, 3), (10, 30)], 100, [(10, 30), (1, 3)]),
        ([(1, 3), (10, 30)], 5, [(10, 14), (1, 3)]),
        ([(5, 6), (1, 2)], 9, [(1, 2), (5, 6)]),
        ([(1, 3)], 0, []),
        ([], 9, []),
        ([(n, n) for n in range(9)], 9, [(n, n) for n in range(MOST_PROPOSED)]),
    ],
)
def test_the_largest_good_parts_are_proposed(
    good: list[tuple[int, int]], room: int, proposed: list[tuple[int, int]]
) -> None:
    """The largest first, never more stamps than the lot has units left, only a few."""
    assert parts_to_propose(good, room) == proposed


def test_stamps_are_counted_by_state_and_product() -> None:
    """Ranges add up to their stamps; batches add up to their product's."""
    ranges = [
        {"first": 1, "last": 10, "state": "activated"},
        {"first": 11, "last": 11, "state": "void"},
        {"first": 12, "last": 20, "state": "activated"},
    ]
    assert counts(ranges) == {
        **dict.fromkeys(("issued", "delivered", "revoked"), 0),
        "activated": 19,
        "void": 1,
    }
    batches = [
        {"product_id": "A", "counts": {"delivered": 5, "issued": 0, "void": 9}},
        {"product_id": "A", "counts": {"delivered": 1, "issued": 7, "void": 0}},
    ]
    assert stamps_left(batches) == {"A": {"delivered": 6, "issued": 7}}
