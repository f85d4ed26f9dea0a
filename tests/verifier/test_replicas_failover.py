"""A standby of the record takes over: nothing acknowledged is lost, and replicas go on with it."""

import threading
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from sqlalchemy import make_url
from sqlalchemy.exc import SQLAlchemyError
from tests.edges import (
    PresentClock,
    day,
    populated,
    prepare_edge,
    prepare_record,
    shipped_settings,
    standing_still,
)
from tests.postgres import PostgresServer
from tests.registry.records import Register
from tests.running import until
from tests.verifier.conftest import Verifier
from tests.verifier.mint import Mint, publish
from tests.verifier.test_replicas import Alarms, Pair

from tem.databases.database import open_engine
from tem_registry import heartbeat

STAMPS = 2000


@pytest.fixture
def pair(tmp_path: Path, mint: Mint) -> Iterator[Pair]:
    """A record on a server with fsync, and an edge; no standby yet."""
    with ExitStack() as stack:
        record = PostgresServer(durable=True, settings=shipped_settings("record"))
        edge = PostgresServer(settings=shipped_settings("edge"))
        for server in (record, edge):
            stack.enter_context(server)
            server.make_accounts()
        prepare_record(record, "record_it")
        prepare_edge(edge, "replica_it", "store_it")
        engine = open_engine(record.url("record_it", "tem_registry"))
        stack.callback(engine.dispose)
        made = Pair(record, edge, tmp_path, "it", populated(engine, PresentClock()), mint)
        stack.callback(heartbeat.start(engine, PresentClock()))
        stack.enter_context(made.opened)
        yield made


def standby_of(pair: Pair) -> PostgresServer:
    """A streaming standby as docs/operations.md makes one; commits wait for it from now on."""
    pair.on_record("SELECT pg_create_physical_replication_slot('standby1', true)")
    base = pair.record.base_backup("standby")
    url = make_url(pair.record.url("record_it", "tem_replication"))
    source = f"host={url.host} port={url.port} user={url.username} password={url.password}"
    standby = pair.record.started_from(
        base,
        *shipped_settings("record"),
        f"primary_conninfo={source} dbname=record_it application_name=standby1",
        *("primary_slot_name=standby1", "hot_standby_feedback=on", "sync_replication_slots=on"),
    )
    (base / "standby.signal").touch()
    standby._own(base / "standby.signal")
    standby.start()
    for setting in ("synchronous_standby_names", "synchronized_standby_slots"):
        pair.on_record(f"ALTER SYSTEM SET {setting} = 'standby1'")
    pair.on_record("SELECT pg_reload_conf()")
    state = "SELECT sync_state FROM pg_stat_replication WHERE application_name = 'standby1'"
    until(lambda: pair.on_record(state) == ("sync",))
    return standby


def act_until_killed(pair: Pair, register: Register) -> int:
    """Activate stamp by stamp while the server is killed; how many were acknowledged."""
    done, timer = 0, threading.Timer(0.7, pair.record.kill)
    timer.start()
    try:
        while True:
            register.activate("L1", 1, done + 1, done + 1)
            done += 1
    except SQLAlchemyError:
        timer.join()
        return done


def change(reader: Verifier) -> int:
    """The change number a verifier has read."""
    reader.index.catch_up()
    return reader.index.view.position.change if reader.index.view.position else -1


def test_a_promoted_standby_has_everything_and_verifiers_follow_it(
    pair: Pair, alarms: Alarms
) -> None:
    """Primary killed -9 in the middle of acts, standby promoted, replica told the new address:
    every acknowledged act is there, and verifiers go on without accept-restore."""
    register = pair.register
    register.lot("L1", production_date=day(-10), best_before=day(200), quantity=STAMPS)
    batch = publish(register, pair.mint.sign(1, STAMPS))
    standby = standby_of(pair)
    pair.opened.callback(standby.stop)
    assert pair.subscribe().exit_code == 0
    reader = pair.verifier()
    until(lambda: reader.verdict(batch.text(1)) == "NOT_ACTIVATED")
    nobody_is_ahead(pair, standby, reader)
    until(lambda: slot_is_kept(pair, standby))
    acknowledged = act_until_killed(pair, register)
    assert acknowledged > 0
    standby.run_program("pg_ctl", "promote", f"--pgdata={standby.data}")
    pair.record = standby
    promoted = Register(open_engine(standby.url("record_it", "tem_registry")), PresentClock())
    pair.opened.callback(promoted.engine.dispose)
    pair.opened.callback(heartbeat.start(promoted.engine, PresentClock()))
    active = promoted.ranges(1)[0]
    assert active[2] == "activated" and acknowledged <= active[1] <= acknowledged + 1
    told = pair.subscribe()
    assert told.exit_code == 0, told.output
    promoted.activate("L1", 1, active[1] + 1, STAMPS - 2)
    until(lambda: reader.verdict(batch.text(STAMPS - 2)) == "OK")
    assert reader.verdict(batch.text(1)) == "OK"
    assert alarms("went_back") == 0 and pair.tem("status").exit_code == 0


def slot_is_kept(pair: Pair, standby: PostgresServer) -> bool:
    """Whether the standby could serve the replica from where it is."""
    pair.on_record("SELECT pg_log_standby_snapshot()")
    promise = Pair(standby, pair.edge, pair.folder, pair.name, pair.register, pair.mint)
    kept = "SELECT synced AND NOT temporary FROM pg_replication_slots WHERE slot_name = "
    return bool(promise.on_record(f"{kept}'tem_published_it'") == (True,))


def nobody_is_ahead(pair: Pair, standby: PostgresServer, reader: Verifier) -> None:
    """What the standby has not got reaches no replica: a promoted standby would lack it."""
    before = change(reader)
    with standing_still(standby):
        act = threading.Thread(target=pair.register.void, args=(1, STAMPS - 1, STAMPS - 1))
        act.start()
        waits = "SELECT count(*) > 0 FROM pg_stat_activity WHERE wait_event = 'SyncRep'"
        until(lambda: pair.on_record(waits) == (True,))
        sender = "SELECT wait_event FROM pg_stat_activity WHERE backend_type = 'walsender' "
        held = f"{sender} AND wait_event = 'WaitForStandbyConfirmation'"
        until(lambda: pair.on_record(held) is not None)
        assert change(reader) == before
    act.join(30)
    until(lambda: change(reader) > before)
