"""Reports remembered: taken once, listed for the office, closed by it, forgotten a year later."""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, delete, func, select, tuple_, update

from tem.databases.database import insert_or_ignore
from tem.dates import add_months, start_of_day, vietnam_day
from tem.errors import Conflict, Invalid, NotFound
from tem.trail import audit
from tem_verifier.reports.report_rules import Draft, is_full, number_of
from tem_verifier.reports.tables import report_photo_table, report_table

KEPT_MONTHS = 12  # after a report was closed
r, p = report_table.c, report_photo_table.c
_SHOWN = [c for c in report_table.c if c is not r.token]


@dataclass(frozen=True, slots=True)
class About:
    """What a report is about: the verdict that was shown, and the stamp if it is one of ours."""

    verdict: str | None = None
    stamp: tuple[int, int] | None = None


def number_for(connection: Connection, token: str) -> str | None:
    """The number of the report that was taken with a token; None if there is none yet."""
    found = connection.execute(select(r.id).where(r.token == token)).scalar()
    return None if found is None else str(found)


def has_room(connection: Connection, now: datetime, about: About) -> bool:
    """Whether one more report is taken today."""
    today = start_of_day(vietnam_day(now))
    query = select(func.count(), func.count(r.batch)).where(r.reported_at >= today)
    taken, named = connection.execute(query.select_from(report_table)).one()
    return not is_full(taken, taken - named, names_stamp=about.stamp is not None)


def take(
    connection: Connection, now: datetime, draft: Draft, about: About, photo: bytes | None
) -> str:
    """Keep a report, once for its token, and give its number. ``photo`` is as drawn here."""
    row = {
        "token": draft.token,
        "reported_at": now,
        "batch": about.stamp[0] if about.stamp else None,
        "index": about.stamp[1] if about.stamp else None,
        "verdict": about.verdict,
        "kind": draft.kind,
        "text": draft.text,
        "place": draft.place,
        "lat": round(draft.position[0] * 1000) if draft.position else None,
        "lng": round(draft.position[1] * 1000) if draft.position else None,
        "has_photo": photo is not None,
    }
    while (known := number_for(connection, draft.token)) is None:
        number = number_of(vietnam_day(now), secrets.randbits(25))
        if insert_or_ignore(connection, report_table, {"id": number, **row}):
            if photo is not None:
                told = {"report_id": number, "content": photo}
                connection.execute(report_photo_table.insert().values(told))
            return number
    return known


def page(
    connection: Connection, state: str | None, after: str | None, limit: int
) -> Sequence[Row[Any]]:
    """Reports in the order in which they came, those after ``after``; ``state`` is ``open`` or
    ``closed``. Raises Invalid if there is no report ``after``."""
    query = select(*_SHOWN).order_by(r.reported_at, r.id).limit(limit)
    if state is not None:
        open_ = r.handled_at.is_(None)
        query = query.where(open_ if state == "open" else ~open_)
    if after is not None:
        since = connection.execute(select(r.reported_at).where(r.id == after)).scalar()
        if since is None:
            raise Invalid("no_such_report", f"There is no report {after}: begin without `after`.")
        query = query.where(tuple_(r.reported_at, r.id) > (since, after))
    return connection.execute(query).all()


def find(connection: Connection, id: str) -> Row[Any]:
    """A report. Raises NotFound."""
    row = connection.execute(select(*_SHOWN).where(r.id == id)).first()
    if row is None:
        raise NotFound("no_such_report", f"There is no report {id}.")
    return row


def photo_of(connection: Connection, id: str) -> bytes:
    """A report's photo. Raises NotFound if there is none."""
    found = connection.execute(select(p.content).where(p.report_id == id)).scalar()
    if found is None:
        raise NotFound("no_such_photo", f"There is no report {id} with a photo.")
    return bytes(found)


def close(
    connection: Connection, now: datetime, actor: str, id: str, by: str, note: str
) -> Row[Any]:
    """Close a report: ``by`` names who handled it, ``note`` says what came of it.

    Raises NotFound, or Conflict where it has been closed before.
    """
    shut = {"handled_at": now, "handled_by": by, "handling_note": note}
    done = update(report_table).where(r.id == id, r.handled_at.is_(None)).values(shut)
    changed = connection.execute(done).rowcount
    row = find(connection, id)
    if not changed:
        raise Conflict("report_closed", f"Report {id} was closed by {row.handled_by}: read it.")
    # Not the note: an entry cannot be erased, and a note may speak of people.
    audit.record(connection, now, actor, "report.closed", f"report:{id}", {"by": by})
    return row


def forget(connection: Connection, now: datetime) -> int:
    """Delete what was closed more than :data:`KEPT_MONTHS` ago; how many reports that were."""
    before = start_of_day(add_months(vietnam_day(now), -KEPT_MONTHS))
    old = select(r.id).where(r.handled_at < before)
    connection.execute(delete(report_photo_table).where(p.report_id.in_(old)))
    return connection.execute(delete(report_table).where(r.handled_at < before)).rowcount
