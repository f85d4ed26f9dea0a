"""Producers, products, certificates, points of sale, contracts: kept, changed, published."""

import json
import secrets
from collections.abc import Callable
from datetime import date, datetime
from typing import Any

from marshmallow import EXCLUDE
from sqlalchemy import Connection, delete, select, update

from tem.databases.database import insert_or_ignore
from tem.dates import vietnam_day
from tem.errors import Conflict, Invalid, NotFound
from tem.http import etags
from tem.http.wire import pointers, told
from tem.trail import audit
from tem.verdict import CertificateFacts
from tem.vocabulary import DateKind, ProducerStatus
from tem_registry import rules, tables
from tem_registry.catalogue import (
    addresses,
    cards,
    catalogue_checks,
    catalogue_rows,
    catalogue_shown,
    kinds,
    places,
    turns,
)
from tem_registry.rules import Statuses

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
    if kind.name == "producer":
        began = vietnam_day(now).isoformat()
        record = {"status": str(ProducerStatus.ACTIVE), "status_since": began, **record}
    catalogue_checks.check(connection, kind, record, vietnam_day(now))
    row = {"id": id, "record": _text(record), **_columns(kind, record)}
    if not insert_or_ignore(connection, kind.table, row):
        raise Conflict("id_taken", f"There is a {kind.name} {id} already.")
    if kind.name == "producer":
        first = (ProducerStatus(record["status"]), date.fromisoformat(record["status_since"]))
        _keep_turns(connection, id, (first,))
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

    Raises NotFound, PreconditionFailed if the record is not the one the caller has seen, Invalid
    for what would contradict, or Conflict for what lots of the product rest on.
    """
    before = _locked(connection, kind, id)
    today = vietnam_day(now)
    etags.check_match(if_match, catalogue_shown.one(connection, kind, before, today))
    old = catalogue_rows.statuses_of(connection, id) if kind.name == "producer" else ()
    new, fields = _turned(kind, old, fields, today)
    record = _changed(kind, before, fields, today)
    catalogue_checks.check(connection, kind, record, today, before)
    if kind.name == "product" and record["date_kind"] != before["date_kind"]:
        catalogue_checks.require_no_lots(connection, id)
    values = {"record": _text(record), **_columns(kind, record)}
    connection.execute(update(kind.table).where(kind.table.c.id == id).values(values))
    if new != old:
        _keep_turns(connection, id, new)
    left = [one for one in before.get("product_ids", []) if one not in record["product_ids"]]
    cards.publish(connection, now, kind.name, id, no_longer=left)
    details = audit.difference(
        {**_told(before), "statuses": catalogue_shown.turns(old)},
        {**_told(record), "statuses": catalogue_shown.turns(new)},
        _personal(kind, before, record),
    )
    audit.record(connection, now, actor, f"{kind.name}.changed", f"{kind.name}:{id}", details)
    return record


def _turned(kind: Kind, old: Statuses, fields: Record, today: date) -> tuple[Statuses, Record]:
    """A producer's turns after these fields, which then name the last of them."""
    if kind.name != "producer" or not {"status", "status_since"} & fields.keys():
        return old, fields
    status, since = fields.get("status"), fields.get("status_since")
    new = turns.stated(
        old,
        ProducerStatus(status) if status else None,
        date.fromisoformat(since) if since else None,
        today,
    )
    last, began = new[-1]
    return new, {**fields, "status": str(last), "status_since": began.isoformat()}


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
    record = {**before, **fields}
    faults = list(pointers(kind.schema(unknown=EXCLUDE).validate(record)))
    if faults:
        raise Invalid("validation_failed", told(faults), errors=faults)
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


def _keep_turns(connection: Connection, id: str, new: Statuses) -> None:
    """A producer's turns are these and no others."""
    table = tables.producer_status
    connection.execute(delete(table).where(table.c.producer_id == id))
    rows = [{"producer_id": id, "since": since, "status": str(status)} for status, since in new]
    if rows:
        connection.execute(table.insert(), rows)


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
    return tuple(certificate_facts(json.loads(text)) for text in found)


def certificate_facts(record: Record) -> CertificateFacts:
    """What the verdict needs of a certificate's record."""
    day: Callable[[str], date] = date.fromisoformat
    revoked = record.get("revoked_on")
    return CertificateFacts(
        day(record["valid_from"]), day(record["valid_until"]), day(revoked) if revoked else None
    )
