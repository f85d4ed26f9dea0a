"""What must hold between the sales that stand and what tills told; each fault is one sentence."""

from collections.abc import Iterator

from sqlalchemy import Connection, and_, case, func, select

from tem_verifier.retail.sale_kinds import Kind
from tem_verifier.retail.tables import sale_event_table, sale_table

s, e = sale_table.c, sale_event_table.c
MOST_NAMED = 20


def faults(connection: Connection) -> Iterator[str]:
    """A sale without its event, events that leave another sale standing than there is, numbers
    with gaps."""
    yield from _untold(connection)
    yield from _miscounted(connection)
    count, last = connection.execute(
        select(func.count(), func.coalesce(func.max(e.id), 0)).select_from(sale_event_table)
    ).one()
    if count != last:
        yield f"there are {count} events of sales, but the last one has the number {last}"


def _untold(connection: Connection) -> Iterator[str]:
    same = and_(
        *(e.batch == s.batch, e.index == s.index, e.kind == Kind.SALE, e.chain == s.chain),
        *(e.store == s.store, e.at == s.sold_at),
    )
    query = select(s.batch, s.index).where(~select(e.id).where(same).exists())
    for batch, index in connection.execute(query.limit(MOST_NAMED)):
        yield f"stamp {batch}-{index} is sold, but no till told that sale"


def _miscounted(connection: Connection) -> Iterator[str]:
    """Sales and returns of a stamp take turns: what is left of them is whether it is sold."""
    signed = case((e.kind == Kind.SALE, 1), (e.kind == Kind.RETURN, -1), else_=0)
    left = (
        select(e.batch, e.index, func.sum(signed).label("left")).group_by(e.batch, e.index)
    ).subquery()
    there = case((s.batch.is_(None), 0), else_=1)
    joined = left.outerjoin(sale_table, and_(s.batch == left.c.batch, s.index == left.c.index))
    query = select(left.c.batch, left.c.index, left.c.left).select_from(joined)
    for batch, index, count in connection.execute(
        query.where(left.c.left != there).limit(MOST_NAMED)
    ):
        yield f"what tills told leaves stamp {batch}-{index} sold {count} times"
