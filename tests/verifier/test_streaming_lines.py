"""Files of codes as text: what a line asks, what is wrong with others, how answers are written."""

import io
import json
from collections.abc import Sequence

import pytest

from tem.errors import Unauthenticated
from tem_verifier.streaming import stream
from tem_verifier.streaming.lines import FAULTS, LINE_BYTES, Line, Read, Wrong, columns, ndjson
from tem_verifier.streaming.rows import CELLS, Csv, Form, Ndjson
from tem_verifier.streaming.stream import Stream

ANSWER = {
    "verdict": "OK",
    "reasons": ["activated"],
    "advice": "allow",
    "as_of": "2026-11-22T00:00:00Z",
    "stamp": {"batch": 7, "index": 9},
    "product": {"product_id": "SP1", "name": "Cam, bưởi"},
    "producer": {"producer_id": "P1"},
    "lot": {"code": "=L1", "production_date": "2026-11-01", "best_before": None},
}
CASES: list[tuple[bytes, Read]] = [
    (b'"12"\n', Line(1, "12")),
    (b'{"code":" 12 ","id":"k\xe1\xbb\x87 7"}\r\n', Line(1, "12", "kệ 7")),
    (b'{"code":"12","id":null}', Line(1, "12")),
    (b" \r\n", None),
    (b"{bad", Wrong(1, "bad_json")),
    (b"[" * 900, Wrong(1, "bad_json")),
    (b'{"code":"1","code":"2"}', Wrong(1, "bad_json")),
    (b'{"code":"1","store":"x"}', Wrong(1, "unknown_member")),
    (b"12", Wrong(1, "code_missing")),
    (b'{"id":"a"}', Wrong(1, "code_missing")),
    (b'""', Wrong(1, "code_missing")),
    (b'"\xff"', Wrong(1, "not_utf8")),
    (b'{"code":"1","id":7}', Wrong(1, "bad_id")),
    (b'{"code":"1","id":"\\ud800"}', Wrong(1, "bad_id")),
    (b'{"code":"1","id":"%b"}' % (b"x" * 101), Wrong(1, "bad_id")),
    (b'"%b"\n' % (b"1" * LINE_BYTES), Wrong(1, "line_too_long")),
]


@pytest.mark.parametrize(("raw", "read"), CASES)
def test_a_line_of_json_asks_for_a_code_or_names_its_fault(raw: bytes, read: Read) -> None:
    """A text or an object with a code; whatever else is there has a stable fault."""
    assert ndjson(1, raw) == read
    assert not isinstance(read, Wrong) or read.fault in FAULTS


def test_a_record_of_a_table_asks_for_the_code_in_its_column() -> None:
    """The header says where code and id stand, a byte order mark before it or not."""
    named = columns(b'\xef\xbb\xbfid,"Code",shop\r\n')
    assert named is not None
    assert named.line(2, b'7,"12",x\r\n') == Line(2, "12", "7")
    assert named.line(2, b",12,x") == Line(2, "12")
    for wrong, fault in ((b"7,12", "bad_csv"), (b'7,"12,x', "bad_csv"), (b"7,,x", "code_missing")):
        assert named.line(2, wrong) == Wrong(2, fault)
    for header in (b"", b"id,digits", b"code,code", b"code,id,id", b"\xff,code"):
        assert columns(header) is None, header


def test_a_row_of_csv_has_what_a_till_needs_and_no_spreadsheet_runs_it() -> None:
    """Cells in the order of the header; a lot's name that looks like a formula is defused."""
    form = Csv(columns(b"code") or pytest.fail("no columns"))
    row = form.row(Line(2, "12", "-1"), json.dumps(ANSWER).encode()).decode()
    assert form.head.decode() == ",".join(CELLS) + "\r\n"
    assert row == (
        "2,'-1,OK,activated,allow,,,7,9,SP1,\"Cam, bưởi\",P1,'=L1,2026-11-01,,,"
        "2026-11-22T00:00:00Z\r\n"
    )
    sold = {**ANSWER, "reasons": ["activated", "already_sold"], "sold": {"sold_at": "2026"}}
    assert form.row(Line(2, "12"), json.dumps(sold).encode()).split(b",")[3:6:2] == [
        b"already_sold",
        b"2026",
    ]


def answered(codes: Sequence[str]) -> list[bytes]:
    """Each code as the answer to itself."""
    return [json.dumps({"verdict": code}).encode() for code in codes]


def lines_of(file: bytes, *, form: Form | None = None, at_once: int = 2) -> list[str]:
    told = Stream(io.BytesIO(file), form or Ndjson(), answered, lambda _: 0.0, at_once=at_once)
    return b"".join(told).decode().splitlines()


@pytest.mark.parametrize("at_once", [1, 2, 100])
def test_a_file_is_answered_in_order_to_its_last_line(at_once: int) -> None:
    """Each line that says something has its answer, also the last without an end and one that is
    too long; blank ones have none, and the last row says that nothing is missing."""
    file = b'"a"\n\n{bad\n"%b"\n{"code":"b","id":"x"}' % (b"1" * 200_000)
    assert [json.loads(row) for row in lines_of(file, at_once=at_once)] == [
        {"line": 1, "verdict": "a"},
        {"line": 3, "advice": "ask", "error": {"code": "bad_json", "detail": FAULTS["bad_json"]}},
        {
            "line": 4,
            "advice": "ask",
            "error": {"code": "line_too_long", "detail": FAULTS["line_too_long"]},
        },
        {"line": 5, "id": "x", "verdict": "b"},
        {"lines": 4, "complete": True},
    ]
    assert lines_of(b"") == ['{"lines":0,"complete":true}']


def test_a_file_that_is_too_long_is_answered_as_far_as_files_go(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Its last row says that it is not complete, and why; one of the greatest length is."""
    monkeypatch.setattr(stream, "MOST_LINES", 3)
    assert lines_of(b'"a"\n' * 3)[-1] == '{"lines":3,"complete":true}'
    too_long = lines_of(b'"a"\n' * 4)
    assert len(too_long) == 4
    assert too_long[-1] == '{"lines":3,"complete":false,"error":{"code":"too_many_lines"}}'


def test_a_file_is_paced_and_no_line_is_lost_or_charged_twice() -> None:
    """While the limit says wait nothing is answered; each line is charged once."""
    waits, charged = iter([0.0, 3.0, 3.0, 0.0, 0.0]), list[int]()

    def wait(lines: int) -> float:
        seconds = next(waits)
        charged.extend([] if seconds else [lines])
        return seconds

    told = Stream(io.BytesIO(b'"a"\n' * 5), Ndjson(), answered, wait, at_once=2)
    steps = list(iter(told.step, None))
    assert [step for step in steps if isinstance(step, float)] == [3.0, 3.0]
    assert charged == [2, 2, 1]
    rows = b"".join(step for step in steps if isinstance(step, bytes)).splitlines()
    assert [json.loads(row).get("line") for row in rows] == [1, 2, 3, 4, 5, None]


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (Unauthenticated("key_revoked", "No more."), "key_revoked"),
        (RuntimeError("a database is away"), "temporarily_unavailable"),
    ],
)
def test_what_ends_a_file_early_is_told_in_its_last_row(error: Exception, code: str) -> None:
    """Lines answered before stand; no answer is made up for the others."""

    def told(codes: Sequence[str]) -> list[bytes]:
        if "b" in codes:
            raise error
        return answered(codes)

    file = io.BytesIO(b'"a"\n"b"\n')
    rows = b"".join(Stream(file, Ndjson(), told, lambda _: 0.0, at_once=1)).splitlines()
    assert json.loads(rows[0]) == {"line": 1, "verdict": "a"}
    assert json.loads(rows[1]) == {"lines": 1, "complete": False, "error": {"code": code}}
    assert len(rows) == 2
    form = Csv(columns(b"code") or pytest.fail("no columns"))
    assert form.end(1, code).startswith(b"incomplete,1,,%b," % code.encode())
