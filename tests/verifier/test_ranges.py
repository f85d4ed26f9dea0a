"""Ranges in memory: asked by stamp, changed by acts."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from tem.vocabulary import StampState
from tem_verifier.ranges import EMPTY, Ranges

QUANTITY = 60
Row = tuple[int, int, str, str | None, str | None]
kinds = st.tuples(
    st.sampled_from([str(state) for state in StampState]),
    st.sampled_from([None, "L1", "L2"]),
    st.sampled_from([None, "2026-11-20"]),
)


@st.composite
def covers(draw: st.DrawFn, first: int = 1, last: int = QUANTITY) -> list[Row]:
    """Rows that cover ``first..last`` without a gap."""
    cuts = draw(st.sets(st.integers(first, last - 1), max_size=6)) if first < last else set()
    ends = [*sorted(cuts), last]
    starts = [first, *(end + 1 for end in ends[:-1])]
    return [(a, b, *draw(kinds)) for a, b in zip(starts, ends, strict=True)]


@st.composite
def acts(draw: st.DrawFn) -> list[list[Row]]:
    """Acts on a batch: each writes anew exactly what the rows it overlaps had covered."""
    table = draw(covers())
    history = [table]
    for _ in range(draw(st.integers(0, 6))):
        a, b = sorted(draw(st.tuples(st.integers(1, QUANTITY), st.integers(1, QUANTITY))))
        touched = [row for row in table if row[0] <= b and row[1] >= a]
        written = draw(covers(touched[0][0], touched[-1][1]))
        table = sorted([*(row for row in table if row not in touched), *written])
        history.append(table)
    return history


@given(acts())
def test_what_was_read_piece_by_piece_equals_the_whole_table(history: list[list[Row]]) -> None:
    """However many acts lie between two readings, the rows written since replace the right ones."""
    followed = Ranges.of(history[0])
    for before, after in pairwise(history):
        followed = followed.with_changes([row for row in after if row not in before])
        assert followed == Ranges.of(after)
    skipping = Ranges.of(history[0])
    written = [row for row in history[-1] if row not in history[0]]
    assert skipping.with_changes(written) == Ranges.of(history[-1])


@given(covers())
def test_every_stamp_is_found_in_its_row(table: list[Row]) -> None:
    """Each stamp has the state, lot and date of the one row that holds it; beyond there is none."""
    ranges = Ranges.of(reversed(table))
    for index in range(1, QUANTITY + 1):
        row = next(row for row in table if row[0] <= index <= row[1])
        assert ranges.at(index) == (StampState(row[2]), row[3], row[4])
    assert ranges.at(0) is ranges.at(QUANTITY + 1) is None
    assert ranges.rows() == table


def test_a_gap_is_told_from_a_stamp() -> None:
    """A stamp that no row holds is nowhere, and an empty batch has none at all."""
    ranges = Ranges.of([(1, 5, "issued", None, None), (9, 12, "void", None, None)])
    assert [ranges.at(index) is None for index in (5, 6, 8, 9)] == [False, True, True, False]
    assert ranges.meets(5, 6) and ranges.meets(6, 9) and not ranges.meets(6, 8)
    assert EMPTY.at(1) is None and EMPTY.with_changes(ranges.rows()) == ranges
