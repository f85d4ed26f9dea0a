"""What has become of the stamps of many batches: counted by state, and which may be activated."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, func, select

from tem.vocabulary import StampState
from tem_registry import tables
from tem_registry.stamps.stamps import Batch

MOST_RANGES = 20  # of one batch in a list

_i = tables.stamp_interval.c


def listed(connection: Connection, found: Sequence[Batch]) -> list[dict[str, Any]]:
    """For each batch, in order: ``counts`` of its stamps by state, and ``delivered_ranges``, the
    first of those that may be activated."""
    numbers = [one.number for one in found]
    counts: dict[int, dict[str, int]] = {n: dict.fromkeys(map(str, StampState), 0) for n in numbers}
    ranges: dict[int, list[dict[str, int]]] = {n: [] for n in numbers}
    summed = select(_i.batch, _i.state, func.sum(_i.last - _i.first + 1))
    of_these = _i.batch.in_(numbers)
    for number, state, count in connection.execute(
        summed.where(of_these).group_by(_i.batch, _i.state)
    ):
        counts[number][state] = int(count)
    place = func.row_number().over(partition_by=_i.batch, order_by=_i.first)
    usable = select(_i.batch, _i.first, _i.last, place.label("place"))
    numbered = usable.where(of_these, _i.state == str(StampState.DELIVERED)).subquery()
    n = numbered.c
    query = select(n.batch, n.first, n.last).where(n.place <= MOST_RANGES)
    for number, first, last in connection.execute(query.order_by(n.batch, n.first)):
        ranges[number].append({"first": first, "last": last})
    return [{"counts": counts[n], "delivered_ranges": ranges[n]} for n in numbers]
