"""Limiting over HTTP, and counting beside it: what is told, and that nobody waits for it."""

import threading
import time
from collections.abc import Callable
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import Engine
from tests.conftest import SetClock
from tests.running import until
from tests.valkey import ValkeyServer
from tests.verifier.conftest import Site, Verifier
from tests.verifier.mint import Minted
from werkzeug.test import TestResponse

from tem.clients import parse_proxies
from tem.databases.database import reading, writing
from tem.http import auth
from tem.vocabulary import Role
from tem_verifier import admission, scan_counts, shared_valkey
from tem_verifier.limits import Refusal
from tem_verifier.rates import Rate

MEMORY_ONLY = pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
STRANGER = {"REMOTE_ADDR": "203.0.113.9"}
JSON = {"Accept": "application/json"}
PATIENT_SECONDS = 30.0


def counted(store: Engine, index: int) -> int:
    with reading(store) as connection:
        return scan_counts.total(connection, 1, index).count


# --- limits ---


def asked(client: FlaskClient, code: str, times: int, **more: Any) -> list[TestResponse]:
    return [client.get(f"/s/{code}", environ_base=STRANGER, **more) for _ in range(times)]


@MEMORY_ONLY
def test_who_asks_too_often_is_told_so_and_nothing_about_a_stamp(
    site: Callable[..., Site], batch: Minted
) -> None:
    """429 as a page in both languages and as a problem document, with the time to come again;
    neither shows the code or a verdict, and it is the same for every code."""
    client, _ = site(rate=Rate(5, 60))
    answers = asked(client, batch.text(1), 6, headers=JSON)
    assert [answer.status_code for answer in answers] == [200] * 5 + [429]
    (refused,) = asked(client, batch.text(1), 1, headers=JSON)
    problem = refused.get_json()
    assert problem["code"] == "rate_limited" and refused.mimetype == "application/problem+json"
    assert str(refused.headers["Retry-After"]) in problem["detail"]
    refusal = Refusal(Rate(5, 60), int(refused.headers["Retry-After"]), "public")
    path = f"/s/{batch.text(1)}"
    assert problem == admission.document_of(refusal, path, problem["request_id"])
    assert set(admission.headers_of(refusal)) <= set(refused.headers)
    assert refused.headers["RateLimit-Policy"] == '"look-ups";q=5;w=60'
    assert refused.headers["RateLimit"].startswith('"look-ups";r=0;t=')
    pages = {
        asked(client, code, 1, headers={"Accept": "text/html", "Accept-Language": "vi"})[0].text
        for code in (batch.text(1), batch.text(50), "nonsense")
    }
    assert len(pages) == 1
    page = pages.pop()
    assert "Có quá nhiều lượt tra cứu" in page and "không nói lên điều gì" in page
    assert batch.text(1) not in page and "kích hoạt" not in page
    (english,) = asked(client, batch.text(1), 1, headers={"Accept-Language": "en"})
    assert english.status_code == 429 and "Too many look-ups" in english.text
    assert int(english.headers["Retry-After"]) > 0
    assert english.headers["Cache-Control"] == "no-store"
    assert client.get("/", environ_base=STRANGER).status_code == 200
    for path in ("/livez", "/readyz", "/metrics", "/v1/trust"):
        assert client.get(path, environ_base=STRANGER).status_code == 200


@MEMORY_ONLY
def test_a_header_from_outside_changes_nothing(site: Callable[..., Site], batch: Minted) -> None:
    """Another forwarded-for in each request is still one client, with a trusted proxy or none."""
    client, _ = site(rate=Rate(5, 60))
    got = [
        asked(client, batch.text(1), 1, headers={"X-Forwarded-For": f"198.51.100.{n}"})
        for n in range(8)
    ]
    assert [a.status_code for (a,) in got] == [200] * 5 + [429] * 3
    client, _ = site(rate=Rate(5, 60), proxies=parse_proxies("10.0.0.0/8"))
    proxied = {"REMOTE_ADDR": "10.0.0.2"}
    statuses = [
        client.get("/s/1", environ_base=proxied, headers={"X-Forwarded-For": f"6.6.6.{n}, 7.7.7.7"})
        for n in range(8)
    ]
    assert [a.status_code for a in statuses] == [200] * 5 + [429] * 3
    other = {"X-Forwarded-For": "6.6.6.1, 7.7.7.8"}
    assert client.get("/s/1", environ_base=proxied, headers=other).status_code == 200


@MEMORY_ONLY
def test_this_very_machine_is_not_limited_but_whom_its_proxy_names_is(
    site: Callable[..., Site], batch: Minted
) -> None:
    """Health checks and measurements on loopback are let through; a TLS proxy on the same machine
    needs no setting, and its clients have a quota each."""
    client, _ = site(rate=Rate(5, 60))
    assert {client.get("/s/1").status_code for _ in range(20)} == {200}
    for address in ("9.9.9.9", "9.9.9.8"):
        headers = {"X-Forwarded-For": f"6.6.6.6, {address}"}
        statuses = [client.get("/s/1", headers=headers).status_code for _ in range(8)]
        assert statuses == [200] * 5 + [429] * 3


@MEMORY_ONLY
def test_bulk_costs_a_look_up_a_code_and_a_key_has_a_quota_of_its_own(
    site: Callable[..., Site], reader: Verifier, clock: SetClock, batch: Minted
) -> None:
    """A basket of five is five look-ups; a retailer's key is charged by itself, and wrong keys
    are charged to their sender, whatever is wrong with the basket too."""
    with writing(reader.store) as connection:
        key = auth.create_key(connection, clock(), "test", Role.RETAILER, "chain")
    client, _ = site(rate=Rate(5, 60), retailer_rate=Rate(10, 60))

    def basket(token: str | None = None, *, broken: bool = False) -> TestResponse:
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        codes = {"codes": 5 if broken else [batch.text(1)] * 5}
        return client.post("/v1/verifications", json=codes, headers=headers, environ_base=STRANGER)

    assert [basket().status_code for _ in range(2)] == [200, 429]
    assert asked(client, batch.text(1), 1)[0].status_code == 429
    assert [basket(key).status_code for _ in range(3)] == [200, 200, 429]
    assert basket(key).get_json()["code"] == "rate_limited"
    wrong = key[:-1] + ("0" if key[-1] != "0" else "1")
    tried = [basket(wrong, broken=n % 2 == 0).status_code for n in range(6)]
    assert tried == [401] * 5 + [429]
    shut_out = basket(key)
    assert "wrong key" in shut_out.get_json()["detail"]
    assert shut_out.headers["RateLimit-Policy"] == '"wrong-keys";q=5;w=60'
    clock.advance(minutes=3)
    assert basket(key).status_code == 200


# --- Valkey away ---


@MEMORY_ONLY
def test_no_answer_waits_for_a_valkey_that_hangs_or_is_gone(
    site: Callable[..., Site],
    reader: Verifier,
    batch: Minted,
    valkey: ValkeyServer,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """While it is stopped in its tracks and after it was killed, with the work beside going on,
    each look-up is answered as ever and the service is ready; then counting goes on."""
    # The threads beside would wait for long: an answer that waited with them would be seen.
    monkeypatch.setattr(shared_valkey, "ANSWER_SECONDS", PATIENT_SECONDS)
    client, traffic = site(valkey_url=valkey.url)
    path, slowest, stopping = f"/s/{batch.text(1)}", 0.0, threading.Event()
    traffic.start(stopping)
    for act in (lambda: None, valkey.pause, valkey.go_on, valkey.kill):
        act()
        for _ in range(20):
            began = time.monotonic()
            assert client.get(path, headers=JSON).get_json()["verdict"] == "OK"
            assert client.get(f"{path}/seen").status_code == 200
            slowest = max(slowest, time.monotonic() - began)
            stopping.wait(0.02)
        assert client.get("/readyz").status_code == 200
    valkey.start()
    client.get(f"/s/{batch.text(2)}/seen")
    until(lambda: counted(reader.store, 2) == 1)
    stopping.set()
    # What was on the stream undrained went with it when it was killed: half a second's at most.
    assert 0 < counted(reader.store, 1) <= 4 * 20
    assert slowest < PATIENT_SECONDS / 2
