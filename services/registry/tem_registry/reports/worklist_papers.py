"""What else waits: what producers ask for, certificates that lapse, spreadsheets."""

from datetime import date
from typing import Any

from sqlalchemy import Connection, Select, select

from tem_registry import tables
from tem_registry.reports import held
from tem_registry.reports.worklist_parts import SHOWN, Part, of

LAPSING_DAYS = 60
OPEN = "open"  # reports, requests and drafts that wait


def void_reports(connection: Connection) -> Part:
    """Reports that the office has not decided; ``note`` is their kind."""
    v = tables.void_report.c
    return of(connection, _ranges(v, v.reported_at, v.kind))


def correction_requests(connection: Connection) -> Part:
    """Requests that the office has not decided; ``note`` is their reason."""
    r = tables.correction_request.c
    return of(connection, _ranges(r, r.requested_at, r.reason))


def _ranges(c: Any, since: Any, note: Any) -> Select[Any]:
    b = tables.stamp_batch.c
    return (
        select(
            c.id,
            since.label("since"),
            c.batch,
            c.first,
            c.last,
            (c.last - c.first + 1).label("stamps"),
            c.producer_id,
            b.product_id,
            note.label("note"),
        )
        .join(tables.stamp_batch, b.number == c.batch)
        .where(c.state == OPEN)
        .order_by(since, c.id)
    )


def certificates_lapsing(connection: Connection, today: date, own: str | None) -> Part:
    """Terms that end within 60 days with none to follow, the nearest first."""
    rows = [
        {
            "id": one["certificate_id"],
            "product_id": one["product_id"],
            "note": one["decision_no"],
            "due": date.fromisoformat(one["valid_until"]),
        }
        for one in held.all_lapsing(connection, today, LAPSING_DAYS, own)
    ]
    rows.sort(key=lambda one: (one["due"], one["id"]))
    return Part(len(rows), rows[:SHOWN])


def imports_open(connection: Connection) -> Part:
    """Spreadsheets that were read and neither taken over nor dropped; ``note`` is the file."""
    d = tables.import_draft.c
    query = select(d.id, d.made_at.label("since"), d.title.label("note")).where(d.state == OPEN)
    return of(connection, query.order_by(d.made_at, d.id))
