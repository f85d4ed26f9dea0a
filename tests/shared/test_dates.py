"""The date rule over a whole 400-year cycle, against a calendar that steps day by day."""

import json
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta, timezone
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tem import dates

SAMPLE = Path(__file__).parents[2] / "shared" / "sample" / "expiry_vectors.json"
VECTORS = json.loads(SAMPLE.read_text("utf-8"))
FIRST_YEAR, YEARS, DAYS = 1990, 400, 146_097
SEVEN_HOURS = timezone(timedelta(hours=7))
KEPT_DAYS = st.dates(dates.FIRST_DATE, dates.LAST_DATE)
Day = tuple[int, int, int]


def has_29_february(year: int) -> bool:
    """Every fourth year, but of the full centuries only every fourth."""
    century, rest = divmod(year, 100)
    return century % 4 == 0 if rest == 0 else rest % 4 == 0


def following(day: Day) -> Day:
    """The next day on the calendar on the wall."""
    year, month, number = day
    if month == 2:
        length = 29 if has_29_february(year) else 28
    else:
        length = 30 if month in (4, 6, 9, 11) else 31
    if number < length:
        return year, month, number + 1
    return (year, month + 1, 1) if month < 12 else (year + 1, 1, 1)


def whole_months() -> Iterator[list[Day]]:
    """The days of each month in turn, stepping from 1 January of the first year."""
    day = (FIRST_YEAR, 1, 1)
    while True:
        month = [day]
        while (after := following(month[-1]))[1] == day[1]:
            month.append(after)
        yield month
        day = after


@cache
def cycle() -> list[tuple[Day, Day]]:
    """Each day of the cycle, and the day on which a term of one month from it ends.

    Civil Code 2015, art. 148(3), in its words: the term ends at the end of the corresponding
    day of the last month; if that month has no corresponding day, on the month's last day.
    """
    months = whole_months()
    this, found = next(months), []
    for _ in range(12 * YEARS):
        coming = next(months)
        for day in this:
            corresponding = [other for other in coming if other[2] == day[2]]
            found.append((day, corresponding[0] if corresponding else coming[-1]))
        this = coming
    return found


def test_window_ends_as_the_civil_code_says_on_every_day_of_400_years() -> None:
    """For each best-before date of a 400-year cycle the window ends on the day the law names."""
    start = date(FIRST_YEAR, 1, 1).toordinal()
    assert len(cycle()) == DAYS
    for number, (day, ends) in enumerate(cycle()):
        best_before = date.fromordinal(start + number)
        assert (best_before.year, best_before.month, best_before.day) == day
        window = dates.info_expires_on(best_before)
        assert (window.year, window.month, window.day) == ends


def test_days_begin_and_end_at_vietnams_midnight_in_every_year() -> None:
    """Each day begins at 17:00 UTC of the day before, runs 24 hours, and the days are seamless."""
    midnight = datetime(FIRST_YEAR - 1, 12, 31, 17, tzinfo=UTC)
    day, one = date(FIRST_YEAR, 1, 1), timedelta(days=1)
    while day.year < FIRST_YEAR + 60:
        assert dates.start_of_day(day) == midnight
        midnight, day = midnight + one, day + one
        assert dates.end_of_day(day - one) == midnight
        assert dates.vietnam_day(midnight) == day
        assert dates.vietnam_day(midnight - timedelta(microseconds=1)) == day - one


@given(KEPT_DAYS)
def test_every_day_we_keep_is_on_seven_hours(day: date) -> None:
    """On all dates that are accepted, Vietnam is at +07:00 at both ends of the day."""
    begun = datetime(day.year, day.month, day.day, tzinfo=SEVEN_HOURS)
    assert dates.start_of_day(day) == begun
    assert dates.end_of_day(day) == begun + timedelta(days=1)
    assert dates.start_of_day(day).utcoffset() == timedelta(hours=7)


def last_day_if_month_only(row: dict[str, Any]) -> date:
    """The date meant by a label: a month alone means its last day."""
    written = row["best_before_input"]
    if row["precision"] == "day":
        return date.fromisoformat(written)
    year, month = map(int, written.split("-"))
    day = (year, month, 28)
    while (after := following(day))[1] == month:
        day = after
    return date(*day)


@pytest.mark.parametrize("row", VECTORS["info_expiry"], ids=lambda r: r["best_before_input"])
def test_sample_vector_of_the_window(row: dict[str, Any]) -> None:
    """Each vector of the sample gives its dates, and its instants in both spellings."""
    best_before = last_day_if_month_only(row)
    window = dates.info_expires_on(best_before)
    assert best_before.isoformat() == row["best_before"]
    assert window.isoformat() == row["info_expires_on"]
    for day, name in ((best_before, "past_best_before_from"), (window, "info_expired_from")):
        assert dates.end_of_day(day).isoformat() == row[name]
        assert dates.rfc3339(dates.end_of_day(day)) == row[f"{name}_utc"]
        assert dates.parse_instant(row[name]) == dates.parse_instant(row[f"{name}_utc"])


@pytest.mark.parametrize(
    "row", VECTORS["best_before_from_shelf_life"], ids=lambda r: r["production_date"]
)
def test_sample_vector_of_the_shelf_life(row: dict[str, Any]) -> None:
    """Each vector of the sample gives the best-before date of its shelf life."""
    made = date.fromisoformat(row["production_date"])
    life = row["shelf_life"]
    assert dates.shelf_life_end(made, life["value"], life["unit"]).isoformat() == row["best_before"]


def test_months_are_counted_from_the_original_date() -> None:
    """Two months at once keep the day that two single months lose."""
    last = date(2026, 1, 31)
    assert dates.add_months(last, 2) == date(2026, 3, 31)
    assert dates.add_months(dates.add_months(last, 1), 1) == date(2026, 3, 28)


@given(KEPT_DAYS, st.integers(-600, 600))
def test_adding_months_keeps_the_day_or_takes_the_last(day: date, months: int) -> None:
    """The result lies the given months away, on the same day number or on the month's last."""
    found = dates.add_months(day, months)
    assert (found.year - day.year) * 12 + found.month - day.month == months
    last = following((found.year, found.month, found.day))[1] != found.month
    assert found.day == day.day or (found.day < day.day and last)


@given(KEPT_DAYS, KEPT_DAYS)
def test_a_later_date_never_ends_sooner(one: date, other: date) -> None:
    """The window's end follows the order of the best-before dates, 28 to 31 days later."""
    first, last = sorted((one, other))
    assert dates.info_expires_on(first) <= dates.info_expires_on(last)
    assert 28 <= (dates.info_expires_on(first) - first).days <= 31


def test_unknown_unit_of_shelf_life() -> None:
    """A shelf life in other units than days and months is refused, not guessed."""
    with pytest.raises(ValueError, match="fortnight"):
        dates.shelf_life_end(date(2026, 1, 1), 2, "fortnight")


def test_naive_instant_has_no_day() -> None:
    """A datetime without its offset is refused instead of being taken for some zone's."""
    with pytest.raises(ValueError, match="offset"):
        dates.vietnam_day(datetime(2026, 11, 20))
    with pytest.raises(ValueError, match="offset"):
        dates.parse_instant("2026-11-20T09:00:00")


@pytest.mark.parametrize("text", ["1975-12-31T23:59:59Z", "2200-01-01T00:00:00Z", "now", ""])
def test_instants_outside_are_refused(text: str) -> None:
    """Instants of years we do not keep, or no instants, are refused with a ValueError."""
    with pytest.raises(ValueError, match=r"years|with its offset"):
        dates.parse_instant(text)


@given(st.datetimes(datetime(1991, 1, 1), datetime(2198, 1, 1)), st.integers(-12, 14))
def test_instants_are_written_in_utc(moment: datetime, hours: int) -> None:
    """An instant is written in UTC with whole seconds and read back as the same instant."""
    instant = moment.replace(microsecond=0, tzinfo=timezone(timedelta(hours=hours)))
    written = dates.rfc3339(instant)
    assert written.endswith("Z")
    assert len(written) == 20
    assert dates.parse_instant(written) == instant
