"""Calendar dates of labels and the instants at which they begin and end, in Vietnam's time.

Labels carry dates, clocks carry instants; these few functions are the only bridge.
Sources: Civil Code 2015 art. 148 (a term in months ends on the corresponding day, or on the
month's last), Decree 37/2026 Annex III (02/04/2026 + 30 months = 02/10/2028).
"""

import calendar
import re
from datetime import UTC, date, datetime, time, timedelta, timezone, tzinfo
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

ZONE = "Asia/Ho_Chi_Minh"
VIETNAM: tzinfo
try:
    VIETNAM = ZoneInfo(ZONE)
except ZoneInfoNotFoundError:  # a till without a database of zones: +07:00 since 1975
    VIETNAM = timezone(timedelta(hours=7))
INFORMATION_MONTHS = 1

_RFC3339 = re.compile(
    r"\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d:\d\d(\.\d{1,6})?([Zz]|[+-]\d\d:\d\d)", re.ASCII
)

# Dates outside are refused at the door: before, the zone was not +07:00 throughout; after, adding
# months could leave the range of datetime.
FIRST_DATE, LAST_DATE = date(1976, 1, 1), date(2199, 12, 31)


def add_months(day: date, months: int) -> date:
    """The same day ``months`` later, or the last day of that month if it has no such day.

    Always computed from the original date: 31/01 + 1 + 1 month is not 31/01 + 2 months.
    """
    year, month0 = divmod(day.year * 12 + day.month - 1 + months, 12)
    return date(year, month0 + 1, min(day.day, calendar.monthrange(year, month0 + 1)[1]))


def month_end(day: date) -> date:
    """The last day of a day's month."""
    return day.replace(day=calendar.monthrange(day.year, day.month)[1])


def shelf_life_end(production: date, value: int, unit: str) -> date:
    """The last day of a shelf life of ``value`` days or months (``unit``: day, month)."""
    if unit == "month":
        return add_months(production, value)
    if unit == "day":
        return production + timedelta(days=value)
    raise ValueError(f"unknown unit of shelf life: {unit}")


def info_expires_on(best_before: date) -> date:
    """The last day on which a lot's information is public: one calendar month later, clamped."""
    return add_months(best_before, INFORMATION_MONTHS)


def start_of_day(day: date) -> datetime:
    """The first instant of a day in Vietnam."""
    return datetime.combine(day, time(), VIETNAM)


def end_of_day(day: date) -> datetime:
    """The first instant that no longer belongs to the day (ends are inclusive)."""
    return start_of_day(day + timedelta(days=1))


def vietnam_day(now: datetime) -> date:
    """The calendar day in Vietnam at an instant. Raises ValueError for a naive datetime."""
    if now.tzinfo is None:
        raise ValueError("an instant needs its offset from UTC")
    return now.astimezone(VIETNAM).date()


def rfc3339(instant: datetime) -> str:
    """An instant as RFC 3339 in UTC with whole seconds and ``Z``."""
    return instant.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def parse_instant(text: str) -> datetime:
    """An RFC 3339 instant. Raises ValueError without an offset or outside the years we keep."""
    if not _RFC3339.fullmatch(text):
        raise ValueError("write it with its offset: 2026-11-20T09:00:00+07:00 or …Z")
    instant = datetime.fromisoformat(text)
    if not FIRST_DATE.year <= instant.year <= LAST_DATE.year:
        raise ValueError(f"years {FIRST_DATE.year} to {LAST_DATE.year} only")
    return instant
