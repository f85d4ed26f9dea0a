"""The worker with a certificate: the same answers over TLS, and nobody held up by a handshake."""

import contextlib
import socket
import ssl
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime

import pytest
from tests.running import until
from tests.verifier.serving_gunicorn import OURS, STATUS, Served, everything, one_answer, served
from tests.verifier.serving_loop import Loop
from tests.verifier.serving_stub import BODY

from tem.tls import TlsFiles, client_context
from tem.tls_authority import certify
from tem_verifier.serving.server import Room

LOOK_UP = b"GET /s/1 HTTP/1.1\r\nHost: x\r\n\r\n"
LAST = LOOK_UP.replace(b"Host", b"Connection: close\r\nHost")
SILENT = 40  # of them threads would hold up, and there are four
HELLO = b"\x16\x03\x01\x02\x00"  # a handshake begins, and goes no further


@dataclass
class Secure(Served):
    """One that is asked over TLS."""

    @property
    def files(self) -> TlsFiles:
        """Its certificate's."""
        return TlsFiles(self.log.parent / "tls")

    def connect(self, seconds: float = 20) -> socket.socket:
        """A new connection, of a client that believes the authority."""
        context = client_context(self.files.authority)
        return context.wrap_socket(super().connect(seconds), server_hostname="localhost")

    def exchange(self, *sent: bytes) -> bytes:
        """Send, and read to the end of an answer that is the last: TLS has no half of an end."""
        with self.connect() as sock:
            for piece in sent:
                sock.sendall(piece)
            return everything(sock)


@pytest.fixture(scope="module")
def secure(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """The stub over TLS."""
    folder = tmp_path_factory.mktemp("secure")
    files = TlsFiles(folder / "tls")
    certify(files, (), "localhost", datetime.now(UTC))
    options = ("--certfile", str(files.certificate), "--keyfile", str(files.key))
    with served(folder, OURS, *options, kind=Secure) as server:
        yield server


@pytest.fixture(scope="module")
def silent(secure: Secure) -> Iterator[list[socket.socket]]:
    """Clients that begin a handshake, or not even that."""
    with ExitStack() as stack:
        held = [stack.enter_context(Served.connect(secure)) for _ in range(SILENT)]
        for sock in held[::2]:
            sock.sendall(HELLO)
        yield held


def test_handshakes_that_stop_hold_up_nobody(secure: Secure, silent: list[socket.socket]) -> None:
    """Look-ups and the app are answered while they are open, and they are open still."""
    assert secure.exchange(LAST).endswith(BODY)
    assert b'"scheme":"https"' in secure.exchange(LAST.replace(b"/s/1", b"/environ")).replace(
        b" ", b""
    )
    for sock in silent:
        sock.setblocking(False)
        with pytest.raises(BlockingIOError):
            sock.recv(1)
        sock.setblocking(True)


def test_many_requests_of_one_connection_are_answered_in_order(secure: Secure) -> None:
    """Sent ahead, one by one, and with a body: as without TLS."""
    with secure.connect() as sock:
        sock.sendall(LOOK_UP * 3)
        assert [one_answer(sock)[-len(BODY) :] for _ in range(3)] == [BODY] * 3
        body = b'{"a":"' + b"b" * 40_000 + b'"}'
        sock.sendall(
            b"POST /v1/echo HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
            b"Content-Length: %d\r\n\r\n" % len(body)
        )
        sock.sendall(body)
        assert len(one_answer(sock)) > 40_000


def test_a_refusal_arrives_whole_before_the_end(secure: Secure) -> None:
    """What cannot be read is told in words, though TLS cannot end the one direction alone."""
    answer = secure.exchange(b"GET /s/1 HTTP/9.9\r\n\r\n", b"more")
    assert STATUS.findall(answer) == [b"400"] and answer.rstrip().endswith(b"}")


def test_who_does_not_believe_the_authority_gets_nothing(secure: Secure) -> None:
    """A client of other beliefs, and one without TLS: no answer, no crash, no line in the log."""
    stranger = ssl.create_default_context()
    with pytest.raises(ssl.SSLCertVerificationError), Served.connect(secure) as sock:
        stranger.wrap_socket(sock, server_hostname="localhost")
    with Served.connect(secure) as sock, contextlib.suppress(ConnectionError):
        sock.sendall(LAST)
        assert b"HTTP/1.1" not in everything(sock)
    assert secure.exchange(LAST).endswith(BODY)
    log = secure.log.read_text()
    assert "Traceback" not in log and "rror" not in log, log


def test_who_ends_before_the_answer_is_let_go(secure: Secure) -> None:
    """Nothing is kept for a client that says its end while a thread works for it, and no line of
    the event loop's says that it cannot."""
    with secure.connect() as sock:
        assert isinstance(sock, ssl.SSLSocket)
        sock.sendall(LOOK_UP.replace(b"/s/1", b"/sleep?seconds=0.2"))
        sock.setblocking(False)
        with pytest.raises(ssl.SSLWantReadError):
            sock.unwrap()  # our end is sent, theirs is yet to come
        sock.settimeout(20)
        with pytest.raises(ssl.SSLZeroReturnError):
            sock.recv(1)
    assert secure.exchange(LAST).endswith(BODY)
    assert "no effect" not in secure.log.read_text()


def test_a_silent_handshake_ends(secure: Secure, silent: list[socket.socket]) -> None:
    """After the time that a head has too."""

    def ended(sock: socket.socket) -> bool:
        sock.setblocking(False)
        with contextlib.suppress(BlockingIOError):
            with contextlib.suppress(ConnectionError):
                sock.recv(100)
            return True
        return False

    until(lambda: all(ended(sock) for sock in silent), 30)


def test_handshakes_count_as_connections() -> None:
    """Nobody fills the worker with them: from the most connections and the crowd on, cut off."""
    with Loop(room=Room(crowd=1)) as loop:
        assert loop.exchange(LAST).endswith(BODY)
        until(lambda: not loop.server.connections, 10)
        loop.server.most_connections = 2
        assert [loop.server.is_full(coming) for coming in (0, 2, 3, 9)] == [
            False,
            False,
            True,
            True,
        ]
