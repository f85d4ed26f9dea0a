"""What a registry's database weighs and costs: bytes a table, checks, backups, write-ahead log."""

import sqlite3
import statistics
import time
from pathlib import Path

import psycopg
from loadtests import scale_acts
from loadtests.seed_plan import Plan
from sqlalchemy import Engine

from tem import trust
from tem.clock import system_clock
from tem.databases import published
from tem.databases.database import open_engine, reading, writing
from tem_registry.activation.activation import activate
from tem_registry.fsck import fsck
from tem_verifier.index import Index


def bytes_of(engine: Engine) -> dict[str, int]:
    """Bytes on disk by table, its indexes included."""
    with engine.connect() as connection:
        if engine.dialect.name == "postgresql":
            query = (
                "SELECT relname, pg_total_relation_size(c.oid) FROM pg_class c "
                "JOIN pg_namespace n ON n.oid = relnamespace "
                "WHERE relkind = 'r' AND nspname IN ('public', 'published')"
            )
        else:
            query = (
                "SELECT m.tbl_name, sum(d.pgsize) FROM dbstat d "
                "JOIN sqlite_schema m ON m.name = d.name GROUP BY m.tbl_name"
            )
        return {str(name): int(size) for name, size in connection.exec_driver_sql(query)}


def published_bytes(engine: Engine) -> dict[str, int]:
    """Of the published tables only: what a replica holds; fingerprints apart from the rest."""
    sizes = bytes_of(engine)
    shown = {name: sizes.get(name, 0) for name in published.TABLE_NAMES}
    fingerprints = shown.pop(published.fingerprints.name)
    return {"fingerprints": fingerprints, "rest": sum(shown.values())}


def check_seconds(engine: Engine, trust_file: Path) -> float:
    """How long `tem fsck` takes for the registry. Raises RuntimeError if it finds a fault."""
    began = time.perf_counter()
    with reading(engine) as connection:
        fault = next(fsck.faults(connection, trust.load(trust_file), system_clock()), None)
    if fault is not None:
        raise RuntimeError(f"what was seeded is not valid: {fault}")
    return time.perf_counter() - began


def backup(file: Path, copy: Path) -> tuple[float, int]:
    """Seconds and bytes of SQLite's online backup."""
    began = time.perf_counter()
    source, target = sqlite3.connect(file), sqlite3.connect(copy)
    with source, target:
        source.backup(target)
    source.close()
    target.close()
    seconds, size = time.perf_counter() - began, copy.stat().st_size
    copy.unlink()
    return seconds, size


def apply_seconds(url: str, plan: Plan, index: Index, turn: int, acts: int = 10) -> float:
    """Median time a verifier needs to take over an act it was just told of by its poll."""
    engine, taken = open_engine(url), []
    stamps = scale_acts.free_stamps(plan, turn, 0, 1)
    for _, (batch, stamp, lot) in zip(range(acts), stamps, strict=False):
        with writing(engine) as connection:
            activate(connection, system_clock(), "scale", lot, batch=batch, first=stamp, last=stamp)
        before = index.view
        began = time.perf_counter()
        index.catch_up()
        taken.append(time.perf_counter() - began)
        was, known = before.batch(batch), index.view.batch(batch)
        assert was and known and known.ranges.at(stamp) != was.ranges.at(stamp)
    engine.dispose()
    return statistics.median(taken)


def wal_position(url: str) -> int:
    """Bytes of write-ahead log that a PostgreSQL server has written."""
    with psycopg.connect(url.replace("+psycopg", "")) as connection:
        found = connection.execute("SELECT pg_current_wal_lsn() - '0/0'").fetchone()
    assert found is not None
    return int(found[0])
