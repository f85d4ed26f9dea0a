"""When a sale or a return counts: how late a till may tell, and how long goods may come back.

Thirty days are the European medicines verification system's ten, made longer for shops.
"""

from datetime import datetime, timedelta
from enum import StrEnum

from tem_verifier.retail.sold import Sold

# Tills' clocks differ; one that is off by more would write evidence that is wrong.
AHEAD = timedelta(minutes=5)
LATE = timedelta(days=31)  # a till that was offline over the holidays
RETURNED_WITHIN = timedelta(days=30)


class Outcome(StrEnum):
    """What became of one item of a call."""

    SOLD = "sold"
    ALREADY_SOLD = "already_sold"
    RETURNED = "returned"
    NOT_SOLD = "not_sold"
    NOT_SOLD_HERE = "not_sold_here"
    TOO_LATE = "too_late"
    REFUSED = "refused"


class Refused(StrEnum):
    """Why an item was refused; the other items of the call are not."""

    MALFORMED = "malformed"
    UNKNOWN = "unknown"
    UNAVAILABLE = "unavailable"
    TOO_FAR_AHEAD = "too_far_ahead"
    TOO_LONG_AGO = "too_long_ago"
    BEFORE_ITS_SALE = "before_its_sale"


def refused_time(at: datetime, now: datetime) -> Refused | None:
    """Why a till's time does not count; None if it does."""
    if at > now + AHEAD:
        return Refused.TOO_FAR_AHEAD
    return Refused.TOO_LONG_AGO if at < now - LATE else None


def sold_between(returned_at: datetime) -> tuple[datetime, datetime]:
    """The first and last moment of the sales that a return at this moment takes back."""
    return returned_at - RETURNED_WITHIN, returned_at + AHEAD


def not_returned(sale: Sold | None, chain: str, returned_at: datetime) -> Outcome | Refused:
    """Why a return found nothing to take back, given the sale that stands."""
    if sale is None:
        return Outcome.NOT_SOLD
    if sale.chain != chain:
        return Outcome.NOT_SOLD_HERE
    first, _ = sold_between(returned_at)
    return Outcome.TOO_LATE if sale.sold_at < first else Refused.BEFORE_ITS_SALE
