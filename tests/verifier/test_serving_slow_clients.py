"""Clients that are slow, silent or half gone hold up nobody, and are cut off in the end."""

import contextlib
import resource
import socket
from collections.abc import Iterator
from contextlib import ExitStack, closing
from pathlib import Path

import pytest
from tests.running import until
from tests.verifier.serving_gunicorn import OURS, everything, one_answer, served
from tests.verifier.serving_loop import Loop

from tem_verifier.serving.server import Patience

MANY = 3000
LOOK_UP = b"GET /s/1 HTTP/1.1\r\nHost: x\r\n\r\n"
BODY_HEAD = b"POST /v1/echo HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\n"
CHUNKED_HEAD = BODY_HEAD.replace(b"Content-Length: 9", b"Transfer-Encoding: chunked")


@pytest.fixture
def many_files() -> Iterator[None]:
    """As many open files as the test needs."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    assert hard >= MANY + 500, f"the hard limit of open files is {hard}: the test needs more"
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    yield
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def test_three_thousand_slow_connections_hold_up_nobody(tmp_path: Path, many_files: None) -> None:
    """With idle connections, half heads and half bodies open, health and look-ups are answered."""
    with served(tmp_path, OURS, "--worker-connections", "5000") as server, ExitStack() as stack:
        held = []
        for number in range(MANY):
            sock = stack.enter_context(server.connect())
            sock.sendall((b"", LOOK_UP[:-6], BODY_HEAD + b"half")[number % 3])
            held.append(sock)
        for path in (b"/livez", b"/s/1", b"/environ"):
            request = b"GET " + path + b" HTTP/1.1\r\nHost: x\r\n\r\n"
            assert server.statuses(request) == [200], path
        for sock in held:
            sock.setblocking(False)
            with pytest.raises(BlockingIOError):  # neither answered nor ended
                sock.recv(1)
        files = list(Path(f"/proc/{server.workers[0]}/fd").iterdir())
        assert len(files) > MANY


SLOW = (
    ("half a head", LOOK_UP[:-6], b"HTTP/1.1 408 "),
    ("half a body", BODY_HEAD + b"half", b"HTTP/1.1 408 "),
    (
        "chunks to come",
        CHUNKED_HEAD,
        b"HTTP/1.1 408 ",
    ),
)


@pytest.mark.parametrize(("name", "sent", "answer"), SLOW)
def test_a_request_that_does_not_go_on_is_given_up(name: str, sent: bytes, answer: bytes) -> None:
    """Its sender is told 408, and the connection ends; others have been answered meanwhile."""
    with Loop(Patience(head=0.3, piece=0.3)) as loop, closing(loop.connect()) as slow:
        slow.sendall(sent)
        with closing(loop.connect()) as other:
            other.sendall(LOOK_UP)
            assert one_answer(other).startswith(b"HTTP/1.1 200")
        received = everything(slow)
        assert received.startswith(b"HTTP/1.1 408 ") and received.count(b"HTTP/1.1") == 1


@pytest.mark.parametrize("sent", [LOOK_UP[:4], BODY_HEAD.replace(b"9", b"900")])
def test_a_dribble_is_no_progress_without_end(sent: bytes) -> None:
    """Who sends a byte now and then gets no longer than who sends none."""
    with Loop(Patience(head=0.3, piece=0.3, body=0.6)) as loop, closing(loop.connect()) as slow:
        slow.sendall(sent)
        slow.settimeout(0.02)
        received = b""
        with contextlib.suppress(ConnectionError):
            for _ in range(1000):
                slow.sendall(b"a")
                with contextlib.suppress(TimeoutError):
                    if not (piece := slow.recv(65536)):
                        break
                    received += piece
        assert received.startswith(b"HTTP/1.1 408 ")


def test_an_idle_connection_ends_without_a_word() -> None:
    """A connection on which nothing comes is closed, whether it has been used or not."""
    with (
        Loop(Patience(), keepalive=1) as loop,
        closing(loop.connect()) as unused,
        closing(loop.connect()) as used,
    ):
        used.sendall(LOOK_UP)
        assert one_answer(used).startswith(b"HTTP/1.1 200")
        assert everything(used) == b"" and everything(unused) == b""


def test_who_never_reads_is_cut_off() -> None:
    """Answers that nobody fetches are not kept for ever."""
    with Loop(Patience(reading=0.3)) as loop, closing(loop.connect()) as sock:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        until(lambda: loop.server.connections, 10)
        (connection,) = loop.server.connections
        buffers = connection._transport.get_extra_info("socket")
        buffers.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4096)
        sock.sendall(LOOK_UP * 60)
        until(lambda: connection._blocked, 10)
        assert len(loop.server.connections) == 1
        until(lambda: not loop.server.connections, 10)


def test_a_client_that_leaves_takes_what_it_held_along() -> None:
    """Bodies half received count towards the bound on memory only while their sender is there."""
    with Loop(Patience()) as loop:
        with closing(loop.connect()) as sock, closing(loop.connect()) as other:
            sock.sendall(BODY_HEAD + b"half")
            other.sendall(LOOK_UP)
            one_answer(other)
            until(lambda: loop.server.held == 4, 10)
        until(lambda: (loop.server.held, len(loop.server.connections)) == (0, 0), 10)


NOTHING_MUCH = (
    (b"GET /s/1 HTTP/1.1\r\n", b"A: b\r\n", b"HTTP/1.1 431 "),
    (b"GET /s/1", b"1", b"HTTP/1.1 414 "),
    (
        CHUNKED_HEAD,
        b"1;" + b"a" * 1000 + b"\r\nx\r\n",
        b"HTTP/1.1 400 ",
    ),
)


@pytest.mark.parametrize(("began", "more", "answer"), NOTHING_MUCH)
def test_what_never_becomes_a_request_is_not_kept(began: bytes, more: bytes, answer: bytes) -> None:
    """A head without end, or chunks that are all frame, are refused before they fill the memory."""
    with Loop(Patience()) as loop, closing(loop.connect()) as sock:
        sock.sendall(began)
        until(lambda: loop.server.connections, 10)
        with contextlib.suppress(ConnectionError):
            for _ in range(200):
                sock.sendall(more * 1000 if len(more) < 10 else more)
        assert everything(sock).startswith(answer)
