"""The office's four columns: issued, activated, not activated, and what became of the rest.

``activated`` includes stamps voided or revoked after activation; ``void`` and ``revoked`` count
those that never were. Always: quantity = activated + not_activated, and
not_activated = not_activated_usable + void + revoked.
"""

from collections import defaultdict
from dataclasses import astuple, dataclass
from datetime import date
from typing import Any

from sqlalchemy import Connection, and_, case, func, select

from tem.vocabulary import StampState
from tem_registry import tables


@dataclass(slots=True)
class Counts:
    """Numbers of stamps."""

    quantity: int = 0
    activated: int = 0
    not_activated: int = 0
    not_activated_usable: int = 0
    void: int = 0
    revoked: int = 0

    def add(self, other: "Counts") -> None:
        """Sum up."""
        for name in self.__slots__:
            setattr(self, name, getattr(self, name) + getattr(other, name))

    def shown(self) -> dict[str, int]:
        """As JSON."""
        return dict(zip(self.__slots__, astuple(self), strict=True))


def count(
    connection: Connection,
    by: str,
    producer_id: str | None = None,
    issued_from: date | None = None,
    issued_until: date | None = None,
) -> dict[str, Any]:
    """Rows by batch, product, producer, commune or month of issue, and their total.

    The key of a batch is the id it was imported under, else its number.
    """
    sums: dict[str, Counts] = defaultdict(Counts)
    total = Counts()
    for row in connection.execute(_query(producer_id, issued_from, issued_until)):
        not_activated = row.quantity - row.activated
        counts = Counts(
            row.quantity,
            row.activated,
            not_activated,
            not_activated - row.void - row.revoked,
            row.void,
            row.revoked,
        )
        sums[_key(by, row)].add(counts)
        total.add(counts)
    rows = [{"key": key, **sums[key].shown()} for key in sorted(sums, key=_natural)]
    return {"rows": rows, "total": total.shown()}


def _key(by: str, row: Any) -> str:
    if by == "batch":
        return str(row.imported_as or row.number)
    if by == "month":
        return str(row.issued_on.isoformat()[:7])
    keys = {"product": row.product_id, "producer": row.producer_id, "commune": row.commune_code}
    return str(keys[by] or "")


def _natural(key: str) -> tuple[int, str]:
    """Numbers in the order of numbers."""
    return (int(key), "") if key.isdigit() else (-1, key)


def _query(producer_id: str | None, since: date | None, until: date | None) -> Any:
    i, b, ledger = tables.stamp_interval.c, tables.stamp_batch.c, tables.import_ledger.c
    stamps = i.last - i.first + 1

    def summed(condition: Any) -> Any:
        return func.coalesce(func.sum(case((condition, stamps), else_=0)), 0)

    never = i.lot_id.is_(None)
    query = (
        select(
            b.number,
            b.quantity,
            b.product_id,
            b.producer_id,
            b.issued_on,
            tables.producer.c.commune_code,
            ledger.id.label("imported_as"),
            summed(i.lot_id.is_not(None)).label("activated"),
            summed(and_(never, i.state == StampState.VOID)).label("void"),
            summed(and_(never, i.state == StampState.REVOKED)).label("revoked"),
        )
        .select_from(tables.stamp_batch)
        .join(tables.stamp_interval, i.batch == b.number)
        .join(tables.producer, tables.producer.c.id == b.producer_id)
        .outerjoin(
            tables.import_ledger, and_(ledger.kind == "stamp_batch", ledger.id == b.order_id)
        )
        .group_by(
            b.number,
            b.quantity,
            b.product_id,
            b.producer_id,
            b.issued_on,
            tables.producer.c.commune_code,
            ledger.id,
        )
    )
    conditions = [
        b.producer_id == producer_id if producer_id is not None else None,
        b.issued_on >= since if since is not None else None,
        b.issued_on <= until if until is not None else None,
    ]
    return query.where(*(c for c in conditions if c is not None))
