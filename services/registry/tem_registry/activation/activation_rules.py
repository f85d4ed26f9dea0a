"""What may be activated, and for which lot. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from tem.verdict import CertificateFacts, certificate_at, producer_status_on
from tem.vocabulary import ProducerStatus
from tem_registry.rules import Product, Refusal, Statuses


@dataclass(frozen=True, slots=True)
class LotForActivation:
    """What the rule of activation needs of a lot.

    ``stamps`` are tied to it already, those voided since not counted: their units may get others.
    """

    product: Product
    production_date: date
    best_before: date | None
    window_ends_on: date | None  # None: not asked, an act of the past is taken over
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
    if lot.best_before is None and lot.window_ends_on and lot.window_ends_on < day:
        found.append(
            Refusal(
                "lot_window_closed",
                f"The information of the lot was public until {lot.window_ends_on}: "
                "its stamps would say nothing.",
            )
        )
    if lot.beyond_shelf_life_unapproved:
        found.append(
            Refusal(
                "best_before_beyond_shelf_life",
                "The date is later than the shelf life allows, or than it was: ask the office.",
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
