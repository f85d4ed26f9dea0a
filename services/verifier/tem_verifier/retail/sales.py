"""Sold once: the first sale that is committed wins, of all chains and on either engine."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection

from tem.trail import audit
from tem_verifier.retail import sale_events
from tem_verifier.retail.sale_events import Told
from tem_verifier.retail.sale_kinds import Kind
from tem_verifier.retail.sold import Sold, Stamp, sold
from tem_verifier.retail.tables import sale_table
from tem_verifier.retail.tills import Till
from tem_verifier.storage import inserting

s = sale_table.c


def sell(
    connection: Connection, now: datetime, till: Till, sales: Sequence[Told]
) -> list[Sold | None]:
    """Record sales of stamps that were issued, in the caller's transaction: for each the earlier
    sale that stands in its way, or None where it is sold.

    Of two in the same words one is late as well: a basket may hold a stamp and its copy.
    """
    first: dict[Stamp, int] = {}
    for at, one in enumerate(sales):
        first.setdefault(one.stamp, at)
    made, standing = _take(
        connection, now, till.chain, {stamp: sales[at] for stamp, at in first.items()}
    )
    won = {first[one.stamp] for one in made}
    in_way = [None if at in won else standing[one.stamp] for at, one in enumerate(sales)]
    late = [one for one, other in zip(sales, in_way, strict=True) if other is not None]
    if made or late:
        _remember(connection, now, till, made, list(dict.fromkeys(late)))
    return in_way


def _remember(
    connection: Connection, now: datetime, till: Till, made: list[Told], late: list[Told]
) -> None:
    """One entry of the trail for the call, and the events: what came late may have been told
    before, by this call's twin a moment ago too, which the trail's lock keeps apart."""
    counts = {"sold": len(made), "already_sold": len(late)}
    audit.record(connection, now, till.actor, "sales.recorded", f"chain:{till.chain}", counts)
    known = sale_events.known(connection, till.chain, Kind.REFUSED_SALE, late)
    new = [one for one in late if one not in known]
    sale_events.add(connection, now, till.chain, Kind.SALE, made)
    sale_events.add(connection, now, till.chain, Kind.REFUSED_SALE, new)


def _take(
    connection: Connection, now: datetime, chain: str, wanted: dict[Stamp, Told]
) -> tuple[list[Told], dict[Stamp, Sold]]:
    """The sales that were made of those wanted, and for each stamp the one that stands now.

    The primary key decides: on PostgreSQL an insert waits for another's that is not committed.
    Stamps are locked in their order, so that no two calls wait for each other. Where a sale in
    the way is taken back at this very moment all of them are let go of and taken again: whoever
    holds later ones must not wait for an earlier one.
    """
    while True:
        with connection.begin_nested() as attempt:
            made = _insert(connection, now, chain, wanted)
            standing = sold(connection, wanted.keys())
            if standing.keys() == wanted.keys():
                return made, standing
            attempt.rollback()


def _insert(
    connection: Connection, now: datetime, chain: str, wanted: dict[Stamp, Told]
) -> list[Told]:
    """The sales that no other stood in the way of."""
    if not wanted:
        return []
    insert: Any = inserting(connection, sale_table)
    rows = [_row(wanted[stamp], chain, now) for stamp in sorted(wanted)]
    inserted = connection.execute(insert.on_conflict_do_nothing().returning(s.batch, s.index), rows)
    return [wanted[batch, index] for batch, index in inserted]


def _row(told: Told, chain: str, now: datetime) -> dict[str, object]:
    batch, index = told.stamp
    made = {"chain": chain, "store": told.store, "sold_at": told.at, "recorded_at": now}
    return {"batch": batch, "index": index, **made}
