"""The issuer's metrics of its state, told by the signer: it exists once.

Times are Unix times, 0 where there is none: an age goes on growing while nobody tells it anew.
"""

import time
from typing import Final

from prometheus_client import Gauge
from sqlalchemy import Engine, func, select

from tem import metrics  # noqa: F401 - says where the numbers below are kept
from tem.databases.database import reading
from tem.paced import Told
from tem_issuer.domain import BatchState
from tem_issuer.storage import batch_table, counter_table

MODE: Final = "mostrecent"  # one process tells them
UNDER_WAY = (BatchState.RESERVED, BatchState.SIGNING)

SEEN = Gauge(
    "tem_issuer_signer_seen_timestamp_seconds",
    "When the signer last looked for batches",
    multiprocess_mode=MODE,
)
BATCHES = Gauge("tem_issuer_batches", "Batches by state", ["state"], multiprocess_mode=MODE)
OLDEST = Gauge(
    "tem_issuer_oldest_waiting_timestamp_seconds",
    "When the oldest batch not yet released was reserved, by state; 0 if there is none",
    ["state"],
    multiprocess_mode=MODE,
)
SIGNING = Gauge(
    "tem_issuer_signing_stamps",
    "Stamps of the batches that are being signed: ordered, and signed so far",
    ["count"],
    multiprocess_mode=MODE,
)
KEPT = Gauge(
    "tem_issuer_codes_kept",
    "Codes at rest, their print not confirmed: in batches and in stamps",
    ["count"],
    multiprocess_mode=MODE,
)
KEPT_SINCE = Gauge(
    "tem_issuer_codes_kept_since_timestamp_seconds",
    "When the oldest batch whose print is not confirmed was released; 0 if there is none",
    multiprocess_mode=MODE,
)
NEXT = Gauge(
    "tem_issuer_next_number",
    "The number the next batch gets; 0 before the first",
    multiprocess_mode=MODE,
)
_c = batch_table.c


def told(engine: Engine) -> Told:
    """Tells the state of a store now and then."""
    return Told(lambda: tell_queue(engine), lambda: tell_kept(engine))


def tell_queue(engine: Engine) -> None:
    """What waits and what is being signed: few rows, by the index on the state."""
    counted = func.count(), func.min(_c.created_at), func.sum(_c.quantity), func.sum(_c.signed)
    query = select(_c.state, *counted).where(_c.state.in_(UNDER_WAY)).group_by(_c.state)
    with reading(engine) as connection:
        found = {row[0]: row[1:] for row in connection.execute(query)}
        number = connection.execute(select(counter_table.c.next_number)).scalar()
    for state in UNDER_WAY:
        batches, since, ordered, signed = found.get(state, (0, None, 0, 0))
        BATCHES.labels(state).set(batches)
        OLDEST.labels(state).set(since.timestamp() if since else 0)
        if state == BatchState.SIGNING:
            SIGNING.labels("ordered").set(ordered)
            SIGNING.labels("signed").set(signed)
    NEXT.set(number or 0)
    SEEN.set(time.time())


def tell_kept(engine: Engine) -> None:
    """All states, and the codes that lie at rest: one pass over the batches."""
    states = select(_c.state, func.count()).group_by(_c.state)
    kept = select(func.count(), func.sum(_c.quantity), func.min(_c.released_at)).where(
        _c.state == BatchState.RELEASED, _c.printed_at.is_(None)
    )
    with reading(engine) as connection:
        found = {row[0]: row[1] for row in connection.execute(states)}
        batches, stamps, since = connection.execute(kept).one()
    for state in BatchState:
        BATCHES.labels(state).set(found.get(state, 0))
    KEPT.labels("batches").set(batches)
    KEPT.labels("stamps").set(stamps or 0)
    KEPT_SINCE.set(since.timestamp() if since else 0)
