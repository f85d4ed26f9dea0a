"""What a lot's dates mean, for how long they are public, and for how long they are kept. Pure."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from tem.dates import add_months, end_of_day, info_expires_on, month_end, shelf_life_end
from tem.errors import Conflict, Invalid
from tem.vocabulary import DateKind
from tem_registry.months import Months
from tem_registry.rules import Product

# From production, where the label declares no date: processed goods 24 months, fresh ones 6
# (Circular 17/2021/TT-BNNPTNT). The law's own, so no setting shortens it.
UNDATED_RECORD = Months({"": 24, "I.1": 6})
REASON_LENGTH = 20  # characters that the reason of a correction has at least


@dataclass(frozen=True, slots=True)
class LotDates:
    """A lot's date as stored: how it came about, and whether it passes the shelf life."""

    best_before: date | None
    basis: str
    beyond_shelf_life: bool = False


def lot_dates(
    product: Product, production: date, declared: date | None, precision: str = "day"
) -> LotDates:
    """The best-before of a lot, declared or worked out. Raises Invalid when they contradict.

    A label that names a month only (``precision``) may name the month the shelf life ends in.
    """
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
    beyond = computed is not None and declared > (
        month_end(computed) if precision == "month" else computed
    )
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


def check_recall(ordered_on: date, production: date, today: date) -> None:
    """Raises Invalid for a recall dated later than today, or before its lot was made."""
    if ordered_on > today:
        raise Invalid("recall_in_future", f"{ordered_on} has not come: recall it on its day.")
    if ordered_on < production:
        raise Invalid(
            "recall_before_production",
            f"The lot was made on {production}: it cannot have been recalled on {ordered_on}.",
        )


def check_new(told: Mapping[str, Any]) -> None:
    """Raises Invalid where the record of a new lot tells of what other calls do.

    Taking such a record and leaving that out would look as if it had been done.
    """
    if told.get("recall") or told.get("recalled"):
        raise Invalid("not_taken_here", "Record the lot, then POST /v1/lots/{id}/recall.")
    if told.get("stamp_ranges"):
        raise Invalid(
            "not_taken_here", "Record the lot, then POST /v1/lots/{id}/activations for each range."
        )


@dataclass(frozen=True, slots=True)
class Correction:
    """What a correction of a lot's record meets: who asks, and what stands."""

    tied: int  # stamps tied to the lot, those voided or revoked since included
    units_taken: int
    by_producer: bool
    reason: str
    quantity: int
    production: date
    today: date


def check_correction(given: Correction) -> None:
    """Raises Conflict unless a lot's record may be corrected so (threat T9).

    Until a stamp is tied to it, it is its producer's to mend; from then on people have read it.
    """
    if given.tied and given.by_producer:
        raise Conflict("stamps_tied", "Stamps are tied to the lot: ask the office to correct it.")
    if given.tied and len(given.reason) < REASON_LENGTH:
        raise Conflict(
            "reason_too_short",
            f"Stamps are tied to the lot: give a reason of {REASON_LENGTH} characters at least.",
        )
    if given.tied and given.production > given.today:
        raise Conflict("production_date_in_future", "Stamps are tied to it: it has been made.")
    if given.quantity < given.units_taken:
        raise Conflict(
            "fewer_units_than_stamps", f"{given.units_taken} of its units have a stamp already."
        )


def needs_approval(dates: LotDates, before: date | None, tied: int) -> bool:
    """Whether the office has to accept a corrected date: beyond the shelf life, or later than the
    one that stamps were tied under."""
    later = before is not None and dates.best_before is not None and dates.best_before > before
    return dates.beyond_shelf_life or (tied > 0 and later)
