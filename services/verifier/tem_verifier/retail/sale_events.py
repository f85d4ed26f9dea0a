"""What tills told, in the order of the commits."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, func, select

from tem_verifier.retail.sale_kinds import Kind
from tem_verifier.retail.sold import Stamp
from tem_verifier.retail.tables import sale_event_table
from tem_verifier.storage import ASKED_AT_ONCE, among

e = sale_event_table.c


@dataclass(frozen=True, slots=True)
class Told:
    """One sale or return of a stamp as a till of a chain told it."""

    stamp: Stamp
    store: str
    at: datetime


def known(connection: Connection, chain: str, kind: Kind, told: Collection[Told]) -> set[Told]:
    """Those that the chain has told before."""
    asked, found = sorted({one.stamp for one in told}), set[Told]()
    for begin in range(0, len(asked), ASKED_AT_ONCE):
        wanted = among(e.batch, e.index, asked[begin : begin + ASKED_AT_ONCE])
        query = select(e.batch, e.index, e.store, e.at).where(wanted, e.kind == kind)
        for batch, index, store, at in connection.execute(query.where(e.chain == chain)):
            found.add(Told((batch, index), store, at))
    return found.intersection(told)


def add(
    connection: Connection, now: datetime, chain: str, kind: Kind, told: Collection[Told]
) -> None:
    """Remember it.

    The caller holds the lock of the audit trail's head, so that numbers have no gaps and whoever
    reads on from the last one misses nothing.
    """
    last = connection.execute(select(func.max(e.id))).scalar() or 0
    rows = [
        {
            "id": id,
            "kind": kind,
            "batch": one.stamp[0],
            "index": one.stamp[1],
            "chain": chain,
            "store": one.store,
            "at": one.at,
            "recorded_at": now,
        }
        for id, one in enumerate(told, last + 1)
    ]
    if rows:
        connection.execute(sale_event_table.insert(), rows)
