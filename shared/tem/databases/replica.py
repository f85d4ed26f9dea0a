"""Replicas of the published tables: PostgreSQL's logical replication, of that schema alone.

A streaming standby would carry API keys and records of persons to the edge; it is for failover.
The registry's database offers a publication, a database of the verifiers subscribes to it, and
whoever reads there learns up to which time it is complete.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, select, text

from tem.databases import published
from tem.errors import Unavailable

PUBLICATION = SUBSCRIPTION = "tem_published"


def offer(connection: Connection) -> Iterator[str]:
    """Let replicas subscribe to the published tables, all of them; a line if that was new.

    Nothing to do on SQLite.
    """
    if connection.dialect.name != "postgresql":
        return
    query = "SELECT schemaname || '.' || tablename FROM pg_publication_tables WHERE pubname = :name"
    offered = set(connection.execute(text(query), {"name": PUBLICATION}).scalars())
    tables = [table.fullname for table in published.metadata.sorted_tables]
    if offered == set(tables):
        return
    listed = ", ".join(tables)
    if offered:
        connection.exec_driver_sql(f"ALTER PUBLICATION {PUBLICATION} SET TABLE {listed}")
    else:
        connection.exec_driver_sql(f"CREATE PUBLICATION {PUBLICATION} FOR TABLE {listed}")
    yield f"replicas may subscribe to {len(tables)} tables ({PUBLICATION})"


# Whether this is the record itself: it has the registry's own history, is no standby and follows
# nobody. And of the published tables that follow somebody: whether the first copy is complete. A
# replica that follows nobody any more is still no record: what it has grows old.
_STATE = text(
    "SELECT NOT pg_is_in_recovery() AND count(s.srsubstate) = 0 "
    "AND EXISTS (SELECT FROM pg_class WHERE relname = 'registry_version' AND relkind = 'r'), "
    "coalesce(bool_and(s.srsubstate = 'r'), true) "
    "FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace "
    "LEFT JOIN pg_subscription_rel s ON s.srrelid = c.oid "
    "WHERE n.nspname = :schema AND c.relkind = 'r'"
)


@dataclass(frozen=True, slots=True)
class Known:
    """Up to which time the published tables are complete; ``is_record`` if no copy is between."""

    until: datetime
    is_record: bool


def known(connection: Connection, now: datetime) -> Known:
    """Up to which time the published tables are complete, as this transaction sees them.

    The record itself is complete up to now; a replica or a standby up to the last heartbeat that
    reached it. Raises Unavailable while a new replica is still being copied: its tables come
    one after the other, and half a record slanders stamps.
    """
    if connection.dialect.name != "postgresql":
        return Known(now, is_record=True)
    is_record, complete = connection.execute(_STATE, {"schema": published.SCHEMA}).one()
    if not complete:
        raise Unavailable("replica_copying", "The replica is being copied for the first time.")
    if is_record:
        return Known(now, is_record=True)
    beat: datetime | None = connection.execute(select(published.beat.c.at)).scalar()
    if beat is None:
        raise Unavailable("no_heartbeat", "No registry's heartbeat has reached this replica yet.")
    return Known(min(beat, now), is_record=False)
