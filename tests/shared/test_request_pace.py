"""Requests that arrive a little at a time, over real sockets: each has its time and no more."""

import contextlib
import select
import socket
from collections.abc import Iterator

import pytest
from tests.verifier import serving_gunicorn as gunicorn
from tests.verifier.serving_gunicorn import GTHREAD, Served

CHUNKED = b"POST /body HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
POST = b"POST /body HTTP/1.1\r\nHost: x\r\nContent-Length: "


@pytest.fixture(name="server", scope="module")
def paced(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """Our worker with four threads, whose requests have half a second, or two if much comes."""
    app = "tests.shared.paced_app:create_app()"
    with gunicorn.served(tmp_path_factory.mktemp("paced"), GTHREAD, app=app) as server:
        yield server


def drip(sock: socket.socket, piece: bytes, pieces: int = 80, every: float = 0.1) -> bool:
    """Send a piece again and again until the server says or ends something; whether it did."""
    for _ in range(pieces):
        with contextlib.suppress(ConnectionError):
            sock.sendall(piece)
        if select.select([sock], [], [], every)[0]:
            return True
    return False


@pytest.mark.parametrize(
    ("first", "piece", "status"),
    [
        (b"GET / HTTP/1.1\r\nHost: x\r\nX-a: ", b"a", 408),
        (POST + b"60000\r\n\r\n", b"a", 400),
        (
            b"POST /body HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n",
            b"1\r\na\r\n",
            400,
        ),
        # It sends fast enough to be let go on for a while, but not for ever.
        (POST + b"9000000\r\n\r\n", b"a" * 1000, 400),
    ],
    ids=["head", "body", "chunks", "steady"],
)
def test_a_request_that_takes_too_long_is_given_up(
    server: Served, first: bytes, piece: bytes, status: int
) -> None:
    """It is answered, the connection ends, and the thread is free for others."""
    with server.connect() as sock:
        sock.sendall(first)
        assert drip(sock, piece)
        answer = gunicorn.everything(sock)
    assert answer.startswith(f"HTTP/1.1 {status} ".encode()), answer


def test_drips_do_not_shut_a_service(server: Served) -> None:
    """Four threads, eight who drip: others are answered all the same."""
    with contextlib.ExitStack() as held:
        dripping = [held.enter_context(server.connect()) for _ in range(8)]
        for sock in dripping:
            sock.sendall(POST + b"60000\r\n\r\n")
        asking = held.enter_context(server.connect())
        asking.sendall(b"GET /livez HTTP/1.1\r\nHost: x\r\n\r\n")
        for _ in range(80):
            if select.select([asking], [], [], 0.1)[0]:
                break
            for sock in dripping:
                with contextlib.suppress(ConnectionError):
                    sock.sendall(b"a")
        asking.settimeout(0.1)
        assert asking.recv(12) == b"HTTP/1.1 200"


def test_clients_that_never_hang_up_do_not_shut_a_service(server: Served) -> None:
    """Twenty have had their last answer and stay: the next client is taken all the same."""
    last = b"GET /livez HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
    with contextlib.ExitStack() as held:
        staying = [held.enter_context(server.connect()) for _ in range(20)]
        for sock in staying:
            sock.sendall(last)
        assert staying[0].recv(12) == b"HTTP/1.1 200"
        another = held.enter_context(server.connect(seconds=8))
        another.sendall(last)
        assert another.recv(12) == b"HTTP/1.1 200"


def test_what_arrives_buys_time(server: Served) -> None:
    """A body that needs longer than the first half second is taken, as one on a slow line."""
    size, piece = 1200, 100
    with server.connect() as sock:
        sock.sendall(POST + b"%d\r\n\r\n" % size)
        for _ in range(size // piece):
            assert not select.select([sock], [], [], 0.08)[0]
            sock.sendall(b"a" * piece)
        assert b'{"bytes":1200}' in gunicorn.one_answer(sock)
        # The next request of the connection has its own time.
        sock.sendall(POST + b"3\r\n\r\nabc")
        assert b'{"bytes":3}' in gunicorn.one_answer(sock)
