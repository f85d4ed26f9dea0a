"""A replica of the published tables: how long its first copy takes, and how far behind it is."""

import statistics
import time

import psycopg
from loadtests import scale_acts
from loadtests.seed_plan import Plan
from tests.postgres import SETTINGS, PostgresServer

from tem.clock import system_clock
from tem.databases import published
from tem.databases.database import open_engine, writing
from tem.databases.migrations import PUBLISHED, bring_up_to_date
from tem_registry.activation.activation import activate

LIMIT_SECONDS = 600.0
NAME = "scale"
TURN = 7  # of scale_acts: stamps that no other measurement takes


def logical_server() -> PostgresServer:
    """A server that flushes as in production and can be subscribed to; not started yet."""
    if "--wal_level=logical" not in SETTINGS:
        SETTINGS.append("--wal_level=logical")
    return PostgresServer(durable=True)


def copy_seconds(record: PostgresServer, database: str, edge: PostgresServer) -> float:
    """Subscribe a second server to the schema, and wait until every table has been copied."""
    edge.create_database(NAME)
    engine = open_engine(edge.url(NAME))
    with writing(engine) as connection:
        bring_up_to_date(connection, (PUBLISHED,))
    engine.dispose()
    source = _plain(record.url(database))
    with psycopg.connect(source, autocommit=True) as connection:
        connection.execute(f"CREATE PUBLICATION {NAME} FOR TABLES IN SCHEMA {published.SCHEMA}")
    began = time.perf_counter()
    with psycopg.connect(_plain(edge.url(NAME)), autocommit=True) as connection:
        connection.execute(f"CREATE SUBSCRIPTION {NAME} CONNECTION '{source}' PUBLICATION {NAME}")
        query = "SELECT count(*) FROM pg_subscription_rel WHERE srsubstate <> 'r'"
        while connection.execute(query).fetchone() != (0,):
            if time.perf_counter() - began > LIMIT_SECONDS:
                raise RuntimeError("the copy is not done in ten minutes")
            time.sleep(0.05)
    return time.perf_counter() - began


def unsubscribe(edge: PostgresServer) -> None:
    """Let go of the record's server, which else keeps what the replica has not read."""
    with psycopg.connect(_plain(edge.url(NAME)), autocommit=True) as connection:
        connection.execute(f"DROP SUBSCRIPTION {NAME}")


def lag_seconds(record_url: str, edge: PostgresServer, plan: Plan, acts: int = 20) -> float:
    """Median time from an act's acknowledgement until the replica shows its change number."""
    engine, taken = open_engine(record_url), []
    stamps = scale_acts.free_stamps(plan, TURN, 0, 1)
    state = f'SELECT change FROM {published.SCHEMA}."{published.state.name}"'
    with psycopg.connect(_plain(edge.url(NAME)), autocommit=True) as replica:
        for _, (batch, stamp, lot) in zip(range(acts), stamps, strict=False):
            with writing(engine) as connection:
                now = system_clock()
                activate(connection, now, "scale", lot, batch=batch, first=stamp, last=stamp)
                found = published.position(connection)
            assert found is not None
            began = time.perf_counter()
            while replica.execute(state.encode()).fetchone() != (found[1],):
                if time.perf_counter() - began > LIMIT_SECONDS:
                    raise RuntimeError("the replica does not follow")
            taken.append(time.perf_counter() - began)
    engine.dispose()
    return statistics.median(taken)


def _plain(url: str) -> str:
    return url.replace("+psycopg", "")
