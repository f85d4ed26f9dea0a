"""What the office decided about stamps that show signs of being copied: added to, never changed."""

import json
import secrets
from collections.abc import Collection
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection, func, select, tuple_, update

from tem.dates import parse_instant, rfc3339
from tem.trail import audit
from tem_registry.stamps import stamps
from tem_registry.suspect_tables import suspect_decision

CONFIRMED, FALSE_ALARM = "confirmed", "false_alarm"
DECISIONS = (CONFIRMED, FALSE_ALARM)
_c = suspect_decision.c
Stamp = tuple[int, int]
Json = dict[str, Any]


def newest(connection: Connection, asked: Collection[Stamp]) -> dict[Stamp, Json]:
    """The decision that counts of each of some stamps that has one."""
    wanted = tuple_(_c.batch, _c.index).in_(list(asked))
    rows = connection.execute(_query().where(wanted, _c.is_newest))
    return {(row.batch, row._mapping["index"]): _shown(row) for row in rows}


def page(connection: Connection, decision: str, after: str | None, limit: int) -> list[Json]:
    """Stamps decided so, the latest decision first, with the evidence of then."""
    query = _query().where(_c.is_newest, _c.decision == decision)
    if after is not None:
        query = query.where(_c.id < after)
    rows = connection.execute(query.order_by(_c.id.desc()).limit(limit))
    return [{**json.loads(row.evidence), "decided": _shown(row)} for row in rows]


def counts(connection: Connection) -> dict[str, int]:
    """How many stamps each decision stands for."""
    query = select(_c.decision, func.count()).where(_c.is_newest).group_by(_c.decision)
    found = {decision: int(count) for decision, count in connection.execute(query)}
    return {decision: found.get(decision, 0) for decision in DECISIONS}


def decide(
    connection: Connection, now: datetime, actor: str, suspect: Json, decision: str, note: str
) -> Json:
    """Record a decision with the evidence as it was told; the suspect with it.

    Raises NotFound for a batch that is not on record. The note stays out of the trail: it may
    name people.
    """
    batch, index = suspect["batch"], suspect["index"]
    stamps.lock(connection, batch, None)
    of_stamp = (_c.batch == batch, _c.index == index)
    last = connection.execute(select(func.max(_c.number)).where(*of_stamp)).scalar() or 0
    connection.execute(update(suspect_decision).where(*of_stamp).values(is_newest=False))
    row = {
        "id": f"SD-{now.astimezone(UTC):%Y%m%d%H%M%S%f}-{secrets.token_hex(3)}",
        "batch": batch,
        "index": index,
        "number": last + 1,
        "is_newest": True,
        "decision": decision,
        "note": note,
        "decided_at": now,
        "decided_by": actor,
        "told_until": parse_instant(suspect["last_at"]),
        "evidence": json.dumps(suspect, ensure_ascii=False),
    }
    connection.execute(suspect_decision.insert().values(**row))
    details = {"batch": batch, "index": index, "score": suspect["score"]}
    audit.record(connection, now, actor, f"suspect.{decision}", f"suspect:{batch}-{index}", details)
    return {**suspect, "decided": newest(connection, [(batch, index)])[batch, index]}


def _query() -> Any:
    return select(
        _c.id,
        _c.batch,
        _c.index,
        _c.decision,
        _c.note,
        _c.decided_at,
        _c.decided_by,
        _c.told_until,
        _c.evidence,
    )


def _shown(row: Any) -> Json:
    return {
        "decision_id": row.id,
        "decision": row.decision,
        "note": row.note,
        "decided_at": rfc3339(row.decided_at),
        "decided_by": row.decided_by,
        "told_until": rfc3339(row.told_until),
    }
