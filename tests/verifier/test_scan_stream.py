"""Counting scans by a real Valkey: once each, whatever dies, hangs or comes twice."""

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest
from prometheus_client import REGISTRY
from sqlalchemy import Engine, func, select, text
from sqlalchemy.exc import OperationalError
from tests.conftest import SetClock
from tests.running import until
from tests.valkey import ValkeyServer

from tem.clock import system_clock
from tem.databases.database import open_engine, reading, writing
from tem.dates import vietnam_day
from tem.process import die_with_parent
from tem_verifier import parcels, scan_counts, scan_stream, scans, shared_valkey, storage
from tem_verifier.parcels import Parcel
from tem_verifier.scan_buffer import ScanBuffer
from tem_verifier.scan_stream import STREAM, Consumer
from tem_verifier.scans import Scans
from tem_verifier.shared_valkey import Link, Presence
from tem_verifier.stamps_scanned import Rules, Scan

RULES = Rules(often=50, origins=5, days=90)
ON_SQLITE = pytest.mark.parametrize("own_store", ["sqlite"], indirect=True)
SCANS, STAMPS = 3000, 40
Opener = Callable[..., Scans]


@pytest.fixture
def worker(own_store: Engine, clock: SetClock, valkey: ValkeyServer) -> Iterator[Opener]:
    """Makes workers that count by the same Valkey into the same database."""
    with ExitStack() as opened:

        def link(presence: Presence, name: str) -> Link:
            made = Link(name, valkey.url, valkey.password, presence)
            opened.callback(made.close)
            return made

        def make(take_over_seconds: float = 30.0) -> Scans:
            presence, consumer = Presence(), Consumer(take_over_seconds)
            ways = link(presence, "scans"), link(presence, "counts")
            return Scans(own_store, clock, RULES, *ways, consumer)

        yield make


def counted(store: Engine) -> int:
    """All scans in the database."""
    with reading(store) as connection:
        c = storage.scan_day_table.c
        return int(connection.execute(select(func.coalesce(func.sum(c.count), 0))).scalar_one())


def metric(name: str) -> float:
    return REGISTRY.get_sample_value(f"tem_verifier_{name}") or 0.0


def drained(scans: Scans) -> None:
    while scans.drain():
        pass


def test_two_workers_count_exactly(own_store: Engine, worker: Opener, valkey: ValkeyServer) -> None:
    """Scans recorded by two workers, both sending, both draining, add up to the last one; the
    stream is empty afterwards."""
    stop, workers = threading.Event(), [worker(), worker()]
    for one in workers:
        one.start(stop)
    for number in range(SCANS):
        workers[number % 2].add(1, 1 + number % STAMPS)
    until(lambda: counted(own_store) >= SCANS)
    stop.set()
    with valkey.client() as client:
        until(lambda: client.xlen(STREAM) == 0)
    assert counted(own_store) == SCANS
    workers[0].refresh()
    assert set(workers[0].often) == {(1, stamp) for stamp in range(1, STAMPS + 1)}


def test_a_parcel_on_the_stream_twice_counts_once(
    own_store: Engine, worker: Opener, valkey: ValkeyServer, clock: SetClock
) -> None:
    """A worker that was not told that its parcel arrived sends it again under the same name."""
    made_at = int(clock().timestamp())
    parcel = Parcel("b" * 32, 1, made_at, {Scan(1, 1, clock().toordinal()): 7})
    with valkey.client() as client:
        scan_stream.send(client, [parcel])
        scan_stream.send(client, [parcel])
        assert client.xlen(STREAM) == 2
        drained(worker())
        scan_stream.send(client, [parcel])
        drained(worker())
        assert client.xlen(STREAM) == 0
    assert counted(own_store) == 7


# A drainer that kills itself with -9 when it has taken parcels over: before or after its commit.
DRAINER = """
import os, signal, sys
from tem.clock import system_clock
from tem.databases.database import open_engine
from tem_verifier import scan_counts
from tem_verifier.scan_stream import Consumer
from tem_verifier.scans import Scans
from tem_verifier.shared_valkey import Link, Presence
from tem_verifier.stamps_scanned import Rules

def die(*_):
    os.kill(os.getpid(), signal.SIGKILL)

store, valkey, when = sys.argv[1:]
if when == "before":
    really = scan_counts.count
    scan_counts.count = lambda *given: (really(*given), die())
else:
    Consumer.confirm = die
link = Link("counts", valkey, None, Presence())
Scans(open_engine(store), system_clock, Rules(50, 5, 90), link, link).drain()
"""


@pytest.mark.parametrize("when", ["before", "after"])
def test_a_drainer_killed_loses_and_doubles_nothing(
    own_store: Engine, worker: Opener, valkey: ValkeyServer, clock: SetClock, when: str
) -> None:
    """Killed with -9 before or after its commit, and in any case before it confirmed: another one
    takes over what it held, and each scan is there once."""
    clock.now = system_clock()  # the one that is killed has no other
    sender = worker()
    for number in range(90):
        sender.add(1, 1 + number % 9)
    assert sender.ship() == 90
    url = own_store.url.render_as_string(hide_password=False)
    command = [sys.executable, "-c", DRAINER, url, valkey.url, when]
    killed = subprocess.run(command, preexec_fn=die_with_parent, timeout=60)
    assert killed.returncode == -signal.SIGKILL
    assert counted(own_store) == (0 if when == "before" else 90)
    other = worker(take_over_seconds=0.05)
    with valkey.client() as client:
        assert client.xlen(STREAM) == 1
        until(lambda: other.drain() or client.xlen(STREAM) == 0)
        drained(other)
        assert client.xpending(STREAM, scan_stream.GROUP)["pending"] == 0
    assert counted(own_store) == 90


@ON_SQLITE
def test_without_valkey_scans_wait_and_then_count_exactly(
    own_store: Engine, worker: Opener, valkey: ValkeyServer, alarms: Callable[[str], float]
) -> None:
    """Valkey killed and started again, empty, between and under scans: those that had left the
    worker undrained are gone with it, all others count once; one alarm begins and ends."""
    one = worker()
    one.add(1, 1)
    one.ship()
    drained(one)
    valkey.kill()
    for _ in range(5):
        one.add(1, 2)
    assert one.ship() == 0 and not one.drain()
    one.add(1, 2)
    assert one.ship() == 0, "left alone for a moment, and asked no more"
    assert alarms("valkey_away") == 1 and metric("valkey_up") == 0
    valkey.start()
    until(lambda: one.ship() == 6)
    until(lambda: one.drain() or counted(own_store) == 7)
    assert counted(own_store) == 7
    assert alarms("valkey_away") == 1 and metric("valkey_up") == 1


@ON_SQLITE
def test_valkey_away_for_long_the_database_takes_the_counts(
    own_store: Engine, worker: Opener, valkey: ValkeyServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After some seconds counts go straight into the database; one that Valkey had all the same
    is known by its name when it comes that way too."""
    monkeypatch.setattr(scans, "PATIENCE_SECONDS", 0.0)
    one = worker()
    one.add(1, 1)
    with valkey.client() as client:
        send = scan_stream.send
        monkeypatch.setattr(
            scan_stream, "send", lambda _, parcels: (send(client, parcels), _unheard())
        )
        assert one.ship() == 1, "sent, not heard of, and counted directly"
        monkeypatch.setattr(scan_stream, "send", send)
        assert counted(own_store) == 1 and client.xlen(STREAM) == 1
        until(lambda: one.drain() or client.xlen(STREAM) == 0)
    assert counted(own_store) == 1


def _unheard() -> None:
    raise TimeoutError("the answer was lost")


@ON_SQLITE
def test_a_valkey_that_hangs_keeps_no_thread_for_long(
    own_store: Engine, worker: Opener, valkey: ValkeyServer
) -> None:
    """Stopped in its tracks it costs a thread beside the look-ups half a second, then nothing
    for a while; when it goes on nothing was lost."""
    one = worker()
    one.add(1, 1)
    valkey.pause()
    thread = threading.Thread(target=one.ship, daemon=True)
    thread.start()
    thread.join(20)
    assert not thread.is_alive(), "or it would wait for as long as Valkey hangs"
    assert one.ship() == 0 and not one.drain()
    valkey.go_on()
    until(lambda: one.ship() == 1)
    until(lambda: one.drain() or counted(own_store) == 1)
    with valkey.client() as client:
        until(lambda: one.drain() or client.xlen(STREAM) == 0)
    assert counted(own_store) == 1


@ON_SQLITE
def test_without_its_database_the_stream_holds_the_counts(
    own_store: Engine, worker: Opener, valkey: ValkeyServer, alarms: Callable[[str], float]
) -> None:
    """Counts taken from the stream and not written stay there; they count when it is back."""
    one = worker()
    one.add(1, 1)
    assert one.ship() == 1
    with writing(own_store) as connection:
        connection.execute(text("ALTER TABLE scan_parcel RENAME TO away"))
    assert not one.drain() and not one.drain()
    assert alarms("scans_not_counted") == 1
    with writing(own_store) as connection:
        connection.execute(text("ALTER TABLE away RENAME TO scan_parcel"))
    drained(one)
    assert counted(own_store) == 1


@ON_SQLITE
def test_a_parcel_of_the_version_before_counts(
    own_store: Engine, worker: Opener, valkey: ValkeyServer, clock: SetClock
) -> None:
    """What stands on the stream from before origins were sent is read beside what came after."""
    today = vietnam_day(clock()).toordinal()
    old = {"writer": "c" * 32, "sequence": "1", "made_at": str(int(clock().timestamp()))}
    one = worker()
    one.refresh()
    one.add(1, 1, "203.0.113.9")
    one.ship()
    with valkey.client() as client:
        client.xadd(STREAM, {**old, "counts": f"[[1,1,{today},3]]"})
        drained(one)
    with reading(own_store) as connection:
        kept = scan_counts.total(connection, 1, 1)
    assert (kept.count, kept.origins) == (4, 1)


@ON_SQLITE
def test_nonsense_on_the_stream_is_dropped(
    own_store: Engine, worker: Opener, valkey: ValkeyServer
) -> None:
    """What we did not write is counted as lost and holds nothing up."""
    before, one = metric("scans_lost_total"), worker()
    with valkey.client() as client:
        client.xadd(STREAM, {"counts": "[[1,2,3,999]]"})
        one.add(1, 1)
        one.ship()
        drained(one)
        assert client.xlen(STREAM) == 0
    assert counted(own_store) == 1 and metric("scans_lost_total") == before + 1


@ON_SQLITE
def test_a_parcel_that_cannot_be_counted_holds_no_other_up(
    own_store: Engine,
    worker: Opener,
    valkey: ValkeyServer,
    clock: SetClock,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Whatever passes for a parcel and breaks its counting is dropped alone, and told; so is one
    that comes from tomorrow."""
    monkeypatch.setattr(parcels, "_LIMITS", (2**32, 2**24, 2**22, 2**40))
    before, one, now = metric("scans_lost_total"), worker(), int(clock().timestamp())
    today = clock().toordinal()
    sent = [("a", now, today, 1), ("b", now, 4_000_000, 20), ("c", now + 86_400, today, 300)]
    sent.append(("d", now, today, 4000))
    with valkey.client() as client:
        for writer, made_at, day, count in sent:
            scan_stream.send(client, [Parcel(writer * 32, 1, made_at, {Scan(1, 1, day): count})])
        drained(one)
        assert client.xlen(STREAM) == 0
    assert counted(own_store) == 4001 and metric("scans_lost_total") == before + 320


@ON_SQLITE
def test_without_valkey_at_all_counts_go_straight_into_the_database(
    own_store: Engine, clock: SetClock
) -> None:
    """The same counting, one transaction a second; what the database does not take waits."""
    alone = Scans(own_store, clock, RULES)
    for _ in range(60):
        alone.add(1, 1)
    assert alone.ship() == 60 and alone.ship() == 0 and not alone.drain()
    alone.refresh()
    assert set(alone.often) == {(1, 1)} and counted(own_store) == 60
    broken = Scans(open_engine("sqlite:////nowhere/at/all.db"), clock, RULES)
    broken.add(1, 1)
    assert broken.ship() == 0 and broken.ship() == 0
    broken.refresh()
    assert len(broken.often) == 0
    with pytest.raises(OperationalError), broken._store.connect():
        pass


def test_memory_is_bounded_and_what_finds_no_room_is_counted() -> None:
    """A full buffer counts on what it holds and tells how much it could not take."""
    before, buffer = metric("scans_lost_total"), ScanBuffer(most=3)
    for stamp in (1, 2, 3, 4, 3):
        buffer.add(Scan(1, stamp, 739_940))
    assert metric("scans_lost_total") == before + 1
    assert buffer.ship(0, lambda parcels: False) == 0
    buffer.add(Scan(1, 9, 739_940))
    assert metric("scans_lost_total") == before + 2
    taken: list[Parcel] = []
    assert buffer.ship(0, lambda parcels: not taken.extend(parcels)) == 4
    assert [p.counts for p in taken] == [
        {Scan(1, 1, 739_940): 1, Scan(1, 2, 739_940): 1, Scan(1, 3, 739_940): 2}
    ]
    buffer.add(Scan(1, 9, 739_940))
    assert metric("scans_lost_total") == before + 2


def test_a_valkey_that_failed_is_left_alone_for_a_while(monkeypatch: pytest.MonkeyPatch) -> None:
    """After a failure nothing is asked until a pause is over."""
    monkeypatch.setattr(shared_valkey, "FIRST_PAUSE", 600.0)
    link, asked = Link("scans", "valkey://127.0.0.1:1/0", None, Presence()), []
    for _ in range(2):
        with pytest.raises(scans.Away):
            link(lambda client: (asked.append(1), client.ping()))
    assert asked == [1]


def test_valkey_asks_for_its_password() -> None:
    """The right password is taken; a wrong one is Valkey being away, and says nothing of it."""
    with ValkeyServer(password="open sesame") as server:
        stream = [Link("scans", server.url, p, Presence()) for p in ("open sesame", "wrong", None)]
        assert stream[0](lambda client: client.ping())
        for refused in stream[1:]:
            with pytest.raises(scans.Away) as away:
                refused(lambda client: client.ping())
            assert "wrong" not in str(away.value)


def test_a_killed_parent_leaves_no_server() -> None:
    """The server of a test that was killed goes with it."""
    script = (
        "from tests.valkey import ValkeyServer\n"
        "server = ValkeyServer(); server.start(); print(server._process.pid, flush=True)\n"
        "input()"
    )
    parent = subprocess.Popen(
        [sys.executable, "-c", script],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        preexec_fn=die_with_parent,
    )
    assert parent.stdout is not None and parent.stdin is not None
    pid = int(parent.stdout.readline())
    parent.kill()
    parent.wait()
    parent.stdout.close()
    parent.stdin.close()

    def gone() -> bool:
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return True
        with open(f"/proc/{pid}/stat") as state:
            return state.read().split()[2] == "Z"

    until(gone)
