"""What must hold of who owns what, and of who approved it before it was signed."""

from collections.abc import Iterator
from datetime import timedelta

from sqlalchemy import Connection, Table, or_, select

from tem import manifest
from tem.dates import parse_instant, rfc3339
from tem.http import auth
from tem_registry import tables
from tem_registry.fsck.fsck_pages import AT_ONCE

# The issuer's clock may be another machine's, and a manifest's instant has whole seconds.
CLOCKS_APART = timedelta(minutes=5)


def owners(connection: Connection) -> Iterator[str]:
    """Orders, batches and lots belong to their product's producer, keys to one on record."""
    named: list[tuple[str, Table, str]] = [
        ("order", tables.stamp_order, "id"),
        ("batch", tables.stamp_batch, "number"),
        ("lot", tables.lot, "id"),
    ]
    p = tables.product.c
    for kind, table, id in named:
        rows = (
            select(table.c[id])
            .join(tables.product, p.id == table.c.product_id, isouter=True)
            .where(or_(p.producer_id.is_(None), p.producer_id != table.c.producer_id))
        )
        for row in connection.execute(rows):
            yield f"{kind} {row[0]} is not of its product's producer"
    k = auth.key_table.c
    known = select(tables.producer.c.id)
    lost = select(k.id, k.producer_id).where(
        k.producer_id.is_not(None), k.revoked_at.is_(None), k.producer_id.not_in(known)
    )
    for row in connection.execute(lost):
        yield f"key {row.id} is for producer {row.producer_id}, who is not on record: revoke it"


def approvals(connection: Connection) -> Iterator[str]:
    """Each approval of an issued order is older than the signature under its batch."""
    a, b = tables.approval.c, tables.stamp_batch.c
    rows = select(a.order_id, a.at, b.manifest).join(tables.stamp_batch, b.order_id == a.order_id)
    for row in connection.execute(rows.execution_options(yield_per=AT_ONCE)):
        try:
            signed = parse_instant(manifest.parse(row.manifest).issued_at)
        except (manifest.ManifestRefused, ValueError):
            continue  # told elsewhere: the manifest is refused
        if row.at > signed + CLOCKS_APART:
            yield (
                f"order {row.order_id} was approved on {rfc3339(row.at)}, "
                f"after its batch was signed on {rfc3339(signed)}"
            )
