"""Goods that come back: their stamps can be sold again."""

from collections.abc import Sequence
from datetime import datetime
from operator import attrgetter

from sqlalchemy import Connection, delete

from tem.trail import audit
from tem_verifier.retail import sale_events
from tem_verifier.retail.sale_events import Told
from tem_verifier.retail.sale_kinds import Kind
from tem_verifier.retail.sale_rules import Outcome, Refused, not_returned, sold_between
from tem_verifier.retail.sold import sold
from tem_verifier.retail.tables import sale_table
from tem_verifier.retail.tills import Till

s = sale_table.c


def take_back(
    connection: Connection, now: datetime, till: Till, returns: Sequence[Told]
) -> list[Outcome | Refused]:
    """Undo sales of the till's own chain, in the caller's transaction: for each return what
    became of it. A return told before, in the same words, is returned."""
    done = sale_events.known(connection, till.chain, Kind.RETURN, returns)
    new = [one for one in dict.fromkeys(returns) if one not in done]
    # In the order of the stamps, as sales do it: no two calls wait for each other.
    new.sort(key=attrgetter("stamp"))
    back = [one for one in new if _undo(connection, till.chain, one)]
    if back:
        about, counts = f"chain:{till.chain}", {"returned": len(back)}
        audit.record(connection, now, till.actor, "returns.recorded", about, counts)
        sale_events.add(connection, now, till.chain, Kind.RETURN, back)
    # Once more: the very same return may have been committed while this one waited for it.
    done |= sale_events.known(connection, till.chain, Kind.RETURN, returns)
    standing = sold(connection, {one.stamp for one in returns if one not in done})
    return [
        Outcome.RETURNED
        if one in done
        else not_returned(standing.get(one.stamp), till.chain, one.at)
        for one in returns
    ]


def _undo(connection: Connection, chain: str, told: Told) -> bool:
    """Whether there was a sale of the chain that this return takes back: asked by the write."""
    first, last = sold_between(told.at)
    stamp = (s.batch == told.stamp[0], s.index == told.stamp[1])
    mine = (s.chain == chain, s.sold_at >= first, s.sold_at <= last)
    return connection.execute(delete(sale_table).where(*stamp, *mine)).rowcount == 1
