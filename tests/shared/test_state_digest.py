"""The digest of a state: the same on both engines, another for any change, in constant memory."""

import hashlib
import itertools
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Computed,
    Connection,
    Date,
    Engine,
    Float,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    event,
)
from tests.postgres import PostgresServer
from tests.running import environment

from tem.cli import main
from tem.databases import published
from tem.databases.database import UtcDateTime, open_engine, sqlite_url
from tem.installation import Installation
from tem.upkeep import fsck
from tem.upkeep.state_digest import (
    batches,
    digests,
    state_columns,
    state_digest,
    state_tables,
    table_digest,
)

Row = dict[str, Any]

metadata = MetaData()
thing = Table(
    "thing",
    metadata,
    Column("name", String(40), primary_key=True),
    Column("turn", Integer, primary_key=True, autoincrement=False),
    Column("since", Date, primary_key=True),
    Column("at", UtcDateTime),
    Column("note", Text),
    Column("count", BigInteger),
    Column("good", Boolean),
    Column("key", LargeBinary(32)),
    Column("day", Integer, Computed("turn % 7")),
)

days = st.dates(date(1900, 1, 1), date(2200, 1, 1))
zones = st.sampled_from([UTC, timezone(timedelta(hours=7)), timezone(timedelta(hours=-3))])
instants = st.datetimes(datetime(1900, 1, 2), datetime(2200, 1, 1), timezones=zones)
texts = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=12)
rows = st.fixed_dictionaries(
    {
        "name": texts,
        "turn": st.integers(-(2**31), 2**31 - 1),
        "since": days,
        "at": st.none() | instants,
        "note": st.none() | st.just("") | texts,
        "count": st.none() | st.integers(-(2**63), 2**63 - 1),
        "good": st.none() | st.booleans(),
        "key": st.none() | st.binary(max_size=32),
    }
)


def key_of(row: Row) -> tuple[Any, ...]:
    return row["name"], row["turn"], row["since"]


states = st.lists(rows, max_size=5, unique_by=key_of)


@dataclass
class Both:
    """An empty table on SQLite and on PostgreSQL."""

    engines: list[Engine]

    def digests(self, state: list[Row]) -> list[str]:
        """The digest of the same state on each, written in opposite orders; then undone."""
        orders = itertools.cycle([state, state[::-1]])
        return [_digest(engine, rows) for engine, rows in zip(self.engines, orders, strict=False)]


def _digest(engine: Engine, state: list[Row]) -> str:
    with undone(engine) as connection:
        if state:
            connection.execute(thing.insert(), state)
        return state_digest(digests(connection, [metadata]))


@contextmanager
def undone(engine: Engine) -> Iterator[Connection]:
    with engine.connect() as connection, connection.begin() as transaction:
        yield connection
        transaction.rollback()


@pytest.fixture(scope="module")
def both(postgres: PostgresServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Both]:
    postgres.create_database("digest")
    urls = sqlite_url(tmp_path_factory.mktemp("digest") / "d.db"), postgres.url("digest")
    engines = [open_engine(url) for url in urls]
    for engine in engines:
        metadata.create_all(engine)
    yield Both(engines)
    for engine in engines:
        engine.dispose()
    postgres.drop_database("digest")


quietly = settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow])


@quietly
@given(states)
def test_the_same_state_has_the_same_digest_on_both_engines(both: Both, state: list[Row]) -> None:
    """Whatever is stored, and in whatever order it came, SQLite and PostgreSQL agree."""
    on_sqlite, on_postgresql = both.digests(state)
    assert on_sqlite == on_postgresql


@quietly
@given(st.lists(rows, min_size=1, max_size=4, unique_by=key_of), rows, st.data())
def test_any_single_change_gives_another_digest(
    both: Both, state: list[Row], other: Row, draw: st.DataObject
) -> None:
    """A cell changed, a row added or a row taken away is another state."""
    place = draw.draw(st.integers(0, len(state) - 1))
    column = draw.draw(st.sampled_from(sorted(other)))
    changed = [*state[:place], state[place] | {column: other[column]}, *state[place + 1 :]]
    kept = {key_of(row) for row in state}
    seen = both.digests(state)
    assert both.digests(state[:place] + state[place + 1 :]) != seen
    if key_of(other) not in kept:
        assert both.digests([*state, other]) != seen
    if len({key_of(row) for row in changed}) == len(state) and changed != state:
        assert both.digests(changed)[0] != seen[0]


def test_texts_are_ordered_by_code_point_whatever_a_database_prefers(both: Both) -> None:
    """A database made for Vietnamese has another order of its own; the query does not ask it."""
    asked: list[str] = []
    engine = both.engines[1]

    def note(connection: Any, cursor: Any, statement: str, *_: object) -> None:
        asked.append(statement)

    event.listen(engine, "before_cursor_execute", note)
    with undone(engine) as connection:
        table_digest(connection, thing)
    event.remove(engine, "before_cursor_execute", note)
    assert 'ORDER BY thing.name COLLATE "C", thing.turn, thing.since' in " ".join(asked)


def test_what_is_easily_confused_is_told_apart(both: Both) -> None:
    """Absent is not empty, and a text does not run over into its neighbour."""
    row = {"name": "a", "turn": 1, "since": date(2026, 1, 1), "note": None, "key": None}
    variants = [
        row,
        row | {"note": ""},
        row | {"note": "null"},
        row | {"key": b""},
        row | {"note": '","'},
        row | {"name": "A"},
        row | {"at": datetime(2026, 1, 1, tzinfo=UTC)},
        row | {"at": datetime(2026, 1, 1, 0, 0, 0, 1, tzinfo=UTC)},
    ]
    assert len({digest for variant in variants for digest in both.digests([variant])}) == 8


def test_the_canonical_text_stays_what_it_is() -> None:
    """A digest written down years ago can be worked out again."""
    row = {"name": "Cửa Lò", "turn": 1, "since": date(2026, 1, 1), "good": True, "key": b"\x0f"}
    at = datetime(2026, 11, 20, 9, 0, tzinfo=timezone(timedelta(hours=7)))
    engine = open_engine("sqlite://")
    metadata.create_all(engine)
    found = _digest(engine, [row | {"at": at, "note": None, "count": 2**53 + 1}])
    engine.dispose()
    lines = '["at","count","good","key","name","note","since","turn"]\n'
    lines += '["2026-11-20T02:00:00.000000Z",9007199254740993,true,"0f","Cửa Lò",null,'
    lines += '"2026-01-01",1]\n'
    table = f"thing 1 {sha256(lines)}\n"
    assert found == f"sha256:{sha256(table)}"


def sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def test_every_table_of_every_service_can_be_told(tmp_path: Path) -> None:
    """Each column has a canonical text and each table a primary key, so nothing is left unsaid."""
    for state in fsck.states(Installation.at(tmp_path), {}).values():
        engine = open_engine("sqlite://")
        for one in state.metadata:
            with engine.begin() as connection:
                one.create_all(connection)
        with engine.begin() as connection:
            names = [found.table for found in digests(connection, state.metadata)]
        engine.dispose()
        assert len(names) == len(set(names)) > 4
        assert all(len(table.primary_key) for table in state_tables(state.metadata))
    assert published.beat not in state_tables([published.metadata])


def test_a_type_without_a_canonical_text_is_refused() -> None:
    """A new kind of column is a fault of the code, not a digest that means little."""
    rate = Table("rate", MetaData(), Column("id", Integer, primary_key=True), Column("r", Float))
    engine = open_engine("sqlite://")
    with engine.begin() as connection:
        rate.create(connection)
        with pytest.raises(TypeError, match=r"rate\.r is"):
            table_digest(connection, rate)
    engine.dispose()


def test_what_an_engine_works_out_by_itself_is_no_state() -> None:
    """A computed column is left out: it says nothing that the others do not."""
    assert "day" not in [column.name for column in state_columns(thing)]


MEASURE = """
import resource, sys
from sqlalchemy import Column, Integer, MetaData, Table, Text, text
from tem.databases.database import open_engine, reading
from tem.upkeep.state_digest import table_digest
wide = Table("wide", MetaData(), Column("id", Integer, primary_key=True), Column("note", Text))
engine = open_engine(sys.argv[1])
def peak():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
with reading(engine) as connection:
    before = connection.execute(text("SELECT 1")).scalar() and peak()
    rows = table_digest(connection, wide).rows
print(rows, peak() - before)
"""


def test_memory_does_not_grow_with_a_table(engine: Engine) -> None:
    """100,000 rows of 40 MB are read in a few megabytes."""
    wide = Table("wide", MetaData(), Column("id", Integer, primary_key=True), Column("note", Text))
    with engine.begin() as connection:
        wide.create(connection)
        for start in range(0, 100_000, 20_000):
            some = [{"id": start + n, "note": "x" * 400} for n in range(20_000)]
            connection.execute(wide.insert(), some)
    url = engine.url.render_as_string(hide_password=False)
    told = subprocess.run(
        [sys.executable, "-c", MEASURE, url],
        env=environment(Path(os.devnull)),
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    found, kilobytes = map(int, told.split())
    assert found == 100_000
    assert kilobytes < 12_000


def test_files_are_read_a_few_at_a_time() -> None:
    """A table with files of some megabytes each is never read by the thousand."""
    files = Table(
        "f", MetaData(), Column("id", Integer, primary_key=True), Column("c", LargeBinary)
    )
    engine = open_engine("sqlite://")
    with engine.begin() as connection:
        files.create(connection)
        connection.execute(files.insert(), [{"id": n, "c": b"x"} for n in range(20)])
        assert [len(some) for some in batches(connection, files)] == [8, 8, 4]
    engine.dispose()


def test_the_command_tells_each_service_and_sees_a_change(imported: Path, tmp_path: Path) -> None:
    """`tem fsck --digest` prints one line a service, the same again, another after any change; a
    database that makes no sense is told, not digested."""
    data = tmp_path / "data"
    shutil.copytree(imported, data)

    def told(*words: str) -> dict[str, str]:
        done = CliRunner().invoke(main, ["fsck", "--digest", "--data", str(data), *words])
        assert done.exit_code == 0, done.output
        return dict(line.split() for line in done.stdout.splitlines())

    before = told()
    assert list(before) == ["issuer", "registry", "verifier"]
    assert all(digest.startswith("sha256:") for digest in before.values()) and told() == before
    engine = open_engine(sqlite_url(Installation.at(data).database("registry")))
    with engine.begin() as connection:
        connection.execute(published.card.update().values(change=published.card.c.change + 1))
    engine.dispose()
    after = told()
    assert {name for name in after if after[name] != before[name]} == {"registry"}
    assert told("--only", "issuer") == {"issuer": before["issuer"]}
    Installation.at(data).database("verifier").unlink()
    assert list(told()) == ["issuer", "registry"]
    engine = open_engine(sqlite_url(Installation.at(data).database("issuer")))
    with engine.connect() as connection:
        connection.exec_driver_sql("UPDATE batch SET created_at = 'yesterday' WHERE number = 1")
        connection.commit()
    engine.dispose()
    damaged = CliRunner().invoke(main, ["fsck", "--digest", "--data", str(data)])
    assert damaged.exit_code == 1 and "[state_unreadable]" in damaged.output
