"""Periods in place of dates: "30 tháng kể từ NSX" and "NSX 30 tháng trước HSD". Pure."""

import re
from datetime import date, timedelta

from tem.dates import add_months, month_end
from tem.errors import Invalid
from tem_registry.lots import label_text
from tem_registry.lots.label_readings import Known, Reading, within
from tem_registry.lots.label_text import PRODUCTION, Text

FROM_PRODUCTION, BEFORE_EXPIRY = "term_from_production", "term_before_expiry"
LONGEST_TERM = 36_500  # days, or months

_TERM = re.compile(
    r"(?P<count>\d{1,5}) (?P<unit>thang|ngay|nam|months?|days?|years?)"
    r"(?P<start> (?:ke )?tu (?:nsx|ngay san xuat|ngay dong goi)"
    r"| (?:from|after) (?:the )?(?:production|production date))?"
    r"(?P<end> truoc (?:hsd|hd|han su dung)| before (?:the )?(?:expiry|expiry date))?"
)


def of_term(label: Text, known: Known) -> list[Reading] | None:
    """The days at the other end of a period, or None if the label gives none.

    Raises Invalid where the end it counts from is not known, or where it tells the other date.
    """
    term = _TERM.fullmatch(label.rest)
    if term is None:
        return None
    count = int(term["count"]) * (12 if term["unit"] in ("nam", "year", "years") else 1)
    in_days = term["unit"] in ("ngay", "day", "days")
    if not 1 <= count <= LONGEST_TERM or (term["start"] and term["end"]):
        raise label_text.unreadable()
    back, asked = bool(term["end"]), known.kind
    if not back and PRODUCTION in (asked, label.says):
        raise Invalid("other_kind_of_date", "This is a shelf life: write it as the expiry.")
    start = known.expires if back and asked == PRODUCTION else known.produced
    if start is None:
        code = "expiry_date_needed" if asked == PRODUCTION else "production_date_needed"
        raise Invalid(code, "Give the other date first, then this period can be counted.")
    form = BEFORE_EXPIRY if back else FROM_PRODUCTION
    days = _ends(start, count, in_days=in_days, back=back, of_production=asked == PRODUCTION)
    return [Reading(within(day), "day", form) for day in days]


def _ends(start: date, count: int, *, in_days: bool, back: bool, of_production: bool) -> list[date]:
    """The days at the other end of a period, first the one with the same number in its month.

    ``count`` months before each of 28 to 31/08/2028 is 28/02/2026: from production all are given.
    """
    try:
        if in_days:
            return [start + timedelta(days=-count if of_production else count)]
        if not back:
            return [add_months(start, count)]
        if of_production:
            return [add_months(start, -count)]
        day = add_months(start, count)
        found = [day + timedelta(days=n) for n in range(month_end(day).day - day.day + 1)]
        found = [one for one in found if add_months(one, -count) == start]
    except (OverflowError, ValueError) as error:
        raise label_text.unreadable() from error
    if not found:
        raise Invalid("no_such_expiry", "No date lies so long after production: write the date.")
    return found
