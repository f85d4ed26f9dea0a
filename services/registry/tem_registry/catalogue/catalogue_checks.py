"""What a record must be before it is kept: its references are there, its parts agree."""

import json
from collections.abc import Mapping
from datetime import date
from typing import Any

from sqlalchemy import Connection, select

from tem.errors import Conflict, Invalid
from tem.http.wire import told
from tem_registry import tables
from tem_registry.catalogue import addresses, consents, contacts, places, product_rules
from tem_registry.catalogue.catalogue_rows import Record
from tem_registry.catalogue.kinds import KINDS, Kind
from tem_registry.files import files
from tem_registry.rules import Fault

_REFERENCES = {"producer_id": "producer", "product_id": "product", "pos_id": "point_of_sale"}


def completed(kind: Kind, record: Record) -> Record:
    """The record with what follows from its codes: names of places, stampable or not."""
    if "address" in record:
        record = {**record, "address": addresses.completed(record["address"], _communes())}
    if kind.name == "product" and "stampable" not in record:
        return {**record, "stampable": bool(_stampable(record))}
    return record


def check(
    connection: Connection,
    kind: Kind,
    record: Record,
    today: date,
    before: Record | None = None,
) -> None:
    """Raises Invalid naming each fault by its place; one alone lends its code to the error.

    ``before`` is what a change began with, None for a new record.
    """
    check_references(connection, kind, record)
    found = [*_faults(connection, kind, record, today)]
    if kind.name == "product" and _gtin(record) != _gtin(before or {}):
        found += _gtin_of_another(connection, record)
    if found:
        listed = [{"pointer": one.pointer, "code": one.code, "detail": one.detail} for one in found]
        if len(found) == 1:
            raise Invalid(found[0].code, found[0].detail, errors=listed)
        raise Invalid("validation_failed", told(listed), errors=listed)


def check_references(connection: Connection, kind: Kind, record: Record) -> None:
    """Raises Invalid when a record names something that is not there."""
    if kind.name == "product":
        files.check_named(connection, record)
    named = [(f, _REFERENCES[f], record[f]) for f in kind.columns if f in _REFERENCES]
    named += [("product_ids", "product", id) for id in record.get("product_ids", [])]
    for field, other, id in named:
        table = KINDS[other].table
        if connection.execute(select(table.c.id).where(table.c.id == id)).first() is None:
            code, detail = "unknown_reference", f"There is no {other} {id}."
            where = {"pointer": f"/{field}", "code": code, "detail": detail}
            raise Invalid(code, detail, errors=[where])


def require_no_lots(connection: Connection, product_id: str) -> None:
    """Raises Conflict if the dates of lots on record mean what the product says of dates now.

    A lot somebody is about to record waits for the end of this transaction.
    """
    c = tables.product.c
    connection.execute(select(c.id).where(c.id == product_id).with_for_update()).all()
    lot = tables.lot.c
    left = select(lot.id).where(lot.product_id == product_id, lot.purged_at.is_(None)).limit(1)
    if connection.execute(left).first() is not None:
        raise Conflict(
            "product_has_lots",
            "Lots are on record whose dates mean what date_kind says: add another product.",
        )


def _faults(connection: Connection, kind: Kind, record: Record, today: date) -> list[Fault]:
    found = contacts.faults(record)
    if "address" in record:
        place = record["address"]
        found += addresses.faults(place, _communes()) or addresses.incomplete(place)
    if kind.name == "producer":
        found += consents.faults(record, today)
    elif kind.name == "product":
        found += product_rules.faults(record, _stampable(record))
    elif kind.name == "point_of_sale":
        found += _order(record, "certified_on", "certified_until")
    elif kind.name == "contract":
        found += _order(record, "signed_on", "valid_until") + _others_products(connection, record)
    return found


def _order(record: Mapping[str, Any], first: str, last: str) -> list[Fault]:
    if record.get(last) is None or record[first] <= record[last]:
        return []
    return [Fault(f"/{last}", "ends_before_it_begins", f"{last} lies before {first}.")]


def _others_products(connection: Connection, record: Record) -> list[Fault]:
    """A producer's contract is about its own products: they cannot change hands."""
    c = tables.product.c
    others = select(c.id).where(
        c.id.in_(record["product_ids"]), c.producer_id != record["producer_id"]
    )
    ids = sorted(connection.execute(others).scalars())
    if not ids:
        return []
    told = f"{', '.join(ids)}: not of {record['producer_id']}. Make a contract with its producer."
    return [Fault("/product_ids", "contract_other_producer", told)]


def _gtin_of_another(connection: Connection, record: Record) -> list[Fault]:
    """A GTIN names one product, however many zeros it is written with: a Digital Link with it
    must lead to that one (GS1 General Specifications, 2.1)."""
    number = _gtin(record)
    if number is None:
        return []
    c = tables.product.c
    near = select(c.id, c.record).where(
        c.id != record["product_id"], c.record.contains(number.lstrip("0"))
    )
    for id, text in connection.execute(near.order_by(c.id)):
        if _gtin(json.loads(text)) == number:
            return [Fault("/gtin", "gtin_taken", f"{id} has this GTIN: each product has its own.")]
    return []


def _gtin(record: Record) -> str | None:
    """A product's, with the zeros that make it 14 digits."""
    number: str | None = record.get("gtin")
    return number.zfill(14) if number else None


def _communes() -> dict[str, str]:
    return {code: one.name for code, one in places.communes().items()}


def _stampable(record: Record) -> bool | None:
    category = places.categories().get(record["category_code"])
    return category.stampable if category else None
