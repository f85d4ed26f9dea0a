"""A batch reconciled: what was ordered against what has become of it.

ordered = printed + spoiled = activated + usable + void + revoked + unaccounted.
"""

from typing import Any

from sqlalchemy import Connection

from tem.vocabulary import StampState
from tem_registry.batches.shortfall import open_short
from tem_registry.intervals import Interval
from tem_registry.stamps import stamps
from tem_registry.stamps.moves import USABLE


def of_batch(connection: Connection, number: int, own: str | None = None) -> dict[str, Any]:
    """What was ordered of a batch against what has become of it. Raises NotFound.

    Which stamps came short on arrival is not known until somebody names them: they count as
    usable still, and as missing until they are voided as lost or stolen.
    """
    batch = stamps.find(connection, number, own)
    return reconciled(batch, stamps.intervals(connection, number))


def reconciled(batch: stamps.Batch, found: list[Interval]) -> dict[str, Any]:
    """The counts of a batch; what nobody has reported is None."""

    def count(*states: StampState) -> int:
        return sum(one.stamps for one in found if one.state in states)

    activated, void, revoked = map(
        count, (StampState.ACTIVATED, StampState.VOID, StampState.REVOKED)
    )
    usable = count(*USABLE)
    unaccounted = batch.quantity - activated - usable - void - revoked
    short = open_short(batch, found)
    printed = batch.printed_quantity
    return {
        "batch": batch.number,
        "ordered": batch.quantity,
        "printed": printed,
        "spoiled": None if printed is None else batch.quantity - printed,
        "delivered": batch.delivered_quantity,
        "received": batch.received_quantity,
        "activated": activated,
        "usable": usable,
        "void": void,
        "revoked": revoked,
        "unaccounted": unaccounted,
        "received_short": short,
        "missing": unaccounted + short,
        "usable_ranges": _ranges([one for one in found if one.state in USABLE]),
    }


def _ranges(found: list[Interval]) -> list[dict[str, int]]:
    out: list[dict[str, int]] = []
    for one in found:
        if out and out[-1]["last"] + 1 == one.first:
            out[-1]["last"] = one.last
        else:
            out.append({"first": one.first, "last": one.last})
    return out
