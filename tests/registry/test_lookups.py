"""Look-up figures in the registry: what is asked of a verifier, and what is believed of it."""

import http.server
import json
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.registry.records import ONE_ENGINE, Register

from tem.errors import Conflict, Invalid, NotFound, TemError, Unavailable
from tem_registry.lookups import answers, lookups, stamps_on_record, verifier_client
from tem_registry.lookups.verifier_client import VerifierClient

DAY = "2026-11-20"
STAMP = {"batch": 1, "index": 3, "count": 1, "origins": 1, "first_day": DAY, "last_day": DAY}
NOTICED = {**STAMP, "kinds": ["scanned_void"]}
REPORT = {
    "report_id": "261120-K7QF3",
    "state": "open",
    "reported_at": "2026-11-20T02:00:00Z",
    "kind": "other",
    "text": "Lô khác",
    "has_photo": False,
}
PAGE = {"items": [NOTICED], "as_of": "2026-11-20T02:00:00Z"}


@pytest.mark.parametrize(
    ("ranges", "wanted"),
    [
        ([], []),
        ([(1, 1, 5), (1, 6, 9)], [(1, 1, 9)]),
        ([(1, 1, 5), (1, 7, 9)], [(1, 1, 5), (1, 7, 9)]),
        ([(1, 1, 5), (2, 6, 9)], [(1, 1, 5), (2, 6, 9)]),
        ([(1, 1, 1), (1, 2, 2), (1, 3, 3), (2, 1, 1)], [(1, 1, 3), (2, 1, 1)]),
    ],
)
def test_neighbours_are_asked_for_as_one(
    ranges: list[tuple[int, int, int]], wanted: list[tuple[int, int, int]]
) -> None:
    """A lot whose stamps were voided one by one is still few ranges."""
    names = ("batch", "first", "last")
    found = lookups.merged(dict(zip(names, one, strict=True)) for one in ranges)
    assert [tuple(one.values()) for one in found] == wanted


@pytest.mark.parametrize(
    ("shape", "said", "good"),
    [
        (answers.NoticedPageSaid, PAGE, True),
        (answers.NoticedPageSaid, {**PAGE, "new": 1}, True),
        (answers.NoticedPageSaid, {**PAGE, "items": [NOTICED] * 501}, False),
        (answers.NoticedPageSaid, {**PAGE, "as_of": "yesterday"}, False),
        (answers.NoticedPageSaid, {**PAGE, "as_of": 5}, False),
        (answers.NoticedPageSaid, {**PAGE, "next": "9" * 41}, False),
        (answers.NoticedPageSaid, {**PAGE, "items": [{**NOTICED, "kinds": ["<b>"]}]}, False),
        (answers.NoticedPageSaid, {**PAGE, "items": [{**NOTICED, "index": 0}]}, False),
        (answers.NoticedPageSaid, {**PAGE, "items": [{**NOTICED, "batch": 2**32}]}, False),
        (answers.NoticedPageSaid, {**PAGE, "items": [{**NOTICED, "count": -1}]}, False),
        (answers.NoticedPageSaid, {**PAGE, "items": [{**NOTICED, "count": True}]}, False),
        (answers.NoticedPageSaid, {**PAGE, "items": [{**NOTICED, "last_day": "x"}]}, False),
        (answers.NoticedPageSaid, [], False),
        (answers.RangesSaid, {"ranges": [{"count": 2}]}, True),
        (answers.RangesSaid, {"ranges": [{"count": 2, "last_day": None}]}, False),
        (answers.RangesSaid, {"ranges": [{"count": 2.5}]}, False),
        (answers.RangesSaid, None, False),
        (answers.ReportPageSaid, {"items": [REPORT], "next": None}, True),
        (answers.ReportPageSaid, {"items": [REPORT], "next": "261120-K7QF3"}, True),
        (answers.ReportPageSaid, {"items": [], "next": "\ud800"}, False),
        (answers.ReportPageSaid, {"items": [], "next": ""}, False),
        *(
            (answers.ReportPageSaid, {"items": [{**REPORT, **worse}], "next": None}, False)
            for worse in (
                {"text": "\ud800"},
                {"place": "Ch\x00"},
                {"handled_by": "\udfff"},
                {"report_id": "../x?"},
                {"report_id": ".."},
                {"report_id": "1\n"},
            )
        ),
        (answers.DaysSaid, {"days": [], "kept_from": DAY}, True),
        (answers.DaysSaid, {"days": [{"day": DAY, "count": "1"}], "kept_from": DAY}, False),
    ],
)
def test_only_answers_of_the_right_shape_are_taken(shape: Any, said: Any, good: bool) -> None:
    """What a broken-into verifier may say is bounded; anything else is no answer at all."""
    if good:
        assert answers.checked(shape, said)
        return
    with pytest.raises(Unavailable) as fault:
        answers.checked(shape, said)
    assert fault.value.code == "lookups_unavailable"


@ONE_ENGINE
def test_stamps_nobody_issued_are_left_out(register: Register) -> None:
    """The verifier cannot add stamps to what the office reads, nor states, nor names."""
    register.batch(1, 100)
    register.lot("L1")
    register.activate("L1", 1, 1, 5)
    named = [(1, 3), (1, 100), (1, 101), (7, 1)]
    items = [{"batch": batch, "index": index, "state": "void"} for batch, index in named]
    with register.read() as connection:
        found = stamps_on_record.known(connection, items)
        ranges = lookups.ranges_of_lot(connection, "L1")
    assert [(one["index"], one["state"], one.get("lot_id")) for one in found] == [
        (3, "activated", "L1"),
        (100, "delivered", None),
    ]
    assert found[0]["product_name"] == "Nước mắm SP1"
    assert ranges == [{"batch": 1, "first": 1, "last": 5}]


Answerer = Callable[[int, bytes], VerifierClient]


@pytest.fixture(name="stranger", scope="module")
def somebody_else(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Answerer]:
    """Something that is no verifier of ours, or one that was broken into, answers as it likes."""
    said: list[tuple[int, bytes]] = [(200, b"")]
    asked: list[str] = []

    class Stranger(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.headers["Authorization"])
            status, body = said[-1]
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    key_file: Path = tmp_path_factory.mktemp("lookups") / "key"
    key_file.write_text("tem_key\n")
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Stranger) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.02,))
        thread.start()

        def answer(status: int, body: bytes) -> VerifierClient:
            said.append((status, body))
            return VerifierClient(f"http://127.0.0.1:{server.server_port}", key_file)

        yield answer
        server.shutdown()
        thread.join()
    assert set(asked) == {"Bearer tem_key"}


def _problem(code: Any, detail: Any = "why") -> bytes:
    return json.dumps({"code": code, "detail": detail}).encode()


@pytest.mark.parametrize(
    ("status", "body", "kind", "code"),
    [
        (401, _problem("key_not_valid"), Unavailable, "lookups_key_refused"),
        (403, b"", Unavailable, "lookups_key_refused"),
        (404, _problem("no_such_report"), NotFound, "no_such_report"),
        (404, _problem("not_found"), Unavailable, "lookups_unavailable"),
        (404, b"<h1>nginx</h1>", Unavailable, "lookups_unavailable"),
        (409, _problem("report_closed"), Conflict, "report_closed"),
        (422, _problem("bad_period"), Invalid, "bad_period"),
        (422, _problem("<b>", "x"), Unavailable, "lookups_unavailable"),
        (422, _problem("x", ["x"]), Unavailable, "lookups_unavailable"),
        (422, b"[1]", Unavailable, "lookups_unavailable"),
        (302, b"", Unavailable, "lookups_unavailable"),
        (429, _problem("rate_limited"), Unavailable, "lookups_unavailable"),
        (500, _problem("internal_error"), Unavailable, "lookups_unavailable"),
        (200, b"not JSON", Unavailable, "lookups_unavailable"),
        (200, b"[" * 100_000, Unavailable, "lookups_unavailable"),
    ],
)
def test_every_refusal_is_one_of_ours(
    stranger: Answerer, status: int, body: bytes, kind: type[TemError], code: str
) -> None:
    """What its caller can mend is passed on; the rest is an answer that we do not have."""
    with pytest.raises(TemError) as fault:
        stranger(status, body).get("/v1/scans/days")
    assert (type(fault.value), fault.value.code) == (kind, code)
    assert 0 < len(fault.value.detail) <= 400


def test_an_endless_answer_is_cut_off(stranger: Answerer, monkeypatch: pytest.MonkeyPatch) -> None:
    """More than was asked for is not read to its end, and its sender is left alone for a while."""
    monkeypatch.setattr(verifier_client, "MOST_BYTES", 1000)
    client = stranger(200, b"[" + b"1," * 600 + b"1]")
    for why in ("ReadError", "it did not answer a moment ago"):
        with pytest.raises(Unavailable) as fault:
            client.get("/v1/scans/days")
        assert fault.value.code == "lookups_unavailable" and why in fault.value.detail
    assert stranger(200, b"[1]").get("/v1/scans/days") == [1]
