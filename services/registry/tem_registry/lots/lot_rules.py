"""What a lot's dates mean, for how long they are public, and for how long they are kept. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime

from tem.dates import add_months, end_of_day, info_expires_on, shelf_life_end
from tem.errors import Conflict, Invalid
from tem.vocabulary import DateKind
from tem_registry.months import Months
from tem_registry.rules import Product

# From production, where the label declares no date: processed goods 24 months, fresh ones 6
# (Circular 17/2021/TT-BNNPTNT). The law's own, so no setting shortens it.
UNDATED_RECORD = Months({"": 24, "I.1": 6})


@dataclass(frozen=True, slots=True)
class LotDates:
    """A lot's date as stored: how it came about, and whether it passes the shelf life."""

    best_before: date | None
    basis: str
    beyond_shelf_life: bool = False


def lot_dates(product: Product, production: date, declared: date | None) -> LotDates:
    """The best-before of a lot, declared or worked out. Raises Invalid when they contradict."""
    if product.date_kind is DateKind.NONE:
        if declared is not None:
            raise Invalid("no_expiry_product", "This product declares no date: leave it out.")
        return LotDates(None, "no_expiry_declared")
    computed = shelf_life_end(production, *product.shelf_life) if product.shelf_life else None
    if declared is None:
        if computed is None:
            raise Invalid("best_before_missing", "This product has no shelf life: give the date.")
        return LotDates(computed, "computed_from_shelf_life")
    if declared < production:
        raise Invalid("best_before_too_early", "The date lies before production: check both.")
    beyond = computed is not None and declared > computed
    basis = "computed_from_shelf_life" if declared == computed else "declared"
    return LotDates(declared, basis, beyond)


def window_ends_on(best_before: date | None, production: date, months_undated: int) -> date:
    """The last day a lot's information is public; see the settings for undated goods."""
    if best_before is None:
        return add_months(production, months_undated)
    return info_expires_on(best_before)


def is_forgotten(window_ends_on: date, lifted: Iterable[datetime | None], now: datetime) -> bool:
    """Whether a lot's public facts have to be gone at an instant (seed 1.18: one month).

    ``lifted`` are the instants at which its recalls ended or will end, None for an open one:
    safety outlives publication, so a recall keeps them public until it is over.
    """
    over = all(end is not None and end <= now for end in lifted)
    return over and now >= end_of_day(window_ends_on)


def record_ends_on(
    best_before: date | None,
    production: date,
    window_ends: date,
    category: str,
    record_months: Months,
) -> date:
    """The last day on which the office must keep a lot's record.

    So many months after the best-before, 12 at least; where the label declares none, the months
    of Circular 17/2021/TT-BNNPTNT from production, and never less than the public window.
    """
    if best_before is None:
        return max(window_ends, add_months(production, UNDATED_RECORD.of(category)))
    return max(window_ends, add_months(best_before, record_months.of(category)))


def check_purge(record_ends: date, today: date, under_recall: bool) -> None:
    """Raises Conflict unless a lot's record may be destroyed today."""
    if under_recall:
        raise Conflict("lot_recalled", "The lot is under recall: lift the recall first.")
    if today <= record_ends:
        raise Conflict(
            "record_period_runs",
            f"The record must be kept to the end of {record_ends}: purge it after that day.",
            record_ends_on=record_ends.isoformat(),
        )
