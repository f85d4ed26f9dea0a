"""Evidence out of the verifier's own database: which stamps were more than sold, and how."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import ColumnElement, Connection, exists, select, tuple_

from tem_verifier.copies.tables import canary_day_table, not_a_sale
from tem_verifier.copies.trace import ScanDay, TillEvent
from tem_verifier.retail.sale_kinds import Kind
from tem_verifier.retail.tables import sale_event_table
from tem_verifier.stamp_set import Stamp
from tem_verifier.storage import among, scan_day_table

_e, _c = sale_event_table.c, canary_day_table.c
# Of one stamp: a code copied a thousand times is judged by its first sales as well.
MOST_EVENTS = 500


def candidates(
    connection: Connection, below: Stamp | None, limit: int, chain: str | None
) -> list[Stamp]:
    """The next stamps of which tills told more than a sale, the highest number first; with no
    ``chain`` canaries too, with one those that it sold or took back itself."""
    told = select(_e.batch, _e.index).where(not_a_sale, *_below(_e.batch, _e.index, below))
    if chain is not None:
        own = sale_event_table.alias()
        same = (own.c.batch == _e.batch, own.c.index == _e.index, own.c.chain == chain)
        told = told.where(exists().where(*same))
    found = _first(connection, told, (_e.batch, _e.index), limit)
    if chain is None:
        seen = select(_c.batch, _c.index).where(*_below(_c.batch, _c.index, below))
        found |= _first(connection, seen, (_c.batch, _c.index), limit)
    return sorted(found, reverse=True)[:limit]


def _first(connection: Connection, query: Any, stamp: tuple[Any, Any], limit: int) -> set[Stamp]:
    """The highest numbers of a query; each by its own index, which a union would not use."""
    rows = query.distinct().order_by(*(column.desc() for column in stamp)).limit(limit)
    return {(batch, index) for batch, index in connection.execute(rows)}


def _below(
    batch: ColumnElement[int], index: ColumnElement[int], stamp: Stamp | None
) -> list[ColumnElement[bool]]:
    return [] if stamp is None else [tuple_(batch, index) < tuple_(*stamp)]


def events(connection: Connection, stamps: Sequence[Stamp]) -> Mapping[Stamp, list[TillEvent]]:
    """What tills told of some stamps, in the order in which it was recorded.

    Ordered here: a database asked for the order would walk the whole table in it.
    """
    wanted = among(_e.batch, _e.index, stamps)
    columns = (_e.id, _e.batch, _e.index, _e.kind, _e.chain, _e.store, _e.at, _e.recorded_at)
    found: defaultdict[Stamp, list[TillEvent]] = defaultdict(list)
    rows = connection.execute(select(*columns).where(wanted))
    for _, batch, index, kind, *rest in sorted(rows, key=lambda row: int(row[0])):
        of_stamp = found[batch, index]
        if len(of_stamp) < MOST_EVENTS:
            of_stamp.append(TillEvent(Kind(kind), *rest))
    return found


def scans(connection: Connection, stamps: Sequence[Stamp]) -> Mapping[Stamp, list[ScanDay]]:
    """Look-ups of some stamps, on the days that are kept."""
    d = scan_day_table.c
    query = select(d.batch, d.index, d.day, d.count, d.origins)
    wanted = among(d.batch, d.index, stamps)
    found: defaultdict[Stamp, list[ScanDay]] = defaultdict(list)
    for batch, index, day, count, origins in connection.execute(query.where(wanted)):
        found[batch, index].append(ScanDay(day, count, origins))
    return found
