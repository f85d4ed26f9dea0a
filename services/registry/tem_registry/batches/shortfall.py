"""What its producer counted short of a batch and nobody has named since. Pure."""

from collections.abc import Iterable

from tem.vocabulary import StampState
from tem_registry.intervals import Interval
from tem_registry.stamps.stamps import Batch


def open_short(batch: Batch, found: Iterable[Interval]) -> int:
    """Stamps that came short at any hand-over and were not voided as lost or stolen since.

    ``found`` are the batch's intervals.
    """
    delivered = sum(one.stamps for one in found if one.state is StampState.DELIVERED)
    return still_short(
        batch.short_before,
        batch.delivered_quantity,
        batch.received_quantity,
        batch.lost_since,
        delivered,
    )


def still_short(
    short_before: int, handed: int | None, arrived: int | None, lost_since: int, delivered: int
) -> int:
    """The same out of a batch's counts; ``delivered`` are its stamps in that state.

    Only a delivered stamp can be one of them: the others are seen at the office or on goods, or
    have ended.
    """
    latest = 0 if handed is None or arrived is None else handed - arrived
    return min(short_before + max(0, latest - lost_since), delivered)
