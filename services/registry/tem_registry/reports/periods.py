"""Days, weeks and months of a report over time, in Vietnam's calendar. Pure."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta

from tem.dates import add_months, month_end
from tem.errors import Invalid

PERIODS = ("day", "week", "month")
MAX_PERIODS = 400
# How many periods a report has whose first day was not named, the last one included.
_UNASKED = {"day": 31, "week": 26, "month": 12}


@dataclass(frozen=True, slots=True)
class Period:
    """Days ``first`` to ``last``, both included.

    The key is that of the whole day (``2026-11-20``), ISO 8601 week (``2026-W47``) or month
    (``2026-11``), also where the report begins or ends within it.
    """

    key: str
    first: date
    last: date


def periods(by: str, first: date | None, last: date) -> list[Period]:
    """The periods from one day to another, in order; the ends are cut off at these days.

    Without ``first``: some periods that end with ``last``, each of them whole. Raises Invalid for
    an end before the beginning, or for more than 400 periods.
    """
    if first is None:
        first = _back(by, last, _UNASKED[by] - 1)
    if last < first:
        raise Invalid("period_ends_before_it_begins", f"{last} is before {first}: swap them.")
    found: list[Period] = []
    for one in _following(by, first, last):
        if len(found) == MAX_PERIODS:
            raise Invalid(
                "too_many_periods",
                f"More than {MAX_PERIODS} periods: ask for fewer days, or by week or month.",
            )
        found.append(one)
    return found


def key_of(by: str, day: date) -> str:
    """The key of the period that a day lies in."""
    if by == "week":
        year, week, _ = day.isocalendar()
        return f"{year}-W{week:02}"
    return day.isoformat()[: 10 if by == "day" else 7]


def _following(by: str, first: date, last: date) -> Iterator[Period]:
    day = first
    while day <= last:
        end = min(_end(by, day), last)
        yield Period(key_of(by, day), day, end)
        day = end + timedelta(days=1)


def _end(by: str, day: date) -> date:
    """The last day of the period that a day lies in."""
    if by == "week":
        return day + timedelta(days=6 - day.weekday())
    return month_end(day) if by == "month" else day


def _back(by: str, day: date, count: int) -> date:
    """The first day of the period that begins ``count`` periods before a day's own."""
    if by == "month":
        return add_months(day.replace(day=1), -count)
    if by == "week":
        return day - timedelta(days=day.weekday() + 7 * count)
    return day - timedelta(days=count)
