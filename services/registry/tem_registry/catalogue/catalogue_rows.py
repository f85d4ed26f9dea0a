"""Rows of the catalogue as they are kept: found by id, paged by those who may see them."""

import json
from collections.abc import Iterable
from datetime import date
from typing import Any

from sqlalchemy import Connection, Select, select

from tem.errors import NotFound
from tem.vocabulary import ProducerStatus
from tem_registry import tables
from tem_registry.catalogue.kinds import Kind
from tem_registry.rules import Statuses

Record = dict[str, Any]


def find(connection: Connection, kind: Kind, id: str, producer_id: str | None = None) -> Record:
    """One record. Raises NotFound, also for another producer's when ``producer_id`` is given."""
    query = select(kind.table.c.record).where(kind.table.c.id == id)
    text = connection.execute(_own(kind, query, producer_id)).scalar()
    if text is None:
        raise NotFound("not_found", f"There is no {kind.name} {id}.")
    record: Record = json.loads(text)
    return record


def page(
    connection: Connection,
    kind: Kind,
    after: str,
    limit: int,
    producer_id: str | None = None,
    columns: Record | None = None,
) -> list[Record]:
    """Records with an id above ``after``, in order; a producer's own only, if one is given.

    ``columns`` are values that columns of the table must have.
    """
    c = kind.table.c
    query = select(c.record).where(c.id > after).order_by(c.id).limit(limit)
    for name, value in (columns or {}).items():
        query = query.where(c[name] == value)
    return [
        json.loads(text) for text in connection.execute(_own(kind, query, producer_id)).scalars()
    ]


def _own(kind: Kind, query: Select[Any], producer_id: str | None) -> Select[Any]:
    """A producer sees its own; certificates are its products', points of sale are everybody's."""
    if producer_id is None:
        return query
    if kind.owner is not None:
        return query.where(kind.table.c[kind.owner] == producer_id)
    if kind.name == "certificate":
        own = select(tables.product.c.id).where(tables.product.c.producer_id == producer_id)
        return query.where(tables.certificate.c.product_id.in_(own))
    return query


def statuses_of(connection: Connection, producer_id: str) -> Statuses:
    """A producer's statuses in order of their day."""
    return statuses_of_each(connection, [producer_id])[producer_id]


def statuses_of_each(connection: Connection, producer_ids: Iterable[str]) -> dict[str, Statuses]:
    """The statuses of several producers, each in order of their day."""
    ids = list(producer_ids)
    found: dict[str, list[tuple[ProducerStatus, date]]] = {id: [] for id in ids}
    c = tables.producer_status.c
    query = select(c.producer_id, c.status, c.since).where(c.producer_id.in_(ids))
    for row in connection.execute(query.order_by(c.since)):
        found[row.producer_id].append((ProducerStatus(row.status), row.since))
    return {id: tuple(turns) for id, turns in found.items()}


def certificates_of_each(
    connection: Connection, product_ids: Iterable[str]
) -> dict[str, list[Record]]:
    """The certificates of several products, as they are kept."""
    ids = list(product_ids)
    found: dict[str, list[Record]] = {id: [] for id in ids}
    c = tables.certificate.c
    query = select(c.product_id, c.record).where(c.product_id.in_(ids)).order_by(c.id)
    for row in connection.execute(query):
        found[row.product_id].append(json.loads(row.record))
    return found
