"""The verifier's HTTP as strangers use it: any code, any header, any address."""

import json
import socket
from pathlib import Path
from typing import Any

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.journey.acts import get, refused
from tests.running import SAMPLE, Running, tem
from tests.trade import Json

BROWSER = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"
POLICY = {"default-src 'none'", "style-src 'self'", "frame-ancestors 'none'", "base-uri 'none'"}
CASES: list[Json] = json.loads((SAMPLE / "stamp_cases.json").read_text("utf-8"))["stamp_cases"]
NEVER_ISSUED = str((1 << 568) + (4_000_000 << 536) + (7 << 512)).zfill(174)


@pytest.fixture(scope="module")
def stamp(sample: Running) -> str:
    """The address printed on a stamp that is in force for years to come."""
    return sample.tem("issuer", "url", "HT-T0018", 1).strip()


@pytest.fixture(scope="module")
def public(sample: Running) -> httpx.Client:
    """Anybody."""
    return sample.client("verifier")


def raw(installation: Running, target: bytes, accept: bytes = b"text/html") -> tuple[int, bytes]:
    """Status and body for a request target sent byte by byte as it stands."""
    with socket.create_connection(("127.0.0.1", installation.base_port + 3), timeout=20) as wire:
        head = b"GET " + target + b" HTTP/1.1\r\nHost: x\r\nAccept: " + accept
        wire.sendall(head + b"\r\nConnection: close\r\n\r\n")
        answer = b"".join(iter(lambda: wire.recv(65536), b""))
    return int(answer.split(b" ", 2)[1]), answer.partition(b"\r\n\r\n")[2]


def test_a_stamp_is_a_page_for_people_and_json_for_machines(
    public: httpx.Client, stamp: str
) -> None:
    """The same address gives the page or the JSON of a look-up, whatever Accept prefers."""
    for accept in (
        None,
        "*/*",
        BROWSER,
        "text/html",
        "application/json;q=0.5,text/html",
        "image/png",
    ):
        page = public.get(stamp, headers={"Accept": accept} if accept else {})
        assert page.headers["Content-Type"] == "text/html; charset=utf-8", accept
        assert page.status_code == 200 and "Tem có trong hệ thống" in page.text
        assert len(page.content) < 50_000
    for accept in ("application/json", "application/*", "application/json, text/html;q=0.9"):
        answer = public.get(stamp, headers={"Accept": accept})
        assert answer.headers["Content-Type"] == "application/json", accept
        assert answer.json()["verdict"] == "OK"
        assert "Accept" in answer.headers["Vary"]


def test_headers_keep_a_code_from_leaking(public: httpx.Client, stamp: str) -> None:
    """Page and JSON are not stored or framed, send no referrer, load nothing from elsewhere."""
    for accept in (BROWSER, "application/json"):
        headers = public.get(stamp, headers={"Accept": accept}).headers
        assert headers["Cache-Control"] == "no-store"
        assert headers["Referrer-Policy"] == "no-referrer"
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert "Set-Cookie" not in headers
        assert "unsafe" not in headers["Content-Security-Policy"]
    page = public.get(stamp, headers={"Accept": BROWSER}).headers
    assert set(page["Content-Security-Policy"].split("; ")) >= POLICY
    assert {"Accept", "Accept-Language"} <= {v.strip() for v in page["Vary"].split(",")}


def test_language_follows_the_query_then_the_header(public: httpx.Client, stamp: str) -> None:
    """Vietnamese unless ?lang= or Accept-Language asks for English."""
    english, vietnamese = "This stamp is on record", "Tem có trong hệ thống"
    asked = {"Accept-Language": "en-GB,en;q=0.9"}
    assert vietnamese in public.get(stamp).text
    assert english in public.get(stamp, headers=asked).text
    assert vietnamese in public.get(stamp, params={"lang": "vi"}, headers=asked).text
    page = public.get(stamp, params={"lang": "en"})
    assert english in page.text and page.headers["Content-Language"] == "en"


def test_head_answers_like_get_without_a_body(public: httpx.Client, stamp: str) -> None:
    """HEAD of a stamp gives the headers of GET and nothing else."""
    head, page = public.head(stamp), public.get(stamp)
    assert (head.status_code, head.content) == (200, b"")
    for name in ("Content-Type", "Content-Length", "Content-Security-Policy", "Cache-Control"):
        assert head.headers[name] == page.headers[name]


@pytest.mark.parametrize(
    "code",
    [
        b"",
        b"0",
        b"%00",
        b"%",
        b"%zz",
        b"%ff%fe%fd",
        b"%ed%a0%80",
        b"..",
        b"../../etc/passwd",
        b"%2e%2e%2f%2e%2e%2fetc%2fpasswd",
        b"/",
        b"//x",
        b"a//b/",
        b"%2F%2F",
        b"a?b=c&lang=xx",
        b"a#b",
        b"%0d%0aX-Evil:1",
        b"<script>alert(1)</script>",
        b"%3Cscript%3E",
        b"%F0%9D%9F%8E" * 174,
        b"%D9%A0" * 174,
        b"+1" * 87,
        b"1_" * 87,
        b"9" * 173,
        b"9" * 174,
        b"9" * 175,
        b"0" * 174,
        b"http://127.0.0.1/s/" + b"1" * 174,
        b"9" * 4000,
    ],
)
def test_whatever_arrives_as_a_code_is_answered_as_unreadable(sample: Running, code: bytes) -> None:
    """Any bytes after /s/ get the page and the JSON of MALFORMED, and never an error of ours."""
    status, body = raw(sample, b"/s/" + code, b"application/json")
    assert (status, json.loads(body)["verdict"]) == (200, "MALFORMED")
    status, body = raw(sample, b"/s/" + code)
    assert status == 200 and "Chưa đọc được mã tem".encode() in body
    assert b"<script" not in body and b"passwd" not in body


def test_an_address_that_is_too_long_is_refused(sample: Running) -> None:
    """8 kB of address are refused with a 4xx, and the next request is served."""
    status, _ = raw(sample, b"/s/" + b"1" * 8192)
    assert 400 <= status < 500
    assert raw(sample, b"/s/1")[0] == 200


@settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.binary(max_size=300).filter(lambda target: b"\n" not in target and b"\r" not in target))
def test_any_bytes_as_an_address_never_give_a_5xx(sample: Running, target: bytes) -> None:
    """Whatever stands in the request line, the answer is a 200 or a 4xx."""
    status, _ = raw(sample, b"/s/" + target)
    assert status == 200 or 400 <= status < 500


def test_any_text_in_bulk_is_answered_in_order(public: httpx.Client, stamp: str) -> None:
    """1,000 codes at once, good and bad, are answered in order and as if asked one by one."""
    digits = stamp.rsplit("/", 1)[1]
    other_host = "https://elsewhere.example/s/" + digits
    kinds = [digits, stamp, "x", "", digits[:-1], NEVER_ISSUED, other_host, stamp + "/", "٠" * 174]
    codes = [kinds[place % len(kinds)] for place in range(1000)]
    answered = public.post("/v1/verifications", json={"codes": codes})
    assert answered.status_code == 200
    answers = answered.json()["answers"]
    words = ["OK", "OK", "MALFORMED", "MALFORMED", "MALFORMED", "UNKNOWN", *["MALFORMED"] * 3]
    assert [a["verdict"] for a in answers] == [words[p % len(words)] for p in range(1000)]
    single = public.get(stamp, headers={"Accept": "application/json"}).json()
    assert {**answers[999 // 9 * 9], "as_of": ""} == {**single, "as_of": ""}


@pytest.mark.parametrize(
    "body",
    [
        {"codes": ["1"] * 1001},
        {"codes": []},
        {"codes": [1]},
        {"codes": [None]},
        {"codes": [["1"]]},
        {"codes": "1"},
        {"codes": ["1"], "more": 1},
        {},
        [],
        None,
    ],
)
def test_a_wrong_bulk_request_is_a_clear_problem(public: httpx.Client, body: Any) -> None:
    """Too many codes, none, other things than text, unknown fields: 422 that names the place."""
    answer = public.post("/v1/verifications", json=body)
    assert refused(answer, 422, "validation_failed") and answer.json()["errors"]


@pytest.mark.parametrize("body", [b"", b"{", b'{"codes": ["\xff"]}', b'{"codes":["1"],"codes":[]}'])
def test_a_bulk_request_that_is_not_json_is_a_clear_problem(
    public: httpx.Client, body: bytes
) -> None:
    """Broken JSON, other encodings and keys given twice are refused with a 4xx problem."""
    headers = {"Content-Type": "application/json"}
    answer = public.post("/v1/verifications", content=body, headers=headers)
    assert 400 <= answer.status_code < 500
    assert refused(answer, answer.status_code)


def test_a_retailers_key_is_taken_and_a_wrong_one_told(
    sample: Running, public: httpx.Client, stamp: str
) -> None:
    """Bulk look-ups are open; who sends a key learns at once that it is wrong or revoked, in
    every worker and call, and a new key of the same name goes on."""
    key, new = (sample.make_key("verifier", "retailer", "Siêu thị A") for _ in range(2))

    def ask(key: str) -> httpx.Response:
        headers = {"Authorization": f"Bearer {key}"}
        return public.post("/v1/verifications", json={"codes": ["1"]}, headers=headers)

    def sell(key: str) -> httpx.Response:
        headers = {"Authorization": f"Bearer {key}", "Idempotency-Key": "one"}
        sale = {"code": stamp, "store": "S1"}
        return public.post("/v1/sales", json=sale, headers=headers)

    assert ask(key).status_code == 200
    assert refused(ask("nonsense"), 401, "key_malformed")
    wrong = key[:20] + ("0" if key[20] != "0" else "1") + key[21:]
    assert refused(ask(wrong), 401, "key_malformed")
    listed = sample.tem("verifier", "key", "list").splitlines()
    assert sell(key).json()["sales"][0]["outcome"] == "sold"
    sample.tem("verifier", "key", "revoke", next(r for r in listed if "Siêu thị A" in r).split()[0])
    for _ in range(4):
        assert refused(ask(key), 401, "key_not_valid")
        assert refused(sell(key), 401, "key_not_valid")
    assert ask(new).status_code == 200
    assert sell(new).json()["sales"][0]["outcome"] == "sold"


def test_trust_is_the_configured_one(sample: Running, public: httpx.Client) -> None:
    """GET /v1/trust shows the office keys of trust.json, which no published table can change."""
    configured = json.loads((Path(sample.data) / "trust.json").read_text("utf-8"))
    assert get(public, "/v1/trust") == configured


def test_health_metrics_and_description_are_there(sample: Running, public: httpx.Client) -> None:
    """/livez, /readyz, /metrics and /openapi.json answer on all three services."""
    for service in ("issuer", "registry", "verifier"):
        client = sample.client(service)
        assert get(client, "/livez") == {"status": "ok"}
        assert get(client, "/readyz")["status"] == "ok"
        assert get(client, "/openapi.json")["openapi"].startswith("3.1")
        assert "tem_http_requests_total" in client.get("/metrics").text
    assert get(public, "/readyz")["change"] > 0
    assert "tem_verifier_verdicts_total" in public.get("/metrics").text


def test_an_address_that_leads_nowhere(public: httpx.Client) -> None:
    """A browser gets a page that says so, in its language; a machine gets a problem."""
    page = public.get("/no/such/place", headers={"Accept": BROWSER, "Accept-Language": "en"})
    assert page.status_code == 404 and "There is no such page" in page.text
    assert "Content-Security-Policy" in page.headers and "no/such" not in page.text
    for accept in ("*/*", "application/json"):
        assert refused(public.get("/no/such/place", headers={"Accept": accept}), 404, "not_found")
    assert refused(public.get("/static/../api.py"), 404)
    wrong = public.post("/s/1", headers={"Accept": BROWSER})
    assert refused(wrong, 405) and "GET" in wrong.headers["Allow"]


def test_home_and_its_looks_can_be_cached(public: httpx.Client) -> None:
    """The home page names the only right host; it, the style and the icon may be kept."""
    home = public.get("/")
    assert str(public.base_url.netloc.decode()) in home.text
    assert home.headers["Cache-Control"].startswith("public")
    for name in ("stamp.css", "stamp.svg"):
        answer = public.get(f"/static/{name}")
        assert answer.status_code == 200 and answer.headers["Cache-Control"].startswith("public")


@pytest.mark.parametrize(
    "case", [c for c in CASES if c["stamp"] and "context" not in c], ids=lambda case: case["case"]
)
def test_every_case_of_the_sample_has_its_verdict(sample: Running, case: Json) -> None:
    """`tem registry verdict --at` answers each case as the sample expects it."""
    stamp = case["stamp"]
    at = ("--at", case["scanned_at"], "--json")
    said = json.loads(sample.tem("registry", "verdict", stamp["batch_id"], stamp["serial"], *at))
    assert (said["verdict"], said["notes"]) == (case["expected_verdict"], case["expected_notes"])
    assert said["facts"]["lot_id"] == case.get("lot_id")


@pytest.mark.parametrize("batch", ["HT-T0018", "HT-T0088", "HT-T0053"])
def test_page_json_bulk_and_command_agree(
    sample: Running, public: httpx.Client, batch: str
) -> None:
    """One stamp is told of in the same words by the command, the JSON and the bulk answer."""
    index = 161 if batch == "HT-T0053" else 1
    address = sample.tem("issuer", "url", batch, index).strip()
    said = json.loads(sample.tem("registry", "verdict", batch, index, "--json"))
    scanned = sample.scan(address)
    bulk = public.post("/v1/verifications", json={"codes": [address]}).json()["answers"][0]
    del said["facts"]
    for answer in (said, scanned, bulk):
        del answer["as_of"]
    assert said == scanned == bulk


def test_a_code_never_issued_is_unknown_and_a_typing_error_malformed(
    sample: Running, public: httpx.Client, stamp: str
) -> None:
    """UNKNOWN and MALFORMED come with status 200 and show nothing of any stamp."""
    for code, verdict in ((NEVER_ISSUED, "UNKNOWN"), (NEVER_ISSUED[1:], "MALFORMED")):
        answer = public.get(f"/s/{code}", headers={"Accept": "application/json"})
        assert answer.status_code == 200
        always = {"verdict", "notes", "reason", "reasons", "checked", "advice", "as_of"}
        assert set(answer.json()) == always
        assert answer.json()["verdict"] == verdict
    unknown = tem(sample.data, "registry", "verdict", "999999", 1, "--json")
    assert json.loads(unknown.stdout)["verdict"] == "UNKNOWN"
