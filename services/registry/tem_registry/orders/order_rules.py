"""Who may order stamps, how many, and who has to agree. Pure."""

from collections.abc import Sequence
from datetime import date, timedelta

from tem.dates import add_months
from tem.verdict import CertificateFacts, certificate_at, producer_status_on
from tem.vocabulary import ProducerStatus
from tem_registry.rules import Product, Refusal, Statuses

OUTPUT_MONTHS = 12  # a declared output is what is made in a year


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


def approvals_required(quantity: int, two_person_quantity: int) -> int:
    """Two different people above the threshold, else one."""
    return 2 if quantity > two_person_quantity else 1


def output_counts_from(day: date) -> date:
    """The first of the twelve months that end with a day: 20/11/2026 → 21/11/2025."""
    return add_months(day, -OUTPUT_MONTHS) + timedelta(days=1)


def output_refusals(product: Product, ordered: int, quantity: int) -> list[Refusal]:
    """Whether there would be more stamps in twelve months than units are made in a year.

    ``ordered`` are the stamps ordered before, ``quantity`` those asked for now. Stamps for people
    not entitled to them are a known abuse (domain.md §3.3). A product without a declared output
    is not measured against it.
    """
    declared = product.declared_output
    if declared is None or ordered + quantity <= declared:
        return []
    told = (
        f"The declared output of {product.id} is {declared} a year; with {ordered} stamps ordered "
        f"in the last {OUTPUT_MONTHS} months, {quantity} more are beyond it. Order fewer, correct "
        "the declared output, or let the office give an override_reason."
    )
    return [Refusal("beyond_declared_output", told)]
