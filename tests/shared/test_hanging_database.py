"""A PostgreSQL server that stands still: who asks has an answer in time, and nothing piles up."""

import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import Engine, text
from tests.postgres import PostgresServer
from tests.running import until

from tem.clock import system_clock
from tem.databases import patience, patient_connection
from tem.databases.database import open_engine, reading
from tem.errors import Conflict, Unavailable
from tem.http import answered, health
from tem.http.web import Wiring, service_app

ACT_SECONDS, PING_SECONDS = 1.0, 0.5


@pytest.fixture(scope="module")
def server() -> Iterator[PostgresServer]:
    """A server of its own: nobody else's tests stand still with it."""
    with PostgresServer() as server:
        server.create_database("still")
        yield server


@pytest.fixture
def store(server: PostgresServer) -> Iterator[Engine]:
    engine = open_engine(server.url("still"))
    yield engine
    engine.dispose()


@pytest.fixture
def client(store: Engine, monkeypatch: pytest.MonkeyPatch) -> FlaskClient:
    """A service whose readiness and one call ask the database, with short limits."""
    monkeypatch.setattr(answered, "DATABASE_SECONDS", ACT_SECONDS)
    monkeypatch.setattr(patient_connection, "PING_SECONDS", PING_SECONDS)

    def ready() -> dict[str, Any]:
        with reading(store) as connection:
            return {"answer": connection.execute(text("SELECT 42")).scalar_one()}

    app, _ = service_app("registry", "1", Wiring(store, system_clock), ready, signed_in=False)
    app.add_url_rule("/v1/act", "act", ready)
    return app.test_client()


def family(pid: int) -> list[int]:
    """The server and its processes."""
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return [pid, *map(int, children)]


class Still:
    """The server's processes stopped for as long as the block lasts."""

    def __init__(self, server: PostgresServer) -> None:
        assert server.process is not None
        self._pid = server.process.pid

    def __enter__(self) -> None:
        os.kill(self._pid, signal.SIGSTOP)  # first, so that it starts no more of them
        self._stopped = family(self._pid)
        for pid in self._stopped[1:]:
            os.kill(pid, signal.SIGSTOP)

    def __exit__(self, *_: object) -> None:
        for pid in reversed(self._stopped):
            os.kill(pid, signal.SIGCONT)


def asked(client: FlaskClient, path: str) -> tuple[int, Any, float]:
    began = time.monotonic()
    answer = client.get(path)
    return answer.status_code, answer.get_json(), time.monotonic() - began


def test_readiness_and_acts_answer_while_the_database_stands_still(
    client: FlaskClient, server: PostgresServer, store: Engine
) -> None:
    """503 with its code within 2 s, acts within their limit, one waiting connection, then well."""
    assert asked(client, "/readyz")[:2] == (200, {"status": "ok", "answer": 42})
    assert asked(client, "/v1/act")[0] == 200
    with Still(server):
        for _ in range(3):
            status, told, took = asked(client, "/readyz")
            assert (status, told["code"]) == (503, "database_unavailable") and took < 2
        status, told, took = asked(client, "/v1/act")
        assert (status, told["code"]) == (503, "temporarily_unavailable")
        assert took < ACT_SECONDS + PING_SECONDS + patience.CONNECT_SECONDS + 2
        assert asked(client, "/livez")[0] == 200
    until(lambda: asked(client, "/readyz")[0] == 200, 20)
    assert asked(client, "/v1/act")[0] == 200
    assert store.pool.checkedout() == 0  # type: ignore[attr-defined]
    until(lambda: connections(store) <= 3, 20)


def connections(store: Engine) -> int:
    query = "SELECT count(*) FROM pg_stat_activity WHERE datname = 'still'"
    with store.connect() as connection:
        return int(connection.execute(text(query)).scalar_one())


def test_a_silent_statement_ends_a_request_and_no_command(
    client: FlaskClient, store: Engine
) -> None:
    """Who has no limit waits for a slow statement; a request that has one gives up on it."""
    with store.connect() as connection:
        connection.execute(text("SELECT pg_sleep(0.3)"))
        patience.seconds.set(0.1)
        try:
            with pytest.raises(Exception, match="timeout"):
                connection.execute(text("SELECT pg_sleep(5)"))
        finally:
            patience.seconds.set(None)
        assert connection.invalidated


def test_the_limit_of_a_request_ends_with_it(client: FlaskClient) -> None:
    """What the same thread does later waits as long as it takes."""
    client.get("/v1/act")
    assert patience.seconds.get() is None


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (Unavailable("record_too_old", "…"), "record_too_old"),
        (Conflict("database_of_another_version", "…"), "database_of_another_version"),
        (ValueError("s3cret"), "not_ready"),
    ],
)
def test_whatever_stands_in_the_way_is_a_503_with_a_code(error: Exception, code: str) -> None:
    """Readiness never fails with a 500, and its detail does not quote a driver."""

    def ready() -> dict[str, Any]:
        raise error

    app = Flask("x")
    health.register(app, ready)
    answer = app.test_client().get("/readyz")
    assert (answer.status_code, answer.get_json()["code"]) == (503, code)
    assert "s3cret" not in answer.text


def test_only_one_question_waits_however_many_ask() -> None:
    """While an answer is outstanding, others wait for the same one and start no thread."""
    import threading

    go, asked_times = threading.Event(), []

    def ask() -> dict[str, Any]:
        asked_times.append(1)
        go.wait(10)
        return {"well": True}

    probe = health.Probe(ask, within=0.05)
    for _ in range(5):
        with pytest.raises(Unavailable):
            probe()
    assert len(asked_times) == 1
    go.set()
    assert until(lambda: _answer(probe), 5) == {"well": True}


def _answer(probe: health.Probe) -> dict[str, Any] | None:
    try:
        return probe()
    except Unavailable:
        return None
