"""Requests as they can be sent, byte by byte: our worker answers what gunicorn's own answers."""

import json
import random
import re
from collections.abc import Iterator
from contextlib import closing

import pytest
from tests.verifier.serving_gunicorn import GTHREAD, Served, everything, one_answer, served
from tests.verifier.serving_loop import Loop
from tests.verifier.serving_stub import BODY, BODY_BYTES

from tem_verifier.serving.exchange import QUEUED

H = b"Host: x\r\n\r\n"
CHUNKED = (
    b"POST /v1/echo HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
    b"Transfer-Encoding: chunked\r\n\r\n"
)
# A GET of the stub's front with these header lines, or a POST with these.
LINES: tuple[tuple[bytes, int], ...] = (
    (b"", 200),
    (b"A: b\r\n" * 99, 200),
    (b"A: b\r\n" * 100, 431),
    (b"A: " + b"a" * 8185 + b"\r\n", 200),
    (b"A: " + b"a" * 8186 + b"\r\n", 431),
    (b"Host: y\r\n", 400),
    (b"Content-Type: a\r\nContent-Type: b\r\n", 400),
    (b"Content-Length: 0\r\n", 200),
    (b"Content-Length: 1\r\nContent-Length: 1\r\n", 400),
    (b"Content-Length: -1\r\n", 400),
    (b"Content-Length: +1\r\n", 400),
    (b"Content-Length: 1,1\r\n", 400),
    (b"Content-Length: 0x1\r\n", 400),
    (b"Content-Length: \r\n", 400),
    (b"Content-Length: 1\r\nTransfer-Encoding: chunked\r\n", 400),
    (b"Transfer-Encoding: chunked\r\nContent-Length: 1\r\n", 400),
    (b"Transfer-Encoding: gzip\r\n", 400),
    (b"Transfer-Encoding: identity\r\n", 400),
    (b"Transfer-Encoding: brotli\r\n", 501),
    (b"Transfer-Encoding: brotli, chunked\r\n", 501),
    (b"Transfer-Encoding: chunked, gzip\r\n", 400),
    (b"Transfer-Encoding: chunked, chunked\r\n", 400),
    (b"Expect: miracles\r\n", 417),
    (b"A_B: c\r\n", 200),
    (b"Upgrade: h2c\r\nConnection: Upgrade\r\n", 200),
    (b"A : b\r\n", 400),
    (b": b\r\n", 400),
    (b" A: b\r\n", 400),
    (b"A: b\r\n c\r\n", 400),
    (b"A\r\n", 400),
    (b"A(: b\r\n", 400),
    (b"A\x00: b\r\n", 400),
    (b"A: b\x00\r\n", 400),
    (b"A: b\rc\r\n", 400),
    (b"A: b\n", 400),
    (b"A: b\x7f\r\n", 400),
    (b"A: \xff\r\n", 200),
    (b"\xff: b\r\n", 400),
    (b"X-Forwarded-Proto: https\r\nX-Forwarded-Ssl: off\r\n", 400),
)
# Whole requests and the statuses of all answers to them.
REQUESTS: tuple[tuple[bytes, list[int]], ...] = (
    (b"HEAD /s/1 HTTP/1.1\r\n" + H, [200]),
    (b"OPTIONS /environ HTTP/1.1\r\n" + H, [200]),
    (b"TRACE /environ HTTP/1.1\r\n" + H, [405]),
    (b"FOO /environ HTTP/1.1\r\n" + H, [405]),
    (b"get /s/1 HTTP/1.1\r\n" + H, [400]),
    (b"CONNECT x:80 HTTP/1.1\r\n" + H + b"\x00\x01", [404]),
    (b"GET * HTTP/1.1\r\n" + H, [400]),
    (b"GET x HTTP/1.1\r\n" + H, [400]),
    (b"GET http://x/s/1 HTTP/1.1\r\n" + H, [200]),
    (b"GET http://[x/s/1 HTTP/1.1\r\n" + H, [400]),
    (b"GET //x/s/1 HTTP/1.1\r\n" + H, [404]),
    (b"GET /s/1#a HTTP/1.1\r\n" + H, [200]),
    (b"GET /s/1?a=%zz HTTP/1.1\r\n" + H, [200]),
    (b"GET /s/1 a HTTP/1.1\r\n" + H, [400]),
    (b"GET /s/\xc3 HTTP/1.1\r\n" + H, [400]),
    (b"GET /s/\x00 HTTP/1.1\r\n" + H, [400]),
    (b"GET\t/s/1 HTTP/1.1\r\n" + H, [400]),
    (b"GET /s/1 HTTP/1.1\n" + H, [400]),
    (b"GET /s/1 HTTP/2.0\r\nConnection: keep-alive\r\n" + H, [400]),
    (b"GET /s/1 HTTP/0.9\r\n" + H, [400]),
    (b"GET /s/1 http/1.1\r\n" + H, [400]),
    (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", [400]),
    (b"GET /s/" + b"1" * 4078 + b" HTTP/1.1\r\n" + H, [200]),
    (b"GET /s/" + b"1" * 4079 + b" HTTP/1.1\r\n" + H, [414]),
    (b"GET /s/" + b"1" * 9000, [414]),
    (b"\r\nGET /s/1 HTTP/1.1\r\n" + H, [200]),
    (b"GET /s/1 HTTP/1.1\r\n\r\n", [200]),
    (b"GET /s/1 HTTP/1.0\r\n\r\n" * 2, [200]),
    (b"GET /s/1 HTTP/1.0\r\nConnection: keep-alive\r\n\r\n" * 2, [200, 200]),
    (b"GET /s/1 HTTP/1.1\r\nConnection: close\r\n" + H + b"GET /s/1 HTTP/1.1\r\n" + H, [200]),
    (b"POST /v1/echo HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", [400]),
    (CHUNKED + b"1\r\n{\r\n1;a=b\r\n}\r\n0\r\nA: b\r\n\r\nGET /s/1 HTTP/1.1\r\n" + H, [200, 200]),
    (b"GET /pieces HTTP/1.1\r\n" + H + b"GET /s/1 HTTP/1.1\r\n" + H, [200, 200]),
    (b"GET /pieces HTTP/1.0\r\n" + H, [200]),
    (b"", []),
    (b"GET /s/1 HTTP/1.1\r\nHos", []),
)
# Chunks that are none: the body cannot be read, and nothing behind it is a request.
BROKEN_CHUNKS = (
    *(b"zz\r\n{}\r\n0\r\n\r\n", b"-2\r\n{}\r\n0\r\n\r\n", b"0x2\r\n{}\r\n0\r\n\r\n"),
    *(b"2\n{}\r\n0\r\n\r\n", b"2\r\n{}0\r\n\r\n", b"2;a\rb\r\n{}\r\n0\r\n\r\n"),
    b"fffffffffffffffff\r\n{}\r\n0\r\n\r\n",
)


@pytest.fixture(scope="module")
def ours(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with served(tmp_path_factory.mktemp("ours")) as server:
        yield server


@pytest.fixture(scope="module")
def loop() -> Iterator[Loop]:
    """The same server in this process."""
    with Loop() as served:
        yield served


@pytest.fixture(scope="module")
def gthread(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with served(tmp_path_factory.mktemp("gthread"), GTHREAD, "--graceful-timeout", "1") as server:
        yield server


def post(body: bytes, *lines: bytes) -> bytes:
    """A bulk request, in small."""
    head = (b"POST /v1/echo HTTP/1.1", b"Host: x", b"Content-Type: application/json", *lines)
    return b"\r\n".join((*head, b"Content-Length: %d" % len(body), b"", body))


def test_both_workers_answer_odd_requests_alike(ours: Served, gthread: Served) -> None:
    """What gunicorn refuses, and how it does, does not depend on the worker."""
    table = [(b"GET /s/1 HTTP/1.1\r\n" + lines + H, [status]) for lines, status in LINES]
    for server in (ours, gthread):
        wrong = {
            request[:200]: (found, expected)
            for request, expected in (*table, *REQUESTS)
            if (found := server.statuses(request)) != expected
        }
        assert wrong == {}, server.log.name
        for chunks in BROKEN_CHUNKS:
            assert server.statuses(CHUNKED + chunks + b"GET /s/1 HTTP/1.1\r\n" + H)[0] == 400
            assert b"x" * 100 not in server.exchange(
                CHUNKED + chunks + b"GET /s/1 HTTP/1.1\r\n" + H
            )


def test_the_app_sees_the_same_request(ours: Served, gthread: Served) -> None:
    """The environ of PEP 3333 is that of gunicorn's own workers, addresses apart."""
    request = (
        b"GET /environ?q=%20&a HTTP/1.1\r\nHost: y:1\r\nX-A: 1\r\nX-A: \t2 \r\nX_B: 3\r\n"
        b"X-Forwarded-Proto: https\r\nContent-Type: a/b\r\nContent-Length: 1\r\n\r\nx"
    )
    seen = []
    for server in (ours, gthread):
        head, _, body = server.exchange(request).partition(b"\r\n\r\n")
        environ = json.loads(body)
        assert environ.pop("SERVER_PORT") == str(server.port) and environ.pop("REMOTE_PORT")
        names = [line.partition(b":")[0] for line in head.split(b"\r\n")]
        seen.append((environ, names))
    assert seen[0] == seen[1]
    assert seen[0][0]["HTTP_X_A"] == "1,2" and seen[0][0]["scheme"] == "https"


def test_answers_come_in_the_order_of_the_requests(ours: Served) -> None:
    """Requests sent ahead are answered one after the other, by the front and by the app."""
    asked = (b"/sleep?seconds=0.1", b"/s/1", b"/environ", b"/s/later", b"/s/1", b"/nothing")
    received = ours.exchange(*(b"GET " + path + b" HTTP/1.1\r\n" + H for path in asked))
    kinds = [b"application/json", b"text/plain", b"application/json", b"text/plain", b"text/plain"]
    lines = received.split(b"\r\n")
    found = [line.partition(b": ")[2] for line in lines if line.startswith(b"Content-Type")]
    assert found == [*kinds, b"application/problem+json"]
    assert received.count(BODY) == 3


KINDS = (b"/s/now/%d", b"/s/now/%d", b"/s/later/%d", b"/s/flask/%d", b"/flask/%d", b"/s/now/%d?")


@pytest.mark.parametrize("seed", range(40))
def test_no_mixture_of_requests_is_answered_out_of_order(loop: Loop, seed: int) -> None:
    """Look-ups answered at once, later or by Flask, other pages and requests with a body, sent
    ahead in any pieces: each answer is that of its request."""
    chance = random.Random(seed)
    asked = [chance.choice(KINDS) % n for n in range(chance.randint(2, 90))]
    sent = b""
    for target in asked:
        odd = chance.random() < 0.2
        sent += b"GET " + target + b" HTTP/1.1\r\nHost: x\r\n" + b"Content-Length: 0\r\n" * odd
        sent += b"Connection: close\r\n\r\n" if target is asked[-1] else b"\r\n"
    with closing(loop.connect()) as sock:
        while sent:
            size = chance.choice((40, 700, 20_000))
            sock.sendall(sent[:size])
            sent = sent[size:]
        received = everything(sock)
    told = list(answers_of(received))
    for (status, body), target in zip(told, asked, strict=False):
        # On a machine that stands still a look-up is sent away, in its place as well.
        assert status == 503 or body.rstrip(b"?") == target.rstrip(b"?")
    assert min(len(asked), QUEUED) <= len(told) <= len(asked)


def answers_of(received: bytes) -> Iterator[tuple[int, bytes]]:
    """Status and body of each answer."""
    while received:
        head, _, rest = received.partition(b"\r\n\r\n")
        length = re.search(rb"Content-Length: (\d+)", head)
        assert length is not None
        yield int(head.split()[1]), rest[: int(length[1])]
        received = rest[int(length[1]) :]


def test_what_follows_an_answer_of_ours_that_failed_is_not_answered(loop: Loop) -> None:
    """A fault of the front ends the connection with its own 500, in its place."""
    received = loop.exchange(
        b"".join(
            b"GET " + target + b" HTTP/1.1\r\nHost: x\r\n\r\n"
            for target in (b"/s/now/1", b"/s/broken", b"/s/now/2", b"/flask/3")
        )
    )
    assert received.count(b"HTTP/1.1 ") == 2
    assert received.index(b"/s/now/1") < received.index(b"HTTP/1.1 500")


def test_a_request_in_any_pieces_is_the_same_request(ours: Served) -> None:
    """Wherever the network cuts, the answer is the same."""
    with ours.connect() as sock:
        for size in (1, 7):
            request = b"GET /s/1 HTTP/1.1\r\n" + H
            for start in range(0, len(request), size):
                sock.sendall(request[start : start + size])
            assert one_answer(sock).endswith(b"\r\n\r\n" + BODY)
        request = CHUNKED + b"1\r\n{\r\n1\r\n}\r\n0\r\n\r\n"
        for start in range(len(request)):
            sock.sendall(request[start : start + 1])
        assert one_answer(sock).endswith(b'{"got":{}}\n')


def test_head_has_the_length_and_no_body(ours: Served) -> None:
    """HEAD is answered by front and app with the headers of GET, and the connection goes on."""
    received = ours.exchange(
        b"HEAD /s/1 HTTP/1.1\r\n" + H, b"HEAD /s/1?a HTTP/1.1\r\n" + H, b"GET /s/1 HTTP/1.1\r\n" + H
    )
    assert received.count(b"Content-Length: %d\r\n" % len(BODY)) == 3
    assert received.count(BODY) == 1


def test_a_body_is_asked_for_when_the_sender_waits(ours: Served) -> None:
    """`Expect: 100-continue` gets its 100, then the answer."""
    request = post(b"{}", b"Expect: 100-continue")
    with ours.connect() as sock:
        sock.sendall(request[:-2])
        assert sock.recv(100) == b"HTTP/1.1 100 Continue\r\n\r\n"
        sock.sendall(request[-2:])
        assert one_answer(sock).startswith(b"HTTP/1.1 200 OK")


@pytest.mark.parametrize("size", [BODY_BYTES + 1, 10_000_000])
def test_who_sends_too_much_is_told_so(ours: Served, size: int) -> None:
    """A body that is too large is read on and refused, whether its length was told or not."""
    told = post(b" " * size)
    chunked = CHUNKED + b"%x\r\n" % size + b" " * size + b"\r\n0\r\n\r\n"
    for request in (told, chunked):
        with ours.connect() as sock:
            sock.sendall(request)
            assert one_answer(sock).startswith(b"HTTP/1.1 413 ")


ODD_LINES = (b"Traceparent: a\r\n", b"Upgrade: h2c\r\n", b"Accept: a\r\nAccept: b\r\n")


@pytest.mark.parametrize("lines", ODD_LINES)
def test_what_is_odd_never_reaches_the_front(ours: Served, lines: bytes) -> None:
    """A trace, an upgrade, a header sent twice: the app answers, and gives the answer an id."""
    plain, odd = (
        ours.exchange(b"GET /s/1 HTTP/1.1\r\nConnection: close\r\n" + more + H)
        for more in (b"", lines)
    )
    assert b"X-Request-Id" in odd and b"X-Request-Id" not in plain


def test_a_body_that_is_packed_on_its_way_is_refused(ours: Served) -> None:
    """Nobody here unpacks it; gunicorn's own workers give the app what came."""
    packed = CHUNKED.replace(b": chunked", b": gzip, chunked")
    assert ours.statuses(packed + b"0\r\n\r\n") == [501]


def test_an_upgrade_is_not_taken_up(ours: Served) -> None:
    """HTTP/1.1 goes on, and a body is the body of its request, not the next one."""
    lines = (b"Connection: Upgrade, HTTP2-Settings", b"Upgrade: h2c")
    smuggled = b'"GET /s/1 HTTP/1.1\\r\\n"'
    for request in (
        post(smuggled, *lines),
        CHUNKED.replace(b"\r\n\r\n", b"\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n")
        + b"%x\r\n%b\r\n0\r\n\r\n" % (len(smuggled), smuggled),
    ):
        received = ours.exchange(request)
        assert received.count(b"HTTP/1.1 200") == 1 and b'{"got":"GET' in received, received


def test_what_breaks_is_told_and_logged(ours: Served) -> None:
    """An app or a front that raises gives a 500 in the one shape; the next request is served."""
    for path in (b"/broken", b"/s/broken"):
        received = ours.exchange(b"GET " + path + b" HTTP/1.1\r\n" + H)
        assert received.startswith(b"HTTP/1.1 500 ") and b"problem+json" in received
        assert b"Traceback" not in received
    assert "the app is broken" in ours.log.read_text()
    assert "the front is broken" in ours.log.read_text()
    assert ours.statuses(b"GET /s/1 HTTP/1.1\r\n" + H) == [200]
