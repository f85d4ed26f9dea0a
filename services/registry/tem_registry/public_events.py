"""What happened that tills are told at once: written with the act, numbered without gaps.

An event tells what the public may know, never an inner reason. Numbers are given under the lock of
the state's row, which :func:`tem_registry.publication.next_change` takes.
"""

import json
from collections.abc import Collection
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, func, select, update

from tem.databases import published
from tem.vocabulary import EventType

_e = published.event.c
_FOR_GOOD = ("lot_id", "ranges")  # what is public of a lot whose facts are forgotten


def tell(
    connection: Connection, change: int, now: datetime, type: EventType, body: dict[str, Any]
) -> None:
    """Add an event to the log, under the change number of its act."""
    last = connection.execute(select(func.max(_e.seq))).scalar() or 0
    connection.execute(
        published.event.insert().values(
            seq=last + 1, change=change, at=now, type=str(type), body=_text(body)
        )
    )


def forget(connection: Connection, lot_ids: Collection[str]) -> None:
    """Leave of the events of some lots only which stamps they were about.

    The number, type and time of an event stay: the log has no gaps.
    """
    wanted = set(lot_ids)
    of_lots = select(_e.seq, _e.body).where(_e.type.startswith("lot."))
    for seq, text in connection.execute(of_lots).all():
        body = json.loads(text)
        if body["lot_id"] in wanted and "closed" not in body:
            left = {"closed": True, **{name: body[name] for name in _FOR_GOOD}}
            connection.execute(
                update(published.event).where(_e.seq == seq).values(body=_text(left))
            )


def _text(body: dict[str, Any]) -> str:
    return json.dumps(body, ensure_ascii=False, sort_keys=True)
