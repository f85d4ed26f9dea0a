"""The audit trail's entries that an export tells of: which ones, in order, page by page."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import Connection, String, cast, literal, or_, select
from sqlalchemy.sql import ColumnElement

from tem.dates import end_of_day, start_of_day
from tem.trail.audit import entry_table
from tem_registry import tables
from tem_registry.epcis import epcis

_e = entry_table.c
_COLUMNS = (_e.seq, _e.at, _e.action, _e.object, _e.details, _e.hash)
_BINDING = ("stamps.activated", "stamps.corrected")
# Their record may give another day than the entry's, which the caller then looks at.
_MAY_BE_DATED = ("batch.issued", "lot.added", "stamps.revoked")


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which acts: ``producer_id`` limits a producer to its own, days are Vietnam's, inclusive."""

    producer_id: str | None = None
    batch: int | None = None
    lot_id: str | None = None
    first_day: date | None = None
    last_day: date | None = None


@dataclass(frozen=True, slots=True)
class Entry:
    """An entry, as far as an export needs it."""

    seq: int
    at: datetime
    action: str
    object: str
    details: dict[str, Any]
    hash: str

    @property
    def batch(self) -> int | None:
        """The batch it is about."""
        told = self._named("batch") or self.details.get("batch")
        return None if told is None else int(told)

    @property
    def lot_id(self) -> str | None:
        """The lot it is about; of a correction the right one, if there is one."""
        if self.action == "stamps.corrected":
            return self.details.get("lot_id")
        return self._named("lot") or self.details.get("lot_id")

    def _named(self, kind: str) -> str | None:
        found, _, id = self.object.partition(":")
        return id if found == kind else None


def entries(connection: Connection, after: int, limit: int, wanted: Wanted) -> list[Entry]:
    """At most ``limit`` entries after one, in order."""
    query = select(*_COLUMNS).where(_e.seq > after, _e.action.in_(epcis.ACTIONS))
    query = query.where(*_conditions(wanted)).order_by(_e.seq).limit(limit)
    return [_entry(row) for row in connection.execute(query).all()]


def bindings(connection: Connection, before: Entry, lot_id: str) -> Iterator[Entry]:
    """The entries before one that tied stamps of its batch to a lot, the latest first."""
    query = select(*_COLUMNS).where(
        _e.seq < before.seq,
        _e.action.in_(_BINDING),
        or_(_e.object == f"lot:{lot_id}", _tells("lot_id", lot_id)),
    )
    for row in connection.execute(query.order_by(_e.seq.desc())).all():
        entry = _entry(row)
        if (entry.batch, entry.lot_id) == (before.batch, lot_id):
            yield entry


def _entry(row: Any) -> Entry:
    return Entry(**{**row._mapping, "details": json.loads(row.details)})


def _conditions(wanted: Wanted) -> Iterator[ColumnElement[bool]]:
    if wanted.producer_id is not None:
        yield _owned_by(wanted.producer_id)
    if wanted.batch is not None:
        yield or_(_e.object == f"batch:{wanted.batch}", _tells("batch", wanted.batch))
    if wanted.lot_id is not None:
        yield or_(_e.object == f"lot:{wanted.lot_id}", _tells("lot_id", wanted.lot_id))
    dated = _e.action.in_(_MAY_BE_DATED)
    if wanted.first_day is not None:
        yield or_(_e.at >= start_of_day(wanted.first_day), dated)
    if wanted.last_day is not None:
        yield or_(_e.at < end_of_day(wanted.last_day), dated)


def _owned_by(producer_id: str) -> ColumnElement[bool]:
    b, lot = tables.stamp_batch.c, tables.lot.c
    mine = select(literal("batch:") + cast(b.number, String)).where(b.producer_id == producer_id)
    made = select(literal("lot:") + lot.id).where(lot.producer_id == producer_id)
    return or_(_e.object.in_(mine), _e.object.in_(made))


def _tells(name: str, value: int | str) -> ColumnElement[bool]:
    """Whether an entry's details have such a member.

    They are canonical JSON, where a quote inside a text is escaped: this very text can only be
    a member.
    """
    text = f'"{name}": {json.dumps(value, ensure_ascii=False)}'
    return or_(*(_e.details.contains(text + end, autoescape=True) for end in (",", "}")))
