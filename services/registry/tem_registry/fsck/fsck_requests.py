"""What must hold of producers' requests for corrections."""

from collections.abc import Iterator

from sqlalchemy import Connection, select

from tem_registry import tables


def correction_requests(connection: Connection) -> Iterator[str]:
    """Those decided say when; one is of its batch's producer; one accepted has its correction."""
    c, b, a = tables.correction_request.c, tables.stamp_batch.c, tables.activation.c
    same = (a.batch == c.batch, a.first == c.first, a.last == c.last, a.reason == c.reason)
    made = select(a.id).where(*same, a.activated_at == c.decided_at).exists()
    query = select(c.id, c.state, c.decided_at, c.producer_id, b.producer_id.label("owner"), made)
    rows = connection.execute(query.join(tables.stamp_batch, b.number == c.batch).order_by(c.id))
    for id, state, decided_at, producer_id, owner, corrected in rows:
        if (state == "open") is not (decided_at is None):
            yield f"request {id} is {state}, decided at {decided_at}"
        if producer_id != owner:
            yield f"request {id} is of {producer_id}, its batch of {owner}"
        if state == "accepted" and not corrected:
            yield f"request {id} is accepted, but its stamps were not corrected then"
