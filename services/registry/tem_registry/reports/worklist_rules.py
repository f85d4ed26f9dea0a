"""What a batch on record waits for: printed, handed over, confirmed, named as missing. Pure."""

from dataclasses import dataclass
from datetime import date


@dataclass(frozen=True, slots=True)
class Waiting:
    """A batch as the list of work sees it; numbers are stamps.

    ``at_office`` are issued and not handed over, ``at_producer`` delivered and not activated,
    ``missing`` counted short on arrival and not named since. ``taken_over_on`` is the day an
    import brought the batch, as it was.
    """

    printed_on: date | None
    delivered_on: date | None
    received_on: date | None
    at_office: int
    at_producer: int
    missing: int
    taken_over_on: date | None = None


def waits_for(batch: Waiting) -> list[str]:
    """The groups of the list of work that a batch belongs to.

    A receipt is asked for as long as stamps lie with the producer: once all are activated or
    ended nobody doubts that they arrived. Nobody could confirm what was handed over before an
    import. Stamps that came back wait to be handed over again.
    """
    found = []
    if batch.at_office:
        begun = batch.printed_on or batch.delivered_on
        found.append("batch_to_deliver" if begun else "batch_to_print")
    if _unconfirmed(batch) and batch.at_producer:
        found.append("delivery_to_confirm")
    if batch.missing:
        found.append("stamps_missing")
    return found


def _unconfirmed(batch: Waiting) -> bool:
    if batch.delivered_on is None or batch.received_on is not None:
        return False
    return batch.taken_over_on is None or batch.delivered_on > batch.taken_over_on
