"""Every row of a spreadsheet through the ordinary acts, one after the other, and what each came to.

A check undoes all of it at the end; taking over keeps it. Rows follow each other as their kinds
name each other, so a contract may name a point of sale of the same file. A row is a savepoint:
what one is refused for leaves nothing behind.
"""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass, field
from functools import partial
from typing import Any

from sqlalchemy import Connection
from sqlalchemy.exc import DataError, IntegrityError

from tem.databases import published
from tem.errors import TemError
from tem.trail import audit
from tem_registry import tables
from tem_registry.importing import fault_places, sheet_acts, sheet_records, table_locks
from tem_registry.importing.sheet_acts import Context
from tem_registry.importing.sheet_faults import told
from tem_registry.importing.sheet_kinds import SheetKind
from tem_registry.importing.sheet_records import Draft
from tem_registry.importing.spreadsheets import Sheet

NEW, CHANGED, SAME, FAULTY = "new", "changed", "same", "faulty"
OUTCOMES = (NEW, CHANGED, SAME, FAULTY)
# As acts lock them, those that only this transaction writes in between.
_HELD = (
    *(tables.lot, tables.product, tables.stamp_batch, tables.producer, tables.producer_status),
    *(tables.certificate, tables.point_of_sale, tables.contract, tables.stamp_interval),
    *(published.card, published.interval, published.state, audit.head_table),
)
_BUSY = "Others are at work on the registry at this moment: send it again."


@dataclass(frozen=True, slots=True)
class RowCheck:
    """What a row comes to: its outcome, the record on file it means, and what would change.

    ``faults`` are of the column at a place, or of the row (None).
    """

    sheet: int
    row: int
    outcome: str
    id: str | None = None
    faults: list[dict[str, Any]] = field(default_factory=list)
    changes: list[dict[str, Any]] = field(default_factory=list)


def hold(connection: Connection) -> None:
    """Keep the records as they are until the transaction ends. Raises Unavailable."""
    table_locks.hold(connection, [one.fullname for one in _HELD], _BUSY)


def check(connection: Connection, context: Context, sheets: list[Sheet]) -> list[RowCheck]:
    """What each row would come to; everything is as before afterwards."""
    with connection.begin_nested() as undone:
        hold(connection)
        found = list(take(connection, context, sheets, changes=True))
        undone.rollback()
    return found


def take(
    connection: Connection, context: Context, sheets: list[Sheet], *, changes: bool
) -> Iterator[RowCheck]:
    """Take the rows over one by one and say what each came to.

    Without ``changes`` those that would change a record are undone; what they would change is told.
    """
    seen = _Seen(connection)
    for place, sheet in enumerate(sheets):
        for number, cells in sheet.rows:
            draft = sheet_records.read(sheet, cells)
            savepoint = connection.begin_nested()
            row = _Row(connection, context, sheet, draft, seen, (place, number))
            outcome, id, differences = row.taken()
            if outcome == FAULTY or (outcome == CHANGED and not changes):
                savepoint.rollback()
            else:
                savepoint.commit()
            yield RowCheck(place, number, outcome, id, _told(draft), differences)


def _told(draft: Draft) -> list[dict[str, Any]]:
    return [{"column": place, **asdict(fault)} for place, fault in draft.faults]


class _Seen:
    """The records on file by what people know them by, and the rows that meant one already."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._names: dict[str, dict[sheet_acts.Name, list[str]]] = {}
        self._rows: dict[tuple[str, str], tuple[int, int]] = {}

    def meant_by(self, kind: SheetKind, record: dict[str, Any]) -> list[str]:
        """The ids of the records that a row means: by id, else by name."""
        if kind.name == "lot" or record.get(kind.id_field) is not None:
            return sheet_acts.by_id(self._connection, kind, record)
        name = sheet_acts.name_of(kind, record)
        return [] if name is None else self._of(kind).get(name, [])

    def _of(self, kind: SheetKind) -> dict[sheet_acts.Name, list[str]]:
        if kind.name not in self._names:
            self._names[kind.name] = sheet_acts.names_of_all(self._connection, kind)
        return self._names[kind.name]

    def first(
        self, kind: SheetKind, id: str, record: dict[str, Any], row: tuple[int, int]
    ) -> int | None:
        """The number of the row that meant a record before this one; None where this is the first.

        A record that a later row is to find by name is entered here, whatever becomes of this one.
        """
        name = sheet_acts.name_of(kind, record)
        if kind.name != "lot" and name is not None:
            ids = self._of(kind).setdefault(name, [])
            ids += [] if id in ids else [id]
        earlier = self._rows.setdefault((kind.name, id), row)
        return None if earlier == row else earlier[1]


@dataclass(frozen=True, slots=True)
class _Row:
    connection: Connection
    context: Context
    sheet: Sheet
    draft: Draft
    seen: _Seen
    number: tuple[int, int]  # its sheet's place and its own

    def taken(self) -> tuple[str, str | None, list[dict[str, Any]]]:
        """Outcome, id of the record on file, differences; what is refused is on the draft."""
        try:
            return self._acted()
        except TemError as error:
            fault_places.blame(self.draft, self.sheet, error)
        except (IntegrityError, DataError):
            self.draft.blame(None, told("unstorable_value"))
        return FAULTY, None, []

    def _acted(self) -> tuple[str, str | None, list[dict[str, Any]]]:
        kind, record = self.sheet.kind, self.draft.record
        if self._is_unclear():
            return FAULTY, None, []
        found = self.seen.meant_by(kind, record)
        if len(found) > 1:
            self.draft.blame(None, told("several_match", ids=", ".join(found[:5])))
            return FAULTY, None, []
        if not found:
            return self._added(kind, record)
        return self._changed(kind, found[0], record)

    def _is_unclear(self) -> bool:
        """Whether cells that could not be read, or the row itself, leave open what it means."""
        at_fault = {place for place, _ in self.draft.faults}
        kind = self.sheet.kind
        naming = {f"/{name}" for name in (kind.id_field, *kind.natural)}
        return None in at_fault or any(
            one.column is not None and one.column.pointer in naming and one.place in at_fault
            for one in self.sheet.headings
        )

    def _added(self, kind: SheetKind, record: dict[str, Any]) -> tuple[str, None, list[Any]]:
        id = sheet_acts.add(self.connection, self.context, kind, record)
        self._only_once(kind, id)
        return (FAULTY if self.draft.faults else NEW), None, []

    def _changed(
        self, kind: SheetKind, id: str, record: dict[str, Any]
    ) -> tuple[str, str | None, list[dict[str, Any]]]:
        self._only_once(kind, id)
        if any(fault.code == "row_twice" for _, fault in self.draft.faults):
            return FAULTY, None, []  # what the first row did may have been undone
        shown = partial(sheet_acts.shown, self.connection, self.context, kind, id)
        before = shown()
        fields = sheet_acts.differing(kind, before, record)
        if fields:
            sheet_acts.change(self.connection, self.context, kind, id, fields)
        if self.draft.faults:
            return FAULTY, id, []
        changes = sheet_acts.differences(before, shown()) if fields else []
        return (CHANGED if changes else SAME), id, changes

    def _only_once(self, kind: SheetKind, id: str) -> None:
        """A record stands in one row of a file: the second one would undo the first."""
        earlier = self.seen.first(kind, id, self.draft.record, self.number)
        if earlier is not None:
            self.draft.blame(None, told("row_twice", row=earlier))


def counts(checks: Iterable[RowCheck]) -> dict[str, int]:
    """How many rows came to what."""
    found = Counter(one.outcome for one in checks)
    return {"rows": found.total(), **{name: found[name] for name in OUTCOMES}}
