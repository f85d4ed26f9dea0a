"""The office recalls a lot with a public notice, and lifts the recall; tills are told of both."""

from datetime import date, datetime
from typing import Any

from sqlalchemy import Connection, update

from tem.dates import rfc3339, vietnam_day
from tem.errors import Conflict
from tem.trail import audit
from tem.vocabulary import EventType
from tem_registry import publication, tables
from tem_registry.lots import lot_cards, lot_events, lot_rules, lots, recalls


def recall(
    connection: Connection,
    now: datetime,
    actor: str,
    id: str,
    notice: dict[str, Any],
    *,
    taken_over: bool = False,
) -> dict[str, Any]:
    """Recall a lot with a public notice; one that is ``taken_over`` keeps its dates as they are.

    Raises NotFound, Invalid for a day to come or before production, Conflict if it is recalled.
    """
    lot = lots.find(connection, id, locked=True)
    if lots.recalled(connection, id, now):
        raise Conflict("already_recalled", f"Lot {id} is under recall: lift that one first.")
    today = vietnam_day(now)
    ordered_on = notice.get("ordered_on") or today.isoformat()
    if not taken_over:
        lot_rules.check_recall(date.fromisoformat(ordered_on), lot.production_date, today)
    connection.execute(
        tables.recall.insert().values(
            lot_id=id,
            kind=notice["kind"],
            ordered_on=date.fromisoformat(ordered_on),
            ordered_by=notice["ordered_by"],
            decision_no=notice.get("decision_no"),
            reason_public=notice["reason_public"],
            lifted_at=notice.get("lifted_at"),
        )
    )
    _publish(connection, now, EventType.LOT_RECALLED, id)
    details = {k: notice.get(k) for k in ("kind", "ordered_by", "decision_no", "reason_public")}
    audit.record(
        connection, now, actor, "lot.recalled", f"lot:{id}", {**details, "ordered_on": ordered_on}
    )
    return {"lot_id": id, "recalled": True, "ordered_on": ordered_on}


def lift(
    connection: Connection, now: datetime, actor: str, id: str, reason: str | None
) -> dict[str, Any]:
    """Lift the recall of a lot, at once, also one that is to end later.

    Raises NotFound, or Conflict if there is none.
    """
    lots.find(connection, id, locked=True)
    ending = update(tables.recall).where(tables.recall.c.lot_id == id, recalls.not_over(now))
    lifted = connection.execute(ending.values(lifted_at=now))
    if lifted.rowcount == 0:
        raise Conflict("not_recalled", f"Lot {id} is not under recall.")
    _publish(connection, now, EventType.LOT_RECALL_LIFTED, id)
    audit.record(connection, now, actor, "lot.recall_lifted", f"lot:{id}", {"reason": reason})
    return {"lot_id": id, "recalled": False, "lifted_at": rfc3339(now)}


def _publish(connection: Connection, now: datetime, type: EventType, id: str) -> None:
    change = publication.next_change(connection, now)
    lot_cards.publish(connection, change, id, now)
    lot_events.tell(connection, change, now, type, id)
