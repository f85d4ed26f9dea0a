"""The front and Flask give the same answer, byte for byte, to every request that both answer."""

import random
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from tests.registry.records import Register, point_of_sale
from tests.verifier.conftest import Opener, Verifier
from tests.verifier.mint import PREFIX, Mint, Minted, publish
from tests.verifier.test_index import recall

from tem.http.web import Wiring
from tem.stampcode import text_of
from tem_verifier.app import build
from tem_verifier.application import Application
from tem_verifier.front import LATER, Front
from tem_verifier.lookup import FRESH
from tem_verifier.rates import Rate

HEADERS = [
    {"Accept": "application/json"},
    {"Accept": "text/html", "Accept-Language": "vi"},
    {"Accept": "text/html", "Accept-Language": "en;q=0.9, vi;q=0.1"},
    {},
    {"Accept": "*/*", "Accept-Language": "fr"},
    {"Accept": "application/json;q=0.5, text/html;q=0.4", "X-Request-Id": "till-0042"},
]


def application(reader: Verifier) -> Application:
    return build(reader.config, Wiring(reader.store, reader.clock), reader.index)


def by_front(
    front: Front, code: str, headers: dict[str, str], method: str = "GET"
) -> tuple[int, list[tuple[str, str]], bytes] | None:
    """Status, headers and body; None if it declines."""
    sent = {name.lower().encode(): value.encode() for name, value in headers.items()}
    found = front.answer(method.encode(), f"/s/{code}".encode(), sent, "127.0.0.1", 0.0)
    assert found is not LATER
    if not isinstance(found, tuple):
        return None
    head, body = found
    status, *lines = head.decode("latin-1").removesuffix("\r\n").split("\r\n")
    named = [tuple(line.split(": ", 1)) for line in lines]
    return int(status.split()[1]), named, body  # type: ignore[return-value]


def require_same(app: Application, code: str) -> str:
    """Ask both in every way; the verdict."""
    client, verdict = app.flask.test_client(), ""
    for headers in HEADERS:
        for method in ("GET", "HEAD"):
            theirs = client.open(f"/s/{code}", method=method, headers=headers)
            ours = by_front(app.front, code, headers, method)
            assert ours is not None
            status, named, body = ours
            assert (status, body) == (theirs.status_code, theirs.data), headers
            assert told(named) == told(theirs.headers.items()), headers
            if theirs.is_json and method == "GET":
                verdict = theirs.get_json()["verdict"]
    return str(verdict)


def told(headers: Any) -> list[tuple[str, str]]:
    """All headers but an id that was made for each answer."""
    headers = list(headers)
    made = {name: value for name, value in headers if name == "X-Request-Id"}
    rest = [one for one in headers if one[0] != "X-Request-Id" or one[1] == "till-0042"]
    assert len(made) == 1
    return sorted((str(name), str(value)) for name, value in rest)


@pytest.fixture
def stamps(register: Register, mint: Mint, batch: Minted) -> dict[str, str]:
    """A code for every verdict there is of a stamp at the time of the tests."""
    for lot, day in (("PAST", "2026-12-01"), ("INFO", "2026-11-25"), ("REC", "2027-05-01")):
        register.lot(lot, best_before=day)
    register.add("point_of_sale", point_of_sale("DB1"))
    for lot, first in (("L1", 1), ("PAST", 11), ("INFO", 21), ("REC", 31)):
        register.activate(lot, 1, first, first + 9)
    recall(register, "REC")
    register.void(1, 5, 5)
    register.revoke(1, 6, 6)
    register.clock.advance(days=40)
    refused = publish(register, mint.sign(2, says={"product": "another"}))
    raw = int(batch.text(1)).to_bytes(72, "big")
    return {
        "OK": batch.text(1),
        "PAST_DATE": batch.text(11),
        "INFO_EXPIRED": batch.text(21),
        "RECALLED": batch.text(31),
        "VOID": batch.text(5),
        "STAMP_REVOKED": batch.text(6),
        "NOT_ACTIVATED": batch.text(50),
        "UNKNOWN": text_of(raw[:8] + bytes(64)),
        "UNAVAILABLE": refused.text(1),
        "MALFORMED": "9" * 174,
    }


@pytest.fixture(params=["in memory", "on a snapshot"])
def app(
    request: pytest.FixtureRequest, stamps: dict[str, str], open_verifier: Opener
) -> Iterator[Application]:
    """An application over a registry held in memory, or on a snapshot."""
    based = request.param == "on a snapshot"
    if based:
        open_verifier("front").snapshot()
    reader = open_verifier("front", based=based)
    assert (reader.index.view.base is not None) is based
    yield application(reader)


def test_front_and_flask_answer_every_verdict_alike(
    app: Application, stamps: dict[str, str]
) -> None:
    """Every verdict, as JSON and as page in both languages, GET and HEAD, in every header and
    byte, out of memory and out of a snapshot."""
    assert {verdict: require_same(app, code) for verdict, code in stamps.items()} == {
        verdict: verdict for verdict in stamps
    }


def test_answers_change_with_the_day_in_both_alike(
    app: Application, stamps: dict[str, str], batch: Minted, register: Register
) -> None:
    """As the days pass over best-before, the information window and the end of a certificate both
    go on giving one answer, and one that changes."""
    seen = []
    for days in (1, 30, 150, 200, 60, 400, 400):
        register.clock.advance(days=days)
        app.front._index.catch_up()
        seen.append([require_same(app, stamps[name]) for name in ("OK", "PAST_DATE", "RECALLED")])
    assert len({tuple(one) for one in seen}) > 2


def test_what_changed_since_a_snapshot_is_answered_alike(
    register: Register, batch: Minted, open_verifier: Opener
) -> None:
    """Activation, void and a renamed product, upon a snapshot made before."""
    open_verifier("front").snapshot()
    reader = open_verifier("front", based=True)
    app = application(reader)
    assert require_same(app, batch.text(1)) == "NOT_ACTIVATED"
    register.activate("L1", 1, 1, 10)
    register.void(1, 2, 2)
    reader.index.catch_up()
    assert [require_same(app, batch.text(i)) for i in (1, 2, 99)] == ["OK", "VOID", "NOT_ACTIVATED"]
    register.change("product", "SP1", name="Nước mắm khác")
    reader.index.catch_up()
    page = by_front(app.front, batch.text(1), {})
    assert page is not None and "Nước mắm khác" in page[2].decode()
    require_same(app, batch.text(1))
    require_same(app, batch.text(99))


def test_a_stamp_scanned_often_is_answered_alike(app: Application, stamps: dict[str, str]) -> None:
    """The note MANY_SCANS stands in both, and only for that stamp."""
    scans = app.front._lookup._scans
    assert scans is not None
    scans.often = frozenset({(1, 1)})
    require_same(app, stamps["OK"])
    found = by_front(app.front, stamps["OK"], HEADERS[0])
    assert found is not None and b"MANY_SCANS" in found[2]


def test_the_beacon_is_the_same_and_counts_the_same(
    app: Application, stamps: dict[str, str]
) -> None:
    """Front and Flask answer the beacon of any code alike, and count a scan of the same ones:
    issued, asked with GET, by no robot."""
    scans, client = app.front._scans, app.flask.test_client()
    robot = {"User-Agent": "Googlebot/2.1"}
    for headers in ({}, HEADERS[5], robot):
        for name, code in stamps.items():
            for method in ("GET", "HEAD"):
                ours = by_front(app.front, f"{code}/seen", headers, method)
                counted = scans.buffer.ship(0.0, lambda parcels: True)
                theirs = client.open(f"/s/{code}/seen", method=method, headers=headers)
                assert ours is not None
                assert (ours[0], ours[2]) == (theirs.status_code, theirs.data)
                assert told(ours[1]) == told(theirs.headers.items())
                assert counted == scans.buffer.ship(0.0, lambda parcels: True)
                unknown = name in ("UNKNOWN", "UNAVAILABLE", "MALFORMED")
                assert counted == (0 if unknown or method == "HEAD" or headers is robot else 1)


def test_who_asks_too_often_is_told_alike(stamps: dict[str, str], open_verifier: Opener) -> None:
    """Beyond the rate both answer 429, as JSON, page and beacon, with when to come again."""
    reader = open_verifier()
    app = build(
        replace(reader.config, rate=Rate(1, 60)), Wiring(reader.store, reader.clock), reader.index
    )
    client = app.flask.test_client()
    for behind in ("", "/seen"):
        for headers in HEADERS:
            sent = {**headers, "X-Forwarded-For": "203.0.113.7", "X-Request-Id": "till-0042"}
            by_front(app.front, stamps["OK"], sent)
            ours = by_front(app.front, stamps["OK"] + behind, sent)
            theirs = client.get(f"/s/{stamps['OK']}{behind}", headers=sent)
            assert ours is not None and ours[0] == 429
            assert (ours[0], ours[2]) == (theirs.status_code, theirs.data)
            assert told(ours[1]) == told(theirs.headers.items())


def test_bulk_gives_the_answers_of_single_look_ups(
    app: Application, stamps: dict[str, str]
) -> None:
    """The JSON of many codes holds, in order, what Flask says of each alone, with our prefix or
    without, and whatever else was sent as a code."""
    client = app.flask.test_client()
    codes = [*stamps.values(), *(PREFIX + code for code in stamps.values()), "", "ü", "1" * 200]
    found = client.post("/v1/verifications", json={"codes": codes})
    assert found.status_code == 200 and found.content_type == "application/json"
    for code, answer in zip(codes, found.get_json()["answers"], strict=True):
        path = f"/s/{code.removeprefix(PREFIX) or 'x'}"
        assert answer == client.get(path, headers=HEADERS[0]).get_json()


def test_what_is_odd_is_left_to_flask(batch: Minted, open_verifier: Opener) -> None:
    """Another method, a query, more path: the front declines."""
    app, code = application(open_verifier()), batch.text(1)
    for method, behind in (("POST", ""), ("OPTIONS", ""), ("GET", "?lang=en"), ("GET", "/seen/")):
        assert by_front(app.front, code + behind, {}, method) is None, (method, behind)


def test_codes_that_are_none_are_left_to_flask(batch: Minted, open_verifier: Opener) -> None:
    """Other lengths, other digits and letters are not the front's."""
    app, code = application(open_verifier()), batch.text(1)
    chance = random.Random(3)
    for other in (
        code[:-1],
        code + "0",
        code + "/",
        code[:-1] + "x",
        "a" * 174,
        "",
        code[:-1] + "%30",
    ):
        assert by_front(app.front, other, {}) is None, other
    junk = bytes(chance.randrange(128, 256) for _ in range(174))
    assert app.front.answer(b"GET", b"/s/" + junk, {}, "127.0.0.1", 0.0) is None


def test_a_batch_that_is_not_known_is_waited_for(
    register: Register, mint: Mint, open_verifier: Opener
) -> None:
    """While the record is followed, a code of an unknown batch is asked for again until a reading
    that began later has ended; then it is answered, and old news is never UNKNOWN."""
    reader = open_verifier()
    app, front = application(reader), None
    front = app.front
    code = mint.sign(7)
    target, readings = f"/s/{code.text(1)}".encode(), reader.index.readings
    asked = (b"GET", target, {b"accept": b"application/json"}, "127.0.0.1")
    readings._followed = True
    arrived = readings._tried + 1
    readings._began = arrived - 0.5
    assert front.answer(*asked, arrived) is LATER
    assert readings._wanted.is_set()
    publish(register, code)
    reader.index.catch_up()
    readings._read_from = arrived + 1
    found = front.answer(*asked, arrived)
    assert isinstance(found, tuple) and b"NOT_ACTIVATED" in found[1]
    stranger = f"/s/{mint.sign(8).text(1)}".encode()
    register.clock.advance(seconds=(FRESH + timedelta(seconds=1)).total_seconds())
    old = front.answer(b"GET", stranger, {}, "127.0.0.1", readings._read_from - 1)
    assert isinstance(old, tuple) and b" 503 " in old[0]
