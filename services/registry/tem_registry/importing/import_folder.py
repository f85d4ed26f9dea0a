"""A folder to import: its files, the rows they must have, and every fault found in them."""

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from marshmallow import EXCLUDE, INCLUDE, Schema, ValidationError, fields, validate

from tem.dates import parse_instant
from tem.errors import Invalid
from tem.http.strictjson import loads
from tem.http.wire import MAX_QUANTITY, Strict, WholeNumber
from tem_registry import fields as wire
from tem_registry.catalogue import catalogue
from tem_registry.importing.import_report import Refused, Unknown
from tem_registry.lots import schemas as schemas_lots

DERIVED = ("expected", "status_at_as_of", "certificate_status", "current_certificate_id")
# What rows of a folder like the sample say beside their fields: told anew by what is taken over.
_BESIDE = {
    "stamp_batch": {"serial_from", "serial_to", "stamp_kind", "fee_vnd", "fee_note", "sample"},
    "lot": {
        *("status", "activated_by", "stamps_activated", "best_before_basis"),
        *("edge_case", "sample"),
    },
}
FILES = {
    "producer": ("producers.json", "producers"),
    "product": ("products.json", "products"),
    "certificate": ("certificates.json", "certificates"),
    "point_of_sale": ("points_of_sale.json", "points_of_sale"),
    "contract": ("pos_contracts.json", "pos_contracts"),
    "stamp_batch": ("stamp_batches.json", "stamp_batches"),
    "lot": ("lots.json", "lots"),
}
Row = dict[str, Any]


class VoidRange(Strict):
    """Stamps of a batch that were voided."""

    first = WholeNumber(data_key="from", required=True, validate=validate.Range(1))
    last = WholeNumber(data_key="to", required=True, validate=validate.Range(1))
    reason = wire.Words(load_default="unknown")


class LotRange(Schema):
    """Stamps of a batch that were tied to a lot."""

    batch_id = wire.Id(required=True)
    first = WholeNumber(data_key="from", required=True, validate=validate.Range(1))
    last = WholeNumber(data_key="to", required=True, validate=validate.Range(1))


class BatchRow(Schema):
    """A row of ``stamp_batches.json``."""

    batch_id = wire.Id(required=True)
    product_id = wire.Id(required=True)
    producer_id = wire.Id(required=True)
    ordered_on = wire.Day(required=True)
    issued_on = wire.Day(required=True)
    delivered_on = wire.Day(allow_none=True, load_default=None)
    revoked_on = wire.Day(allow_none=True, load_default=None)
    quantity = WholeNumber(required=True, validate=validate.Range(1, MAX_QUANTITY))
    unit_fee_vnd = WholeNumber(load_default=200, validate=validate.Range(0, 1_000_000))
    status = fields.String(
        required=True, validate=validate.OneOf(["issued", "delivered", "revoked"])
    )
    void_ranges = fields.List(fields.Nested(VoidRange(unknown=EXCLUDE)), load_default=list)


class Instant(fields.Field[str]):
    """An RFC 3339 instant, kept as text."""

    def _deserialize(self, value: Any, *_: Any, **__: Any) -> str:
        try:
            parse_instant(value)
        except (TypeError, ValueError) as error:
            raise ValidationError(f"Not an instant: {error}") from error
        return str(value)


class RecallRow(schemas_lots.Recall):
    """The recall of a lot, as a past fact."""

    ordered_on = wire.Day(required=True)
    lifted_on = wire.Day(allow_none=True, load_default=None)


class LotRow(schemas_lots.Lot):
    """A row of ``lots.json``."""

    lot_id = wire.Id(required=True)
    activated_at = Instant(allow_none=True, load_default=None)
    recall = fields.Nested(RecallRow(unknown=EXCLUDE), allow_none=True, load_default=None)
    stamp_ranges = fields.List(fields.Nested(LotRange(unknown=EXCLUDE)), load_default=list)


def id_field(kind: str) -> str:
    """The field that names a row of a kind."""
    described = catalogue.KINDS.get(kind)
    return described.id_field if described else {"stamp_batch": "batch_id"}.get(kind, "lot_id")


def digest_of(row: Row) -> str:
    """What makes a row the same: its content, derived values left out."""
    told = {k: v for k, v in row.items() if k not in DERIVED}
    text = json.dumps(told, sort_keys=True, ensure_ascii=False, default=str)
    return hashlib.sha256(text.encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class Folder:
    """The rows of a folder that have the right form, where each stands, and what has not.

    ``unknown`` are members that no field is called, misspelt ones perhaps.
    """

    files: dict[str, list[Row]]
    places: dict[tuple[str, str], int]
    faults: list[Refused]
    unknown: list[Unknown]


def read_folder(folder: Path) -> Folder:
    """A folder without fault. Raises Invalid with the faults, before any change."""
    found = read(folder)
    if found.faults:
        shown = "\n".join(f"  {fault}" for fault in found.faults[:20])
        rest = len(found.faults) - 20
        more = f"\n  … and {rest} more: --dry-run tells them all" if rest > 0 else ""
        raise Invalid("folder_invalid", f"Nothing was imported:\n{shown}{more}")
    return found


def read(folder: Path) -> Folder:
    """All rows of a folder that can be used, and every fault of the others."""
    found = Folder({}, {}, [], [])
    for kind, (name, member) in FILES.items():
        found.files[kind] = []
        for place, row in _rows(folder, kind, name, member, found):
            found.files[kind].append(row)
            found.places[kind, row[id_field(kind)]] = place
    return found


def _rows(
    folder: Path, kind: str, name: str, member: str, found: Folder
) -> Iterator[tuple[int, Row]]:
    try:
        rows = loads((folder / name).read_bytes())[member]
        if not isinstance(rows, list):
            raise TypeError
    except FileNotFoundError:
        why = "is missing"
    except OSError as error:
        why = f"cannot be read: {error.strerror}"
    except (Invalid, KeyError, TypeError):
        why = f"is not JSON with a list named {member!r}"
    else:
        found.unknown.extend(_unknown(kind, name, rows))
        yield from _checked(kind, name, rows, found.faults)
        return
    found.faults.append(Refused(kind, "", "file_invalid", f"{name} {why}", name))


def _checked(
    kind: str, name: str, rows: list[Any], faults: list[Refused]
) -> Iterator[tuple[int, Row]]:
    schema, named = _schema(kind), id_field(kind)
    seen = set()
    for place, row in enumerate(rows, start=1):
        id = row.get(named) if isinstance(row, dict) else None

        def fault(path: str, detail: str, id: Any = id, place: int = place) -> Refused:
            return Refused(kind, str(id or ""), "row_invalid", detail, name, place, path)

        try:
            loaded: Row = schema.load(row)
            id = loaded[named]
        except ValidationError as error:
            faults.extend(fault(path, told) for path, told in _told(error.messages))
            continue
        except KeyError:
            faults.append(fault("", f"{named} is missing"))
            continue
        if id in seen:
            faults.append(fault("", f"{id} stands twice"))
            continue
        seen.add(id)
        yield place, loaded


def _schema(kind: str) -> Schema:
    special: dict[str, Schema] = {
        "stamp_batch": BatchRow(unknown=EXCLUDE),
        "lot": LotRow(unknown=EXCLUDE),
    }
    described = catalogue.KINDS.get(kind)
    return special[kind] if described is None else described.schema(unknown=INCLUDE)


def _unknown(kind: str, name: str, rows: list[Any]) -> Iterator[Unknown]:
    """Each member that no field is called, once, with the first row that has it."""
    schema, beside = _schema(kind), {*DERIVED, *_BESIDE.get(kind, ())}
    seen: dict[str, list[tuple[int, str]]] = {}
    for place, row in enumerate(rows, start=1):
        if isinstance(row, dict):
            for path in set(_strange(schema, row)) - beside:
                seen.setdefault(path, []).append((place, str(row.get(id_field(kind), ""))))
    for path, places in sorted(seen.items()):
        yield Unknown(kind, name, path, len(places), *places[0])


def _strange(schema: Schema, row: Row, within: str = "") -> Iterator[str]:
    """Members of a row, and of what is nested in it, that its schema does not know."""
    known = {field.data_key or name: field for name, field in schema.fields.items()}
    for name, value in row.items():
        if name not in known:
            yield f"{within}{name}"
            continue
        field = known[name]
        inner = field.inner if isinstance(field, fields.List) else field
        if isinstance(inner, fields.Nested):
            for part in value if isinstance(value, list) else [value]:
                if isinstance(part, dict):
                    yield from _strange(inner.schema, part, f"{within}{name}.")


def _told(messages: Any, path: str = "") -> Iterator[tuple[str, str]]:
    """A schema's nested messages, one each: ``address.full`` and what is wrong with it."""
    if isinstance(messages, dict):
        for key, inner in messages.items():
            yield from _told(inner, f"{path}.{key}" if path else str(key))
    else:
        for message in messages if isinstance(messages, list) else [messages]:
            yield path, str(message)
