"""One meaning of a date on a label, and what is known beside the label's text. Pure."""

import calendar
from dataclasses import dataclass
from datetime import date

from tem.dates import FIRST_DATE, LAST_DATE
from tem.errors import Invalid
from tem_registry.lots.label_text import EXPIRY, PRODUCTION


@dataclass(frozen=True, slots=True)
class Reading:
    """One meaning of a label's text: a day, or the last day of a month (``precision``).

    ``form`` is a stable code of how it was read: the order of its parts, or a term.
    """

    date: date
    precision: str
    form: str

    @property
    def value(self) -> str:
        """What a lot's ``best_before`` is sent as: 2028-10-02, or 2026-12."""
        text = self.date.isoformat()
        return text[:7] if self.precision == "month" else text

    @property
    def shown(self) -> str:
        """dd/mm/yyyy, or mm/yyyy."""
        return f"{self.date:%m/%Y}" if self.precision == "month" else f"{self.date:%d/%m/%Y}"

    @property
    def words(self) -> dict[str, str]:
        """It in Vietnamese and in English; both can be read again."""
        day, vi = self.date, f"tháng {self.date.month} năm {self.date.year}"
        en = f"{calendar.month_name[day.month]} {day.year}"
        if self.precision == "month":
            return {"vi": vi, "en": en}
        return {"vi": f"ngày {day.day} {vi}", "en": f"{day.day} {en}"}


@dataclass(frozen=True, slots=True)
class Known:
    """What is known beside a label's text: which date it is to be, today, and the other date."""

    today: date
    kind: str = EXPIRY
    produced: date | None = None
    expires: date | None = None


def doubts(day: date, known: Known) -> list[str]:
    """Why a date read is hardly the one meant: codes for the person who confirms it."""
    found = []
    if known.kind == PRODUCTION and day > known.today:
        found.append("production_date_in_future")
    if known.kind == EXPIRY and day < known.today:
        found.append("past_date")
    if known.kind == EXPIRY and known.produced is not None and day < known.produced:
        found.append("before_production")
    return found


def years_of_two_digits(today: date) -> tuple[int, int]:
    """The years that two digits stand for: 49 back, 50 ahead (GS1 General Specifications)."""
    return today.year - 49, today.year + 50


def within(day: date) -> date:
    """A date within the years we keep. Raises Invalid for another."""
    if not FIRST_DATE <= day <= LAST_DATE:
        years = f"{FIRST_DATE.year} to {LAST_DATE.year}"
        raise Invalid("year_out_of_range", f"Years {years} only: look at the label again.")
    return day
