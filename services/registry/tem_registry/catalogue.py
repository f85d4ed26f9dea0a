"""Producers, products, certificates, points of sale, contracts: kept, changed, published."""

import json
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from marshmallow import EXCLUDE, Schema
from sqlalchemy import Connection, Table, select, update

from tem import audit
from tem.database import insert_or_ignore
from tem.dates import vietnam_day
from tem.errors import Conflict, Invalid, NotFound
from tem.verdict import CertificateFacts
from tem.vocabulary import DateKind, ProducerStatus
from tem_registry import cards, rules, schemas_catalogue, tables

Record = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of row: its name, table, id field, schema, and the columns kept beside it.

    ``columns`` are fields of the record; ``owner`` is the column that tells whose it is.
    """

    name: str
    path: str
    table: Table
    id_field: str
    prefix: str
    schema: type[Schema]
    columns: tuple[str, ...] = ()
    owner: str | None = None


KINDS = {
    kind.name: kind
    for kind in (
        Kind(
            "producer",
            "producers",
            tables.producer,
            "producer_id",
            "P",
            schemas_catalogue.Producer,
            owner="id",
        ),
        Kind(
            "product",
            "products",
            tables.product,
            "product_id",
            "SP",
            schemas_catalogue.Product,
            ("producer_id",),
            "producer_id",
        ),
        Kind(
            "certificate",
            "certificates",
            tables.certificate,
            "certificate_id",
            "CN",
            schemas_catalogue.Certificate,
            ("product_id",),
        ),
        Kind(
            "point_of_sale",
            "points-of-sale",
            tables.point_of_sale,
            "pos_id",
            "DB",
            schemas_catalogue.PointOfSale,
        ),
        Kind(
            "contract",
            "contracts",
            tables.contract,
            "contract_id",
            "HD",
            schemas_catalogue.Contract,
            ("producer_id", "pos_id"),
            "producer_id",
        ),
    )
}
_REFERENCES = {"producer_id": "producer", "product_id": "product", "pos_id": "point_of_sale"}


def find(connection: Connection, kind: Kind, id: str, producer_id: str | None = None) -> Record:
    """One record. Raises NotFound, also for another producer's when ``producer_id`` is given."""
    query = select(kind.table.c.record).where(kind.table.c.id == id)
    text = connection.execute(_own(kind, query, producer_id)).scalar()
    if text is None:
        raise NotFound("not_found", f"There is no {kind.name} {id}.")
    record: Record = json.loads(text)
    return record


def page(
    connection: Connection, kind: Kind, after: str, limit: int, producer_id: str | None = None
) -> list[Record]:
    """Records with an id above ``after``, in order; a producer's own only, if one is given."""
    c = kind.table.c
    query = select(c.record).where(c.id > after).order_by(c.id).limit(limit)
    return [
        json.loads(text) for text in connection.execute(_own(kind, query, producer_id)).scalars()
    ]


def _own(kind: Kind, query: Any, producer_id: str | None) -> Any:
    """A producer sees its own; certificates are its products', points of sale are everybody's."""
    if producer_id is None:
        return query
    if kind.owner is not None:
        return query.where(kind.table.c[kind.owner] == producer_id)
    if kind.name == "certificate":
        own = select(tables.product.c.id).where(tables.product.c.producer_id == producer_id)
        return query.where(tables.certificate.c.product_id.in_(own))
    return query


def add(connection: Connection, now: datetime, actor: str, kind: Kind, record: Record) -> Record:
    """Store a new record, publish it, and say so. Raises Conflict if its id is taken."""
    id = record.get(kind.id_field) or f"{kind.prefix}-{secrets.token_hex(5)}"
    record = {kind.id_field: id, **record}
    if "status" in record and kind.name == "producer":
        record = {"status_since": vietnam_day(now).isoformat(), **record}
    _check_references(connection, kind, record)
    row = {"id": id, "record": _text(record), **_columns(kind, record)}
    if not insert_or_ignore(connection, kind.table, row):
        raise Conflict("id_taken", f"There is a {kind.name} {id} already.")
    if kind.name == "producer":
        _note_status(connection, record)
    cards.publish(connection, now, kind.name, id)
    details = {"fields": sorted(record)}
    audit.record(connection, now, actor, f"{kind.name}.added", f"{kind.name}:{id}", details)
    return record


def change(
    connection: Connection, now: datetime, actor: str, kind: Kind, id: str, fields: Record
) -> Record:
    """Change some fields of a record and publish it. Raises NotFound or Invalid."""
    c = kind.table.c
    locked = select(c.record).where(c.id == id).with_for_update(key_share=True)
    text = connection.execute(locked).scalar()
    if text is None:
        raise NotFound("not_found", f"There is no {kind.name} {id}.")
    before: Record = json.loads(text)
    fixed = [
        f for f in (kind.id_field, *kind.columns) if fields.get(f, before.get(f)) != before.get(f)
    ]
    if fixed:
        raise Invalid(
            "field_fixed", f"{', '.join(fixed)} cannot be changed: add a new {kind.name}."
        )
    turned = "status" in fields and fields["status"] != before.get("status")
    if turned and kind.name == "producer":  # from today, unless a day is given
        fields = {"status_since": vietnam_day(now).isoformat(), **fields}
    record = {**before, **fields}
    faults = kind.schema(unknown=EXCLUDE).validate(record)
    if faults:
        raise Invalid("validation_failed", f"The changed {kind.name} would be wrong: {faults}")
    _check_references(connection, kind, record)
    connection.execute(
        update(kind.table).where(c.id == id).values(record=_text(record), **_columns(kind, record))
    )
    changed = sorted(f for f in fields if record[f] != before.get(f))
    if kind.name == "producer" and {"status", "status_since"} & set(fields):
        _note_status(connection, record)
    left = [one for one in before.get("product_ids", []) if one not in record["product_ids"]]
    cards.publish(connection, now, kind.name, id, no_longer=left)
    details = {"fields": changed}
    audit.record(connection, now, actor, f"{kind.name}.changed", f"{kind.name}:{id}", details)
    return record


def _note_status(connection: Connection, record: Record) -> None:
    """A status counts from its ``status_since``; earlier ones stay on record."""
    if "status" not in record:
        return
    since = date.fromisoformat(record["status_since"])
    c = tables.producer_status.c
    row = {"producer_id": record["producer_id"], "since": since, "status": record["status"]}
    if not insert_or_ignore(connection, tables.producer_status, row):
        connection.execute(
            update(tables.producer_status)
            .where(c.producer_id == record["producer_id"], c.since == since)
            .values(status=record["status"])
        )


def _check_references(connection: Connection, kind: Kind, record: Record) -> None:
    """Raises Invalid when a record names something that is not there."""
    named = [(_REFERENCES[f], record[f]) for f in kind.columns if f in _REFERENCES]
    named += [("product", id) for id in record.get("product_ids", [])]
    for other, id in named:
        table = KINDS[other].table
        if connection.execute(select(table.c.id).where(table.c.id == id)).first() is None:
            raise Invalid("unknown_reference", f"There is no {other} {id}.")


def _columns(kind: Kind, record: Record) -> dict[str, Any]:
    columns = {name: record[name] for name in kind.columns}
    if kind.name == "producer":
        columns["commune_code"] = record["address"].get("commune_code")
    return columns


def _text(record: Record) -> str:
    return json.dumps(record, ensure_ascii=False)


# --- what rules need of them ---


def product_for_rules(
    connection: Connection, id: str, producer_id: str | None = None
) -> rules.Product:
    """A product as rules see it. Raises NotFound, also for another producer's."""
    record = find(connection, KINDS["product"], id, producer_id)
    life = record.get("shelf_life")
    return rules.Product(
        id=record["product_id"],
        producer_id=record["producer_id"],
        stampable=record["stampable"],
        date_kind=DateKind(record["date_kind"]),
        shelf_life=(life["value"], life["unit"]) if life else None,
        category_code=record["category_code"],
        declared_output=(record.get("declared_output") or {}).get("quantity"),
    )


def certificates_of(connection: Connection, product_id: str) -> tuple[CertificateFacts, ...]:
    """All certificates of a product, as the verdict sees them."""
    c = tables.certificate.c
    found = connection.execute(select(c.record).where(c.product_id == product_id)).scalars()
    return tuple(_certificate(json.loads(text)) for text in found)


def _certificate(record: Record) -> CertificateFacts:
    day: Callable[[str], date] = date.fromisoformat
    revoked = record.get("revoked_on")
    return CertificateFacts(
        day(record["valid_from"]), day(record["valid_until"]), day(revoked) if revoked else None
    )


def statuses_of(connection: Connection, producer_id: str) -> rules.Statuses:
    """A producer's statuses in order of their day."""
    c = tables.producer_status.c
    query = select(c.status, c.since).where(c.producer_id == producer_id).order_by(c.since)
    return tuple((ProducerStatus(row.status), row.since) for row in connection.execute(query))
