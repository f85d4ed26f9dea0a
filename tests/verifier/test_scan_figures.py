"""Figures of scans out of the verifier's database: by the day, of ranges, of stamps lately."""

from datetime import UTC, date, datetime, timedelta

import pytest
from sqlalchemy import Engine

from tem.databases.database import reading, writing
from tem.errors import Invalid
from tem_verifier import scan_counts, scan_figures, scan_upkeep
from tem_verifier.parcels import Parcel
from tem_verifier.scan_figures import RangeScans, StampRange
from tem_verifier.scans_noticed import StampScans
from tem_verifier.stamps_scanned import Rules, Scan

NOW = datetime(2026, 11, 20, 2, 0, tzinfo=UTC)  # 09:00 in Vietnam
TODAY = date(2026, 11, 20)
YESTERDAY, LONG_AGO = TODAY - timedelta(days=1), TODAY - timedelta(days=95)
RULES = Rules(often=10, origins=0, days=90)
# (batch, index, day): scans; those of long ago are folded into totals.
COUNTS = {
    (1, 5, TODAY): 3,
    (1, 5, YESTERDAY): 1,
    (1, 9, LONG_AGO): 7,
    (1, 9, YESTERDAY): 2,
    (2, 1, LONG_AGO): 4,
    (2, 2**24 - 1, TODAY): 1,
    (2**32 - 1, 1, TODAY): 6,
}


@pytest.fixture(name="store")
def counted(own_store: Engine) -> Engine:
    """A store into which these were counted, and tidied."""
    rows = {Scan(batch, index, day.toordinal()): n for (batch, index, day), n in COUNTS.items()}
    with writing(own_store) as connection:
        parcel = Parcel("a" * 32, 1, int(NOW.timestamp()), rows)
        scan_counts.count(connection, [parcel], NOW, RULES)
        while scan_upkeep.tidy(connection, NOW, RULES):
            pass
    return own_store


def test_scans_by_the_day(store: Engine) -> None:
    """All stamps' together, of the days asked for; a day that was folded is not known."""
    with reading(store) as connection:
        found = scan_figures.by_day(connection, LONG_AGO, TODAY)
        assert found == {YESTERDAY: 3, TODAY: 10}
        assert scan_figures.by_day(connection, YESTERDAY, YESTERDAY) == {YESTERDAY: 3}


def test_scans_of_ranges(store: Engine) -> None:
    """Each in the order asked, with what was folded; both ends belong to a range."""
    asked = {
        StampRange(2**32 - 1, 1, 2**24 - 1): RangeScans(6, TODAY),
        StampRange(1, 1, 4): RangeScans(0, None),
        StampRange(1, 5, 9): RangeScans(13, TODAY),
        StampRange(1, 10, 2**24 - 1): RangeScans(0, None),
        StampRange(2, 1, 1): RangeScans(4, LONG_AGO),
        StampRange(2, 2, 2**24 - 1): RangeScans(1, TODAY),
        StampRange(7, 1, 5): RangeScans(0, None),
    }
    with reading(store) as connection:
        assert scan_figures.of_ranges(connection, list(asked)) == list(asked.values())


def test_a_thousand_ranges_in_one_call(store: Engine) -> None:
    """More than one statement takes; none is lost and none is moved."""
    asked = [StampRange(1, n, n) for n in range(1000, 0, -1)]
    with reading(store) as connection:
        found = scan_figures.of_ranges(connection, asked)
    counts = {one.first: scans.count for one, scans in zip(asked, found, strict=True)}
    assert {first: n for first, n in counts.items() if n} == {5: 4, 9: 9}


@pytest.mark.parametrize(
    ("ranges", "refused"),
    [
        ([(1, 1, 5), (1, 6, 9)], False),
        ([(1, 1, 5), (2, 1, 5)], False),
        ([(1, 6, 9), (1, 1, 6)], True),
        ([(1, 1, 9), (1, 3, 4)], True),
        ([(1, 1, 9), (3, 1, 1), (1, 1, 9)], True),
    ],
)
def test_no_stamp_is_asked_for_twice(ranges: list[tuple[int, int, int]], refused: bool) -> None:
    """So that the work of a call is bounded by what was counted."""
    asked = [StampRange(*one) for one in ranges]
    code = ""
    try:
        scan_figures.require_apart(asked)
    except Invalid as fault:
        code = fault.code
    assert code == ("ranges_overlap" if refused else "")


def test_stamps_scanned_lately(store: Engine) -> None:
    """The highest numbers first, each with its scans since a day; below one, and so many."""
    with reading(store) as connection:
        found = scan_figures.recent(connection, YESTERDAY, None, 10)
        assert found == [
            StampScans(2**32 - 1, 1, 6, 0, TODAY, TODAY),
            StampScans(2, 2**24 - 1, 1, 0, TODAY, TODAY),
            StampScans(1, 9, 2, 0, YESTERDAY, YESTERDAY),
            StampScans(1, 5, 4, 0, YESTERDAY, TODAY),
        ]
        assert scan_figures.recent(connection, TODAY, None, 2) == found[:2]
        assert scan_figures.recent(connection, YESTERDAY, (2, 2**24 - 1), 1) == found[2:3]
        assert scan_figures.recent(connection, YESTERDAY, (1, 5), 10) == []
