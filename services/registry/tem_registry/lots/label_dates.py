"""Dates as labels write them (Decree 37/2026, Annex III), read in every way that they allow. Pure.

A person confirms one reading; nothing is guessed. Six digits are day, month, year on a Vietnamese
label, and year, month, day as GS1 prints them: where both are dates, both are given.
"""

import calendar
import re
from collections.abc import Iterator
from datetime import date

from tem.errors import Invalid
from tem_registry.lots import label_text
from tem_registry.lots.label_readings import Known, Reading, within, years_of_two_digits
from tem_registry.lots.label_terms import of_term
from tem_registry.lots.label_text import DAY, MONTH, PRODUCTION, YEAR, Text

_MONTHS = [name.casefold() for name in calendar.month_name]
DAY_FIRST, YEAR_FIRST = (DAY, MONTH, YEAR), (YEAR, MONTH, DAY)

_EN = "|".join(f"{name[:3]}(?:{name[3:]})?" for name in _MONTHS[1:])
_COMPACT = re.compile(r"\d{6}|\d{8}")
_THREE = re.compile(r"(\d{1,4}) ?([/.\- ]) ?(\d{1,2}) ?\2 ?(\d{1,4})")
_TWO = re.compile(r"(\d{1,4}) ?[/.-] ?(\d{1,4})")
_MONTH = re.compile(r"(?:t|thang) ?(\d{1,2})(?: ?[/.-] ?| nam | )(\d{4})")
_WORDS = re.compile(r"(?:ngay )?(\d{1,2}) thang (\d{1,2}) nam (\d{4}|\d{2})")
_ENGLISH = re.compile(rf"(?:(\d{{1,2}}) )?({_EN}) (\d{{4}}|\d{{2}})")


def read(text: str, known: Known) -> list[Reading]:
    """Every reading of a text, at least one, the one usual on a Vietnamese label first.

    Raises Invalid with what to write instead: for no date, one that does not exist, a term whose
    other end is not known, or a text that says to be the other date.
    """
    label = label_text.take_apart(text)
    if (ends := of_term(label, known)) is not None:
        return ends
    if label.says not in (None, known.kind):
        raise Invalid(
            "other_kind_of_date", f"This says to be the date of {label.says}: write it there."
        )
    found: dict[date, Reading] = {}
    faults: list[Invalid] = []
    for order, parts in _ways(label):
        try:
            one = _reading(dict(zip(order, parts, strict=True)), "_".join(order), known.today)
            found.setdefault(one.date, one)
        except Invalid as fault:
            faults.append(fault)
    if not found:
        raise faults[0] if faults else label_text.unreadable()
    if known.kind == PRODUCTION and any(one.precision == "month" for one in found.values()):
        raise Invalid("day_missing", "A production date has a day: write it as 20/11/2026.")
    return list(found.values())


def _ways(label: Text) -> Iterator[tuple[tuple[str, ...], tuple[str, ...]]]:
    """Orders of day, month and year with the parts of a text in that order."""
    rest, order = label.rest, label.order
    if found := _WORDS.fullmatch(rest):
        yield DAY_FIRST, (found[1], found[2], found[3])
    elif found := _ENGLISH.fullmatch(rest):
        month = next(str(n) for n in range(1, 13) if _MONTHS[n].startswith(found[2][:3]))
        parts = (found[1], month, found[3])
        yield (DAY_FIRST, parts) if found[1] else (DAY_FIRST[1:], parts[1:])
    elif found := _MONTH.fullmatch(rest):
        yield (MONTH, YEAR), (found[1], found[2])
    elif _COMPACT.fullmatch(rest):
        for one in [order] if order else [DAY_FIRST, YEAR_FIRST]:
            if len(one) == len(DAY_FIRST):
                yield one, _cut(rest, one)
    elif found := _THREE.fullmatch(rest):
        yield from _of_three((found[1], found[3], found[4]), found[2], order)
    elif found := _TWO.fullmatch(rest):
        one = (YEAR, MONTH) if len(found[1]) == 4 else (MONTH, YEAR)
        if len(order or one) == len(one):
            yield order or one, (found[1], found[2])


def _cut(digits: str, order: tuple[str, ...]) -> tuple[str, ...]:
    """Six or eight digits as day, month and year in an order."""
    out: list[str] = []
    for name in order:
        size = len(digits) - (len(order) - len(out) - 1) * 2 if name == YEAR else 2
        out.append(digits[:size])
        digits = digits[size:]
    return tuple(out)


def _of_three(
    parts: tuple[str, ...], separator: str, order: tuple[str, ...] | None
) -> Iterator[tuple[tuple[str, ...], tuple[str, ...]]]:
    """Parts with separators: the year comes last, unless it has four digits or words say so.

    Spaces alone separate no better than nothing, so six digits read both ways there too.
    """
    if order is not None:
        yield from [(order, parts)] if len(order) == len(parts) else []
    elif len(parts[0]) > 2:
        yield YEAR_FIRST, parts
    else:
        yield DAY_FIRST, parts
        if separator == " " and all(len(part) == 2 for part in parts):
            yield YEAR_FIRST, parts


def _reading(parts: dict[str, str], form: str, today: date) -> Reading:
    """The date of named parts. Raises Invalid if there is none, or if the year is not clear."""
    year, month = _year(parts[YEAR], today), int(parts[MONTH])
    if len(parts) == 2 and len(parts[YEAR]) != 4:
        raise Invalid("year_unclear", "Write the year with four digits: 12/2026.")
    if len(parts[MONTH]) > 2 or not 1 <= month <= 12:
        raise Invalid(
            "no_such_month",
            f"There is no month {month}: write day, month, year; a month alone as 12/2026.",
        )
    last = calendar.monthrange(year, month)[1]
    if DAY not in parts:
        return Reading(within(date(year, month, last)), "month", form)
    if len(parts[DAY]) > 2 or not 1 <= int(parts[DAY]) <= last:
        raise Invalid("no_such_day", f"{month:02}/{year} has the days 1 to {last}: look again.")
    return Reading(within(date(year, month, int(parts[DAY]))), "day", form)


def _year(digits: str, today: date) -> int:
    if len(digits) == 4:
        return within(date(max(int(digits), 1), 12, 31)).year
    if len(digits) != 2:
        raise Invalid("year_unclear", "Write the year with two or four digits: 02/10/2028.")
    first, _ = years_of_two_digits(today)
    return first + (int(digits) - first) % 100
