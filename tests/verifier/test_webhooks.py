"""Webhooks end to end: a change in the registry, a sender, a receiver on real HTTP."""

import contextlib
import json
import socket
import ssl
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import Engine, update
from tests.conftest import SetClock
from tests.registry.records import OFFICE, Register
from tests.running import environment, until
from tests.verifier.conftest import Site, Verifier
from tests.verifier.receivers import Receiver

from tem.databases.database import reading, writing
from tem.http import auth
from tem.http.idempotency import idempotency_table
from tem.process import die_with_parent
from tem.tls import TlsFiles, client_context
from tem.tls_authority import certify
from tem.vocabulary import Role
from tem_registry import restoring
from tem_registry.lots import recall_acts
from tem_verifier import storage, webhook_addresses
from tem_verifier.retail import answers, tills
from tem_verifier.retail.tills import Scope
from tem_verifier.webhooks import claims, endpoints, messages, posting, sending
from tem_verifier.webhooks.posting import post
from tem_verifier.webhooks.retry_rules import Answer
from tem_verifier.webhooks.sending import Sender
from tem_verifier.webhooks.tables import webhook_table

LOOPBACK = webhook_addresses.networks("127.0.0.0/8")
NOTICE = {"kind": "mandatory", "ordered_by": "Sở Y tế", "reason_public": "vượt mức histamin"}
ONE = pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
Json = dict[str, Any]


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with Receiver() as one:
        yield one


class Chain:
    """A chain that calls the verifier, and a sender that has a turn when the test says so."""

    def __init__(self, client: FlaskClient, reader: Verifier, register: Register) -> None:
        self.client, self.reader, self.register = client, reader, register
        self.sender = Sender(reader.store, reader.source, register.clock, LOOPBACK)
        self.key = self.make_key("Co.op")

    def make_key(self, chain: str, store: str | None = None, *scopes: Scope) -> str:
        with writing(self.reader.store) as connection:
            now = self.register.clock()
            token = auth.create_key(connection, now, "t", Role.RETAILER, f"{chain}{store or ''}")
            tills.keep(connection, token.split("_")[1], chain, store, scopes or tills.ALL)
        return token

    def call(self, method: str, path: str = "", body: Any = None, **more: Any) -> Any:
        """The status and the JSON of an answer."""
        headers = {"Authorization": f"Bearer {more.pop('key', self.key)}", **more}
        path = f"/v1/webhooks{path}"
        answer = self.client.open(path, method=method, json=body, headers=headers)
        return answer.status_code, answer.json if answer.data else None

    def add(self, url: str, **more: Any) -> Json:
        status, made = self.call("POST", body={"url": url, **more})
        assert status == 201, made
        found: Json = made
        return found

    def shown(self, id: str) -> Json:
        found: Json = self.call("GET", f"/{id}")[1]
        return found

    def turn(self, id: str) -> None:
        self.sender.turn(id, sending.log_of(self.reader.source))

    def recall(self, lot_id: str = "L1") -> None:
        with self.register.write() as connection:
            recall_acts.recall(connection, self.register.clock(), OFFICE, lot_id, NOTICE)


@pytest.fixture
def chain(site: Callable[..., Site], reader: Verifier, register: Register) -> Chain:
    return Chain(site(webhook_networks=LOOPBACK)[0], reader, register)


def test_a_recall_reaches_a_chain(chain: Chain, receiver: Receiver) -> None:
    """Told once and signed; what came before the webhook is not told; a test tells nothing, and is
    one at a time; on both engines."""
    chain.register.void(1, 90, 90)
    made = chain.add(receiver.url)
    status, test = chain.call("POST", f"/{made['id']}/test")
    assert chain.call("POST", f"/{made['id']}/test")[1]["code"] == "test_waiting"
    chain.recall()
    chain.sender.step()
    until(lambda: chain.shown(made["id"])["waiting"] == 0 and len(receiver.received) == 2)
    tried, told = receiver.received
    assert (status, tried.told["type"], tried.headers["webhook-id"]) == (
        *(202, "webhook.test"),
        test["message_id"],
    )
    data = told.told["data"]
    assert (told.path, told.told["type"], data["seq"], data["lot_id"], data["ranges"]) == (
        *("/tem?shop=1", "lot.recalled", 2, "L1"),
        [{"batch": 1, "first": 1, "last": 10}],
    )
    assert told.told["timestamp"] == "2026-11-20T02:00:00Z"
    assert told.headers["content-type"] == "application/json"
    assert all(one.is_signed(made["secret"]) for one in receiver.received)
    shown = chain.shown(made["id"])
    assert [(one["status"], one["type"]) for one in shown["deliveries"]] == [
        (204, "lot.recalled"),
        (204, "webhook.test"),
    ]
    assert (shown["cursor"], shown["failures"]) == (2, 0) and "secret" not in json.dumps(shown)


@ONE
def test_whose_webhooks_they_are(chain: Chain, receiver: Receiver) -> None:
    """A chain's own, for a key of the whole chain with the scope; at most five, each address
    once; the same Idempotency-Key makes one."""
    made = chain.add(receiver.url)
    other = chain.make_key("Lotte")
    for path, method in (("", "GET"), ("/test", "POST"), ("/secret", "POST"), ("", "DELETE")):
        status, told = chain.call(method, f"/{made['id']}{path}", key=other)
        assert (status, told["code"]) == (404, "no_such_webhook")
    refused = [
        chain.call("GET", key=chain.make_key("Co.op", "Q1"))[1]["code"],
        chain.call("GET", key=chain.make_key("Co.op", None, Scope.VERIFY))[1]["code"],
        chain.call("POST", body={"url": receiver.url})[1]["code"],
        chain.call("POST", body={"url": "https://10.0.0.1/"})[1]["code"],
        chain.call("POST", body={"url": receiver.url, "types": ["lot.sold"]})[1]["code"],
        chain.call("POST", f"/{made['id']}/replay", {"after": 9})[1]["code"],
    ]
    assert refused == [
        *("chain_key_needed", "scope_not_allowed", "webhook_exists", "webhook_url_invalid"),
        *("validation_failed", "after_not_reached"),
    ]
    again = {"Idempotency-Key": "k1"}
    twice = [chain.call("POST", body={"url": f"{receiver.url}2"}, **again) for _ in range(2)]
    assert twice[0] == twice[1]
    chain.call("DELETE", f"/{twice[0][1]['id']}")
    anew = chain.call("POST", body={"url": f"{receiver.url}2"}, **again)[1]
    assert anew["secret"] not in str(twice), "the one that is deleted does not come back"
    for n in range(3):
        chain.add(f"{receiver.url}{n}{n}")
    assert chain.call("POST", body={"url": f"{receiver.url}x"})[1]["code"] == "too_many_webhooks"
    assert len(chain.call("GET")[1]["items"]) == 5
    assert chain.call("DELETE", f"/{made['id']}") == (204, None)
    assert chain.call("GET", f"/{made['id']}")[0] == 404
    trail = json.dumps([dict(row) for row in _audit(chain)], default=str)
    assert "webhook.added" in trail and made["secret"] not in trail and "shop=1" not in trail


def _audit(chain: Chain) -> list[Any]:
    from tem.trail.audit import entry_table

    with reading(chain.reader.store) as connection:
        return [row._mapping for row in connection.execute(entry_table.select())]


@ONE
def test_who_asks_comes_before_what_is_asked(chain: Chain) -> None:
    """What a stranger sends is not looked into, what a chain sends no further than may be."""
    body = {"url": 5, "types": [{}] * 99}
    for key in ("", "tem_000000000000_x"):
        assert chain.call("POST", body=body, key=key)[0] == 401
    status, told = chain.call("POST", body=body)
    assert (status, sorted(one["pointer"] for one in told["errors"])) == (422, ["/types", "/url"])


@ONE
def test_what_is_refused_is_sent_again(chain: Chain, receiver: Receiver, clock: SetClock) -> None:
    """The same bytes under the same id, after a wait; another message does not wait for it; what a
    receiver asked for is kept to; nothing is sent twice that was taken."""
    made = chain.add(receiver.url, types=["lot.recalled"])
    chain.recall()
    chain.register.void(1, 90, 90)
    receiver.status = 500
    chain.turn(made["id"])
    chain.turn(made["id"])
    shown = chain.shown(made["id"])
    assert (len(receiver.received), shown["failures"], shown["waiting"]) == (1, 1, 1)
    assert shown["failing_since"] == "2026-11-20T02:00:00Z"
    clock.advance(seconds=5)
    receiver.status, receiver.headers = 503, {"Retry-After": "120"}
    chain.turn(made["id"])
    assert chain.shown(made["id"])["next_attempt_at"] == "2026-11-20T02:02:05Z"
    clock.advance(seconds=119)
    receiver.status, receiver.headers = 200, {}
    chain.turn(made["id"])
    assert len(receiver.received) == 2
    clock.advance(seconds=1)
    chain.turn(made["id"])
    chain.turn(made["id"])
    assert len({(one.headers["webhook-id"], one.body) for one in receiver.received}) == 1
    shown = chain.shown(made["id"])
    assert (len(receiver.received), shown["failures"], shown["waiting"]) == (3, 0, 0)
    assert "failing_since" not in shown


@ONE
def test_a_change_refused_alone_holds_up_no_other(
    chain: Chain, receiver: Receiver, clock: SetClock
) -> None:
    """A receiver that cannot take one message is told the next one all the same; after three days
    that one is given up, and the webhook goes on."""
    made = chain.add(receiver.url)
    chain.register.void(1, 90, 90)
    chain.recall()

    def refuse_voids() -> None:
        is_void = receiver.received[-1].told["type"] == "stamps.voided"
        receiver.status = 500 if is_void else 200

    receiver.before_answer = refuse_voids
    chain.turn(made["id"])
    assert [one.told["type"] for one in receiver.received] == ["stamps.voided", "lot.recalled"]
    assert chain.shown(made["id"])["waiting"] == 1
    clock.advance(days=3)
    chain.turn(made["id"])
    shown = chain.shown(made["id"])
    assert (len(receiver.received), shown["waiting"]) == (3, 0)
    assert "disabled_because" not in shown


@ONE
@pytest.mark.parametrize(("status", "days", "because"), [(410, 0, "gone"), (500, 3, "failing")])
def test_a_receiver_that_is_no_more_is_left_alone(
    chain: Chain, receiver: Receiver, clock: SetClock, status: int, days: int, because: str
) -> None:
    """410, or three days without one success: nothing is sent until the chain says so, and then
    everything that happened meanwhile."""
    made, receiver.status = chain.add(receiver.url), 500
    chain.recall()
    chain.turn(made["id"])
    clock.advance(days=days, minutes=1)
    receiver.status = status
    chain.turn(made["id"])
    chain.register.void(1, 90, 90)
    receiver.status = 200
    chain.turn(made["id"])
    shown = chain.shown(made["id"])
    assert (shown["disabled_because"], len(receiver.received)) == (because, 2)
    assert chain.call("POST", f"/{made['id']}/test")[1]["code"] == "webhook_disabled"
    (entry,) = [row for row in _audit(chain) if row["action"] == "webhook.disabled"]
    assert (entry["actor"], entry["object"]) == ("sender", f"webhook:{made['id']}")
    assert because in str(entry["details"])
    assert chain.call("PATCH", f"/{made['id']}", {"enabled": True})[0] == 200
    chain.turn(made["id"])
    assert [one.told["data"]["seq"] for one in receiver.received[2:]] == [1, 2]


@ONE
def test_a_secret_is_changed_without_a_gap(
    chain: Chain, receiver: Receiver, clock: SetClock
) -> None:
    """For a day both sign, the newer one first; then the new one alone. Answers that hold a secret
    are forgotten."""
    again = {"Idempotency-Key": "k1"}
    _, made = chain.call("POST", body={"url": receiver.url}, **again)
    again = {"Idempotency-Key": "k2"}
    changed = chain.call("POST", f"/{made['id']}/secret", **again)[1]
    assert changed == chain.call("POST", f"/{made['id']}/secret", **again)[1]
    again = {"Idempotency-Key": "k1"}
    told = chain.call("POST", body={"url": receiver.url}, **again)[1]
    assert told["code"] == "webhook_exists", "the secret before is told no more"
    for hours in (0, 25):
        clock.advance(hours=hours)
        chain.call("POST", f"/{made['id']}/test")
        chain.turn(made["id"])
    first, second = receiver.received
    assert first.is_signed(made["secret"]) and first.is_signed(changed["secret"])
    assert second.is_signed(changed["secret"]) and not second.is_signed(made["secret"])
    clock.advance(days=8)
    with writing(chain.reader.store) as connection:
        answers.forget(connection, clock())
        assert connection.execute(idempotency_table.select()).all() == []


@ONE
def test_told_again_from_a_number_on(chain: Chain, receiver: Receiver) -> None:
    """A replay sends the same ids; after a restore of the record all is told anew under others,
    once an operator has accepted it."""
    made = chain.add(receiver.url)
    chain.register.void(1, 90, 90)
    chain.recall()
    chain.turn(made["id"])
    chain.call("POST", f"/{made['id']}/replay", {"after": 1})
    chain.turn(made["id"])
    ids = [one.headers["webhook-id"] for one in receiver.received]
    assert len(ids) == 3 and ids[2] == ids[1]
    with chain.register.write() as connection:
        restoring.accept(connection, chain.register.clock(), "machine:root", None)
    chain.sender.step()
    assert chain.sender._busy == set()
    with writing(chain.reader.store) as connection:
        storage.accept_restore(connection)
    chain.turn(made["id"])
    ids = [one.headers["webhook-id"] for one in receiver.received]
    assert len(ids) == 5 and len(set(ids)) == 4


@ONE
def test_what_is_asked_for_during_a_turn_outlasts_it(chain: Chain, receiver: Receiver) -> None:
    """A replay, or another life of the record, noted while a turn makes its messages: the turn
    does not write over it how far it came."""
    id = chain.add(receiver.url)["id"]
    chain.register.void(1, 90, 91)
    chain.turn(id)
    with reading(chain.reader.store) as connection:
        read = endpoints.with_id(connection, id)
    assert read is not None and read.epoch is not None
    chain.call("POST", f"/{id}/replay", {"after": 0})
    noted = endpoints.with_id
    with writing(chain.reader.store) as connection:
        before = noted(connection, id)
        messages.queue(connection, chain.register.clock(), read, read.epoch, [])
        assert noted(connection, id) == before != read
        connection.execute(update(webhook_table).values(cursor=read.cursor, epoch="later"))
        before = noted(connection, id)
        messages.queue(connection, chain.register.clock(), read, read.epoch, [])
        assert noted(connection, id) == before
    chain.turn(id)
    assert len({one.headers["webhook-id"] for one in receiver.received}) == 1
    assert len(receiver.received) == 2


@ONE
def test_one_slow_receiver_holds_up_nobody(chain: Chain, receiver: Receiver) -> None:
    """While one does not answer, another is told; who sends to the first keeps it from others."""
    release = threading.Event()
    with Receiver() as slow:
        slow.before_answer = lambda: release.wait(60)
        slow_one, made = chain.add(slow.url), chain.add(receiver.url)
        chain.recall()
        chain.sender.step()
        until(lambda: len(slow.received) == 1 and len(receiver.received) == 1)
        second = Sender(chain.reader.store, chain.reader.source, chain.register.clock, LOOPBACK)
        second.turn(slow_one["id"], sending.log_of(chain.reader.source))
        release.set()
        until(lambda: not chain.sender._busy)
        assert len(slow.received) == 1
    assert chain.shown(made["id"])["waiting"] == 0


@ONE
def test_a_process_of_its_own_tells(chain: Chain, receiver: Receiver, tmp_path: Path) -> None:
    """`tem verifier deliver` sends what there is until it is told to stop, and ends well."""
    made, config = chain.add(receiver.url), chain.reader.config
    chain.recall()
    env = {
        "TEM_TRUST_FILE": str(config.trust_file),
        "TEM_VERIFIER_DATABASE_URL": config.database_url,
        "TEM_PUBLISHED_DATABASE_URL": config.published_url,
        "TEM_VERIFIER_WEBHOOK_NETWORKS": "127.0.0.0/8",
        "TEM_VERIFIER_WEBHOOKS": "elsewhere",
    }
    sending_one = subprocess.Popen(
        [sys.executable, "-m", "tem", "verifier", "deliver"],
        env=environment(tmp_path, env),
        stdout=subprocess.DEVNULL,
        preexec_fn=die_with_parent,
    )
    try:
        until(lambda: receiver.received and chain.shown(made["id"])["waiting"] == 0)
        sending_one.terminate()
        assert sending_one.wait(60) == 0
    finally:
        sending_one.kill()
        sending_one.wait()
    assert receiver.received[0].is_signed(made["secret"])


def test_a_claim_is_one_process_for_a_while(own_store: Engine, clock: SetClock) -> None:
    """Of many who want a webhook one gets it; when its time has run out another one may."""
    row = {"chain": "C", "url": "https://a.vn/", "types": "", "secret": "x", "created_by": "t"}
    row |= dict.fromkeys(("cursor", "deliveries", "failures"), 0)
    with writing(own_store) as connection:
        connection.execute(webhook_table.insert().values(id="w", created_at=clock(), **row))
    got: list[bool] = []

    def claim() -> None:
        with writing(own_store) as connection:
            got.append(claims.claim(connection, clock(), "w"))

    takers = [threading.Thread(target=claim) for _ in range(6)]
    for one in takers:
        one.start()
    for one in takers:
        one.join()
    assert sorted(got) == [False] * 5 + [True]
    clock.advance(seconds=claims.LEASE / timedelta(seconds=1))
    claim()
    assert got[-1]
    with writing(own_store) as connection:
        claims.release(connection, "w")
        connection.execute(update(webhook_table).values(quiet_until=clock() + timedelta(seconds=1)))
    claim()
    assert not got[-1]


@ONE
def test_an_empty_log_of_another_life_is_begun_at_its_beginning(
    chain: Chain, receiver: Receiver, clock: SetClock
) -> None:
    """Where a restore left no entry, the first one after it has a small number, and is told."""
    made = chain.add(receiver.url)
    with writing(chain.reader.store) as connection:
        connection.execute(update(webhook_table).values(cursor=7, epoch="before"))
    chain.turn(made["id"])
    assert (chain.shown(made["id"])["cursor"], receiver.received) == (0, [])
    chain.recall()
    chain.turn(made["id"])
    assert len(receiver.received) == 1


@pytest.fixture(scope="module")
def tls() -> ssl.SSLContext:
    return ssl.create_default_context()


@pytest.mark.parametrize(
    ("host", "opened", "problem"),
    [
        ("localhost", "", "address_not_allowed"),
        ("127.0.0.1", "", "address_not_allowed"),
        ("127.0.0.1", "10.0.0.0/8", "address_not_allowed"),
        ("no-such-name.invalid", "127.0.0.0/8", "name_unknown"),
    ],
)
def test_nothing_reaches_an_address_that_is_not_allowed(
    receiver: Receiver, tls: ssl.SSLContext, host: str, opened: str, problem: str
) -> None:
    """What a name stands for is judged at the attempt, whatever was said before."""
    url = receiver.url.replace("127.0.0.1", host)
    answer = post(url, {}, b"{}", webhook_addresses.networks(opened), tls)
    assert (answer.problem, answer.status, receiver.received) == (problem, None, [])


def test_a_name_that_leads_inside_as_well_is_refused_whole(
    receiver: Receiver, tls: ssl.SSLContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One address of a name that may not be reached, wherever it stands among them, and the good
    ones are not tried either."""
    inside, good = "10.0.0.1", [f"127.0.0.{n}" for n in range(1, posting.MOST_ADDRESSES + 1)]
    url = receiver.url.replace("127.0.0.1", "tills.example.vn")
    for numbers in ([inside, *good], [*good, inside]):
        told = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (one, 0)) for one in numbers]
        with monkeypatch.context() as patched:
            patched.setattr(socket, "getaddrinfo", lambda *_, told=told, **__: told)
            assert post(url, {}, b"{}", LOOPBACK, tls).problem == "address_not_allowed"
    assert receiver.received == []


def test_redirects_and_proxies_lead_nowhere(
    receiver: Receiver, tls: ssl.SSLContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The request goes to the address that was judged and to no other."""
    with Receiver() as elsewhere:
        for name in ("http_proxy", "HTTP_PROXY", "all_proxy"):
            monkeypatch.setenv(name, elsewhere.url)
        receiver.status, receiver.headers = 307, {"Location": elsewhere.url}
        answer = post(receiver.url, {}, b"{}", LOOPBACK, tls)
        assert (answer.status, answer.problem) == (307, "redirected")
        assert (len(receiver.received), elsewhere.received) == (1, [])


def test_a_name_is_looked_up_once_and_its_certificate_checked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The address that was judged is connected to, under the name that was told: a second look
    would find another machine. A certificate of another name, or of nobody known, is refused."""
    files = TlsFiles(tmp_path / "tls")
    certify(files, ("tills.example.vn",), "pc-3", datetime.now(UTC))
    trusting, serving = client_context(files.authority), ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    serving.load_cert_chain(files.certificate, files.key)
    asked: list[Any] = []

    def answer_of_a_name_server(host: Any, port: Any, *_: Any, **more: Any) -> list[Any]:
        if host != "127.0.0.1":
            asked.append(host)
        number = "127.0.0.1" if len(asked) == 1 or host == "127.0.0.1" else "10.0.0.1"
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (number, port))]

    monkeypatch.setattr(socket, "getaddrinfo", answer_of_a_name_server)
    with Receiver(serving) as receiver:
        url = receiver.url.replace("http://127.0.0.1", "https://tills.example.vn")
        assert post(url, {}, b"{}", LOOPBACK, trusting).status == 204
        port = url.split(":")[2].partition("/")[0]
        assert asked == ["tills.example.vn"]
        assert receiver.received[0].headers["host"] == f"tills.example.vn:{port}"
        for other, context in (
            (url.replace("tills.", "other."), trusting),
            (url, ssl.create_default_context()),
        ):
            asked.clear()
            assert post(other, {}, b"{}", LOOPBACK, context).problem == "tls_failed"
        assert len(receiver.received) == 1


def test_a_receiver_that_drips_is_left(
    tls: ssl.SSLContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The time is for the whole attempt: a byte now and then does not prolong it. One that
    speaks no TLS is told as such."""
    left: list[bool] = []
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port = listening.getsockname()[1]

        def drip() -> None:
            for drop in (b"H", b"H" * 16):
                peer, _address = listening.accept()
                with peer, contextlib.suppress(OSError):
                    for _ in range(400):  # for twenty seconds, unless it is left before
                        peer.sendall(drop)
                        threading.Event().wait(0.05)
                    continue
                left.append(True)

        def attempt() -> Answer | None:
            found = post(f"http://127.0.0.1:{port}/", {}, b"{}", LOOPBACK, tls)
            return None if found.problem == "name_unknown" else found  # a busy machine: once more

        threading.Thread(target=drip, daemon=True).start()
        with monkeypatch.context() as patched:
            patched.setattr(posting, "SECONDS", 0.4)
            assert until(attempt).problem == "timed_out"
        until(lambda: left, 30)
        assert post(f"https://127.0.0.1:{port}/", {}, b"{}", LOOPBACK, tls).problem == "tls_failed"
    assert post(f"http://127.0.0.1:{port}/", {}, b"", LOOPBACK, tls).problem == "unreachable"
