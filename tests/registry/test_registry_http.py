"""The registry over HTTP: who may do what, once each, and bad input that is told so plainly."""

import json
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier
from typing import Any

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as limits
from hypothesis import strategies as st
from tests.registry.records import (
    Register,
    certificate,
    contract,
    point_of_sale,
    producer,
    product,
)
from tests.registry.signed_in import Api, api_over, problem

from tem.dates import FIRST_DATE, LAST_DATE
from tem.http import auth
from tem.http.idempotency import idempotency_table
from tem_registry import tables

LOT = {"product_id": "SP1", "lot_code": "A1", "production_date": "2026-11-01", "quantity": 100}
RANGE = {"batch": 1, "first": 1, "last": 10}
NOTICE = {"kind": "voluntary", "ordered_by": "P1", "reason_public": "sai nhãn"}
SOME = {"first": 60, "last": 61, "reason": "decision 7"}
VOID = {"first": 1, "last": 5, "reason": "misprint"}
BACK = {"first": 70, "last": 71, "reason": "not needed"}
CORRECTION = {"first": 8, "last": 9, "lot_id": None, "reason": "nhầm lô"}
REPORT = {"first": 80, "last": 81, "kind": "lost", "reason": "mất"}
ASK = {"first": 6, "last": 7, "lot_id": None, "reason": "dán nhầm cuộn tem của lô bên cạnh"}
WITHDRAWAL = {"decision_no": "9/QĐ-UBND", "reason": "quy trình"}
PERSON = {"login": "hoa", "name": "Hoa (mẫu)", "role": "auditor"}
TAKE = {"accept_changes": False}
PART = {"first": 90, "last": 91}
ORDER = {"product_id": "SP1", "quantity": 5}
COUNCIL = {
    "council": {
        "name": "Hội đồng OCOP tỉnh",
        "session_date": "2026-11-01",
        "decision_no": "8/QĐ-UBND",
        "decision_date": "2026-11-10",
    },
    "results": [
        {"product_id": "SP2", "members": 3, "scores": [70, 71, 72], "mean": 71, "stars": 4}
    ],
}


@pytest.fixture(name="api")
def ready_api(register: Register) -> Api:
    """The app over a register with two delivered batches and a lot of each producer."""
    register.batch(1, 100)
    register.batch(3, 100, "SP3")
    register.lot("L1")
    register.lot("L3", product_id="SP3")
    return api_over(register)


def test_the_main_job(api: Api) -> None:
    """An order is asked for and approved; a delivered range is tied to a lot and counted."""
    order = api.send("/v1/orders", {"product_id": "SP1", "quantity": 500}, "P1")
    assert order.status_code == 201
    id = order.json["order_id"]
    assert api.get(f"/v1/orders/{id}", "P1").json["state"] == "requested"
    approved = api.send(f"/v1/orders/{id}/approvals", {})
    assert (approved.status_code, approved.json["state"]) == (201, "approved")
    lot = api.send("/v1/lots", LOT, "P1")
    assert lot.status_code == 201
    assert lot.json["info_expires_on"] == "2027-12-01"
    done = api.send(f"/v1/lots/{lot.json['lot_id']}/activations", RANGE, "P1")
    assert (done.status_code, done.json["stamps"]) == (201, 10)
    shown = api.get("/v1/batches/1", "P1").json
    assert [(r["first"], r["last"], r["state"]) for r in shown["ranges"]] == [
        (1, 10, "activated"),
        (11, 100, "delivered"),
    ]
    assert api.get("/v1/statistics?by=product", "P1").json["rows"] == [
        {
            "key": "SP1",
            "quantity": 100,
            "activated": 10,
            "not_activated": 90,
            "not_activated_usable": 90,
            "void": 0,
            "revoked": 0,
        }
    ]
    entries = api.get("/v1/audit?limit=500").json["items"]
    assert [e["action"] for e in entries][-1] == "stamps.activated"
    assert entries[-1]["actor"].startswith("producer:Hợp tác xã P1#")


OFFICE_ONLY = {"auditor": 403, "P1": 403}
OWN_ONLY = {"auditor": 403, "P2": 404, "P1": 201}
# What can be done: method, path, body, and what each gets who tries, in this order.
CALLS: list[tuple[str, str, Any, dict[str, int]]] = [
    ("POST", "/v1/producers", producer("PX"), {**OFFICE_ONLY, "office": 201}),
    ("POST", "/v1/products", product("SPX", "P1"), {**OFFICE_ONLY, "office": 201}),
    ("POST", "/v1/files", {}, {"auditor": 403, "P1": 415, "office": 415}),
    ("POST", "/v1/certificates", certificate("CX", "SP1"), {**OFFICE_ONLY, "office": 201}),
    ("POST", "/v1/points-of-sale", point_of_sale("DX"), {**OFFICE_ONLY, "office": 201}),
    ("POST", "/v1/contracts", contract("HX", "DX", "P1", "SP1"), {**OFFICE_ONLY, "office": 201}),
    ("PATCH", "/v1/producers/P1", {"name": "x"}, {**OFFICE_ONLY, "office": 200}),
    ("PATCH", "/v1/products/SP1", {"name": "x"}, {**OFFICE_ONLY, "office": 200}),
    ("PATCH", "/v1/certificates/CN-SP1", {"score": 70}, {**OFFICE_ONLY, "office": 200}),
    ("PATCH", "/v1/points-of-sale/DX", {"name": "x"}, {**OFFICE_ONLY, "office": 200}),
    ("PATCH", "/v1/contracts/HX", {"contract_no": "x"}, {**OFFICE_ONLY, "office": 200}),
    ("POST", "/v1/accounts", PERSON, {**OFFICE_ONLY, "office": 201}),
    ("POST", "/v1/accounts/A-1/reset", {}, {**OFFICE_ONLY, "office": 404}),
    ("POST", "/v1/accounts/A-1/disabling", {}, {**OFFICE_ONLY, "office": 404}),
    ("POST", "/v1/accounts/A-1/enabling", {}, {**OFFICE_ONLY, "office": 404}),
    ("POST", "/v1/imports?kind=lot&title=a", {}, {**OFFICE_ONLY, "office": 415}),
    ("POST", "/v1/imports/NK-1/check", {}, {**OFFICE_ONLY, "office": 404}),
    ("POST", "/v1/imports/NK-1/application", TAKE, {**OFFICE_ONLY, "office": 404}),
    ("POST", "/v1/imports/NK-1/dropping", {}, {**OFFICE_ONLY, "office": 404}),
    ("POST", "/v1/batches/1/voids/preview", PART, {**OFFICE_ONLY, "office": 200}),
    ("POST", "/v1/batches/1/revocations/preview", PART, {**OFFICE_ONLY, "office": 200}),
    ("POST", "/v1/batches/1/returns/preview", PART, {**OFFICE_ONLY, "office": 200}),
    ("POST", "/v1/batches/1/corrections/preview", CORRECTION, {**OFFICE_ONLY, "office": 200}),
    ("POST", "/v1/orders/preview", ORDER, {**OWN_ONLY, "P1": 200, "office": 200}),
    ("POST", "/v1/orders", {"product_id": "SP1", "quantity": 5}, {**OWN_ONLY, "office": 201}),
    ("POST", "/v1/orders/DH-1/approvals", {}, {**OFFICE_ONLY, "office": 409}),
    ("POST", "/v1/orders/DH-1/rejection", {"reason": "x"}, {**OFFICE_ONLY, "office": 409}),
    ("POST", "/v1/orders/DH-1/cancellation", {}, {**OWN_ONLY, "P1": 409, "office": 409}),
    ("POST", "/v1/lots/preview", LOT, {**OWN_ONLY, "P1": 200, "office": 200}),
    ("POST", "/v1/lots", LOT, {**OWN_ONLY, "office": 409}),
    ("POST", "/v1/lots/L1/date-approval", {}, {**OFFICE_ONLY, "office": 409}),
    (
        "PATCH",
        "/v1/lots/L1",
        {"unit": "thùng"},
        {"P2": 404, "P1": 200, "auditor": 403, "office": 200},
    ),
    (
        "POST",
        "/v1/lots/L1/activations/preview",
        RANGE,
        {**OWN_ONLY, "P1": 200, "office": 200},
    ),
    ("POST", "/v1/lots/L1/activations", RANGE, {**OWN_ONLY, "office": 201}),
    ("POST", "/v1/lots/L3/activations", RANGE, {"P2": 404, "P1": 404, "office": 409}),
    ("POST", "/v1/lots/L1/recall", NOTICE, {**OFFICE_ONLY, "office": 201}),
    ("POST", "/v1/lots/L1/recall/lift", {}, {**OFFICE_ONLY, "office": 200}),
    ("POST", "/v1/lots/L1/purge", {}, {**OFFICE_ONLY, "office": 409}),
    ("POST", "/v1/batches/1/delivery", {}, {**OFFICE_ONLY, "office": 409}),
    ("POST", "/v1/batches/1/voids", VOID, {**OFFICE_ONLY, "office": 201}),
    ("POST", "/v1/batches/1/revocations", SOME, {**OFFICE_ONLY, "office": 201}),
    ("POST", "/v1/batches/1/returns", BACK, {**OFFICE_ONLY, "office": 201}),
    ("POST", "/v1/batches/1/corrections", CORRECTION, {**OFFICE_ONLY, "office": 201}),
    ("POST", "/v1/batches/1/correction-requests", ASK, {**OWN_ONLY, "office": 409}),
    (
        "POST",
        "/v1/correction-requests/CR-1/withdrawal",
        {},
        {"auditor": 403, "office": 403, "P1": 404},
    ),
    ("POST", "/v1/correction-requests/CR-1/acceptance", {}, {**OFFICE_ONLY, "office": 404}),
    ("POST", "/v1/correction-requests/CR-1/refusal", {"note": "x"}, {**OFFICE_ONLY, "office": 404}),
    ("POST", "/v1/batches/1/print-run", {"printed": 100}, {**OFFICE_ONLY, "office": 200}),
    ("POST", "/v1/batches/1/receipt", {"quantity": 99}, {**OWN_ONLY, "P1": 200, "office": 200}),
    ("POST", "/v1/batches/1/void-reports", REPORT, {**OWN_ONLY, "office": 403}),
    ("POST", "/v1/void-reports/VR-1/confirmation", {}, {**OFFICE_ONLY, "office": 404}),
    ("POST", "/v1/void-reports/VR-1/dismissal", {"note": "x"}, {**OFFICE_ONLY, "office": 404}),
    ("POST", "/v1/shopper-reports/1/handling", {"note": "x"}, {**OFFICE_ONLY, "office": 503}),
    (
        "POST",
        "/v1/suspects/1-3/decision",
        {"decision": "confirmed", "note": "x"},
        {**OFFICE_ONLY, "office": 503},
    ),
    ("POST", "/v1/council-results", COUNCIL, {**OFFICE_ONLY, "office": 201}),
    ("POST", "/v1/certificates/CN-SP3/withdrawal", WITHDRAWAL, {**OFFICE_ONLY, "office": 201}),
]


def test_each_role_does_its_own(api: Api) -> None:
    """The matrix of calls that change something and of those who may send them."""
    for method, path, body, wanted in CALLS:
        for who, status in wanted.items():
            response = api.send(path, body, who, method=method)
            assert response.status_code == status, (who, method, path, response.text)
            if status == 403:
                assert problem(response, 403) == "role_not_allowed"


def writing_rules(api: Api) -> list[tuple[str, str]]:
    """Every method and path of the API that is not for reading."""
    return [
        (method, rule.rule)
        for rule in api.client.application.url_map.iter_rules()
        if rule.rule.startswith("/v1/")
        for method in (rule.methods or set()) - {"GET", "HEAD", "OPTIONS"}
    ]


def test_the_matrix_is_complete(api: Api) -> None:
    """No call that changes something is missing from it."""
    routes = api.client.application.url_map.bind("localhost")
    tried = {
        (method, routes.match(path.partition("?")[0], method, return_rule=True)[0].rule)
        for method, path, _, _ in CALLS
    }
    assert tried == set(writing_rules(api))


def test_no_open_call_changes_anything(api: Api) -> None:
    """Whatever is not for reading, and whatever is under /v1, asks for a key before all else."""
    before = api.register.everything()
    for method, rule in writing_rules(api):
        path = rule.replace("<id:id>", "L1").replace("<number:number>", "1")
        assert "<" not in path
        for body in ({}, {"nonsense": 1}):
            assert problem(api.send(path, body, None, method=method), 401) == "key_missing"
        bad = api.client.open(path, method=method, json={}, headers={"Authorization": "Bearer x"})
        assert problem(bad, 401) == "key_malformed"
    for path in ("/v1/producers", "/v1/statistics", "/v1/audit", "/v1/nothing", "/v1/lots/L1"):
        assert problem(api.get(path, None), 401) == "key_missing"
    assert api.register.everything() == before


def test_a_revoked_key_is_refused_at_once(api: Api) -> None:
    """The next request with it is nobody's."""
    assert api.get("/v1/lots", "P1").status_code == 200
    with api.register.write() as connection:
        auth.revoke_key(connection, api.register.clock(), "test", api.keys["P1"].split("_")[1])
    assert problem(api.get("/v1/lots", "P1"), 401) == "key_not_valid"


def test_a_producer_sees_its_own(api: Api) -> None:
    """Lists hold its own things, and another's are not there; the auditor sees all."""
    api.send("/v1/orders", {"product_id": "SP3", "quantity": 5}, "P2")
    lists = {
        "producers": ("producer_id", ["P1"], ["P1", "P2"]),
        "products": ("product_id", ["SP1", "SP2"], ["SP1", "SP2", "SP3"]),
        "certificates": ("certificate_id", ["CN-SP1", "CN-SP2"], ["CN-SP1", "CN-SP2", "CN-SP3"]),
        "lots": ("lot_id", ["L1"], ["L1", "L3"]),
        "batches": ("number", [1], [1, 3]),
    }
    for name, (id, own, everything) in lists.items():
        for who, wanted in (("P1", own), ("auditor", everything), ("office", everything)):
            items = api.get(f"/v1/{name}", who).json["items"]
            assert [item[id] for item in items] == wanted, (name, who)
        other = next(one for one in everything if one not in own)
        assert problem(api.get(f"/v1/{name}/{other}", "P1"), 404)
        assert api.get(f"/v1/{name}/{other}", "auditor").status_code == 200
    assert [o["producer_id"] for o in api.get("/v1/orders", "P1").json["items"]] == ["P1"]
    assert problem(api.get("/v1/orders/DH-3", "P1"), 404) == "no_such_order"
    assert api.get("/v1/statistics", "P2").json["total"]["quantity"] == 100
    assert problem(api.get("/v1/audit", "P1"), 403) == "role_not_allowed"
    assert api.get("/v1/audit", "auditor").status_code == 200


def test_two_different_people_approve_a_large_order(api: Api) -> None:
    """One person's second key does not count, nor does sending the approval again."""
    id = api.send("/v1/orders", {"product_id": "SP1", "quantity": 1001}).json["order_id"]
    path = f"/v1/orders/{id}/approvals"
    assert api.send(path, {}, "office", key="a").json["state"] == "requested"
    assert api.send(path, {}, "lan again", key="a").json["state"] == "requested"
    assert problem(api.send(path, {}, "lan again"), 409) == "approved_by_you"
    assert problem(api.send(path, {}, "second", key="a"), 422) == "idempotency_key_reused"
    assert api.send(path, {}, "second").json["state"] == "approved"


def test_pages_follow_each_other(api: Api) -> None:
    """``next`` leads through a list to its end; batches are paged by number."""
    for name, id in (("products", "product_id"), ("batches", "number"), ("audit", "seq")):
        seen, query = [], ""
        while True:
            page = api.get(f"/v1/{name}?limit=1{query}").json
            seen += [item[id] for item in page["items"]]
            if "next" not in page:
                break
            query = f"&after={page['next']}"
        whole = api.get(f"/v1/{name}?limit=500").json["items"]
        assert seen == [item[id] for item in whole]
        assert len(set(seen)) == len(seen) > 1


DEMANDED = [
    ("/v1/lots/L1/activations", RANGE),
    ("/v1/lots/L1/recall", NOTICE),
    ("/v1/lots/L1/recall/lift", {}),
    ("/v1/lots/L1/purge", {}),
    ("/v1/batches/1/voids", VOID),
    ("/v1/batches/1/revocations", VOID),
    ("/v1/batches/1/returns", VOID),
    ("/v1/batches/1/corrections", {**VOID, "lot_id": None}),
    ("/v1/batches/1/print-run", {"printed": 100}),
    ("/v1/void-reports/VR-1/confirmation", {}),
    ("/v1/certificates/CN-SP1/withdrawal", WITHDRAWAL),
]


@pytest.mark.parametrize(("path", "body"), DEMANDED)
def test_acts_that_demand_a_key_of_their_own(api: Api, path: str, body: Any) -> None:
    """Without an Idempotency-Key, or with one that is none, they are not begun."""
    before = api.register.everything()
    assert problem(api.send(path, body, key=None), 400) == "idempotency_key_missing"
    for bad in ("two words", "x" * 201, "ké"):
        headers = {**api.headers("office"), "Idempotency-Key": bad}
        response = api.client.post(path, json=body, headers=headers)
        assert problem(response, 400) == "idempotency_key_invalid"
    assert api.register.everything() == before


def test_a_repeated_request_has_one_effect(api: Api) -> None:
    """The same key and body get the first answer for ever; another body or call is refused."""
    path = "/v1/lots/L1/activations"
    first = api.send(path, RANGE, "P1", key="k1")
    before = api.register.everything()
    api.register.clock.advance(days=3)
    again = api.send(path, dict(reversed(RANGE.items())), "P1", key="k1")
    assert (again.status_code, again.json) == (201, first.json)
    other = {**RANGE, "last": 11}
    assert problem(api.send(path, other, "P1", key="k1"), 422) == "idempotency_key_reused"
    moved = api.send("/v1/lots/L2/activations", RANGE, "P1", key="k1")
    assert problem(moved, 422) == "idempotency_key_reused"
    assert api.register.everything() == before
    theirs = {**RANGE, "batch": 3}
    assert api.send("/v1/lots/L3/activations", theirs, "P2", key="k1").status_code == 201


def test_a_refused_request_may_be_sent_again(api: Api) -> None:
    """A refusal is not stored: once its cause is gone the same key does the act."""
    api.register.change("producer", "P1", status="suspended")
    path = "/v1/lots/L1/activations"
    refused = api.send(path, RANGE, "P1", key="k1")
    assert problem(refused, 409) == "producer_not_active"
    assert api.register.rows(idempotency_table) == []
    api.register.change("producer", "P1", status="active")
    assert api.send(path, RANGE, "P1", key="k1").status_code == 201


def test_a_refusal_names_the_ranges(api: Api) -> None:
    """The problem lists the parts of a range that stand in the way."""
    api.send("/v1/batches/1/voids", VOID)
    response = api.send("/v1/lots/L1/activations", RANGE)
    assert problem(response, 409) == "range_refused"
    assert response.json["ranges"] == [{"first": 1, "last": 5, "state": "void", "code": "void"}]


@pytest.mark.parametrize(
    ("path", "body", "table"),
    [
        ("/v1/lots/L1/activations", RANGE, tables.activation),
        ("/v1/orders", {"product_id": "SP1", "quantity": 7}, tables.stamp_order),
        ("/v1/lots/L1/recall", NOTICE, tables.recall),
    ],
)
def test_identical_requests_at_once_have_one_effect(
    api: Api, path: str, body: Any, table: Any
) -> None:
    """Sent eight times in the same moment, a request is done once and all get one answer."""
    count = len(api.register.rows(table))
    barrier = Barrier(8)

    def send(_: int) -> Any:
        barrier.wait(10)
        headers = {**api.headers("office"), "Idempotency-Key": "at-once"}
        client = api.client.application.test_client()
        response = client.post(path, json=body, headers=headers)
        return response.status_code, response.json

    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(send, range(8)))
    assert all(answer == answers[0] for answer in answers)
    assert answers[0][0] == 201
    assert len(api.register.rows(table)) == count + 1


BAD_BODIES: list[tuple[bytes, int, str]] = [
    (b"", 422, "validation_failed"),
    (b"{", 400, "bad_json"),
    (b"null", 422, "validation_failed"),
    (b"[]", 422, "validation_failed"),
    (b'"text"', 422, "validation_failed"),
    (b"7", 422, "validation_failed"),
    (b'{"batch": 1, "batch": 1, "first": 1, "last": 2}', 400, "bad_json"),
    (b'{"batch": 1, "first": NaN, "last": 2}', 400, "bad_json"),
    (b'{"batch": 1, "first": 1, "last": Infinity}', 400, "bad_json"),
    (b'{"batch": 1, "first": 1, "last": 1e999}', 400, "bad_json"),
    (b'{"batch": 1, "first": 1, "last": 2, "lost": 3}', 422, "validation_failed"),
    (b'{"batch": 1, "first": 1}', 422, "validation_failed"),
    (b'{"batch": 1, "first": 2, "last": 1}', 422, "validation_failed"),
    (b'{"batch": 1, "first": 0, "last": 1}', 422, "validation_failed"),
    (b'{"batch": 1, "first": -1, "last": 1}', 422, "validation_failed"),
    (b'{"batch": 1, "first": "1", "last": 2}', 422, "validation_failed"),
    (b'{"batch": 1, "first": 1.0, "last": 2}', 422, "validation_failed"),
    (b'{"batch": 1, "first": true, "last": 2}', 422, "validation_failed"),
    (b'{"batch": 1, "first": null, "last": 2}', 422, "validation_failed"),
    (b'{"batch": 1, "first": 1, "last": 16777216}', 422, "validation_failed"),
    (b'{"batch": 4294967296, "first": 1, "last": 2}', 422, "validation_failed"),
    (b'{"batch": 9223372036854775808, "first": 1, "last": 2}', 422, "validation_failed"),
    (b'{"batch": ' + b"9" * 4000 + b', "first": 1, "last": 2}', 422, "validation_failed"),
    (b'{"batch": ' + b"9" * 5000 + b', "first": 1, "last": 2}', 400, "bad_json"),
    (b"[" * 5000 + b"]" * 5000, 400, "bad_json"),
    (b'{"a":' * 9 + b"1" + b"}" * 9, 400, "bad_json"),
    (b'{"batch": "\\u0000"}', 400, "bad_json"),
    (b'{"\\ud800": 1}', 400, "bad_json"),
    (b'{"batch": "\xff"}', 400, "bad_json"),
    (b"\xef\xbb\xbf{}", 400, "bad_json"),
]  # fmt: skip


def test_bodies_that_are_refused(api: Api) -> None:
    """Each kind of bad body gets its status and a stable code, and changes nothing."""
    before = api.register.everything()
    for body, status, code in BAD_BODIES:
        response = api.raw("/v1/lots/L1/activations", body)
        assert problem(response, status) == code, body[:80]
    assert api.register.everything() == before


def test_other_content_types_are_refused(api: Api) -> None:
    """JSON under another name, or no name, is not read."""
    body = json.dumps(RANGE).encode()
    for kind in ("text/plain", "application/x-www-form-urlencoded", "multipart/form-data", None):
        response = api.raw("/v1/lots/L1/activations", body, kind)
        assert problem(response, 415) == "unsupported_media_type"
    fine = api.raw("/v1/lots/L1/activations", body, "application/json; charset=utf-8")
    assert fine.status_code == 201


def test_a_body_too_large_is_refused(api: Api) -> None:
    """More than 64 KB is not read."""
    body = json.dumps({**producer("PX"), "name": "x" * 70_000}).encode()
    answer = api.raw("/v1/producers", body)
    assert problem(answer, 413) == "request_entity_too_large"
    assert answer.json["detail"] == "Send at most 65536 bytes (64 KiB) in this call."


def test_a_path_that_is_none_leads_to_the_document(api: Api) -> None:
    """What is nowhere, or not asked that way, is told where all calls stand."""
    nowhere = api.get("/v1/lorem")
    assert problem(nowhere, 404) == "not_found"
    wrong = api.client.delete("/v1/lots/L1", headers=api.headers("office"))
    assert problem(wrong, 405) == "method_not_allowed" and wrong.headers["Allow"]
    for answer in (nowhere, wrong):
        assert "/openapi.json" in answer.json["detail"]
    assert api.get("/v1/lots/LX").json["detail"] == "There is no lot LX of yours."


BAD_FIELDS: list[tuple[str, dict[str, Any]]] = [
    ("/v1/producers", {**producer("P 1")}),
    ("/v1/producers", {**producer("x" * 65)}),
    ("/v1/producers", {**producer("PX"), "producer_type": "bank"}),
    ("/v1/producers", {**producer("PX"), "name": "   "}),
    ("/v1/producers", {**producer("PX"), "status_since": "2026-02-30"}),
    ("/v1/producers", {**producer("PX"), "gps": {"lat": 91, "lon": 0}}),
    ("/v1/producers", {**producer("PX"), "gps": {"lat": 10**400, "lon": 0}}),
    ("/v1/producers", {**producer("PX"), "address": {"full": "x", "commune_code": "1878１"}}),
    ("/v1/products", {**product("SPX", "P1"), "shelf_life": {"value": 0, "unit": "day"}}),
    ("/v1/products", {**product("SPX", "P1"), "shelf_life": {"value": 5, "unit": "year"}}),
    ("/v1/products", {**product("SPX", "P1"), "date_kind": "soon"}),
    ("/v1/products", {**product("SPX", "P1"), "producer_id": None}),
    ("/v1/certificates", {**certificate("CX", "SP1"), "valid_until": "2023-01-01"}),
    ("/v1/certificates", {**certificate("CX", "SP1"), "valid_until": "20270101"}),
    ("/v1/certificates", {**certificate("CX", "SP1"), "valid_until": "2026-W01-1"}),
    ("/v1/certificates", {**certificate("CX", "SP1"), "stars": 6}),
    ("/v1/contracts", {**contract("HX", "DB1", "P1")}),
    ("/v1/lots", {**LOT, "production_date": str(FIRST_DATE - timedelta(days=1))}),
    ("/v1/lots", {**LOT, "production_date": str(LAST_DATE + timedelta(days=1))}),
    ("/v1/lots", {**LOT, "production_date": "２０２６-01-01"}),
    ("/v1/lots", {**LOT, "best_before": "2027-13"}),
    ("/v1/lots", {**LOT, "best_before": "2027"}),
    ("/v1/lots", {**LOT, "quantity": 0}),
    ("/v1/lots", {**LOT, "quantity": 2**63}),
    ("/v1/orders", {"product_id": "SP1", "quantity": 5_000_001}),
    ("/v1/orders", {"product_id": "SP1", "quantity": 5, "unit_fee_vnd": 0}),
    ("/v1/batches/1/voids", {**VOID, "reason": ""}),
    ("/v1/batches/1/voids", {**VOID, "reason": "x" * 501}),
    ("/v1/lots/L1/recall", {**NOTICE, "kind": "whim"}),
]  # fmt: skip


def test_fields_that_are_refused(api: Api) -> None:
    """A field out of its bounds is named by a JSON pointer, and nothing is stored."""
    before = api.register.everything()
    for path, body in BAD_FIELDS:
        response = api.send(path, body)
        assert problem(response, 422) == "validation_failed", (path, body)
        assert all(e["pointer"].startswith("/") and e["detail"] for e in response.json["errors"])
    assert api.register.everything() == before


HUGE = ["4294967296", "9223372036854775808", "9" * 64, "9" * 5000, "-1", "1.0", "0x1", "1e3"]
ODD = ["٣", "１", "%00", "%ff", "%ed%a0%80", "..%2f", "%2e%2e", "a" * 5000, "%0d%0aX: y", "'--"]


def test_odd_words_in_a_path(api: Api) -> None:
    """Whatever stands where an id or a number belongs names nothing, on both engines."""
    before = api.register.everything()
    nothing = (404, 308)  # two slashes are one elsewhere
    for word in HUGE + ODD:
        for kind in ("batches", "lots", "orders", "producers"):
            assert api.get(f"/v1/{kind}/{word}").status_code in nothing, (kind, word)
        assert api.get(f"/v1/{word}").status_code in nothing, word
        for path, body in (
            (f"/v1/lots/{word}/activations", RANGE),
            (f"/v1/batches/{word}/voids", VOID),
            (f"/v1/orders/{word}/approvals", {}),
        ):
            assert api.send(path, body).status_code in nothing, path
        assert api.send(f"/v1/products/{word}", {}, method="PATCH").status_code in nothing, word
    assert api.register.everything() == before


def test_odd_words_in_a_query(api: Api) -> None:
    """Limits and places that are none are refused, with the same answer on both engines."""
    for name in ("lots", "orders", "producers", "batches", "audit"):
        for limit in ("0", "501", "-1", "1.5", "x", "", "9" * 5000, "9223372036854775808"):
            response = api.get(f"/v1/{name}?limit={limit}")
            assert problem(response, 422) == "validation_failed", (name, limit)
    for name in ("batches", "audit"):
        for after in ("-1", "x", "9" * 64, "9223372036854775808", "²", "%00"):
            response = api.get(f"/v1/{name}?after={after}")
            assert problem(response, 422) == "validation_failed", (name, after)
    for name in ("lots", "orders", "producers"):
        assert problem(api.get(f"/v1/{name}?after=%00"), 422) == "validation_failed"
        assert problem(api.get(f"/v1/{name}?after={'a' * 65}"), 422) == "validation_failed"
        assert api.get(f"/v1/{name}?after=HT-P001").status_code == 200
    for query in ("by=stamp", "issued_from=2026-02-30", "issued_from=x", "issued_form=2026-01-01"):
        assert problem(api.get(f"/v1/statistics?{query}"), 422) == "validation_failed", query
    assert problem(api.get("/v1/audit?object=%00"), 422) == "validation_failed"


words = st.text(st.characters(), max_size=20)  # halves of characters too
anything: st.SearchStrategy[Any] = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**70), 2**70)
    | st.floats(allow_nan=False, allow_infinity=False)
    | words
    | st.sampled_from(["P1", "SP1", "L1", "2026-11-20", "2026-12", "active"]),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3)
    ),
    max_leaves=6,
)
# What is answered by the verifier, which is away here, is tried in tests/house/test_openapi.py.
VALID = [(method, path, body) for method, path, body, who in CALLS if who["office"] != 503]


@limits(
    max_examples=150,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(data=st.data())
@pytest.mark.parametrize("bare", ["sqlite", "postgresql"], indirect=True)
def test_no_body_is_our_fault(api: Api, data: st.DataObject) -> None:
    """Valid bodies with any field replaced by anything are answered, never with a 5xx."""
    method, path, body = data.draw(st.sampled_from(VALID))
    names = [*body, data.draw(st.text(max_size=5))]
    mutated = {**body, data.draw(st.sampled_from(names)): data.draw(anything)}
    text = json.dumps(mutated)
    response = api.raw(path, text.encode(), method=method)
    assert response.status_code < 500, (path, mutated, response.text)
    if response.status_code >= 400:
        problem(response, response.status_code)


def test_what_anybody_may_ask(api: Api) -> None:
    """Health, metrics and the description are open and tell nothing of the record."""
    assert api.get("/livez", None).json == {"status": "ok"}
    assert api.get("/readyz", None).json == {
        "status": "ok",
        "issuer": "away",
        "trust": "missing",
    }
    assert "tem_http_requests" in api.get("/metrics", None).text
    document = json.loads(api.get("/openapi.json", None).text)
    assert document["openapi"].startswith("3.1")
    described = {
        (method.upper(), path)
        for path, calls in document["paths"].items()
        for method in calls
        if method in ("post", "patch", "put", "delete")
    }
    assert len(described) == len(writing_rules(api))


def test_answers_are_not_kept_by_caches(api: Api) -> None:
    """Every answer carries the headers of the house, errors too."""
    for response in (api.get("/v1/lots"), api.get("/v1/lots/LX"), api.get("/v1/lots", None)):
        assert response.headers["Cache-Control"] == "no-store"
        assert response.headers["X-Content-Type-Options"] == "nosniff"
        assert response.headers["X-Request-Id"]
