"""Lines of a file of codes, NDJSON or CSV: what a line asks, or what is wrong with it. Pure."""

import csv
import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

LINE_BYTES = 1000  # an address of a stamp, a reference of the sender's, and room
ID_LENGTH = 100
FAULTS = {
    "line_too_long": f"A line is at most {LINE_BYTES} bytes long.",
    "not_utf8": "Write the file as UTF-8.",
    "bad_json": 'Write one JSON text a line: "<digits>" or {"code": "<digits>", "id": "<yours>"}.',
    "bad_csv": "Write as many cells as the header has, quoted as in RFC 4180, one record a line.",
    "code_missing": "Give the code as a text: its digits, or exactly our own URL of the stamp.",
    "bad_id": f"An id is a text of at most {ID_LENGTH} printable characters.",
    "unknown_member": "An object has `code` and, if you like, `id`; nothing else.",
}


@dataclass(frozen=True, slots=True)
class Line:
    """A code that is asked for; ``id`` is the sender's own name for it."""

    number: int
    code: str
    id: str | None = None


@dataclass(frozen=True, slots=True)
class Wrong:
    """A line that asks for nothing: ``fault`` is one of :data:`FAULTS`."""

    number: int
    fault: str


Read = Line | Wrong | None  # None: a line with nothing in it


class _Fault(Exception):
    """A line is wrong; the argument says why."""


def ndjson(number: int, raw: bytes) -> Read:
    """A line of JSON: a text, or an object with ``code`` and perhaps ``id``."""
    return _read(number, raw, _of_json)


@dataclass(frozen=True, slots=True)
class Columns:
    """Where a CSV file has its codes and ids, as its header says."""

    cells: int
    code: int
    id: int | None

    def line(self, number: int, raw: bytes) -> Read:
        """A record of the file."""
        return _read(number, raw, self._of_csv)

    def _of_csv(self, text: str) -> tuple[Any, Any]:
        cells = _cells(text)
        if len(cells) != self.cells:
            raise _Fault("bad_csv")
        return cells[self.code], None if self.id is None else cells[self.id] or None


def columns(header: bytes) -> Columns | None:
    """The columns of a CSV file by its first line; None if that names no column ``code``, or one
    of ours twice."""
    try:
        names = [name.strip().lower() for name in _cells(header.decode("utf-8-sig"))]
    except (UnicodeDecodeError, _Fault):
        return None
    if names.count("code") != 1 or names.count("id") > 1:
        return None
    return Columns(len(names), names.index("code"), names.index("id") if "id" in names else None)


def _read(number: int, raw: bytes, taken_apart: Callable[[str], tuple[Any, Any]]) -> Read:
    raw = raw.rstrip(b"\r\n")
    if len(raw) > LINE_BYTES:
        return Wrong(number, "line_too_long")
    if not raw.strip():
        return None
    try:
        code, id = taken_apart(raw.decode())
        if not isinstance(code, str) or not code:
            raise _Fault("code_missing")
        if id is not None and not _is_id(id):
            raise _Fault("bad_id")
    except UnicodeDecodeError:
        return Wrong(number, "not_utf8")
    except _Fault as fault:
        return Wrong(number, fault.args[0])
    return Line(number, code.strip(), id)


def _is_id(id: Any) -> bool:
    return isinstance(id, str) and 0 < len(id) <= ID_LENGTH and id.isprintable()


def _of_json(text: str) -> tuple[Any, Any]:
    try:
        found = json.loads(text, object_pairs_hook=_once)
    except (ValueError, RecursionError):
        raise _Fault("bad_json") from None
    if not isinstance(found, dict):
        return found, None
    if found.keys() - {"code", "id"}:
        raise _Fault("unknown_member")
    return found.get("code"), found.get("id")


def _once(members: list[tuple[str, Any]]) -> dict[str, Any]:
    """An object; one that says a thing twice is no JSON of ours."""
    found = dict(members)
    if len(found) != len(members):
        raise ValueError("a member is there twice")
    return found


def _cells(text: str) -> list[str]:
    try:
        records = list(csv.reader([text.rstrip("\r\n")], strict=True))
    except csv.Error:
        raise _Fault("bad_csv") from None
    return records[0] if len(records) == 1 else []
