"""The log of changes, read from the published tables: page after page, never back."""

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, func, select

from tem.databases import published
from tem.dates import rfc3339

_e = published.event.c


@dataclass(frozen=True, slots=True)
class Change:
    """One entry of the log; ``body`` is what its type tells."""

    seq: int
    at: datetime
    type: str
    body: dict[str, Any]

    def shown(self) -> dict[str, Any]:
        """As JSON, in the feed and in a webhook alike."""
        return {"seq": self.seq, "at": rfc3339(self.at), "type": self.type, **self.body}


def after(connection: Connection, seq: int, limit: int, up_to: int | None = None) -> list[Change]:
    """At most ``limit`` changes with a number above ``seq``, in order.

    ``up_to`` leaves out those of a later change number of the publication: who is told of a recall
    and looks up at once must find it.
    """
    query = select(_e.seq, _e.at, _e.type, _e.body).where(_e.seq > seq)
    if up_to is not None:
        query = query.where(_e.change <= up_to)
    rows = connection.execute(query.order_by(_e.seq).limit(limit))
    return [Change(row.seq, row.at, row.type, json.loads(row.body)) for row in rows]


def newest(connection: Connection) -> int:
    """The number of the newest change; 0 before the first."""
    return int(connection.execute(select(func.max(_e.seq))).scalar() or 0)
