"""From an approved order to a batch on record, with a real issuer behind real HTTP."""

import json
import os
import signal
import socket
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, update
from tests.registry.records import OFFICE, Register
from werkzeug.serving import make_server

from tem import trust
from tem.databases import published
from tem.databases.database import open_engine, plumbing, reading, writing
from tem.errors import Conflict, Unavailable
from tem.http import auth
from tem.http.web import Wiring
from tem.installation import Installation
from tem_issuer import app as issuer_app
from tem_issuer import batch_files, first_start, signing_run
from tem_issuer import settings as issuer_settings
from tem_issuer import storage as issuer_storage
from tem_issuer import store as issuer_store
from tem_registry import tables
from tem_registry.certificates import certificates
from tem_registry.fsck import fsck
from tem_registry.orders import issuing, order_decisions, orders
from tem_registry.orders.issuer_client import IssuerClient
from tem_registry.settings import ISSUER_KEY_FILE
from tem_registry.stamps import stamps


@dataclass
class Mint:
    """An issuer that answers on loopback and signs when it is told to."""

    register: Register
    engine: Engine
    config: issuer_settings.Settings
    client: IssuerClient
    trust: trust.Trust
    url: str
    token: str

    def order(self, id: str, quantity: int = 20) -> str:
        """An approved order."""
        with self.register.write() as connection:
            now = self.register.clock()
            orders.request(
                connection,
                now,
                OFFICE,
                id=id,
                product_id="SP1",
                quantity=quantity,
                unit_fee_vnd=200,
            )
            order_decisions.approve(connection, now, OFFICE, id, 1000, person="Lan")
        return id

    def find(self, id: str) -> orders.Order:
        """An order as it stands."""
        with self.register.read() as connection:
            return orders.find(connection, id)

    def advance(self, id: str, client: IssuerClient | None = None) -> None:
        """Take an order one step on."""
        issuing.advance(
            self.register.engine,
            self.register.clock,
            self.trust,
            client or self.client,
            self.find(id),
        )

    def sign(self, id: str) -> int:
        """Let the issuer sign an order's batch."""
        number = self.find(id).batch
        assert number is not None
        signing_run.run(self.engine, self.config, self.register.clock, number, processes=1)
        return number

    def issue(self, id: str) -> int:
        """All steps of an order."""
        self.advance(id)
        number = self.sign(id)
        self.advance(id)
        return number

    def killed_in(self, step: str, id: str) -> None:
        """Take an order one step on in a process that is killed right after a call returned."""
        url = self.register.engine.url.render_as_string(hide_password=False)

        class Dying(IssuerClient):
            def __getattribute__(self, name: str) -> Any:
                found = super().__getattribute__(name)
                if name != step:
                    return found

                def call(*args: Any) -> Any:
                    answer = found(*args)
                    if step == "fingerprints":
                        next(answer)
                    os.kill(os.getpid(), signal.SIGKILL)
                    return answer

                return call

        order = self.find(id)
        child = os.fork()
        if child == 0:
            try:
                issuing.advance(
                    open_engine(url),  # never the parent's connections
                    self.register.clock,
                    self.trust,
                    Dying(self.url, self.token),
                    order,
                )
            finally:
                os._exit(1)
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == -signal.SIGKILL

    def faults(self) -> list[str]:
        """What fsck says of the registry."""
        with self.register.read() as connection:
            return list(fsck.faults(connection, self.trust, self.register.clock()))


@pytest.fixture
def mint(register: Register, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Mint]:
    """An issuer of its own for each test."""
    for name in [name for name in os.environ if name.startswith("TEM_")]:
        monkeypatch.delenv(name)
    installation = Installation.at(tmp_path / "data")
    first_start.prepare(installation)
    config = replace(issuer_settings.read({}, installation), daily_ceiling=1000)
    engine = issuer_store.open_store(config)
    app = issuer_app.build(config, Wiring(engine, register.clock))
    server = make_server("127.0.0.1", 0, app, threaded=True)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))  # shut down soon
    thread.start()
    url = f"http://127.0.0.1:{server.server_port}"
    token = installation.key_file(ISSUER_KEY_FILE).read_text().strip()
    with IssuerClient(url, token) as client:
        trusted = trust.load(installation.trust_file)
        yield Mint(register, engine, config, client, trusted, url, token)
    server.shutdown()
    thread.join()
    server.server_close()
    engine.dispose()


def test_an_order_becomes_a_batch(mint: Mint) -> None:
    """Reserved, signed, verified, recorded and published, one step at a time."""
    id = mint.order("DH-1", 20)
    mint.advance(id)
    assert (mint.find(id).state, mint.find(id).batch) == ("issuing", 1)
    mint.advance(id)
    assert mint.find(id).state == "issuing", "it is not signed yet"
    assert mint.sign(id) == 1
    mint.advance(id)
    assert mint.find(id).state == "issued"
    with mint.register.read() as connection:
        batch = stamps.find(connection, 1)
    assert (batch.order_id, batch.quantity, batch.producer_id) == (id, 20, "P1")
    assert mint.register.ranges(1) == [(1, 20, "issued", None)]
    (shown,) = mint.register.rows(published.batch)
    made = mint.trust.accept(shown["manifest"], shown["signature"])
    assert (made.batch, made.quantity, made.product) == (1, 20, "SP1")
    (pieces,) = mint.register.rows(published.fingerprints)
    assert len(pieces["content"]) == made.last_index * 8 > 20 * 8
    assert mint.register.actions()[-1] == "batch.issued"
    assert mint.faults() == []
    with mint.register.read() as connection:
        assert orders.open_orders(connection) == []


@pytest.mark.parametrize("step", ["reserve", "find", "fingerprints"])
def test_a_kill_between_steps_costs_nothing(mint: Mint, step: str) -> None:
    """Killed after any call to the issuer, the order goes on with the same batch."""
    id = mint.order("DH-1")
    mint.order("DH-0")
    if step != "reserve":
        mint.advance(id)
        mint.sign(id)
    mint.killed_in(step, id)
    assert mint.find(id).state == ("approved" if step == "reserve" else "issuing")
    assert mint.register.rows(tables.stamp_batch) == []
    if step == "reserve":
        mint.advance(id)
        mint.sign(id)
    assert mint.find(id).batch == 1, "the issuer gave its number once"
    mint.advance(id)
    assert mint.find(id).state == "issued"
    assert mint.issue("DH-0") == 2
    assert mint.faults() == []


def refused(mint: Mint, id: str, why: str) -> None:
    """The order has failed for a reason, loudly, and nothing of its batch is on record."""
    order = mint.find(id)
    assert order.state == "failed"
    assert why in str(order.failure)
    assert mint.register.actions()[-1] == "order.failed"
    assert mint.register.rows(published.interval) == []
    assert mint.register.rows(published.fingerprints) == []


@pytest.mark.parametrize(
    "changed", [{"quantity": 19}, {"product_id": "SP2"}, {"producer_id": "P2"}]
)
def test_another_batch_than_was_ordered_is_refused(mint: Mint, changed: dict[str, Any]) -> None:
    """Quantity, product and producer of the manifest must be those of the order."""
    id = mint.order("DH-1")
    mint.advance(id)
    mint.sign(id)
    with mint.register.write() as connection:
        connection.execute(update(tables.stamp_order).values(**changed))
    mint.advance(id)
    refused(mint, id, "not what was ordered")


def test_a_manifest_of_nobody_we_trust_is_refused(mint: Mint) -> None:
    """An issuer whose office key is not in the registry's configuration is not believed."""
    id = mint.order("DH-1")
    mint.advance(id)
    mint.sign(id)
    mint.trust = trust.Trust({})
    mint.advance(id)
    refused(mint, id, "no office key we trust")


def test_other_fingerprints_are_refused(mint: Mint) -> None:
    """Fingerprints that are not those the manifest describes are not published."""
    id = mint.order("DH-1")
    mint.advance(id)
    number = mint.sign(id)
    hashes = batch_files.paths(mint.config, number, 1)[2]
    content = bytearray(hashes.read_bytes())
    content[5] ^= 1
    hashes.write_bytes(content)
    mint.advance(id)
    refused(mint, id, "fingerprints")


def test_the_first_manifest_of_a_number_is_final(mint: Mint) -> None:
    """Another batch under a number that is on record changes nothing of it."""
    mint.register.batch(1, 50, "SP3")
    before = mint.register.rows(published.interval)
    id = mint.order("DH-x")
    with mint.register.write() as connection:  # the number is free to be named by this order
        connection.execute(update(tables.stamp_order).values(batch=None))
    mint.advance(id)
    mint.sign(id)
    mint.advance(id)
    assert "on record already" in str(mint.find(id).failure)
    assert mint.register.rows(published.interval) == before


def test_an_issuer_that_gave_up_fails_the_order(mint: Mint) -> None:
    """A batch that could not be signed is said to have failed."""
    id = mint.order("DH-1")
    mint.advance(id)
    with writing(mint.engine) as connection:
        number = mint.find(id).batch
        assert number is not None
        assert issuer_storage.claim(connection, number)
        assert issuer_storage.give_up(connection, number)
    mint.advance(id)
    refused(mint, id, "could not sign")


def test_an_issuer_that_is_away_is_waited_for(mint: Mint) -> None:
    """While nothing answers, the order stays approved; then it goes on."""
    id = mint.order("DH-1")
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # bound and not listening: a connection is refused
        away = IssuerClient(f"http://127.0.0.1:{taken.getsockname()[1]}", mint.token)
        with away, pytest.raises(Unavailable, match="cannot be reached"):
            mint.advance(id, away)
    assert mint.find(id).state == "approved"
    assert mint.issue(id) == 1


def test_a_key_that_is_refused_fails_no_order(mint: Mint) -> None:
    """Our own key having been revoked is ours to mend: the order waits for it."""
    id = mint.order("DH-1")
    with writing(mint.engine) as connection:
        now = mint.register.clock()
        auth.revoke_key(connection, now, "test", mint.token.split("_")[1])
    with pytest.raises(Unavailable):
        mint.advance(id)
    assert mint.find(id).state == "approved"


def test_the_daily_ceiling_is_waited_for(mint: Mint) -> None:
    """What the issuer refuses for today it is asked for again; other refusals are final."""
    first, second = mint.order("DH-1", 600), mint.order("DH-2", 600)
    mint.advance(first)
    with pytest.raises(Unavailable):
        mint.advance(second)
    assert mint.find(second).state == "approved"
    mint.register.clock.advance(days=1)
    mint.advance(second)
    assert mint.find(second).batch == 2
    third = mint.order("DH-3", 5)
    with pytest.raises(Conflict):  # somebody else has used this order's name at the issuer
        _reserve_twice(mint, third)
    mint.advance(third)
    refused(mint, third, "reference_taken")


def _reserve_twice(mint: Mint, id: str) -> None:
    body = {"product_id": "SP3", "producer_id": "P2", "quantity": 5, "reference": id}
    for key in ("other", "another"):
        mint.client._call(
            "POST", "/v1/batches", json=body, headers={"Idempotency-Key": f"{key}:{id}"}
        )


def test_one_order_in_trouble_stops_no_other(mint: Mint) -> None:
    """A follower goes on past an order the issuer knows nothing of."""
    lost, fine = mint.order("DH-1"), mint.order("DH-2")
    with mint.register.write() as connection:
        orders.set_state(connection, lost, "approved", "issuing", batch=77)
    clock, engine = mint.register.clock, mint.register.engine
    assert issuing.advance_all(engine, clock, mint.trust, mint.client) == 2
    assert (mint.find(lost).state, mint.find(fine).state) == ("issuing", "issuing")
    mint.sign(fine)
    issuing.advance_all(engine, clock, mint.trust, mint.client)
    assert mint.find(fine).state == "issued"


def test_two_followers_record_a_batch_once(mint: Mint) -> None:
    """An import beside the running follower gives the same batch, recorded once."""
    id = mint.order("DH-1")
    mint.advance(id)
    mint.sign(id)
    order, start = mint.find(id), threading.Barrier(3)

    def follow() -> None:
        start.wait(10)
        engine, clock = mint.register.engine, mint.register.clock
        issuing.advance(engine, clock, mint.trust, mint.client, order)

    with ThreadPoolExecutor(3) as pool:
        for done in [pool.submit(follow) for _ in range(3)]:
            done.result(30)
    assert mint.find(id).state == "issued"
    assert mint.register.actions().count("batch.issued") == 1
    assert mint.faults() == []


def answers(body: bytes, status: bytes = b"200 OK") -> Callable[[socket.socket], None]:
    def serve(listener: socket.socket) -> None:
        connection, _ = listener.accept()
        with connection:
            connection.recv(65536)
            head = b"HTTP/1.1 %s\r\nContent-Length: %d\r\nConnection: close\r\n\r\n"
            connection.sendall(head % (status, len(body)) + body)

    return serve


@pytest.mark.parametrize("body", [b"<html>", b"{}", b"[]", b'{"number": 1, "state": 1}', b""])
def test_an_answer_that_is_no_batch_is_no_answer(body: bytes) -> None:
    """Whatever stands where the issuer should answer, the order waits."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=answers(body), args=(listener,))
        thread.start()
        port = listener.getsockname()[1]
        with IssuerClient(f"http://127.0.0.1:{port}", "x") as client, pytest.raises(Unavailable):
            client.find(1)
        thread.join()


def test_the_issuer_is_asked_only_what_it_must(mint: Mint) -> None:
    """One order is one reservation at the issuer, however often it was taken a step on."""
    id = mint.order("DH-1")
    mint.advance(id)
    order = mint.find(id)
    for _ in range(3):
        issuing.advance(
            mint.register.engine,
            mint.register.clock,
            mint.trust,
            mint.client,
            replace(order, state="approved", batch=None),
        )
    with reading(mint.engine) as connection:
        assert len(issuer_storage.list_batches(connection, 0, 10)) == 1


def test_a_batch_whose_recognition_was_withdrawn_meanwhile(mint: Mint) -> None:
    """What comes back from the issuer after a withdrawal is revoked; what is taken over is not."""
    for id in ("O1", "O2"):
        mint.order(id)
        mint.advance(id)
        mint.sign(id)
    with mint.register.write() as connection:
        taken_over = update(tables.stamp_order).where(tables.stamp_order.c.id == "O2")
        connection.execute(taken_over.values(requested_by=issuing.TAKEN_OVER))
        row = {"kind": "stamp_batch", "id": "O2", "digest": "", "at": mint.register.clock()}
        connection.execute(tables.import_ledger.insert().values(row))
        certificates.withdraw(
            connection, mint.register.clock(), OFFICE, "CN-SP1", decision_no="9", reason="x"
        )
    for id, state in (("O1", "revoked"), ("O2", "issued")):
        mint.advance(id)
        assert mint.register.ranges(mint.find(id).batch or 0) == [(1, 20, state, None)]
    assert mint.faults() == []


ENDED: list[tuple[str, str, dict[str, str]]] = [
    ("certificate_not_in_force", "certificate", {"valid_until": "2026-11-19"}),
    ("certificate_not_in_force", "certificate", {"revoked_on": "2026-11-20"}),
    ("producer_not_active", "producer", {"status": "suspended"}),
    ("producer_not_active", "producer", {"status": "ceased"}),
]


@pytest.mark.parametrize(("code", "kind", "fields"), ENDED)
def test_what_has_ended_since_the_approval(
    mint: Mint, code: str, kind: str, fields: dict[str, str]
) -> None:
    """The order fails with the reason before the issuer hears of it; what is taken over goes on."""
    for id in ("O1", "O2"):
        mint.order(id)
    with mint.register.write() as connection:
        o = tables.stamp_order.c
        taken_over = update(tables.stamp_order).where(o.id == "O2")
        connection.execute(taken_over.values(requested_by=issuing.TAKEN_OVER))
    mint.register.change(kind, "P1" if kind == "producer" else "CN-SP1", **fields)
    mint.advance("O1")
    found = mint.find("O1")
    assert (found.state, found.sent, found.batch) == ("failed", False, None)
    assert code in str(found.failure)
    with reading(mint.engine) as connection:
        assert issuer_storage.list_batches(connection, 0, 10) == []
    entry = mint.register.rows(plumbing.tables["audit_entry"])[-1]
    assert (entry["action"], entry["object"]) == ("order.failed", "order:O1")
    assert code in entry["details"]
    mint.advance("O1")
    mint.advance("O2")
    assert (mint.find("O1").state, mint.find("O2").state) == ("failed", "issuing")
    assert mint.faults() == []


def test_the_number_given_is_in_the_audit_trail(mint: Mint) -> None:
    """When an order is at the issuer its entry tells the batch, once."""
    id = mint.order("DH-1")
    mint.advance(id)
    mint.advance(id)
    told = mint.register.rows(plumbing.tables["audit_entry"])
    sent = [(e["object"], json.loads(e["details"])) for e in told if e["action"] == "order.sent"]
    assert sent == [("order:DH-1", {"batch": 1})]


def test_a_rejected_order_is_never_taken_to_the_issuer(mint: Mint) -> None:
    """A follower that saw it approved asks for nothing once the office has rejected it."""
    id = mint.order("DH-1")
    stale = mint.find(id)
    with mint.register.write() as connection:
        order_decisions.reject(connection, mint.register.clock(), OFFICE, id, "nhầm")
    issuing.advance(mint.register.engine, mint.register.clock, mint.trust, mint.client, stale)
    assert mint.find(id).state == "rejected"
    with reading(mint.engine) as connection:
        assert issuer_storage.list_batches(connection, 0, 10) == []


def test_what_the_issuer_may_know_of_is_not_rejected(mint: Mint) -> None:
    """From the first question on it is too late, unless the answer was the day's ceiling."""
    first, second = mint.order("DH-1", 600), mint.order("DH-2", 600)
    mint.advance(first)
    with pytest.raises(Unavailable):
        mint.advance(second)
    with mint.register.write() as connection:
        now = mint.register.clock()
        with pytest.raises(Conflict, match="issuing and at the issuer"):
            order_decisions.reject(connection, now, OFFICE, first, "nhầm")
        assert order_decisions.reject(connection, now, OFFICE, second, "nhầm").state == "rejected"
