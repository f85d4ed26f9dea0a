"""What its producer counted short of a batch and nobody has named since. Pure."""

from collections.abc import Iterable

from tem.vocabulary import StampState
from tem_registry.intervals import Interval
from tem_registry.stamps.stamps import Batch


def open_short(batch: Batch, found: Iterable[Interval]) -> int:
    """Stamps that came short at any hand-over and were not voided as lost or stolen since.

    Only a delivered stamp can be one of them: the others are seen at the office or on goods, or
    have ended. ``found`` are the batch's intervals.
    """
    handed, arrived = batch.delivered_quantity, batch.received_quantity
    latest = 0 if handed is None or arrived is None else handed - arrived
    delivered = sum(one.stamps for one in found if one.state is StampState.DELIVERED)
    return min(batch.short_before + max(0, latest - batch.lost_since), delivered)
