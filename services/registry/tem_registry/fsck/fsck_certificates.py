"""What must hold of withdrawn recognitions: their unused stamps went with them."""

import json
from collections.abc import Iterator

from sqlalchemy import Connection, select

from tem.trail import audit
from tem_registry import tables
from tem_registry.stamps.moves import USABLE


def withdrawn(connection: Connection) -> Iterator[str]:
    """A product whose newest recognition was withdrawn, with none beside it, has no usable stamp.

    Another recognition that stood on the day of the withdrawal or later lets stamps be held
    instead. What an import took over stands as it was given.
    """
    newest = _newest(connection)
    b, i, ledger = tables.stamp_batch.c, tables.stamp_interval.c, tables.import_ledger.c
    taken_over = select(ledger.id).where(ledger.kind == "stamp_batch")
    usable = (
        select(b.number, b.product_id, i.first, i.last, i.state)
        .join(tables.stamp_interval, i.batch == b.number)
        .where(i.state.in_([str(state) for state in USABLE]))
        .where(b.order_id.not_in(taken_over), b.product_id.in_(newest))
        .order_by(b.number, i.first)
    )
    for row in connection.execute(usable):
        yield (
            f"stamps {row.first}..{row.last} of batch {row.number} are {row.state}, "
            f"but certificate {newest[row.product_id]} of {row.product_id} is withdrawn"
        )


def _newest(connection: Connection) -> dict[str, str]:
    """Products whose newest certificate was withdrawn by an act, and by which nothing is left."""
    c, e = tables.certificate.c, audit.entry_table.c
    took_along: dict[str, bool] = {}
    acts = select(e.object, e.details).where(e.action == "certificate.withdrawn").order_by(e.seq)
    for row in connection.execute(acts):
        told = json.loads(row.details)
        took_along[row.object.removeprefix("certificate:")] = not told.get("still_recognised")
    records: dict[str, list[dict[str, str]]] = {}
    for text in connection.execute(select(c.record).order_by(c.id)).scalars():
        record = json.loads(text)
        records.setdefault(record["product_id"], []).append(record)
    found = {}
    for product_id, terms in records.items():
        last = max(terms, key=lambda one: one["valid_from"])
        day = last.get("revoked_on")
        beside = [one for one in terms if one is not last and day and _stood(one) >= day]
        if day and took_along.get(last["certificate_id"]) and not beside:
            found[product_id] = last["certificate_id"]
    return found


def _stood(certificate: dict[str, str]) -> str:
    """The last day a certificate stood, or the day it was withdrawn on."""
    return min(certificate["valid_until"], certificate.get("revoked_on") or "9")
