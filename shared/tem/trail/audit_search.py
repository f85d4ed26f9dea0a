"""Finding entries of the audit trail: by whom, what, of which object, when, in which request."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, Connection, and_, collate, or_, select

from tem.trail import audit
from tem.trail.audit import Entry, entry_table


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
    server = connection.dialect.name == "postgresql"
    # SQLite does not know how rare a kind is, and would read the entries one after the other: the
    # sum hides from it that it could, so that the index of the objects serves.
    seq = c.seq + 0 if choice.kind is not None and not server else c.seq
    chosen = select(c.seq).where(seq > after, *_conditions(choice, server))
    if before is not None:
        chosen = chosen.where(seq < before)
    # The numbers first, out of an index alone: then no more entries are read than are shown.
    numbers = chosen.order_by(seq.desc() if newest_first else seq).limit(limit).subquery()
    order = c.seq.desc() if newest_first else c.seq
    query = select(*audit.COLUMNS).join(numbers, numbers.c.seq == c.seq).order_by(order)
    return [audit.entry(row) for row in connection.execute(query)]


def _conditions(choice: Choice, server: bool) -> list[ColumnElement[bool]]:
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
        found.append(_begins(c.object, f"{choice.kind}:", server))
    if choice.actor is not None:
        with_key = _begins(c.actor, f"{choice.actor}#", server)
        found.append(or_(c.actor == choice.actor, with_key))
    if choice.since is not None:
        found.append(c.at >= choice.since)
    if choice.until is not None:
        found.append(c.at < choice.until)
    return found


def _begins(column: ColumnElement[str], text: str, server: bool) -> ColumnElement[bool]:
    """Exactly these first characters, as a range that an index serves.

    By code point on both engines: LIKE would not tell A from a on SQLite, and PostgreSQL would
    order the words of a language.
    """
    by_code = collate(column, "C") if server else column
    return and_(by_code >= text, by_code < text[:-1] + chr(ord(text[-1]) + 1))
