"""What an import did, or would do, with each row, and why it did not."""

import csv
import dataclasses
import io
import json
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any

Progress = Callable[[str, int, int], None]
COLUMNS = ("kind", "id", "code", "detail", "file", "row", "field")
FORM = ("file_invalid", "row_invalid")  # codes of faults of form: nothing is imported
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


@dataclass(frozen=True, slots=True)
class Refused:
    """A row that is not taken over; ``row`` counts from 1, ``field`` is that of a form fault.

    ``more`` is what else the refusal says: every reason, or the sub-ranges in the way.
    """

    kind: str
    id: str
    code: str
    detail: str
    file: str = ""
    row: int | None = None
    field: str = ""
    more: dict[str, Any] = dataclasses.field(default_factory=dict)

    @property
    def words(self) -> str:
        """The detail, and where it is about ranges, each of them with what is in its way."""
        parts = [
            f"{one['first']}..{one['last']} {one['state']} [{one['code']}]"
            for one in self.more.get("ranges", ())
        ]
        if not parts:
            return self.detail
        return f"{self.detail} Batch {self.more.get('batch', self.id)}: {', '.join(parts)}"

    def __str__(self) -> str:
        if self.code not in FORM:
            return f"{self.kind} {self.id}: {self.words} [{self.code}]"
        if self.row is None:
            return self.detail
        named = f" ({self.id})" if self.id else ""
        field = f"{self.field}: " if self.field else ""
        return f"{self.file}, row {self.row}{named}: {field}{self.detail}"


@dataclass(frozen=True, slots=True)
class Unknown:
    """A member that no field is called: in how many ``rows`` of a file, and the first of them."""

    kind: str
    file: str
    field: str
    rows: int
    row: int
    id: str

    def __str__(self) -> str:
        more = f" and {self.rows - 1} more" if self.rows > 1 else ""
        return f"{self.file}, row {self.row} ({self.id}){more}: {self.field}"


@dataclass
class Report:
    """What an import did, by kind of row, and what it did not do and why.

    ``nothing_until_mended``: there are faults of form, for which an import takes nothing over;
    what is counted would be taken over without the rows at fault. ``unknown`` are warnings.
    """

    dry_run: bool = False
    added: dict[str, int] = dataclasses.field(default_factory=dict)
    unchanged: dict[str, int] = dataclasses.field(default_factory=dict)
    changed: dict[str, int] = dataclasses.field(default_factory=dict)
    refused: list[Refused] = dataclasses.field(default_factory=list)
    nothing_until_mended: bool = False
    unknown: list[Unknown] = dataclasses.field(default_factory=list)

    def count(self, counts: dict[str, int], kind: str) -> None:
        """One more."""
        counts[kind] = counts.get(kind, 0) + 1

    @property
    def problems(self) -> list[str]:
        """What was refused, a line each."""
        return [str(one) for one in self.refused]

    def as_json(self) -> str:
        """The report as a JSON document."""
        return json.dumps(asdict(self), ensure_ascii=False, indent=1, default=str) + "\n"

    def as_csv(self) -> str:
        """Refusals and warnings as CSV, no cell of which a spreadsheet takes for a formula."""
        text = io.StringIO()
        writer = csv.writer(text)
        writer.writerow(COLUMNS)
        for one in self.refused:
            cells = {**{name: getattr(one, name) for name in COLUMNS}, "detail": one.words}
            writer.writerow([_safe(cell) for cell in cells.values()])
        for name in self.unknown:
            told = f"No field is called so: left aside, in {name.rows} row(s)."
            cells = {**asdict(name), "code": "unknown_field", "detail": told}
            writer.writerow([_safe(cells[column]) for column in COLUMNS])
        return text.getvalue()


def _safe(value: Any) -> str:
    text = "" if value is None else str(value)
    return f"'{text}" if text.startswith(_FORMULA) else text
