"""Entries of the audit trail joined with what they are about: the acts that an export tells."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any

from sqlalchemy import Connection, Row, select

from tem.dates import end_of_day, start_of_day
from tem_registry import tables
from tem_registry.epcis import epcis_trail
from tem_registry.epcis.epcis_facts import MAX_INSTANCES, Act, LotFacts, event_time
from tem_registry.epcis.epcis_trail import Entry, Wanted
from tem_registry.stamps import stamps
from tem_registry.uris import Producer, Product

_b, _l = tables.stamp_batch.c, tables.lot.c
_BATCH = (_b.number, _b.order_id, _b.product_id, _b.producer_id, _b.quantity, _b.issued_on)
_LOT = (
    *(_l.id, _l.product_id, _l.producer_id, _l.lot_code, _l.production_date),
    *(_l.production_date_kind, _l.best_before, _l.quantity),
)
Range = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Page:
    """Acts in order, and the number of the entry to go on after; None at the end."""

    acts: list[Act]
    next: int | None


def page(
    connection: Connection, after: int, limit: int, wanted: Wanted, *, instances: bool = False
) -> Page:
    """The acts of at most ``limit`` entries after one; fewer where a day of the record differs.

    With ``instances`` a page ends before it would name more than MAX_INSTANCES stamps.
    """
    facts = _Facts(connection)
    entries = epcis_trail.entries(connection, after, limit, wanted)
    acts: list[Act] = []
    named = 0
    for place, entry in enumerate(entries):
        found = [act for act in facts.acts(entry) if _in_time(act, wanted)]
        named += sum(map(_named_stamps, found)) if instances else 0
        if named > MAX_INSTANCES and place:
            return Page(acts, entries[place - 1].seq)
        acts += found
    return Page(acts, entries[-1].seq if len(entries) == limit else None)


def _named_stamps(act: Act) -> int:
    """How many stamps an act's events name one by one, where that is asked for."""
    ranges = (act, *act.undoes)
    return sum(one.stamps for one in ranges if one.stamps <= MAX_INSTANCES)


def _in_time(act: Act, wanted: Wanted) -> bool:
    at = event_time(act)
    if wanted.first_day is not None and at < start_of_day(wanted.first_day):
        return False
    return wanted.last_day is None or at < end_of_day(wanted.last_day)


@dataclass(frozen=True, slots=True)
class _Facts:
    """What one page has read already: batches, lots and records are asked for once."""

    connection: Connection
    _rows: dict[tuple[str, Any], Any] = field(default_factory=dict)

    def acts(self, entry: Entry) -> Iterator[Act]:
        """The acts of an entry: one, but for a delivery of several ranges."""
        act = self._joined(entry)
        if act is None:
            return
        if entry.action == "stamps.corrected":
            act = replace(act, undoes=tuple(self._undone(entry)))
        ranges = entry.details.get("ranges") if entry.action == "batch.delivered" else None
        if not ranges:
            yield act
            return
        for place, (first, last) in enumerate(ranges):
            yield replace(act, first=first, last=last, part=str(place))

    def _joined(self, entry: Entry) -> Act | None:
        """An entry with its batch and lot; None if neither is on record."""
        batch = self._row("batch", entry.batch, _BATCH, _b.number)
        lot = self._row("lot", entry.lot_id, _LOT, _l.id)
        owner = batch if batch is not None else lot
        if owner is None:
            return None
        act = Act(
            id=entry.hash,
            seq=entry.seq,
            at=entry.at,
            action=entry.action,
            product=self._product(owner.product_id),
            producer=self._producer(owner.producer_id),
            lot=_lot_facts(lot),
            details=entry.details,
            on=self._day(entry, batch, lot),
        )
        if batch is None:
            return act
        first, last = entry.details.get("first", 1), entry.details.get("last", batch.quantity)
        named = {"batch": batch.number, "batch_id": batch.order_id}
        return replace(act, **named, first=first, last=last)

    def _day(self, entry: Entry, batch: Row[Any] | None, lot: Row[Any] | None) -> date | None:
        """The day that the record gives an act, if it gives one."""
        if entry.action == "lot.added" and lot is not None:
            day: date | None = lot.production_date
        elif entry.action == "batch.issued" and batch is not None:
            day = batch.issued_on
        elif entry.action == "stamps.revoked" and batch is not None:
            first = entry.details.get("first", 1)
            parts = stamps.intervals(self.connection, batch.number, first, first)
            day = next((part.revoked_on for part in parts), None)
        else:
            day = None
        return day

    def _undone(self, entry: Entry) -> Iterator[Act]:
        """The activations that a correction undoes, cut to the stamps that were wrong."""
        for part in entry.details.get("from", []):
            if part.get("lot_id") is None:
                continue
            left: list[Range] = [(int(part["first"]), int(part["last"]))]
            for bound in epcis_trail.bindings(self.connection, entry, part["lot_id"]):
                wrong = self._joined(bound) if left else None
                if wrong is None:
                    continue
                left, met = _covered(left, wrong.first, wrong.last)
                yield from (replace(wrong, first=first, last=last) for first, last in met)

    def _product(self, id: str) -> Product:
        record = self._record("product", id)
        return Product(id, record.get("gtin"), record.get("date_kind") == "use_by")

    def _producer(self, id: str) -> Producer:
        return Producer(id, self._record("producer", id).get("gln"))

    def _record(self, kind: str, id: str) -> dict[str, Any]:
        c = tables.metadata.tables[kind].c
        row = self._row(kind, id, (c.record,), c.id)
        record: dict[str, Any] = json.loads(row.record) if row is not None else {}
        return record

    def _row(self, kind: str, id: Any, columns: tuple[Any, ...], key: Any) -> Row[Any] | None:
        if id is None:
            return None
        if (kind, id) not in self._rows:
            found = self.connection.execute(select(*columns).where(key == id)).first()
            self._rows[kind, id] = found
        row: Row[Any] | None = self._rows[kind, id]
        return row


def _lot_facts(row: Row[Any] | None) -> LotFacts | None:
    if row is None:
        return None
    return LotFacts(
        id=row.id,
        code=row.lot_code,
        production_date=row.production_date,
        packed=row.production_date_kind == "packing_date",
        best_before=row.best_before,
        quantity=row.quantity,
    )


def _covered(open_parts: list[Range], first: int, last: int) -> tuple[list[Range], list[Range]]:
    """What of some ranges lies outside ``first..last``, and what inside."""
    outside, inside = [], []
    for low, high in open_parts:
        if low < first:
            outside.append((low, min(high, first - 1)))
        if high > last:
            outside.append((max(low, last + 1), high))
        if low <= last and high >= first:
            inside.append((max(low, first), min(high, last)))
    return outside, inside
