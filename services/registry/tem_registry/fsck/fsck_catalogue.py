"""What must hold of the catalogue: columns say what the record says, parts agree."""

import json
from collections.abc import Iterator

from sqlalchemy import Connection, select

from tem_registry import tables
from tem_registry.catalogue.kinds import KINDS, Kind


def records(connection: Connection) -> Iterator[str]:
    """Each record names itself, and its columns repeat it."""
    for kind in KINDS.values():
        yield from _columns(connection, kind)
    yield from _contracts(connection)


def _columns(connection: Connection, kind: Kind) -> Iterator[str]:
    c = kind.table.c
    kept = {"id": kind.id_field, **{name: name for name in kind.columns}}
    columns = [c[name] for name in kept]
    for row in connection.execute(select(c.record, *columns).order_by(c.id)):
        record = json.loads(row.record)
        for column, name in kept.items():
            if getattr(row, column) != record.get(name):
                yield f"{kind.name} {row.id}: its record says another {name} than its row"
    if kind.name == "producer":
        query = select(c.id, c.commune_code, c.record).order_by(c.id)
        for id, code, text in connection.execute(query):
            if code != json.loads(text)["address"].get("commune_code"):
                yield f"producer {id}: its record lies in another commune than its row"


def _contracts(connection: Connection) -> Iterator[str]:
    """A contract sells its producer's own products only."""
    c, p = tables.contract.c, tables.product.c
    made_by = {row.id: row.producer_id for row in connection.execute(select(p.id, p.producer_id))}
    for id, producer_id, text in connection.execute(select(c.id, c.producer_id, c.record)):
        for product_id in json.loads(text)["product_ids"]:
            if made_by.get(product_id) != producer_id:
                yield f"contract {id}: {product_id} is no product of {producer_id}"
