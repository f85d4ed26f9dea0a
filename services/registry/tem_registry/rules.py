"""The registry's rules, pure: who may order, what a lot's dates mean, what may be activated.

Each rule gives a list of refusals, empty when all is well; the acts decide what to do with
them. In words: ``docs/life-of-a-stamp.md``, Acts and Dates.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date

from tem.dates import add_months, info_expires_on, shelf_life_end
from tem.errors import Invalid
from tem.verdict import CertificateFacts, certificate_at, producer_status_on
from tem.vocabulary import DateKind, ProducerStatus, StampState
from tem_registry.intervals import Interval

Statuses = tuple[tuple[ProducerStatus, date], ...]


@dataclass(frozen=True, slots=True)
class Refusal:
    """One reason why not: a stable code, and what to do."""

    code: str
    detail: str


@dataclass(frozen=True, slots=True)
class Product:
    """What rules need of a product. ``shelf_life`` is (value, "day" or "month")."""

    id: str
    producer_id: str
    stampable: bool
    date_kind: DateKind
    shelf_life: tuple[int, str] | None
    category_code: str = ""


def order_refusals(
    product: Product, certificates: Sequence[CertificateFacts], statuses: Statuses, day: date
) -> list[Refusal]:
    """Why stamps may not be ordered for a product on a day."""
    found = []
    if not product.stampable:
        found.append(
            Refusal("product_not_stampable", "This product carries no stamp (a service, say).")
        )
    if certificate_at(tuple(certificates), day) is None:
        found.append(
            Refusal("certificate_not_in_force", f"No OCOP certificate is in force on {day}.")
        )
    if producer_status_on(statuses, day) is not ProducerStatus.ACTIVE:
        found.append(Refusal("producer_not_active", f"The producer does not take part on {day}."))
    return found


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


@dataclass(frozen=True, slots=True)
class LotForActivation:
    """What the rule of activation needs of a lot. ``stamps`` are tied to it already."""

    product: Product
    production_date: date
    best_before: date | None
    beyond_shelf_life_unapproved: bool
    quantity: int
    stamps: int
    recalled: bool


def activation_refusals(
    lot: LotForActivation,
    certificates: Sequence[CertificateFacts],
    statuses: Statuses,
    stamps: int,
    day: date,
) -> list[Refusal]:
    """Why ``stamps`` more may not be tied to a lot on a day, whatever stamps they are."""
    found = []
    if lot.recalled:
        found.append(Refusal("lot_recalled", "The lot is under recall: nothing may be added."))
    if producer_status_on(statuses, day) is not ProducerStatus.ACTIVE:
        found.append(Refusal("producer_not_active", "The producer is suspended or has ceased."))
    if certificate_at(tuple(certificates), lot.production_date) is None:
        found.append(
            Refusal(
                "no_certificate_at_production",
                f"No OCOP certificate was in force on the production date, {lot.production_date}.",
            )
        )
    if lot.production_date > day:
        found.append(Refusal("production_date_in_future", "The lot is not made yet."))
    if lot.best_before is not None and lot.best_before < day:
        found.append(Refusal("lot_past_date", f"The lot is past its date, {lot.best_before}."))
    if lot.beyond_shelf_life_unapproved:
        found.append(
            Refusal(
                "best_before_beyond_shelf_life",
                "The date is later than the product's shelf life allows: ask the office.",
            )
        )
    if lot.stamps + stamps > lot.quantity:
        found.append(
            Refusal(
                "more_stamps_than_units",
                f"The lot has {lot.quantity} units, {lot.stamps} have a stamp: "
                f"{lot.quantity - lot.stamps} are left.",
            )
        )
    return found


# What an act on a range may not touch, and the code that says why. (A batch is delivered whole.)
MOVES: dict[StampState, dict[StampState, str]] = {
    StampState.ACTIVATED: {
        StampState.ISSUED: "not_delivered",
        StampState.ACTIVATED: "already_activated",
        StampState.VOID: "void",
        StampState.REVOKED: "revoked",
    },
    StampState.VOID: {StampState.VOID: "already_void", StampState.REVOKED: "revoked"},
    StampState.REVOKED: {StampState.VOID: "void", StampState.REVOKED: "already_revoked"},
}


@dataclass(frozen=True, slots=True)
class RangeRefusal:
    """A part of a range that an act may not touch, and the stable reason."""

    first: int
    last: int
    state: StampState
    code: str


def range_refusals(parts: Iterable[Interval], to: StampState) -> list[RangeRefusal]:
    """The parts that may not move to a state (``docs/life-of-a-stamp.md``)."""
    refused = MOVES[to]
    return [
        RangeRefusal(part.first, part.last, part.state, refused[part.state])
        for part in parts
        if part.state in refused
    ]
