"""Finding entries of the audit trail: by whom, what, of which object, when, in which request."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, Connection, func, or_, select

from tem import audit
from tem.audit import Entry, entry_table


@dataclass(frozen=True, slots=True)
class Choice:
    """Which entries are meant: all that is given must hold.

    ``kind`` is what stands before the colon of an object; ``actor`` is a whole actor, or one
    without its ``#key``, whatever keys the person has had; ``since`` is inclusive, ``until`` not.
    """

    object: str | None = None
    kind: str | None = None
    actor: str | None = None
    action: str | None = None
    request_id: str | None = None
    since: datetime | None = None
    until: datetime | None = None


def page(
    connection: Connection,
    choice: Choice,
    limit: int,
    after: int = 0,
    before: int | None = None,
    *,
    newest_first: bool = False,
) -> list[Entry]:
    """At most ``limit`` chosen entries with numbers above ``after`` and below ``before``."""
    c = entry_table.c
    query = select(*audit.COLUMNS).where(c.seq > after, *_conditions(choice)).limit(limit)
    if before is not None:
        query = query.where(c.seq < before)
    query = query.order_by(c.seq.desc() if newest_first else c.seq)
    return [audit.entry(row) for row in connection.execute(query)]


def _conditions(choice: Choice) -> list[ColumnElement[bool]]:
    c = entry_table.c
    found: list[ColumnElement[bool]] = [
        column == wanted
        for column, wanted in (
            (c.object, choice.object),
            (c.action, choice.action),
            (c.request_id, choice.request_id),
        )
        if wanted is not None
    ]
    if choice.kind is not None:
        found.append(_begins(c.object, f"{choice.kind}:"))
    if choice.actor is not None:
        found.append(or_(c.actor == choice.actor, _begins(c.actor, f"{choice.actor}#")))
    if choice.since is not None:
        found.append(c.at >= choice.since)
    if choice.until is not None:
        found.append(c.at < choice.until)
    return found


def _begins(column: ColumnElement[str], text: str) -> ColumnElement[bool]:
    """Exactly these first characters: LIKE would not tell A from a on SQLite."""
    return func.substr(column, 1, len(text)) == text
