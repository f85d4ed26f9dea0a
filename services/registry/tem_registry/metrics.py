"""The registry's metrics of its state, told by the follower: it exists once.

Times are Unix times, 0 where there is none: an age goes on growing while nobody tells it anew.
"""

import time
from collections.abc import Callable
from typing import Final

from prometheus_client import Gauge
from sqlalchemy import Engine, func, select

from tem import metrics  # noqa: F401 - metrics says where numbers are kept
from tem.databases import published
from tem.databases.database import reading
from tem.paced import Told
from tem.trail import audit
from tem.vocabulary import StampState
from tem_registry import tables

MODE: Final = "mostrecent"  # one process tells them
ORDER_STATES = ("requested", "approved", "issuing", "issued", "rejected", "cancelled", "failed")
OPEN = ("approved", "issuing")

SEEN = Gauge(
    "tem_registry_follower_seen_timestamp_seconds",
    "When the follower last went through the open orders",
    multiprocess_mode=MODE,
)
SUCCESS = Gauge(
    "tem_registry_issuer_answered_timestamp_seconds",
    "When the issuer last said to the follower that it is ready; 0 if never",
    multiprocess_mode=MODE,
)
ORDERS = Gauge("tem_registry_orders", "Orders by state", ["state"], multiprocess_mode=MODE)
OLDEST = Gauge(
    "tem_registry_oldest_open_order_timestamp_seconds",
    "When the oldest order was approved that is not issued yet; 0 if there is none",
    multiprocess_mode=MODE,
)
STAMPS = Gauge("tem_registry_stamps", "Stamps by state", ["state"], multiprocess_mode=MODE)
RANGES = Gauge("tem_registry_ranges", "Ranges by state", ["state"], multiprocess_mode=MODE)
CHANGE = Gauge(
    "tem_registry_change",
    "Change number of the published tables",
    multiprocess_mode=MODE,
)
ENTRIES = Gauge(
    "tem_registry_audit_entries",
    "Entries of the audit trail",
    multiprocess_mode=MODE,
)


def told(engine: Engine, issuer_is_ready: Callable[[], bool]) -> Told:
    """Tells the state of a store now and then, and when the issuer last was ready."""

    def tell() -> None:
        tell_orders(engine)
        if issuer_is_ready():
            SUCCESS.set(time.time())

    SUCCESS.set(0)
    return Told(tell, lambda: tell_stamps(engine))


def tell_orders(engine: Engine) -> None:
    """Orders by state, by the index on it; how far publication and audit trail have come."""
    o, a = tables.stamp_order.c, tables.approval.c
    states = select(o.state, func.count()).group_by(o.state)
    approved = (
        select(func.coalesce(func.max(a.at), func.max(o.requested_at)).label("at"))
        .select_from(tables.stamp_order.outerjoin(tables.approval, a.order_id == o.id))
        .where(o.state.in_(OPEN))
        .group_by(o.id)
        .subquery()
    )
    with reading(engine) as connection:
        found = {row[0]: row[1] for row in connection.execute(states)}
        oldest = connection.execute(select(func.min(approved.c.at))).scalar()
        position = published.position(connection)
        entries, _ = audit.head(connection)
    for state in {*ORDER_STATES, *found}:
        ORDERS.labels(state).set(found.get(state, 0))
    OLDEST.set(oldest.timestamp() if oldest else 0)
    CHANGE.set(position[1] if position else 0)
    ENTRIES.set(entries)
    SEEN.set(time.time())


def tell_stamps(engine: Engine) -> None:
    """Stamps by state: one pass over the ranges, of which there may be a million and more."""
    c = tables.stamp_interval.c
    query = select(c.state, func.count(), func.sum(c.last - c.first + 1)).group_by(c.state)
    with reading(engine) as connection:
        found = {row[0]: (row[1], row[2]) for row in connection.execute(query)}
    for state in StampState:
        ranges, stamps = found.get(state, (0, 0))
        RANGES.labels(state).set(ranges)
        STAMPS.labels(state).set(stamps)
