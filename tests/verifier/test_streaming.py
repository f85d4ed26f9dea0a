"""Files of codes over real connections: kept out of memory, answered as read, let go of."""

import codecs
import contextlib
import json
import socket
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from pathlib import Path

import pytest
from flask.testing import FlaskClient
from prometheus_client import REGISTRY
from tests.conftest import SetClock
from tests.running import until
from tests.verifier.conftest import Site, Verifier
from tests.verifier.mint import Minted
from tests.verifier.retail_tills import on_sqlite, till_key
from tests.verifier.serving_gunicorn import everything
from tests.verifier.serving_loop import Loop

from tem.databases.database import writing
from tem.http import auth
from tem_verifier import api_verifications
from tem_verifier.admission import SPARED
from tem_verifier.limits import Limit
from tem_verifier.rates import Rate
from tem_verifier.serving.request import Spooled
from tem_verifier.serving.server import Patience, Room

PATH, NDJSON = "/v1/verifications", "application/x-ndjson"
CHUNK = 8192


@pytest.fixture
def key(reader: Verifier) -> str:
    """A retailer's."""
    return till_key(reader.store, "ours")


@pytest.fixture
def client(site: Callable[..., Site]) -> FlaskClient:
    """Without limits."""
    return site(rate=None, retailer_rate=None)[0]


def head(key: str, *lines: str, kind: str = NDJSON) -> bytes:
    told = (f"POST {PATH} HTTP/1.1", "Host: x", f"Content-Type: {kind}", *lines)
    return "\r\n".join((*told, f"Authorization: Bearer {key}", "", "")).encode()


def chunked(body: bytes) -> Iterator[bytes]:
    for at in range(0, len(body), CHUNK):
        piece = body[at : at + CHUNK]
        yield b"%x\r\n%b\r\n" % (len(piece), piece)
    yield b"0\r\n\r\n"


def unchunked(answer: bytes) -> bytes:
    """The body of an answer; what follows its last piece must be the end of the answer."""
    _, _, rest = answer.partition(b"\r\n\r\n")
    body = b""
    while rest:
        size, _, rest = rest.partition(b"\r\n")
        body, rest = body + rest[: int(size, 16)], rest[int(size, 16) + 2 :]
        if int(size, 16) == 0:
            assert rest == b""
            return body
    raise AssertionError("the answer broke off")


def spooled(loop: Loop) -> bool:
    """Whether a body lies in a file, which no folder names and nobody else can read."""
    assert loop.server.spooling is not None
    folder, held = loop.server.spooling.folder, list[int]()
    for file in Path("/proc/self/fd").iterdir():
        with contextlib.suppress(OSError):  # closed meanwhile
            if str(folder) in str(file.readlink()):
                held.append(file.stat().st_mode & 0o777)
    assert list(folder.iterdir()) == []
    assert set(held) <= {0o600}
    return bool(held)


def was_asked(loop: Loop) -> bool:
    """Whether a key was looked up for a body of which there is only a part."""
    return any(
        one._request is not None and one._request.spooling is Spooled.ASKED
        for one in list(loop.server.connections)
    )


def answered() -> float:
    """Codes of genuine stamps answered so far."""
    return REGISTRY.get_sample_value("tem_verifier_verdicts_total", {"verdict": "OK"}) or 0.0


def is_free(loop: Loop) -> bool:
    return (loop.server.spools, loop.server.held) == (0, 0)


@on_sqlite
def test_a_file_of_many_pieces_is_answered_as_a_list_is(
    client: FlaskClient, key: str, batch: Minted
) -> None:
    """It is sent whole before anything of the answer is read, in chunks of its own length, and
    lies in a file meanwhile, not in memory; other requests follow on the connection."""
    codes = [batch.text(n % 103 + 1) for n in range(700)]
    headers = {"Authorization": f"Bearer {key}"}
    listed = client.post(PATH, json={"codes": codes}, headers=headers).get_json()["answers"]
    file = b"".join(json.dumps({"code": code, "id": "kệ 7"}).encode() + b"\n" for code in codes)
    with Loop(app=client.application) as loop, closing(loop.connect()) as sock:
        sock.sendall(head(key, "Transfer-Encoding: chunked"))
        pieces = list(chunked(file))
        sock.sendall(pieces[0])
        until(lambda: loop.server.spools == 1, 60)
        assert spooled(loop) and loop.server.held == 0
        sock.sendall(b"".join(pieces[1:]))
        sock.sendall(b"GET /v1/trust HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        received = everything(sock)
        answer, between, other = received.partition(b"\r\n0\r\n\r\nHTTP/1.1 200")
        assert between and b"office_keys" in other
        rows = [json.loads(row) for row in unchunked(answer + b"\r\n0\r\n\r\n").splitlines()]
        until(lambda: is_free(loop), 60)
    assert rows.pop() == {"lines": 700, "complete": True}
    assert [row.pop("line") for row in rows] == list(range(1, 701))
    assert {row.pop("id") for row in rows} == {"kệ 7"}
    for row, one in zip(rows, listed, strict=True):
        assert {**row, "as_of": ""} == {**one, "as_of": ""}


@on_sqlite
@pytest.mark.parametrize(("reading", "hangs_up"), [(60, True), (0.5, False)])
def test_who_does_not_read_or_goes_away_is_let_go_of(
    client: FlaskClient, key: str, batch: Minted, reading: float, hangs_up: bool
) -> None:
    """No more is made than is read; the file and its place are free once the client is gone or
    has not read for some time."""
    file = f'"{batch.text(1)}"\n'.encode() * 20_000
    length = f"Content-Length: {len(file)}"
    before = answered()
    with Loop(Patience(reading=reading), app=client.application) as loop:
        with closing(socket.socket()) as sock:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 8192)
            sock.settimeout(60)
            sock.connect(loop.address)
            sock.sendall(head(key, length) + file)
            until(lambda: answered() > before)
            if hangs_up:
                assert loop.server.spools == 1
            else:
                until(lambda: is_free(loop))
                with contextlib.suppress(ConnectionError):  # nobody takes it for the whole
                    assert b'"complete"' not in everything(sock)
        until(lambda: is_free(loop) and not loop.server.connections, 60)
    assert answered() - before < 10_000  # what the buffers on the way hold


@on_sqlite
def test_a_stranger_fills_no_disk(client: FlaskClient, key: str) -> None:
    """Without a key that is one nothing is kept in a file, and the answer is 401; with all places
    taken a file is refused for the moment."""
    wrong = key[:-1] + ("0" if key[-1] != "0" else "1")
    room = Room(files=1)
    with Loop(room=room, app=client.application) as loop, closing(loop.connect()) as sock:
        sock.sendall(head(wrong, "Content-Length: 9") + b'"12"\n')
        until(lambda: was_asked(loop), 60)
        sock.sendall(b'"1"\n')
        assert sock.recv(1000).startswith(b"HTTP/1.1 401")
        assert loop.server.spooling is not None and not loop.server.spooling.folder.exists()
        with closing(loop.connect()) as first, closing(loop.connect()) as second:
            first.sendall(head(key, "Content-Length: 9") + b'"12"\n')
            until(lambda: loop.server.spools == 1, 60)
            second.sendall(head(key, "Content-Length: 9") + b'"12"\n')
            assert everything(second).startswith(b"HTTP/1.1 503")
            first.sendall(b'"1"\n')
            first.shutdown(socket.SHUT_WR)
            assert b'{"lines":2,"complete":true}' in unchunked(everything(first))
        until(lambda: is_free(loop), 60)


@on_sqlite
@pytest.mark.parametrize("kind", [NDJSON, "application/json"])
def test_a_body_that_breaks_off_in_nonsense_is_let_go_of(
    client: FlaskClient, key: str, kind: str
) -> None:
    """What cannot be read as chunks is 400, and the file's place or the memory is free again."""
    with Loop(app=client.application) as loop, closing(loop.connect()) as sock:
        piece = b'"1"\n' * 2048
        sock.sendall(head(key, "Transfer-Encoding: chunked", kind=kind) + next(chunked(piece)))
        until(lambda: loop.server.spools if kind == NDJSON else loop.server.held, 60)
        sock.sendall(b"zz\r\nbad")
        assert sock.recv(300).startswith(b"HTTP/1.1 400")
        until(lambda: is_free(loop), 60)


@on_sqlite
def test_a_key_has_its_share_of_the_places(client: FlaskClient, reader: Verifier, key: str) -> None:
    """One file more with the same key is refused in words; another key has a place still, and this
    one has again when its file is over."""
    other, begun = till_key(reader.store, "theirs"), b'"12"\n'
    with Loop(room=Room(files_each=1), app=client.application) as loop, ExitStack() as stack:
        first, second, third = (stack.enter_context(closing(loop.connect())) for _ in range(3))
        first.sendall(head(key, "Content-Length: 9") + begun)
        until(lambda: loop.server.spools == 1, 10)
        second.sendall(head(key, "Content-Length: 9") + begun)
        refused = everything(second)
        assert refused.startswith(b"HTTP/1.1 429") and b"Retry-After: " in refused
        assert b"With this key 1 files are under way" in refused
        third.sendall(head(other, "Content-Length: 9") + begun)
        until(lambda: loop.server.spools == 2, 10)
        first.close()
        until(lambda: loop.server.spools == 1, 10)
        fourth = stack.enter_context(closing(loop.connect()))
        fourth.sendall(head(key, "Content-Length: 9") + begun)
        until(lambda: loop.server.spools == 2, 10)


@on_sqlite
def test_a_byte_order_mark_is_no_part_of_the_first_line(client: FlaskClient, key: str) -> None:
    """Editors put it before JSON as before tables."""
    headers = {"Authorization": f"Bearer {key}"}
    for kind, sent in ((NDJSON, b'"1"\n'), ("text/csv; charset=UTF-8", b'"code"\n1\n')):
        marked = codecs.BOM_UTF8 + sent
        answer = client.post(PATH, data=marked, content_type=kind, headers=headers)
        assert answer.status_code == 200 and b"MALFORMED" in answer.data, answer.data


@on_sqlite
def test_what_is_no_file_of_codes_is_refused_before_it_is_answered(
    client: FlaskClient, key: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each with a stable code and the call's own status."""
    monkeypatch.setattr(api_verifications, "MOST_BYTES", 2000)
    signed = {"Authorization": f"Bearer {key}"}
    packed = {**signed, "Content-Encoding": "gzip"}
    long = b"code," + b"x" * 996 + b"\n"
    for kind, sent, headers, status, code in (
        (NDJSON, b'"1"', {}, 401, "key_missing"),
        ("text/csv", b"digits\n1\n", signed, 422, "code_column_missing"),
        ("text/csv", b"", signed, 422, "code_column_missing"),
        ("text/plain", b"1", signed, 415, "unsupported_media_type"),
        (NDJSON, b'"1"\n' * 501, signed, 413, "request_entity_too_large"),
        ("text/csv", long, signed, 422, "code_column_missing"),
        ("text/csv", long[:1] + b"\r\n1\r\n", packed, 415, "unsupported_media_type"),
        (f"{NDJSON}; charset=utf-16", b'"1"\n', signed, 415, "unsupported_media_type"),
        ("application/json; charset=x", b'{"codes":["1"]}', {}, 415, "unsupported_media_type"),
        ("application/json", b'{"codes":["1"]}', packed, 415, "unsupported_media_type"),
    ):
        answer = client.post(PATH, data=sent, content_type=kind, headers=headers)
        assert (answer.status_code, answer.get_json()["code"]) == (status, code), (kind, sent)


def test_a_file_leaves_half_of_a_limit_to_the_tills_with_the_same_key(clock: SetClock) -> None:
    """It waits while no more than that is left, as long as it is told, and goes on."""
    limit = Limit("retailer", Rate(60, 60), clock)
    taken = 0
    while (refusal := limit.take("key", 5, SPARED)) is None:
        taken += 5
    assert taken == 30 and refusal.retry_after >= 1
    assert sum(limit.take("key") is None for _ in range(40)) == 30
    clock.advance(seconds=limit.take("key", 5, SPARED).retry_after)  # type: ignore[union-attr]
    assert limit.take("key", 5, SPARED) is None


@on_sqlite
def test_a_key_that_is_revoked_ends_a_file_that_is_being_answered(
    site: Callable[..., Site],
    reader: Verifier,
    key: str,
    batch: Minted,
    clock: SetClock,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Its last row says why, and the lines after it have no answer."""
    monkeypatch.setattr(api_verifications, "KEY_SECONDS", -1)
    client, _ = site(rate=None, retailer_rate=Rate(8, 60))  # two lines a step
    answer = client.post(
        PATH,
        data=f'"{batch.text(1)}"\n'.encode() * 4,
        content_type=NDJSON,
        headers={"Authorization": f"Bearer {key}"},
        buffered=False,
    )
    steps = iter(answer.iter_encoded())
    assert len(next(steps).splitlines()) == 2
    with writing(reader.store) as connection:
        auth.revoke_key(connection, clock(), "test", key.split("_")[1])
    (last,) = list(steps)
    assert json.loads(last)["complete"] is False and json.loads(last)["lines"] == 2
    assert json.loads(last)["error"]["code"] == "key_not_valid"
