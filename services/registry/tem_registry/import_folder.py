"""A folder to import: its files, the rows they must have, and every fault found in them."""

import hashlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from marshmallow import EXCLUDE, INCLUDE, Schema, ValidationError, fields, validate

from tem.dates import parse_instant
from tem.errors import Invalid
from tem.strictjson import loads
from tem.wire import MAX_QUANTITY, Strict, WholeNumber
from tem_registry import catalogue, schemas_lots
from tem_registry import fields as wire

DERIVED = ("expected", "status_at_as_of", "certificate_status", "current_certificate_id")
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


def read_folder(folder: Path) -> dict[str, list[Row]]:
    """All rows of a folder, checked. Raises Invalid with every fault, before any change."""
    faults: list[str] = []
    files = {kind: _read(folder, kind, faults) for kind in FILES}
    if faults:
        shown = "\n".join(f"  {fault}" for fault in faults[:20])
        more = f"\n  … and {len(faults) - 20} more" if len(faults) > 20 else ""
        raise Invalid("folder_invalid", f"Nothing was imported:\n{shown}{more}")
    return files


def _read(folder: Path, kind: str, faults: list[str]) -> list[Row]:
    name, member = FILES[kind]
    try:
        rows = loads((folder / name).read_bytes())[member]
        if not isinstance(rows, list):
            raise TypeError
    except FileNotFoundError:
        faults.append(f"{name} is missing")
        return []
    except OSError as error:
        faults.append(f"{name} cannot be read: {error.strerror}")
        return []
    except (Invalid, KeyError, TypeError):
        faults.append(f"{name} is not JSON with a list named {member!r}")
        return []
    return list(_checked(kind, name, rows, faults))


def _checked(kind: str, name: str, rows: list[Any], faults: list[str]) -> Iterator[Row]:
    special: dict[str, Schema] = {
        "stamp_batch": BatchRow(unknown=EXCLUDE),
        "lot": LotRow(unknown=EXCLUDE),
    }
    described = catalogue.KINDS.get(kind)
    schema = special[kind] if described is None else described.schema(unknown=INCLUDE)
    named = id_field(kind)
    seen = set()
    for place, row in enumerate(rows, start=1):
        id = row.get(named) if isinstance(row, dict) else None
        where = f"{name}, row {place}" + (f" ({id})" if id else "")
        try:
            loaded: Row = schema.load(row)
            id = loaded[named]
        except ValidationError as error:
            faults.extend(f"{where}: {fault}" for fault in _told(error.messages))
            continue
        except KeyError:
            faults.append(f"{where}: {named} is missing")
            continue
        if id in seen:
            faults.append(f"{where}: {id} stands twice")
        seen.add(id)
        yield loaded


def _told(messages: Any, path: str = "") -> Iterator[str]:
    """A schema's nested messages, one line each: ``address.full: Missing data …``."""
    if isinstance(messages, dict):
        for key, inner in messages.items():
            yield from _told(inner, f"{path}.{key}" if path else str(key))
    else:
        for message in messages if isinstance(messages, list) else [messages]:
            yield f"{path}: {message}"
