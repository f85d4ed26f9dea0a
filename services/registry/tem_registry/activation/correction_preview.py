"""What a correction would do, or everything that stands against it. It reads and changes nothing.

It asks the rules that :mod:`tem_registry.activation.corrections` asks, and goes on after a refusal.
"""

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from sqlalchemy import Connection

from tem.dates import vietnam_day
from tem.errors import Conflict, Gone, NotFound
from tem.vocabulary import StampState
from tem_registry.activation import corrections
from tem_registry.activation.correction_rules import Terms
from tem_registry.intervals import clip
from tem_registry.stamps import range_previews, stamps


def preview(
    connection: Connection,
    now: datetime,
    days: int,
    number: int,
    *,
    first: int,
    last: int,
    lot_id: str | None,
    reason: str,
) -> dict[str, Any]:
    """What tying stamps to another lot, or to none, would find. Raises NotFound or Invalid."""
    batch = stamps.find(connection, number)
    stamps.check_range(batch, first, last)
    parts = clip(stamps.intervals(connection, number, first, last), first, last)
    terms = Terms(lot_id, reason, vietnam_day(now), days)
    refused = corrections.refused_parts(connection, number, parts, terms, now)
    to = StampState.ACTIVATED if lot_id is not None else StampState.DELIVERED
    told = range_previews.told(connection, number, parts, to, refused)
    told["refusals"] += _of_target(connection, batch, lot_id, last - first + 1, now)
    return told


def _of_target(
    connection: Connection, batch: stamps.Batch, lot_id: str | None, count: int, now: datetime
) -> Iterator[dict[str, Any]]:
    try:
        corrections.check_target(connection, batch, lot_id, count, now)
    except (NotFound, Gone, Conflict) as refused:
        reasons = refused.extra.get("reasons") or [{"code": refused.code, "detail": refused.detail}]
        yield from reasons
