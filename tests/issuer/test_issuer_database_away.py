"""PostgreSQL killed under the issuer's load, and two signers on two machines that share it."""

import contextlib
import os
import signal
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest
from tests.conftest import SetClock
from tests.issuer.issuer_support import (
    Mint,
    all_settled,
    children_of,
    ended,
    fork,
    found_mint,
    serve,
    signing,
    until,
)
from tests.postgres import PostgresServer

from tem.databases.grants import ISSUER, OWNER
from tem.databases.migrations import Database, migrate
from tem.process import LockHeld
from tem_issuer import fsck
from tem_issuer.history import HISTORIES
from tem_issuer.signing_run import RunAbandoned
from tem_issuer.store import open_store
from tem_issuer.turn import Turn

ORDERS, CLIENTS, KILLS = 12, 4, 2
PRODUCT = {"product_id": "sp-1", "producer_id": "cs-1"}


@pytest.fixture
def killable(
    tmp_path: Path, clock: SetClock, monkeypatch: pytest.MonkeyPatch
) -> Iterator[tuple[Mint, PostgresServer]]:
    """A mint on a server of its own that keeps what it acknowledged, as in production."""
    with PostgresServer(durable=True) as server:
        server.make_accounts()
        server.create_database("issuer", owner=OWNER)
        list(migrate(Database("issuer", server.url("issuer", OWNER), HISTORIES)))
        monkeypatch.setenv("TEM_PUBLIC_URL", "https://tem.example.vn")
        monkeypatch.setenv("TEM_ISSUER_DATABASE_URL", server.url("issuer", ISSUER))
        mint = found_mint(tmp_path / "data", clock)
        yield mint, server
        mint.engine.dispose()


def ordered(mint: Mint, key: str, refusals: list[str] | None = None) -> int:
    """The number of an order sent again and again, always the same way, until it is taken."""

    def answer() -> int | None:
        headers = mint.bearer("service", **{"Idempotency-Key": key})
        body = {**PRODUCT, "quantity": 5, "reference": key}
        got = mint.client().post("/v1/batches", json=body, headers=headers)
        if got.status_code == 202:
            return int(got.json["number"])
        assert (got.status_code, got.json["code"]) == (503, "temporarily_unavailable"), got.text
        assert got.headers["Retry-After"]
        if refusals is not None:
            refusals.append(key)
        return None

    return int(until(answer))


def test_what_was_acknowledged_survives_kills_of_the_server(
    killable: tuple[Mint, PostgresServer],
) -> None:
    """Orders under load while PostgreSQL is killed: 503 or a number, and never two for one key;
    the signer outlives it and signs everything."""
    mint, server = killable
    mint.client()
    keys, told, refusals = [f"DH-{n}" for n in range(ORDERS)], {}, []

    def client(place: int) -> None:
        for key in keys[place::CLIENTS]:
            told[key] = ordered(mint, key, refusals)

    with signing(mint), ThreadPoolExecutor(CLIENTS) as threads:
        clients = [threads.submit(client, place) for place in range(CLIENTS)]
        for kill in range(1, KILLS + 1):
            until(lambda kill=kill: len(told) >= kill * ORDERS // (KILLS + 1))
            before = len(refusals)
            server.kill()
            until(lambda before=before: len(refusals) > before)
            server.restart()
        for one in clients:
            one.result()
        until(lambda: all_settled(mint))
    assert {key: ordered(mint, key) for key in keys} == told
    assert len(set(told.values())) == ORDERS
    batches = {batch.reference: batch for batch in mint.batches()}
    assert {key: batch.number for key, batch in batches.items()} == told
    assert {batch.state for batch in batches.values()} == {"released"}
    assert len(refusals) >= KILLS
    assert list(fsck.check(mint.installation)) == []


def elsewhere(mint: Mint, folder: Path) -> Mint:
    """The same issuer on a second machine: its keys and its database, but files of its own."""
    folder.mkdir()
    for key in (mint.settings.office_key, mint.settings.wrapping_key):
        (folder / key.name).write_bytes(key.read_bytes())
    moved = replace(mint.settings, folder=folder)
    return replace(mint, settings=moved, engine=open_store(moved))


def test_a_signer_on_another_machine_waits_for_its_turn(
    mint_on_postgres: Mint, tmp_path: Path
) -> None:
    """While one signs, a second one on the same database refuses; killed, it gives its turn up."""
    mint, other = mint_on_postgres, elsewhere(mint_on_postgres, tmp_path / "other")
    first = fork(mint, serve(mint))
    mint.reserve()
    until(lambda: all_settled(mint))
    with pytest.raises(LockHeld):
        other.signer().serve(lambda: False)
    os.kill(first, signal.SIGKILL)
    assert ended(first) == -signal.SIGKILL
    turn = Turn(other.engine)

    def taken() -> bool:
        try:
            turn.take()
        except LockHeld:
            return False
        return True

    until(taken)
    turn.leave()
    with signing(other):
        number = mint.reserve().number
        until(lambda: mint.batch(number).state == "released")
    other.engine.dispose()


def test_of_two_machines_that_sign_one_batch_one_releases(
    mint_on_postgres: Mint, tmp_path: Path
) -> None:
    """Whatever let both begin: the attempt claimed last is released, the other is abandoned."""
    mint, other = mint_on_postgres, elsewhere(mint_on_postgres, tmp_path / "other")
    number = mint.reserve().number
    with pytest.raises(RunAbandoned):
        mint.run(number, on_step=lambda at: other.run(number) if at == "vouched" else None)
    batch = mint.batch(number)
    assert (batch.state, batch.attempt) == ("released", 2)
    assert mint.actions(batch).count("batch.released") == 1
    assert len(other.urls(batch)) == batch.quantity
    other.engine.dispose()


def sockets(process: int) -> set[str]:
    found = set()
    for one in Path(f"/proc/{process}/fd").iterdir():
        with contextlib.suppress(OSError):
            found.add(os.readlink(one))
    return {name for name in found if name.startswith("socket:")}


def test_no_connection_is_shared_over_a_fork(mint_on_postgres: Mint) -> None:
    """Signer, run and helpers hold connections of their own or none."""
    mint = mint_on_postgres
    mint.reserve(200_000)
    mint.engine.dispose()
    inherited = sockets(os.getpid())  # whatever tests before this one have left open
    with signing(mint) as signer:
        run = until(lambda: children_of(signer))[0]
        helpers = until(lambda: children_of(run))
        assert until(lambda: sockets(signer) - inherited)
        assert not sockets(signer) & set().union(*map(sockets, (run, *helpers))) - inherited
        assert not sockets(run) & set().union(*map(sockets, helpers)) - inherited
