"""Which stamps are sold at present."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, select

from tem_verifier.retail.tables import sale_table
from tem_verifier.storage import ASKED_AT_ONCE, among

s = sale_table.c
Stamp = tuple[int, int]  # batch and index


@dataclass(frozen=True, slots=True)
class Sold:
    """A sale that stands. The store is for the same chain to know, and nobody else."""

    chain: str
    store: str
    sold_at: datetime


def sold(connection: Connection, stamps: Collection[Stamp]) -> dict[Stamp, Sold]:
    """The sales of those of some stamps that are sold at present."""
    asked, found = list(stamps), dict[Stamp, Sold]()
    for at in range(0, len(asked), ASKED_AT_ONCE):
        wanted = among(s.batch, s.index, asked[at : at + ASKED_AT_ONCE])
        query = select(s.batch, s.index, s.chain, s.store, s.sold_at).where(wanted)
        for batch, index, chain, store, sold_at in connection.execute(query):
            found[batch, index] = Sold(chain, store, sold_at)
    return found
