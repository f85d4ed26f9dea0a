"""Answers of a file of codes: a row for each line, as NDJSON and as CSV, and how they end. Pure.

The last row says that nothing is missing: a row for a file that broke off says how far it came, or
there is none.
"""

import csv
import io
import json
from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Any

from tem.advice import Advice
from tem_verifier.streaming.lines import FAULTS, Columns, Line, Read, Wrong, ndjson

CELLS = (
    *("line", "id", "verdict", "reason", "advice", "sold_at", "sold_store", "batch", "index"),
    *("product_id", "product", "producer_id", "lot", "production_date", "best_before"),
    *("info_expires_on", "as_of"),
)
# What a spreadsheet might take for a formula (OWASP, "CSV injection"): a lot's name is a
# producer's, an id the sender's.
_FORMULA = frozenset("=+-@＝＋－＠")


class Form(ABC):
    """How a file and its answers are written."""

    content_type: str
    head = b""

    @abstractmethod
    def read(self, number: int, raw: bytes) -> Read:
        """What a line asks."""

    @abstractmethod
    def row(self, line: Line, answer: bytes) -> bytes:
        """The row of a code: ``answer`` is the JSON of its look-up."""

    @abstractmethod
    def wrong(self, line: Wrong) -> bytes:
        """The row of a line that asks for nothing: a till lets a person look."""

    @abstractmethod
    def end(self, lines: int, fault: str | None) -> bytes:
        """The last row: so many lines were answered, all of them unless there is a fault."""


class Ndjson(Form):
    """A JSON text a line."""

    content_type = "application/x-ndjson"

    def read(self, number: int, raw: bytes) -> Read:
        """A text or an object."""
        return ndjson(number, raw)

    def row(self, line: Line, answer: bytes) -> bytes:
        """The look-up's JSON with the line's number, and the sender's id."""
        own: dict[str, Any] = {"line": line.number}
        if line.id is not None:
            own["id"] = line.id
        return b"%b,%b\n" % (_json(own)[:-1], answer[1:])

    def wrong(self, line: Wrong) -> bytes:
        """``error`` in place of a verdict."""
        error = {"code": line.fault, "detail": FAULTS[line.fault]}
        return _json({"line": line.number, "advice": str(Advice.ASK), "error": error}) + b"\n"

    def end(self, lines: int, fault: str | None) -> bytes:
        """``lines`` and ``complete``."""
        told: dict[str, Any] = {"lines": lines, "complete": fault is None}
        if fault is not None:
            told["error"] = {"code": fault}
        return _json(told) + b"\n"


class Csv(Form):
    """A table with a header."""

    content_type = "text/csv; charset=utf-8"

    def __init__(self, columns: Columns) -> None:
        self._columns = columns
        self.head = _csv(CELLS)

    def read(self, number: int, raw: bytes) -> Read:
        """A record."""
        return self._columns.line(number, raw)

    def row(self, line: Line, answer: bytes) -> bytes:
        """What a till needs of a look-up."""
        told = json.loads(answer)
        product, lot = told.get("product", {}), told.get("lot", {})
        cells = {
            **{name: told.get(name) for name in CELLS},
            **{name: lot.get(name) for name in ("production_date", "best_before")},
            **told.get("stamp", {}),
            "line": line.number,
            "id": line.id,
            "reason": told["reasons"][-1],
            "sold_at": told.get("sold", {}).get("sold_at"),
            "sold_store": told.get("sold", {}).get("store"),
            "product_id": product.get("product_id"),
            "product": product.get("name"),
            "producer_id": told.get("producer", {}).get("producer_id"),
            "lot": lot.get("code"),
            "info_expires_on": lot.get("info_expires_on") or told.get("info_expires_on"),
        }
        return _csv([cells[name] for name in CELLS])

    def wrong(self, line: Wrong) -> bytes:
        """The fault stands as the reason."""
        cells = {"line": line.number, "reason": line.fault, "advice": str(Advice.ASK)}
        return _csv([cells.get(name) for name in CELLS])

    def end(self, lines: int, fault: str | None) -> bytes:
        """The word ``complete`` or ``incomplete`` as line, the number of lines as id."""
        word = "complete" if fault is None else "incomplete"
        cells = {"line": word, "id": lines, "reason": fault}
        return _csv([cells.get(name) for name in CELLS])


def _json(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()


def _csv(cells: Sequence[Any]) -> bytes:
    text = io.StringIO(newline="")
    csv.writer(text, lineterminator="\r\n").writerow([_unrun(cell) for cell in cells])
    return text.getvalue().encode()


def _unrun(cell: Any) -> Any:
    """A cell that no spreadsheet runs: it gets an apostrophe."""
    if isinstance(cell, str) and cell[:1] in _FORMULA:
        return f"'{cell}"
    return cell
