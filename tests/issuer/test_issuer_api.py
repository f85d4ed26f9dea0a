"""The issuer over HTTP: who may do what, once, and how it refuses."""

import json
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import pytest
from flask.testing import FlaskClient
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from tests import matrix
from tests.issuer.issuer_support import Mint
from werkzeug.test import TestResponse

from tem.databases.database import writing
from tem.http import auth
from tem.http.wire import MAX_QUANTITY
from tem.vocabulary import Role

ORDER = {"product_id": "sp-1", "producer_id": "cs-1", "quantity": 5}
READS = (
    "/v1/batches",
    "/v1/batches/1",
    "/v1/batches/1/fingerprints",
)
PRINTS = (
    "/v1/batches/1/codes.csv",
    "/v1/batches/1/sheet.pdf",
    "/v1/batches/1/stamps/1.svg",
    "/v1/batches/1/stamps/1.png",
)


def order(mint: Mint, key: str | None = "k1", role: str = "service", **fields: Any) -> TestResponse:
    headers = mint.bearer(role) | ({"Idempotency-Key": key} if key else {})
    return mint.client().post("/v1/batches", json={**ORDER, **fields}, headers=headers)


def problem(answer: TestResponse, status: int) -> str:
    assert answer.status_code == status, answer.text
    assert answer.mimetype == "application/problem+json"
    document = json.loads(answer.text)  # it may repeat what was sent, with all its letters
    assert document["status"] == status
    assert {"type", "title", "detail", "instance", "request_id"} <= set(document)
    return str(document["code"])


def test_a_batch_is_ordered_followed_and_read(mint_on_each: Mint) -> None:
    """202 with its address; reserved, then released with the manifest; absent is absent."""
    mint = mint_on_each
    answer = order(mint, reference="DH-1")
    assert answer.status_code == 202
    assert answer.json == {
        "number": 1,
        "state": "reserved",
        "quantity": 5,
        "signed": 0,
        "product_id": "sp-1",
        "producer_id": "cs-1",
        "reference": "DH-1",
        "created_at": "2026-11-20T02:00:00Z",
        "codes": "none",
    }
    office = mint.bearer("office")
    shown = mint.client().get(answer.headers["Location"], headers=office)
    assert shown.json == answer.json
    mint.run(1)
    shown = mint.client().get("/v1/batches/1", headers=office)
    batch = mint.batch(1)
    assert shown.json == {
        **answer.json,
        "state": "released",
        "signed": 5,
        "codes": "kept",
        "released_at": "2026-11-20T02:00:00Z",
        "manifest": batch.manifest,
        "signature": (batch.signature or b"").hex(),
    }


def test_batches_are_listed_in_pages(mint_on_each: Mint) -> None:
    """By number, `next` as long as a page is full, and every batch once."""
    mint = mint_on_each
    for number in range(1, 8):
        assert order(mint, key=f"k{number}").json["number"] == number
    client, office, seen, after = mint.client(), mint.bearer("office"), [], 0
    while after is not None:
        page = client.get(f"/v1/batches?after={after}&limit=3", headers=office).json
        seen += [item["number"] for item in page["items"]]
        after = page.get("next")
    assert seen == list(range(1, 8))
    assert client.get("/v1/batches?after=4294967296", headers=office).json == {"items": []}


# --- roles ---


def other_keys(mint: Mint) -> dict[Role, dict[str, str]]:
    """A header for every role there is, made straight in the store."""
    out = {}
    with writing(mint.engine) as connection:
        for role in Role:
            producer = "cs-1" if role is Role.PRODUCER else None
            token = auth.create_key(connection, mint.clock(), "test", role, str(role), producer)
            out[role] = {"Authorization": f"Bearer {token}"}
    return out


def test_each_call_is_open_to_its_roles_alone(mint: Mint) -> None:
    """`service` issues, `office` prints and confirms, both read, every other role is refused."""
    mint.released()
    client, keys = mint.client(), other_keys(mint)
    may_read = {Role.SERVICE, Role.OFFICE}
    calls = [("GET", path, may_read) for path in READS]
    calls += [("GET", path, {Role.OFFICE}) for path in PRINTS]
    calls += [("POST", "/v1/batches", {Role.SERVICE})]
    calls += [("POST", "/v1/batches/1/print-confirmation", {Role.OFFICE})]
    for method, path, allowed in calls:
        body = {} if method == "GET" else {"json": ORDER if path == "/v1/batches" else {}}
        for role, header in sorted(keys.items(), key=lambda item: item[0] in allowed):
            headers = {**header, "Idempotency-Key": f"{role}"}
            answer = client.open(path, method=method, headers=headers, **body)
            if role in allowed:
                assert answer.status_code in (200, 202), (role, path, answer.text)
            else:
                assert problem(answer, 403) == "role_not_allowed"
        assert problem(client.open(path, method=method, **body), 401) == "key_missing"
        revoked = {"Authorization": "Bearer tem_" + "0" * 12 + "_" + "0" * 72}
        answer = client.open(path, method=method, headers=revoked, **body)
        assert problem(answer, 401) == "key_malformed"


def test_no_call_is_missing_from_them(mint: Mint) -> None:
    """Whatever the issuer answers is tried above, or open to anybody who reaches it."""
    rules = mint.app.url_map.bind("localhost")
    tried = {("POST", "/v1/batches"), ("POST", "/v1/batches/1/print-confirmation")}
    tried |= {("GET", path) for path in (*READS, *PRINTS)}
    tried |= {("GET", path) for path in ("/livez", "/readyz", "/metrics", "/openapi.json")}
    assert matrix.routes(mint.app) == {
        (method, rules.match(path, method, return_rule=True)[0].rule) for method, path in tried
    }


def test_a_refused_caller_changes_nothing(mint: Mint) -> None:
    """Without the right role neither a number is taken nor a print confirmed."""
    batch = mint.released()
    before = (len(mint.trail()), len(mint.batches()), mint.files())
    assert problem(order(mint, role="office"), 403) == "role_not_allowed"
    path = f"/v1/batches/{batch.number}/print-confirmation"
    answer = mint.client().post(path, json={}, headers=mint.bearer("service"))
    assert problem(answer, 403) == "role_not_allowed"
    assert (len(mint.trail()), len(mint.batches()), mint.files()) == before


# --- idempotency ---


def test_an_order_needs_a_key(mint: Mint) -> None:
    """Without Idempotency-Key, or with one that is not printable, nothing is reserved."""
    assert problem(order(mint, key=None), 400) == "idempotency_key_missing"
    assert problem(order(mint, key="a b"), 400) == "idempotency_key_invalid"
    assert problem(order(mint, key="k" * 201), 400) == "idempotency_key_invalid"
    assert mint.batches() == []


def test_the_same_key_and_body_give_the_same_answer(mint_on_each: Mint) -> None:
    """Sent again, also after the release and with its members in another order."""
    mint = mint_on_each
    first = order(mint, reference="DH-1")
    mint.run(1)
    again = order(mint, reference="DH-1")
    headers = mint.bearer("service", **{"Idempotency-Key": "k1"})
    body = json.dumps(dict(reversed([*ORDER.items(), ("reference", "DH-1")])))
    client = mint.client()
    other = client.post("/v1/batches", data=body, headers=headers, content_type="application/json")
    assert again.json == other.json == first.json
    assert (again.status_code, again.headers["Location"]) == (202, first.headers["Location"])
    assert len(mint.batches()) == 1


def test_the_same_key_with_another_body_is_refused(mint_on_each: Mint) -> None:
    """A key names one request: 422, and nothing more is reserved."""
    order(mint_on_each)
    answer = order(mint_on_each, quantity=6)
    assert problem(answer, 422) == "idempotency_key_reused"
    assert len(mint_on_each.batches()) == 1


def test_a_refused_order_may_be_sent_again(mint_on_each: Mint) -> None:
    """A refusal is not kept: once its cause is gone the same key and body pass."""
    mint = mint_on_each
    tight = replace(mint, settings=replace(mint.settings, daily_ceiling=4))
    assert problem(order(tight), 409) == "daily_ceiling"
    assert order(mint).status_code == 202


def test_the_same_order_at_once_is_one_batch(mint_on_each: Mint) -> None:
    """Eight retries that cross give one number, and all get the same answer."""
    mint = mint_on_each
    mint.client()  # the app is built once, as in a server, before requests come
    with ThreadPoolExecutor(8) as threads:
        answers = list(threads.map(lambda _: order(mint), range(8)))
    assert {answer.status_code for answer in answers} == {202}
    assert {answer.json["number"] for answer in answers} == {1}
    assert len(mint.batches()) == 1


def test_a_reference_names_one_batch(mint_on_each: Mint) -> None:
    """Another order under a reference that is taken is a conflict."""
    order(mint_on_each, reference="DH-1")
    answer = order(mint_on_each, key="k2", reference="DH-1")
    assert problem(answer, 409) == "reference_taken"


# --- what is not understood ---


@pytest.mark.parametrize(
    "change",
    [
        {"quantity": 0},
        {"quantity": -1},
        {"quantity": MAX_QUANTITY + 1},
        {"quantity": 10**400},
        {"quantity": 5.0},
        {"quantity": 1e300},
        {"quantity": "5"},
        {"quantity": "\u0665"},
        {"quantity": True},
        {"quantity": None},
        {"quantity": [5]},
        {"quantity": {}},
        {"product_id": ""},
        {"product_id": "x" * 65},
        {"product_id": "mắm"},
        {"product_id": "a b"},
        {"product_id": "a\n"},
        {"product_id": 5},
        {"product_id": None},
        {"producer_id": "-x"},
        {"producer_id": ["cs-1"]},
        {"reference": ""},
        {"reference": None},
        {"reference": "x\u0301"},
        {"number": 7},
        {"Quantity": 5},
    ],
)
def test_an_order_is_read_strictly(mint: Mint, change: dict[str, Any]) -> None:
    """Wrong types, sizes, letters and unknown members are named, and nothing is reserved."""
    answer = order(mint, **change)
    assert problem(answer, 422) == "validation_failed"
    assert [error["pointer"] for error in answer.json["errors"]] == [f"/{next(iter(change))}"]
    assert mint.batches() == []


@pytest.mark.parametrize("missing", ORDER)
def test_an_order_is_complete(mint: Mint, missing: str) -> None:
    """Each member but the reference must be there."""
    headers = mint.bearer("service", **{"Idempotency-Key": "k"})
    body = {name: value for name, value in ORDER.items() if name != missing}
    answer = mint.client().post("/v1/batches", json=body, headers=headers)
    assert problem(answer, 422) == "validation_failed"


@pytest.mark.parametrize(
    ("body", "kind", "statuses"),
    [
        (b"", "application/json", {400, 422}),
        (b"{", "application/json", {400}),
        (b"\xff\xfe", "application/json", {400}),
        (b'{"quantity": NaN}', "application/json", {400, 422}),
        (b'{"product_id": "\\u0000"}', "application/json", {400, 422}),
        (b'{"product_id": "\\ud800"}', "application/json", {400, 422}),
        (b"[]", "application/json", {422}),
        (b"5", "application/json", {422}),
        (b"null", "application/json", {422}),
        (b'{"a": "' + b"x" * 70_000 + b'"}', "application/json", {413}),
        (b"quantity=5", "application/x-www-form-urlencoded", {415}),
        (b"{}", "text/plain", {415}),
        (json.dumps(ORDER).replace("{", '{"quantity": 6, ').encode(), "application/json", {400}),
        (b'{"quantity": ' + b"9" * 5000 + b"}", "application/json", {400}),
        (b"[" * 50_000, "application/json", {400}),
    ],
    ids=range(15),
)
def test_a_body_that_is_no_order_is_a_problem(
    mint: Mint, body: bytes, kind: str, statuses: set[int]
) -> None:
    """Whatever arrives as a body is answered with a problem below 500, and reserves nothing."""
    headers = mint.bearer("service", **{"Idempotency-Key": "k"})
    answer = mint.client().post("/v1/batches", data=body, headers=headers, content_type=kind)
    assert answer.status_code in statuses
    assert problem(answer, answer.status_code)
    assert mint.batches() == []


@pytest.mark.parametrize(
    "path",
    [
        "0",
        "-1",
        "2",
        "4294967296",
        "9" * 4000,
        "1.0",
        "1e3",
        "0x1",
        "%00",
        "%FF",
        "..%2f1",
        "1/stamps/0.svg",
        "1/stamps/-1.svg",
        "1/stamps/16777216.png",
        "1/stamps/" + "9" * 4000 + ".png",
        "1/stamps/%D9%A9.svg",
        "1/stamps/1.gif",
        "1/stamps/1.SVG",
        "1/sheet.pdf?first=%00",
        "1/sheet.pdf?template=%FF",
        "1/codes.json",
        "?limit=0",
        "?limit=501",
        "?limit=1.5",
        "?after=-1",
        "?after=99999999999",
        "?after=\u0663",
        "?before=1",
    ],
)
def test_hostile_addresses_are_problems(mint: Mint, path: str) -> None:
    """Numbers too large, too small or not numbers at all are answered below 500, as problems."""
    mint.released()
    separator = "" if path.startswith("?") else "/"
    answer = mint.client().get(f"/v1/batches{separator}{path}", headers=mint.bearer("office"))
    assert answer.status_code in (404, 422), answer.text
    assert problem(answer, answer.status_code)


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH"])
def test_other_methods_are_not_allowed(mint: Mint, method: str) -> None:
    """405 says which methods there are."""
    answer = mint.client().open("/v1/batches/1", method=method, headers=mint.bearer("office"))
    assert problem(answer, 405) == "method_not_allowed"
    assert "GET" in answer.headers["Allow"]


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


@hypothesis_settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(st.dictionaries(st.sampled_from([*ORDER, "reference", "x"]), JSON), st.text(max_size=30))
def test_no_body_makes_a_5xx(mint: Mint, body: dict[str, Any], key: str) -> None:
    """Any JSON under any key is 202 or a refusal."""
    client, sent = mint.client(), {**ORDER, **body}
    name = key.encode("unicode_escape").decode("ascii")
    headers = mint.bearer("service", **{"Idempotency-Key": name})
    answer = _post(client, sent, headers)
    assert answer.status_code == 202 or 400 <= answer.status_code < 500


def _post(client: FlaskClient, body: dict[str, Any], headers: dict[str, str]) -> TestResponse:
    text = json.dumps(body)
    return client.post("/v1/batches", data=text, headers=headers, content_type="application/json")


def test_the_service_describes_itself(mint: Mint) -> None:
    """OpenAPI 3.1 names every call; health says ready only once the keys are made."""
    client = mint.client()
    document = json.loads(client.get("/openapi.json").text)
    assert document["openapi"].startswith("3.1")
    assert set(document["paths"]) == {
        "/v1/batches",
        "/v1/batches/{number}",
        "/v1/batches/{number}/fingerprints",
        "/v1/batches/{number}/print-confirmation",
        "/v1/batches/{number}/codes.csv",
        "/v1/batches/{number}/sheet.pdf",
        "/v1/batches/{number}/stamps/{index}.{form}",
    }
    assert client.get("/livez").status_code == client.get("/readyz").status_code == 200
    assert b"tem_http_requests" in client.get("/metrics").data
    mint.settings.wrapping_key.unlink()
    assert problem(client.get("/readyz"), 503) == "not_set_up"
