"""Taking over a folder laid out like ``shared/sample``: catalogue, batches really issued, lots.

Ordinary rules apply with *now* set to each row's own date; states are taken as given and no
automatic effect is triggered. Each row is its own transaction, remembered in a ledger by its
digest: a killed import goes on where it stopped, a second run changes nothing, and a row that
has changed since is reported and left alone.
"""

import hashlib
import json
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import date, datetime
from functools import partial
from pathlib import Path
from typing import Any

from marshmallow import EXCLUDE, INCLUDE, Schema, ValidationError, fields, validate
from sqlalchemy import Connection, Engine, select

from tem import audit
from tem.clock import Clock
from tem.database import insert_or_ignore, reading, writing
from tem.dates import end_of_day, parse_instant, start_of_day
from tem.errors import Invalid, NotFound, TemError, Unavailable
from tem.strictjson import loads
from tem.trust import Trust
from tem.vocabulary import StampState
from tem_registry import activation, catalogue, issuing, lots, orders, schemas, stamps, tables
from tem_registry.issuer_client import IssuerClient
from tem_registry.settings import Settings

ACTOR = "import"
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
POLL_SECONDS = 0.05
SIGNING_SECONDS = 600

Row = dict[str, Any]
Progress = Callable[[str, int, int], None]


class VoidRange(schemas.Strict):
    """Stamps of a batch that were voided."""

    first = schemas.WholeNumber(data_key="from", required=True, validate=validate.Range(1))
    last = schemas.WholeNumber(data_key="to", required=True, validate=validate.Range(1))
    reason = schemas.Words(load_default="unknown")


class LotRange(Schema):
    """Stamps of a batch that were tied to a lot."""

    batch_id = schemas.Id(required=True)
    first = schemas.WholeNumber(data_key="from", required=True, validate=validate.Range(1))
    last = schemas.WholeNumber(data_key="to", required=True, validate=validate.Range(1))


class BatchRow(Schema):
    """A row of ``stamp_batches.json``."""

    batch_id = schemas.Id(required=True)
    product_id = schemas.Id(required=True)
    producer_id = schemas.Id(required=True)
    ordered_on = schemas.Day(required=True)
    issued_on = schemas.Day(required=True)
    delivered_on = schemas.Day(allow_none=True, load_default=None)
    revoked_on = schemas.Day(allow_none=True, load_default=None)
    quantity = schemas.WholeNumber(required=True, validate=validate.Range(1, schemas.MAX_QUANTITY))
    unit_fee_vnd = schemas.WholeNumber(load_default=200, validate=validate.Range(0, 1_000_000))
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


class RecallRow(schemas.Recall):
    """The recall of a lot, as a past fact."""

    ordered_on = schemas.Day(required=True)
    lifted_on = schemas.Day(allow_none=True, load_default=None)


class LotRow(schemas.Lot):
    """A row of ``lots.json``."""

    lot_id = schemas.Id(required=True)
    activated_at = Instant(allow_none=True, load_default=None)
    recall = fields.Nested(RecallRow(unknown=EXCLUDE), allow_none=True, load_default=None)
    stamp_ranges = fields.List(fields.Nested(LotRange(unknown=EXCLUDE)), load_default=list)


@dataclass
class Report:
    """What an import did, by kind of row, and what it did not do and why."""

    added: dict[str, int] = field(default_factory=dict)
    unchanged: dict[str, int] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)

    def count(self, counts: dict[str, int], kind: str) -> None:
        """One more."""
        counts[kind] = counts.get(kind, 0) + 1


@dataclass(frozen=True, slots=True)
class Import:
    """One run of an import over one folder."""

    engine: Engine
    config: Settings
    clock: Clock
    trust: Trust
    issuer: IssuerClient
    report: Report
    progress: Progress

    def run(self, folder: Path) -> None:
        """Load the whole folder. Raises Invalid before the first change if a file is broken."""
        files = read_folder(folder)
        for kind in catalogue.KINDS:
            self._each(kind, files[kind], partial(self._record, kind))
        batches = self._each("stamp_batch", files["stamp_batch"], self._order)
        self._issue()
        batches = self._each("stamp_batch", batches, self._deliver, step="delivery")
        rows = sorted(files["lot"], key=lambda row: str(row.get("activated_at") or "9"))
        self._each("lot", rows, self._lot)
        self._each("stamp_batch", batches, self._end, step="end")

    def _each(
        self, kind: str, rows: list[Row], act: Callable[[Row], None], step: str = ""
    ) -> list[Row]:
        """Run ``act`` on each row that is new; what it refuses is reported, the rest goes on.

        Gives the rows that are taken over as they stand, now or before.
        """
        taken = []
        for place, row in enumerate(rows, start=1):
            counts = self.report.added
            try:
                act(row)
                taken.append(row)
            except _Known:
                counts = self.report.unchanged
                taken.append(row)
            except TemError as error:
                counts = {}
                told = f"{kind} {row[_id_field(kind)]}: {error.detail} [{error.code}]"
                self.report.problems.append(told)
            if not step:
                self.report.count(counts, kind)
            self.progress(f"{kind} {step}".strip(), place, len(rows))
        return taken

    # --- the catalogue ---

    def _record(self, kind: str, row: Row) -> None:
        described = catalogue.KINDS[kind]
        id = row[described.id_field]
        with writing(self.engine) as connection:
            self._remember(connection, kind, id, row)
            record = {k: v for k, v in row.items() if k not in DERIVED}
            catalogue.add(connection, self.clock(), ACTOR, described, record)

    def _remember(self, connection: Connection, kind: str, id: str, row: Row) -> None:
        """Enter a row in the ledger, in the transaction that takes it over.

        Raises _Known if it is there already, Changed if it was there with another content.
        """
        digest = digest_of(row)
        entry = {"kind": kind, "id": id, "digest": digest, "at": self.clock()}
        if insert_or_ignore(connection, tables.import_ledger, entry):
            return
        c = tables.import_ledger.c
        known = connection.execute(select(c.digest).where(c.kind == kind, c.id == id)).scalar()
        if known != digest:
            raise Invalid("row_changed", "It has changed since it was imported; not applied.")
        raise _Known("known", "imported before")

    # --- batches: ordered, issued, delivered; at the end voided and revoked ---

    def _order(self, row: Row) -> None:
        now = _at(row["ordered_on"])
        with writing(self.engine) as connection:
            self._remember(connection, "stamp_batch", row["batch_id"], row)
            order = orders.request(
                connection,
                now,
                ACTOR,
                id=row["batch_id"],
                product_id=row["product_id"],
                producer_id=row["producer_id"],
                quantity=row["quantity"],
                unit_fee_vnd=row["unit_fee_vnd"],
            )
            orders.set_state(connection, order.id, "requested", "approved")
            audit.record(connection, now, ACTOR, "order.taken_over", f"order:{order.id}")

    def _issue(self) -> None:
        """Let the issuer sign what it has not signed yet, and record it under its own date."""
        c = tables.import_ledger.c
        deadline = time.monotonic() + SIGNING_SECONDS
        total = None
        while True:
            with reading(self.engine) as connection:
                mine = set(
                    connection.execute(select(c.id).where(c.kind == "stamp_batch")).scalars()
                )
                waiting = [o for o in orders.open_orders(connection) if o.id in mine]
            total = len(waiting) if total is None else total
            self.progress("stamp_batch issue", total - len(waiting), total)
            if not waiting:
                return
            for order in waiting:
                issuing.advance(self.engine, self.clock, self.trust, self.issuer, order)
            if time.monotonic() > deadline:
                raise Unavailable(
                    "signing_takes_too_long",
                    f"{len(waiting)} batches are not signed yet: run the import again later.",
                )
            time.sleep(POLL_SECONDS)

    def _number(self, connection: Connection, batch_id: str) -> int:
        """The number a batch of the file was issued under. Raises Invalid if it was not."""
        try:
            order = orders.find(connection, batch_id)
        except NotFound as error:
            raise Invalid("batch_not_taken_over", f"Batch {batch_id} is not on record.") from error
        if order.batch is None or order.state in ("failed", "approved", "issuing"):
            why = order.failure or f"the order is {order.state}"
            raise Invalid("batch_not_issued", f"Its batch was not issued: {why}")
        return order.batch

    def _deliver(self, row: Row) -> None:
        with writing(self.engine) as connection:
            self._remember(connection, "batch_delivery", row["batch_id"], {})
            number = self._number(connection, row["batch_id"])
            stamps.set_issued_on(connection, number, date.fromisoformat(row["issued_on"]))
            if row["delivered_on"]:
                stamps.deliver(connection, _at(row["delivered_on"]), ACTOR, number, None)

    def _end(self, row: Row) -> None:
        """Voids and revocations as the file has them, after the lots, so that bindings stay."""
        with writing(self.engine) as connection:
            self._remember(connection, "batch_end", row["batch_id"], {})
            number = self._number(connection, row["batch_id"])
            now = self.clock()
            for part in row["void_ranges"]:
                stamps.void(connection, now, ACTOR, number, **part)
            if row["status"] == "revoked":
                self._revoke(connection, number, row)

    def _revoke(self, connection: Connection, number: int, row: Row) -> None:
        day = row["revoked_on"] or _certificate_revoked_on(connection, row["product_id"])
        for part in stamps.intervals(connection, number):
            if part.state is not StampState.VOID:
                stamps.revoke(
                    connection,
                    self.clock(),
                    ACTOR,
                    number,
                    part.first,
                    part.last,
                    "taken over as revoked",
                    date.fromisoformat(day) if day else None,
                )

    # --- lots ---

    def _lot(self, row: Row) -> None:
        now = parse_instant(row["activated_at"]) if row["activated_at"] else self.clock()
        with writing(self.engine) as connection:
            self._remember(connection, "lot", row["lot_id"], row)
            lots.add(connection, now, ACTOR, self.config, row, approve_beyond=True)
            for part in row["stamp_ranges"]:
                number = self._number(connection, part["batch_id"])
                activation.activate(
                    connection,
                    now,
                    ACTOR,
                    row["lot_id"],
                    batch=number,
                    first=part["first"],
                    last=part["last"],
                )
            if row["recall"]:
                self._recall(connection, row)

    def _recall(self, connection: Connection, row: Row) -> None:
        notice = dict(row["recall"])
        lifted_on = notice.pop("lifted_on")
        if lifted_on:  # ends are inclusive
            notice["lifted_at"] = end_of_day(date.fromisoformat(lifted_on))
        lots.recall(connection, _at(notice["ordered_on"]), ACTOR, row["lot_id"], notice)


def _id_field(kind: str) -> str:
    described = catalogue.KINDS.get(kind)
    return described.id_field if described else {"stamp_batch": "batch_id"}.get(kind, "lot_id")


class _Known(TemError):
    """The row was taken over before and has not changed."""


def _at(day: str) -> datetime:
    return start_of_day(date.fromisoformat(day))


def _certificate_revoked_on(connection: Connection, product_id: str) -> str | None:
    """The public date of a withdrawn certificate, which is what took its stamps along."""
    revoked = [
        facts.revoked_on
        for facts in catalogue.certificates_of(connection, product_id)
        if facts.revoked_on is not None
    ]
    return max(revoked).isoformat() if revoked else None


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
    id_field = _id_field(kind)
    seen = set()
    for place, row in enumerate(rows, start=1):
        where = f"{name}, row {place}"
        try:
            loaded: Row = schema.load(row)
            id = loaded[id_field]
        except ValidationError as error:
            faults.append(f"{where}: {error.messages}")
            continue
        except KeyError:
            faults.append(f"{where}: {id_field} is missing")
            continue
        if id in seen:
            faults.append(f"{where}: {id} stands twice")
        seen.add(id)
        yield loaded
