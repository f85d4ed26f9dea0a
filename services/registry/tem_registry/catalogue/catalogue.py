"""Producers, products, certificates, points of sale, contracts: kept, changed, published."""

import json
import secrets
from collections.abc import Callable
from datetime import date, datetime
from typing import Any

from marshmallow import EXCLUDE
from sqlalchemy import Connection, select, update

from tem import audit, etags
from tem.database import insert_or_ignore
from tem.dates import vietnam_day
from tem.errors import Conflict, Invalid, NotFound
from tem.verdict import CertificateFacts
from tem.vocabulary import DateKind
from tem_registry import rules, tables
from tem_registry.catalogue import (
    addresses,
    cards,
    catalogue_checks,
    catalogue_rows,
    catalogue_shown,
    kinds,
    places,
)

Record = dict[str, Any]
Kind = kinds.Kind
KINDS = kinds.KINDS
find = catalogue_rows.find
page = catalogue_rows.page
statuses_of = catalogue_rows.statuses_of


def add(connection: Connection, now: datetime, actor: str, kind: Kind, record: Record) -> Record:
    """Store a new record, publish it, and say so.

    Raises Invalid for what contradicts or is not there, Conflict if its id is taken.
    """
    id = record.get(kind.id_field) or f"{kind.prefix}-{secrets.token_hex(5)}"
    record = catalogue_checks.completed(kind, {kind.id_field: id, **record})
    if "status" in record and kind.name == "producer":
        record = {"status_since": vietnam_day(now).isoformat(), **record}
    catalogue_checks.check(connection, kind, record, vietnam_day(now))
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
    connection: Connection,
    now: datetime,
    actor: str,
    kind: Kind,
    id: str,
    fields: Record,
    *,
    if_match: str | None = None,
) -> Record:
    """Change some fields of a record and publish it; ``if_match`` is the header as sent.

    Raises NotFound, PreconditionFailed if the record is not the one the caller has seen, or
    Invalid for what would contradict.
    """
    before = _locked(connection, kind, id)
    today = vietnam_day(now)
    etags.check_match(if_match, catalogue_shown.one(connection, kind, before, today))
    record = _changed(kind, before, fields, today)
    catalogue_checks.check(connection, kind, record, today)
    values = {"record": _text(record), **_columns(kind, record)}
    connection.execute(update(kind.table).where(kind.table.c.id == id).values(values))
    if kind.name == "producer" and {"status", "status_since"} & set(fields):
        _note_status(connection, record)
    left = [one for one in before.get("product_ids", []) if one not in record["product_ids"]]
    cards.publish(connection, now, kind.name, id, no_longer=left)
    details = audit.difference(_told(before), _told(record), _personal(kind, before, record))
    audit.record(connection, now, actor, f"{kind.name}.changed", f"{kind.name}:{id}", details)
    return record


def _locked(connection: Connection, kind: Kind, id: str) -> Record:
    """A record that nobody else changes before the transaction ends. Raises NotFound."""
    c = kind.table.c
    locked = select(c.record).where(c.id == id).with_for_update(key_share=True)
    text = connection.execute(locked).scalar()
    if text is None:
        raise NotFound("not_found", f"There is no {kind.name} {id}.")
    record: Record = json.loads(text)
    return record


def _changed(kind: Kind, before: Record, fields: Record, today: date) -> Record:
    """The record with these fields. Raises Invalid for a fixed one, or a record of wrong shape."""
    fixed = [
        f for f in (kind.id_field, *kind.columns) if fields.get(f, before.get(f)) != before.get(f)
    ]
    if fixed:
        raise Invalid(
            "field_fixed", f"{', '.join(fixed)} cannot be changed: add a new {kind.name}."
        )
    turned = fields.get("status", before.get("status")) != before.get("status")
    if turned and kind.name == "producer":  # from today, unless a day is given
        fields = {"status_since": today.isoformat(), **fields}
    record = {**before, **fields}
    faults = kind.schema(unknown=EXCLUDE).validate(record)
    if faults:
        raise Invalid("validation_failed", f"The changed {kind.name} would be wrong: {faults}")
    record = catalogue_checks.completed(kind, record)
    if "address" in fields:
        record |= addresses.moved(before, record["address"], today)
    return record


def _told(record: Record) -> Record:
    """A record for the audit trail: what proves a consent stands beside it, to be withheld."""
    consent = record.get("consent")
    if not consent or "evidence" not in consent:
        return record
    rest = {name: value for name, value in consent.items() if name != "evidence"}
    return {**record, "consent": rest, "consent.evidence": consent["evidence"]}


def _personal(kind: Kind, *records: Record) -> frozenset[str]:
    """The place of a household is somebody's home."""
    home = any(record.get("producer_type") == "household" for record in records)
    return kind.personal | {"gps"} if home else kind.personal


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
    category = places.categories().get(record["category_code"])
    return rules.Product(
        id=record["product_id"],
        producer_id=record["producer_id"],
        stampable=record["stampable"] and (category is None or category.stampable),
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
