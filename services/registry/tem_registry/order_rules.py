"""Who may order stamps, how many, and who has to agree. Pure."""

from collections.abc import Sequence
from datetime import date

from tem.verdict import CertificateFacts, certificate_at, producer_status_on
from tem.vocabulary import ProducerStatus
from tem_registry.rules import Product, Refusal, Statuses


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
