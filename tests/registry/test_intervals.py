"""The algebra of ranges, against the plainest oracle there is: one entry for each stamp."""

from dataclasses import replace
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tem.vocabulary import StampState
from tem_registry.intervals import Interval, change, clip, cover_faults, joined

QUANTITY = 30
PLAIN = Interval(1, QUANTITY, StampState.ISSUED)
Fate = tuple[StampState, str | None, str | None, date | None]

numbers = st.integers(1, QUANTITY)
ranges = st.tuples(numbers, numbers).map(lambda pair: (min(pair), max(pair)))
fates = st.tuples(
    st.sampled_from(list(StampState)),
    st.sampled_from([None, "L1", "L2"]),
    st.sampled_from([None, "misprint"]),
    st.sampled_from([None, date(2026, 1, 31)]),
)


def per_stamp(intervals: list[Interval]) -> dict[int, Fate]:
    """What each single stamp has become."""
    return {
        number: (one.state, one.lot_id, one.reason, one.revoked_on)
        for one in intervals
        for number in range(one.first, one.last + 1)
    }


def become(fate: Fate, part: Interval) -> Interval:
    state, lot_id, reason, revoked_on = fate
    return replace(part, state=state, lot_id=lot_id, reason=reason, revoked_on=revoked_on)


@given(st.lists(st.tuples(ranges, fates), max_size=25))
def test_acts_on_ranges_are_acts_on_each_stamp(acts: list[tuple[tuple[int, int], Fate]]) -> None:
    """After any acts the intervals say of each stamp what a table of stamps would say."""
    intervals = [PLAIN]
    stamps = per_stamp(intervals)
    for (first, last), fate in acts:
        intervals = change(intervals, first, last, lambda part, fate=fate: become(fate, part))
        stamps |= dict.fromkeys(range(first, last + 1), fate)
        assert per_stamp(intervals) == stamps
        assert cover_faults(intervals, QUANTITY) == []
        assert sum(one.stamps for one in intervals) == QUANTITY
        assert joined(intervals) == intervals, "neighbours that are alike were left apart"


@given(st.lists(st.tuples(ranges, fates), max_size=10), ranges)
def test_a_clip_keeps_what_lies_within(
    acts: list[tuple[tuple[int, int], Fate]], within: tuple[int, int]
) -> None:
    """Clipping cuts at both ends and changes nothing else."""
    intervals = [PLAIN]
    for (first, last), fate in acts:
        intervals = change(intervals, first, last, lambda part, fate=fate: become(fate, part))
    wanted = {n: f for n, f in per_stamp(intervals).items() if within[0] <= n <= within[1]}
    assert per_stamp(clip(intervals, *within)) == wanted


def test_an_act_sees_the_parts_it_touches_and_no_others() -> None:
    """The act is asked once for each part within the range, cut to it."""
    seen: list[Interval] = []

    def act(part: Interval) -> Interval:
        seen.append(part)
        return replace(part, state=StampState.VOID)

    before = [Interval(1, 10, StampState.ISSUED), Interval(11, 20, StampState.DELIVERED)]
    change(before, 8, 12, act)
    assert seen == [Interval(8, 10, StampState.ISSUED), Interval(11, 12, StampState.DELIVERED)]


def test_a_part_of_a_batch_can_be_changed_alone() -> None:
    """Given only the rows around a range, the result covers exactly those rows."""
    rows = [Interval(5, 9, StampState.DELIVERED), Interval(10, 20, StampState.VOID)]
    after = change(rows, 7, 9, lambda part: replace(part, state=StampState.VOID))
    assert after == [Interval(5, 6, StampState.DELIVERED), Interval(7, 20, StampState.VOID)]


@pytest.mark.parametrize(
    ("intervals", "fault"),
    [
        ([], "do not reach"),
        ([Interval(2, 30, StampState.ISSUED)], "do not reach"),
        ([Interval(1, 29, StampState.ISSUED)], "do not reach"),
        ([Interval(1, 10, StampState.VOID), Interval(12, 30, StampState.VOID)], "a gap"),
        ([Interval(1, 10, StampState.VOID), Interval(10, 30, StampState.VOID)], "an overlap"),
        (
            [
                Interval(1, 10, StampState.VOID),
                Interval(11, 9, StampState.VOID),
                Interval(10, 30, StampState.VOID),
            ],
            "11..9 is empty",
        ),
    ],
)
def test_a_broken_cover_is_named(intervals: list[Interval], fault: str) -> None:
    """Gaps, overlaps and missing ends of a batch are told in words."""
    assert any(fault in said for said in cover_faults(intervals, QUANTITY))
