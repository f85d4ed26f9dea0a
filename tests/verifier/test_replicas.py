"""Replicas of the published tables on real servers: copied, given up, restored, behind."""

import itertools
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psycopg
import pytest
from click.testing import CliRunner, Result
from sqlalchemy import make_url
from tests.conftest import SetClock
from tests.edges import prepare_edge, prepare_record, shipped_settings
from tests.postgres import PostgresServer
from tests.registry.records import Register
from tests.running import until
from tests.verifier.conftest import Verifier
from tests.verifier.mint import Mint, Minted, publish

from tem.cli import main
from tem.databases import published, subscription
from tem.databases.database import open_engine, open_published, reading, writing
from tem.databases.migrations import PUBLISHED, Database, migrate
from tem.errors import Unavailable
from tem_registry import publication, restoring
from tem_registry.history import HISTORIES
from tem_verifier import storage
from tem_verifier.app import ready
from tem_verifier.changes import feed
from tem_verifier.index import Index
from tem_verifier.lookup import Lookup
from tem_verifier.manifests import Acceptance
from tem_verifier.settings import Settings
from tem_verifier.store import open_store

_numbers = itertools.count(1)
Alarms = Callable[[str], float]


def settings(name: str) -> list[str]:
    """What is shipped, but for what a test sets itself: the command line would be stronger."""
    return [one for one in shipped_settings(name) if not one.startswith("max_slot_wal_keep_size")]


@pytest.fixture(scope="module")
def servers() -> Iterator[tuple[PostgresServer, PostgresServer]]:
    """The record's server and the edge's, with the settings of docker-compose.yml."""
    names = ("record", "edge")
    with ExitStack() as stack:
        made = [PostgresServer(settings=settings(name)) for name in names]
        for server in made:
            stack.enter_context(server)
            server.make_accounts()
        yield made[0], made[1]


@dataclass
class Pair:
    """A record and one replica of it, with verifiers in this process that read the replica."""

    record: PostgresServer
    edge: PostgresServer
    folder: Path
    name: str
    register: Register
    mint: Mint
    opened: ExitStack = field(default_factory=ExitStack)

    def tem(self, *arguments: str, database: str | None = None) -> Result:
        """A command on the edge, as the replica's owner."""
        url = self.edge.url(f"replica_{self.name}", "tem_owner")
        env = {"TEM_PUBLISHED_DATABASE_URL": url, "TEM_DATA": str(self.folder)}
        return CliRunner().invoke(main, ["replica", *arguments], env=env)

    def subscribe(self, *more: str, database: str | None = None) -> Result:
        """`tem replica subscribe` to the record, or to another database of its server."""
        url = make_url(self.record.url(database or f"record_{self.name}", "tem_replication"))
        secret = self.folder / "password"
        secret.write_text(str(url.password))
        source = url.set(drivername="postgresql", password=None).render_as_string()
        given = ("--password-file", str(secret), "--name", self.name)
        return self.tem("subscribe", source, *given, *more)

    def beat(self) -> None:
        """The registry's heart beats once."""
        with self.register.write() as connection:
            publication.beat(connection, self.register.clock())

    def verifier(self) -> Verifier:
        """A verifier of the edge; all have one database on the edge's server."""
        config = Settings(
            database_url=self.edge.url(f"store_{self.name}", "tem_verifier"),
            published_url=self.edge.url(f"replica_{self.name}", "tem_verifier"),
            folder=self.folder,
            trust_file=self.mint.trust_file,
            public_url="https://tem.example.vn",
        )
        store, source = open_store(config), open_published(config.published_url, frozenset())
        self.opened.callback(store.dispose)
        self.opened.callback(source.dispose)
        acceptance = Acceptance(config.trust_file, store, config.fingerprints)
        index = Index(source, acceptance, self.register.clock)
        index.catch_up()
        clock = self.register.clock
        return Verifier(config, store, source, index, Lookup(index, clock, ""), clock)

    @contextmanager
    def copy_held_up(self, table: str) -> Iterator[None]:
        """The first copy stops at a table for as long as the block lasts."""
        self.on_record(f"REVOKE SELECT ON published.{table} FROM tem_replication")
        yield
        self.on_record(f"GRANT SELECT ON published.{table} TO tem_replication")

    def on_record(self, statement: str) -> Any:
        """What a statement of the superuser gives on the record's server."""
        url = self.record.url(f"record_{self.name}").replace("+psycopg", "")
        with psycopg.connect(url, autocommit=True) as connection:
            cursor = connection.execute(statement.encode())
            return cursor.fetchone() if cursor.description else None

    def change(self) -> int:
        """The change number the replica stands at."""
        with psycopg.connect(self.edge.url(f"replica_{self.name}").replace("+psycopg", "")) as edge:
            found = edge.execute("SELECT max(change) FROM published.published_state").fetchone()
        return int(found[0]) if found and found[0] is not None else -1

    def copied(self, *tables: str) -> bool:
        """Whether the first copy of these tables has arrived."""
        url = self.edge.url(f"replica_{self.name}").replace("+psycopg", "")
        query = "SELECT srrelid::regclass::text FROM pg_subscription_rel WHERE srsubstate = 'r'"
        with psycopg.connect(url) as connection:
            found = {row[0].rpartition(".")[2] for row in connection.execute(query)}
        return found.issuperset(tables)


@pytest.fixture
def pair(
    servers: tuple[PostgresServer, PostgresServer], tmp_path: Path, mint: Mint, clock: SetClock
) -> Iterator[Pair]:
    """A record with batch 1, of which nothing is activated, a lot L1, and an empty replica."""
    record, edge = servers
    name = f"n{next(_numbers)}"
    prepare_record(record, f"record_{name}")
    prepare_edge(edge, f"replica_{name}", f"store_{name}")
    engine = open_engine(record.url(f"record_{name}", "tem_registry"))
    with writing(engine) as connection:
        publication.begin(connection, clock())
    register = Register(engine, clock)
    register.populate()
    made = Pair(record, edge, tmp_path, name, register, mint)
    made.beat()
    with made.opened:
        yield made
        engine.dispose()
    made.tem("unsubscribe", "--yes")


@pytest.fixture
def batch(pair: Pair) -> Minted:
    """Batch 1 with 100 stamps, delivered, and lot L1."""
    pair.register.lot("L1")
    return publish(pair.register, pair.mint.sign(1))


@pytest.fixture
def follows(pair: Pair, batch: Minted) -> Verifier:
    """A verifier of a replica that follows."""
    assert pair.subscribe().exit_code == 0
    reader = pair.verifier()
    until(lambda: reader.verdict(batch.text(1)) == "NOT_ACTIVATED")
    return reader


def why(reader: Verifier) -> str:
    """Why a verifier does not read, in the words of its alarm; empty if it does."""
    reader.index.catch_up()
    return str((reader.index._unreadable._told or {}).get("detail", ""))


def test_half_a_record_is_no_record(pair: Pair, batch: Minted) -> None:
    """While its first copy is under way a replica answers nobody, however much has arrived."""
    with pair.copy_held_up("published_interval"):
        assert pair.subscribe().exit_code == 0
        reader = pair.verifier()
        until(lambda: pair.copied("published_state", "published_batch", "published_card"))
        assert reader.verdict(batch.text(1)) == "UNAVAILABLE"
        assert "being copied" in why(reader)
        status = pair.tem("status")
        assert status.exit_code == 1 and "published_interval: " in status.output
    until(lambda: reader.verdict(batch.text(1)) == "NOT_ACTIVATED")
    assert until(lambda: pair.tem("status")).exit_code == 0


def test_a_copy_made_anew_is_waited_for_by_who_runs(
    pair: Pair, batch: Minted, follows: Verifier
) -> None:
    """Copied again from nothing: a running verifier keeps its view, a new one waits, both go on;
    and the source keeps one slot for this copy, not two."""
    with pair.copy_held_up("published_card"):
        assert pair.subscribe("--anew").exit_code == 0
        until(lambda: pair.copied("published_state", "published_interval"))
        assert follows.verdict(batch.text(1)) == "NOT_ACTIVATED"
        new = pair.verifier()
        assert new.verdict(batch.text(1)) == "UNAVAILABLE"
    pair.register.activate("L1", 1, 1, 50)
    for reader in (follows, new):
        until(lambda one=reader: one.verdict(batch.text(1)) == "OK")  # type: ignore[misc]
    slots = "SELECT count(*) FROM pg_replication_slots WHERE database = current_database()"
    assert pair.on_record(slots) == (1,)


def test_a_copy_that_follows_nobody_grows_old(
    pair: Pair, batch: Minted, follows: Verifier, clock: SetClock
) -> None:
    """Given up, a replica is no record: its as_of stands still, and readiness says so."""
    assert pair.tem("unsubscribe", "--yes").exit_code == 0
    before = clock()
    clock.advance(seconds=31)
    assert follows.verdict(batch.text(1)) == "NOT_ACTIVATED"
    assert follows.index.view.position is not None
    assert follows.index.view.position.as_of == before
    with pytest.raises(Unavailable, match="last complete") as refused:
        ready(follows.index, clock)
    assert refused.value.extra["lag_seconds"] == 31
    assert follows.verdict(pair.mint.sign(9).text(1)) == "UNAVAILABLE"
    assert pair.verifier().index.view.position == follows.index.view.position


def test_a_copy_of_an_earlier_version_gets_what_tills_are_told(pair: Pair, batch: Minted) -> None:
    """Both were made before there were events: the copy is migrated, then the record; `tem replica
    subscribe` once more brings what happened meanwhile, and verifiers answer all the time."""
    names = ("published_event", "published_pack", "published_pack_piece")
    new = ", ".join(f"published.{name}" for name in names)
    kept = (t.fullname for t in published.metadata.sorted_tables if t.name not in names)
    pair.on_record(f"ALTER PUBLICATION tem_published SET TABLE {', '.join(kept)}")
    assert pair.subscribe().exit_code == 0
    urls = (
        pair.edge.url(f"replica_{pair.name}", "tem_owner"),
        pair.record.url(f"record_{pair.name}", "tem_owner"),
    )
    for url in urls:
        with psycopg.connect(url.replace("+psycopg", ""), autocommit=True) as connection:
            connection.execute(f"DROP TABLE {new}".encode())
            connection.execute("UPDATE public.published_version SET version_num = '0002'")
    reader = pair.verifier()
    until(lambda: reader.verdict(batch.text(1)) == "NOT_ACTIVATED")
    for url, histories in zip(urls, ((PUBLISHED,), HISTORIES), strict=True):
        list(migrate(Database("any", url, histories, publishes=len(histories) > 1)))
        assert reader.verdict(batch.text(1)) == "NOT_ACTIVATED"
    pair.register.void(1, 60, 60)
    assert pair.subscribe().exit_code == 0
    pair.register.void(1, 61, 61)

    def arrived() -> list[int]:
        with reading(reader.source) as connection:
            return [one.seq for one in feed.after(connection, 0, 10)]

    until(lambda: arrived() == [1, 2])
    until(lambda: reader.verdict(batch.text(61)) == "VOID")


def test_a_copy_is_not_laid_over_an_old_one(pair: Pair, follows: Verifier) -> None:
    """Rows of an earlier time are refused with what to do, and nothing is changed."""
    assert pair.tem("unsubscribe", "--yes").exit_code == 0
    refused = pair.subscribe()
    assert refused.exit_code == 1 and "--anew" in refused.output
    assert "not followed" in pair.tem("status").output or pair.tem("status").exit_code == 1
    assert follows.index.view.position is not None


def test_a_copy_given_up_by_the_record_begins_anew(
    pair: Pair, batch: Minted, follows: Verifier, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A replica that was away for longer than its record keeps WAL: nothing comes any more, the
    commands say so, and --anew mends it."""
    with psycopg.connect(
        pair.edge.url(f"replica_{pair.name}").replace("+psycopg", ""), autocommit=True
    ) as edge:
        edge.execute("ALTER SUBSCRIPTION tem_published DISABLE")
        slot = f"slot_name = 'tem_published_{pair.name}'"
        active = f"SELECT active FROM pg_replication_slots WHERE {slot}"
        until(lambda: pair.on_record(active) == (False,))
        pair.on_record("ALTER SYSTEM SET max_slot_wal_keep_size = '1MB'")
        pair.on_record("SELECT pg_reload_conf()")
        for _ in range(3):
            pair.on_record("SELECT pg_logical_emit_message(false, 'x', 'x'), pg_switch_wal()")
        pair.on_record("CHECKPOINT")
        pair.on_record("ALTER SYSTEM RESET max_slot_wal_keep_size")
        pair.on_record("SELECT pg_reload_conf()")
        found = pair.on_record(f"SELECT wal_status FROM pg_replication_slots WHERE {slot}")
        assert found == ("lost",)
        edge.execute("ALTER SUBSCRIPTION tem_published ENABLE")
    monkeypatch.setattr(subscription, "ARRIVAL_SECONDS", 3 * subscription.STEADY_SECONDS)
    refused = pair.subscribe()
    assert refused.exit_code == 1 and "--anew" in refused.output
    until(lambda: "not connected" in pair.tem("status").output)  # it tries again and again
    pair.register.activate("L1", 1, 1, 50)
    assert follows.verdict(batch.text(1)) == "NOT_ACTIVATED"
    assert pair.subscribe("--anew").exit_code == 0
    until(lambda: follows.verdict(batch.text(1)) == "OK")


def test_a_restored_record_is_refused_by_all_who_share_a_memory(
    pair: Pair, batch: Minted, alarms: Alarms
) -> None:
    """A replica of an older record: both verifiers of one database keep the newer answer and
    alarm, one started anew answers nobody; one decision of an operator is for all."""
    pair.register.engine.dispose()
    pair.record.create_database(f"backup_{pair.name}", f"record_{pair.name}", owner="tem_owner")
    assert pair.subscribe().exit_code == 0
    pair.register.activate("L1", 1, 1, 50)
    readers = [pair.verifier(), pair.verifier()]
    for reader in readers:
        until(lambda one=reader: one.verdict(batch.text(1)) == "OK")  # type: ignore[misc]
    assert pair.subscribe("--anew", database=f"backup_{pair.name}").exit_code == 0
    pair.register.clock.advance(seconds=1)
    backup = open_engine(pair.record.url(f"backup_{pair.name}", "tem_registry"))
    pair.opened.callback(backup.dispose)
    with writing(backup) as connection:
        publication.beat(connection, pair.register.clock())
    until(lambda: alarms_of(readers[0], alarms) == 1)
    until(lambda: alarms_of(readers[1], alarms) == 2)
    assert [one.verdict(batch.text(1)) for one in readers] == ["OK", "OK"]
    assert pair.verifier().verdict(batch.text(1)) == "UNAVAILABLE"
    other_life = Register(backup, pair.register.clock)
    for index in (58, 59, 60):
        other_life.void(1, index, index)
    caught_up = other_life.rows(published.state)[0]["change"]
    until(lambda: pair.change() == caught_up)
    for reader in readers:
        assert reader.index.view.position is not None
        assert reader.index.view.position.change < caught_up, "its numbers have caught up"
        assert reader.verdict(batch.text(60)) == "NOT_ACTIVATED", "and it is refused for all that"
    with writing(readers[0].store) as connection:
        storage.accept_restore(connection)
    for reader in readers:
        until(lambda one=reader: one.verdict(batch.text(1)) == "NOT_ACTIVATED")  # type: ignore[misc]


def alarms_of(reader: Verifier, alarms: Alarms) -> float:
    """How often somebody said that the record went back, once this one has looked again."""
    reader.index.catch_up()
    return alarms("went_back")


def test_a_new_epoch_is_refused_however_far_it_has_counted(
    pair: Pair, batch: Minted, follows: Verifier, alarms: Alarms
) -> None:
    """What `tem registry accept-restore` begins is noticed through a replica too."""
    pair.register.clock.advance(seconds=1)
    with pair.register.write() as connection:
        restoring.accept(connection, pair.register.clock(), "machine:root", None)
    pair.register.activate("L1", 1, 1, 50)
    pair.beat()
    until(lambda: alarms_of(follows, alarms) == 1)
    assert follows.verdict(batch.text(1)) == "NOT_ACTIVATED"
    with writing(follows.store) as connection:
        storage.accept_restore(connection)
    until(lambda: follows.verdict(batch.text(1)) == "OK")


def test_a_replica_behind_another_is_waited_for_and_not_accused(
    pair: Pair, batch: Minted, follows: Verifier, alarms: Alarms
) -> None:
    """What was read elsewhere and has not arrived here yet is no step back, until the replica
    says to be complete beyond it."""
    position = follows.index.view.position
    assert position is not None
    with writing(follows.store) as connection:
        later = pair.register.clock.advance(seconds=5)
        storage.advance(connection, position.epoch, position.change + 1, later)
    assert follows.verdict(batch.text(1)) == "NOT_ACTIVATED"
    assert (alarms("replica_behind"), alarms("went_back")) == (1, 0)
    pair.register.activate("L1", 1, 1, 50)
    until(lambda: follows.verdict(batch.text(1)) == "OK")
    with writing(follows.store) as connection:
        storage.advance(connection, position.epoch, position.change + 9, later)
    pair.register.clock.advance(seconds=1)
    pair.beat()
    until(lambda: alarms_of(follows, alarms) == 1)


def test_a_beat_of_a_clock_set_back_is_taken_back(pair: Pair, clock: SetClock) -> None:
    """A registry whose clock was an hour ahead does not vouch for an hour to come."""

    def last() -> Any:
        with reading(pair.register.engine) as connection:
            return connection.execute(published.beat.select()).one().at

    clock.advance(hours=1)
    pair.beat()
    assert last() == clock()
    clock.advance(seconds=-30)
    pair.beat()
    assert last() > clock(), "clocks of two registries may differ"
    clock.advance(hours=-1)
    pair.beat()
    assert last() == clock()
