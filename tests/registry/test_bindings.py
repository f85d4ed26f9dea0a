"""The log of bindings, played, against a table of single stamps."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tem_registry.stamps.bindings import Binding, clip, play

START = datetime(2026, 11, 1, tzinfo=UTC)
numbers = st.integers(1, 30)
ranges = st.tuples(numbers, numbers).map(lambda pair: (min(pair), max(pair)))
entries = st.tuples(ranges, st.sampled_from(["L1", "L2", None]), st.booleans())


@given(st.lists(entries, max_size=25))
def test_a_log_played_is_a_table_of_stamps(
    log: list[tuple[tuple[int, int], str | None, bool]],
) -> None:
    """Each stamp has the lot and the instant of the last entry that touches it; an entry that
    activates tied stamps, or corrects untied ones, is a fault."""
    single: dict[int, tuple[str | None, datetime]] = {}
    made, faults = [], 0
    for turn, ((first, last), lot, corrects) in enumerate(log):
        entry = Binding(first, last, lot, START + timedelta(hours=turn), corrects)
        tied = [i in single and single[i][0] is not None for i in range(first, last + 1)]
        faults += not all(tied) if corrects else any(tied)
        single |= dict.fromkeys(range(first, last + 1), (lot, entry.at))
        made.append(entry)
    played = play(made)
    found = {i: (b.lot_id, b.at) for b in played.bindings for i in range(b.first, b.last + 1)}
    assert found == single
    assert len(played.faults) == faults
    firsts = [one.first for one in played.bindings]
    assert firsts == sorted(firsts)
    assert sum(b.last - b.first + 1 for b in played.bindings) == len(single), "none overlap"


@pytest.mark.parametrize(
    ("first", "last", "wanted"),
    [(1, 4, []), (5, 5, [(5, 5)]), (1, 30, [(5, 9)]), (7, 8, [(7, 8)]), (9, 12, [(9, 9)])],
)
def test_a_part_of_a_log(first: int, last: int, wanted: list[tuple[int, int]]) -> None:
    """Clipped to a range, an entry keeps what lies within it."""
    found = clip([Binding(5, 9, "L1", START)], first, last)
    assert [(one.first, one.last) for one in found] == wanted


def test_a_contradiction_is_told_in_words() -> None:
    """The fault names the range, the lot, and what cannot have happened."""
    log = [Binding(1, 10, "L1", START), Binding(10, 12, "L2", START)]
    assert play(log).faults == ["10..12, tied to L2, was activated before"]
    assert play([Binding(1, 2, None, START, True)]).faults == [
        "1..2, tied to None, corrects what was not activated"
    ]
