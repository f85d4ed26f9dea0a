"""Figures of look-ups and reports, asked for by a real registry of a real verifier over HTTP."""

import threading
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient
from tests.registry.pictures import picture
from tests.registry.records import Register
from tests.registry.records import settings as registry_settings
from tests.registry.signed_in import PEOPLE, problem
from tests.verifier.conftest import Opener, Site, Verifier
from tests.verifier.mint import Mint, publish
from werkzeug.serving import make_server
from werkzeug.test import TestResponse

from tem.databases.database import writing
from tem.dates import vietnam_day
from tem.http import auth
from tem.http.web import Wiring
from tem.vocabulary import Role
from tem_registry.app import build
from tem_verifier import scan_counts
from tem_verifier.copies import canaries
from tem_verifier.parcels import Parcel
from tem_verifier.reports import reports
from tem_verifier.reports.report_rules import Draft
from tem_verifier.reports.reports import About
from tem_verifier.retail.tables import sale_event_table
from tem_verifier.stamps_scanned import Day, Rules, Scan

pytestmark = pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
# Of batch 1: two activated, then one delivered, one void, one withdrawn.
COUNTS = {1: 60, 3: 2, 20: 4, 30: 1, 40: 5}


@dataclass
class Both:
    """A registry that people ask, the verifier it asks, and the file with its key there."""

    client: FlaskClient
    keys: dict[str, str]
    key_file: Path
    verifier: FlaskClient
    stop: Callable[[], None]

    def get(self, path: str, who: str = "office") -> TestResponse:
        return self.client.get(path, headers={"Authorization": f"Bearer {self.keys[who]}"})

    def close(self, id: str, note: str, key: str, who: str = "office") -> TestResponse:
        headers = {"Authorization": f"Bearer {self.keys[who]}", "Idempotency-Key": key}
        path = f"/v1/shopper-reports/{id}/handling"
        return self.client.post(path, json={"note": note}, headers=headers)

    def noticed(self, query: str = "") -> list[tuple[int, list[str]]]:
        items = self.get(f"/v1/lookups/noticed{query}").get_json()["items"]
        return [(one["index"], one["kinds"]) for one in items]


def count(reader: Verifier, counts: dict[int, int], days_ago: int = 0) -> None:
    """Scans of stamps of batch 1, as if they had been counted on a day."""
    now = reader.clock()
    day = Day.at(now - timedelta(days=days_ago)).number
    rows = {Scan(1, index, day): n for index, n in counts.items()}
    with writing(reader.store) as connection:
        parcel = Parcel("a" * 32, 100 + days_ago, int(now.timestamp()), rows)
        scan_counts.count(connection, [parcel], now, Rules(50, 5, 90))


@pytest.fixture
def both(
    register: Register, reader: Verifier, site: Callable[..., Site], tmp_path: Path
) -> Iterator[Both]:
    """Scans of stamps in every state, yesterday and today; the verifier listens on loopback."""
    register.void(1, 30, 30)
    register.revoke(1, 40, 40)
    reader.index.catch_up()
    count(reader, COUNTS)
    count(reader, {2: 7}, days_ago=1)
    verifier, traffic = site()
    traffic.scans.refresh()
    key_file = tmp_path / "verifier.key"
    with writing(reader.store) as connection:
        key_file.write_text(
            auth.create_key(connection, register.clock(), "test", Role.SERVICE, "registry")
        )
    with register.write() as connection:
        keys = {
            who: auth.create_key(connection, register.clock(), "test", role, name, own)
            for who, (role, name, own) in PEOPLE.items()
        }
    server = make_server("127.0.0.1", 0, verifier.application, threaded=True)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()

    def stop() -> None:
        server.shutdown()
        thread.join()
        server.server_close()

    url = f"http://127.0.0.1:{server.server_port}"
    config = registry_settings(verifier_url=url, verifier_key_file=key_file)
    app = build(config, Wiring(register.engine, register.clock))
    yield Both(app.test_client(), keys, key_file, verifier, stop)
    if thread.is_alive():
        stop()


def test_what_the_office_is_told(both: Both) -> None:
    """Days, the lot's ranges and the stamps worth a look, with the names on record; a producer
    its own lots and nothing else."""
    days = both.get("/v1/lookups?from=2026-11-18&to=2026-11-21").get_json()
    assert [tuple(one.values()) for one in days["days"]] == [
        ("2026-11-18", 0),
        ("2026-11-19", 7),
        ("2026-11-20", 72),
    ], "a day to come is not there"
    assert (days["total"], days["kept_from"]) == (79, "2026-08-23")
    assert len(both.get("/v1/lookups", "auditor").get_json()["days"]) == 30

    lot = both.get("/v1/lots/L1/lookups", "P1").get_json()
    whole = {"batch": 1, "first": 1, "last": 10, "count": 69, "last_day": "2026-11-20"}
    assert lot == {"lot_id": "L1", "total": 69, "last_day": "2026-11-20", "ranges": [whole]}
    assert problem(both.get("/v1/lots/L1/lookups", "P2"), 404) == "no_such_lot"
    for path in ("/v1/lookups", "/v1/lookups/noticed"):
        assert problem(both.get(path, "P1"), 403) == "role_not_allowed"

    assert both.noticed() == [
        (40, ["scanned_revoked"]),
        (30, ["scanned_void"]),
        (20, ["scanned_not_activated"]),
        (1, ["many_scans"]),
    ]
    assert both.noticed("?kind=many_scans") == [(1, ["many_scans"])]
    assert both.noticed("?limit=1&after=1-30") == [(20, ["scanned_not_activated"])]
    (void,) = both.get("/v1/lookups/noticed?kind=scanned_void").get_json()["items"]
    assert void == {
        "kinds": ["scanned_void"],
        "batch": 1,
        "index": 30,
        "serial": "1-30-56",
        "state": "void",
        "product_id": "SP1",
        "product_name": "Nước mắm SP1",
        "producer_id": "P1",
        "producer_name": "Hợp tác xã P1",
        "count": 1,
        "origins": 0,
        "first_day": "2026-11-20",
        "last_day": "2026-11-20",
    }
    refused = both.get("/v1/lookups?from=2026-11-18&to=2026-11-01")
    assert problem(refused, 422) == "bad_period"


def test_the_office_reads_and_closes_reports_of_shoppers(
    both: Both, reader: Verifier, register: Register
) -> None:
    """With the stamp on record and the photo; closed once, in the name of who closed it, and that
    stands in the registry's trail without what anybody wrote."""
    drafts = [Draft(kind="tampered", text="tem bị rách", token=f"{n:032x}") for n in range(2)]
    with writing(reader.store) as connection:
        about = About("VOID", (1, 30))
        first = reports.take(connection, reader.clock(), drafts[0], about, picture())
        second = reports.take(connection, reader.clock(), drafts[1], About("UNKNOWN"), None)
    listed = {one["report_id"]: one for one in both.get("/v1/shopper-reports").get_json()["items"]}
    assert listed.keys() == {first, second}
    assert "stamp" not in listed[second]
    told = listed[first]["stamp"]
    assert (told["serial"], told["state"], told["producer_id"]) == ("1-30-56", "void", "P1")
    for id, report in listed.items():
        assert both.get(f"/v1/shopper-reports/{id}").get_json() == report
    assert problem(both.get("/v1/shopper-reports/261122-00000"), 404) == "no_such_report"
    photo = both.get(f"/v1/shopper-reports/{first}/photo")
    assert (photo.content_type, photo.data) == ("image/jpeg", picture())
    assert problem(both.get(f"/v1/shopper-reports/{second}/photo"), 404) == "no_such_photo"
    for who in ("auditor", "P1"):
        assert problem(both.get("/v1/shopper-reports", who), 403) == "role_not_allowed"

    closed = both.close(first, "đã gọi cửa hàng", "once").get_json()
    assert (closed["state"], closed["handled_by"]) == ("closed", "Lan")
    assert both.close(first, "đã gọi cửa hàng", "once").get_json() == closed
    assert problem(both.close(first, "khác", "once"), 422) == "idempotency_key_reused"
    assert problem(both.close(second, "x", "once"), 422) == "idempotency_key_reused"
    assert problem(both.close(first, "khác", "twice"), 409) == "report_closed"
    elsewhere = {"Authorization": f"Bearer {both.keys['office']}", "Idempotency-Key": "order"}
    order = {"product_id": "SP1", "quantity": 5}
    assert both.client.post("/v1/orders", json=order, headers=elsewhere).status_code == 201
    assert problem(both.close(second, "x", "order"), 422) == "idempotency_key_reused"
    assert problem(both.close("261122-00000", "x", "none"), 404) == "no_such_report"
    left = both.get("/v1/shopper-reports?state=open").get_json()["items"]
    assert [one["report_id"] for one in left] == [second]
    (entry,) = both.get(f"/v1/audit?object=shopper_report:{first}").get_json()["items"]
    assert (entry["action"], entry["details"]) == ("shopper_report.handled", {})
    assert entry["actor"].startswith("office:Lan")


def tell_sales(reader: Verifier, *told: tuple[int, str, str, int]) -> None:
    """What tills told of stamps of batch 1: index, kind, chain, and hours ago."""
    rows = [
        {"id": id, "kind": kind, "batch": 1, "index": index, "chain": chain, "store": "S1"}
        | dict.fromkeys(("at", "recorded_at"), reader.clock() - timedelta(hours=hours))
        for id, (index, kind, chain, hours) in enumerate(told, 10_000 - told[0][3])
    ]
    with writing(reader.store) as connection:
        connection.execute(sale_event_table.insert(), rows)


def test_the_office_decides_about_copies(both: Both, reader: Verifier) -> None:
    """A stamp sold in two chains and a canary wait, with evidence and names; decided once, with
    why, in the decider's name and in the trail; new evidence brings a stamp back, a canary shown
    again on the same day too. The stamp's state is not touched by it."""
    tell_sales(reader, (3, "sale", "A", 90), (3, "refused_sale", "B", 80))
    with writing(reader.store) as connection:
        shown = Counter({(1, 101, vietnam_day(reader.clock())): 2})
        canaries.add(connection, reader.clock(), shown)
    page = both.get("/v1/suspects").get_json()
    canary, twice = page["items"]
    assert (canary["index"], canary["serial"], canary.get("state")) == (101, "1-101-37", None)
    assert (twice["serial"], twice["state"], twice["producer_name"]) == (
        "1-3-40",
        "activated",
        "Hợp tác xã P1",
    )
    assert twice["evidence"][0]["code"] == "sold_in_another_chain"
    assert "Cùng một mã tem" in twice["evidence"][0]["words"]["vi"]
    assert [one["chain"] for one in twice["events"]] == ["A", "B"]
    assert both.get("/v1/suspects/1-3", "auditor").get_json() == twice
    for other in ("1-4", "1-0", "x", "99-1", "4294967295-16777215"):
        assert problem(both.get(f"/v1/suspects/{other}"), 404) == "no_such_suspect"
    assert problem(both.get("/v1/suspects", "P1"), 403) == "role_not_allowed"

    def decide(name: str, decision: str, key: str, who: str = "office") -> TestResponse:
        headers = {"Authorization": f"Bearer {both.keys[who]}", "Idempotency-Key": key}
        body = {"decision": decision, "note": "hai gói"}
        return both.client.post(f"/v1/suspects/{name}/decision", json=body, headers=headers)

    assert problem(decide("1-3", "fake", "k"), 422) == "validation_failed"
    assert problem(decide("1-3", "confirmed", "k", "auditor"), 403) == "role_not_allowed"
    told = decide("1-3", "confirmed", "once").get_json()
    assert told["decided"]["decision"] == "confirmed" and told["decided"]["note"] == "hai gói"
    assert told["decided"]["decided_by"].startswith("office:Lan")
    assert decide("1-3", "confirmed", "once").get_json() == told
    assert decide("1-101", "false_alarm", "another").status_code == 200
    assert both.get("/v1/suspects").get_json() == {
        "items": [],
        "counts": {"confirmed": 1, "false_alarm": 1},
    }
    (kept,) = both.get("/v1/suspects?state=confirmed").get_json()["items"]
    assert {**kept, "decided": None} == {**twice, "decided": None}
    (entry,) = both.get("/v1/audit?object=suspect:1-3").get_json()["items"]
    assert entry["action"] == "suspect.confirmed" and "hai gói" not in str(entry)

    tell_sales(reader, (3, "refused_sale", "C", 1))
    (again,) = both.get("/v1/suspects").get_json()["items"]
    assert (again["index"], again["decided"]["decision"]) == (3, "confirmed")
    assert decide("1-3", "false_alarm", "twice").status_code == 200
    assert both.get("/v1/suspects").get_json()["counts"] == {"confirmed": 0, "false_alarm": 2}
    first = both.get("/v1/suspects?state=false_alarm&limit=1").get_json()
    rest = both.get(f"/v1/suspects?state=false_alarm&limit=1&after={first['next']}").get_json()
    assert {one["index"] for one in (*first["items"], *rest["items"])} == {3, 101}

    with writing(reader.store) as connection:
        canaries.add(connection, reader.clock() + timedelta(minutes=1), shown)
    (again,) = both.get("/v1/suspects").get_json()["items"]
    assert (again["index"], again["decided"]["decision"]) == (101, "false_alarm")


def test_a_verifier_that_does_not_answer_is_no_zero(both: Both) -> None:
    """503 with Retry-After, at once from the second time on; without a key, or with a wrong one,
    what to do is said."""
    key = both.key_file.read_text()
    for content, code in (
        (None, "lookups_not_configured"),
        ("tem_none", "lookups_key_refused"),
        (both.keys["office"], "lookups_key_refused"),
    ):
        both.key_file.unlink(missing_ok=True)
        if content is not None:
            both.key_file.write_text(content)
        answer = both.get("/v1/lots/L1/lookups")
        assert problem(answer, 503) == code
        assert "tem verifier key create --role service" in answer.get_json()["detail"]
    both.key_file.write_text(key)
    assert both.get("/v1/lookups").status_code == 200
    both.stop()
    for path in ("/v1/lookups", "/v1/lookups/noticed", "/v1/lots/L1/lookups"):
        answer = both.get(path)
        assert problem(answer, 503) == "lookups_unavailable" and answer.headers["Retry-After"]


def test_figures_are_for_the_registry_alone(both: Both, reader: Verifier) -> None:
    """At the verifier a retailer is refused, and so is who has no key; nothing is counted wrong
    for asking."""
    with writing(reader.store) as connection:
        till = auth.create_key(connection, reader.clock(), "test", Role.RETAILER, "till")
    calls: list[tuple[str, str, Any]] = [
        ("GET", "/v1/scans/days", None),
        ("GET", "/v1/scans/noticed", None),
        ("POST", "/v1/scans/ranges", {"ranges": [{"batch": 1, "first": 1, "last": 9}]}),
    ]
    mine = both.key_file.read_text()
    for method, path, body in calls:
        for key, status in ((None, 401), (till, 403), (mine, 200)):
            headers = {} if key is None else {"Authorization": f"Bearer {key}"}
            answer = both.verifier.open(path, method=method, json=body, headers=headers)
            assert answer.status_code == status, (path, answer.text)


def test_the_states_of_a_snapshot_are_seen(
    register: Register, mint: Mint, open_verifier: Opener
) -> None:
    """A verifier that answers from a snapshot knows each stamp's state as one that holds all in
    memory does, also of a batch that changed since."""
    for number in (1, 2):
        publish(register, mint.sign(number, 20))
    register.void(2, 5, 5)
    open_verifier().snapshot()
    register.revoke(1, 7, 7)
    based, whole = open_verifier(based=True), open_verifier()
    assert based.index.view.base is not None
    for batch in (1, 2, 3):
        for index in (1, 5, 7, 20, 21):
            wanted = whole.index.view.state(batch, index)
            assert based.index.view.state(batch, index) == wanted, (batch, index)
    assert [str(whole.index.view.state(*one)) for one in ((1, 7), (2, 5), (2, 20), (2, 21))] == [
        "revoked",
        "void",
        "delivered",
        "None",
    ]
