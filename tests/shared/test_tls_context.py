"""A client's silence under gunicorn's threads and TLS: bounded, as without TLS."""

import socket
import ssl
import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace

import pytest

from tem.http import tls_context
from tem.tls import TlsFiles, client_context
from tem.tls_authority import certify

Pair = tuple[socket.socket, socket.socket]


@pytest.fixture
def pair() -> Iterator[Pair]:
    """Both ends of a connection: the server's, the client's."""
    server, client = socket.socketpair()
    with server, client:
        client.settimeout(20)
        yield server, client


def _wrapped(folder: Path, server: socket.socket) -> ssl.SSLSocket:
    """The server's end, as gunicorn wraps it."""
    files = TlsFiles(folder)
    certify(files, (), "localhost", datetime.now(UTC))
    config = SimpleNamespace(certfile=str(files.certificate), keyfile=str(files.key))

    def default() -> ssl.SSLContext:
        made = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        made.load_cert_chain(config.certfile, config.keyfile)
        return made

    context = tls_context.context_of(config, default)
    assert context is tls_context.context_of(config, default)
    return context.wrap_socket(server, server_side=True, do_handshake_on_connect=False)


def test_a_handshake_that_stops_gives_its_thread_back(
    tmp_path: Path, pair: Pair, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A few bytes and then nothing: TimeoutError, which the worker takes for a client gone."""
    monkeypatch.setattr(tls_context, "TLS_SECONDS", 0.05)
    server, client = pair
    with _wrapped(tmp_path, server) as wrapped:
        client.sendall(b"\x16\x03\x01")
        with pytest.raises(TimeoutError):
            wrapped.do_handshake()
        wrapped.shutdown(socket.SHUT_WR)
        wrapped.settimeout(2.0)  # as gunicorn does to hear the client's end
        assert wrapped.gettimeout() == 0.0


def test_a_request_that_stops_gives_its_thread_back(
    tmp_path: Path, pair: Pair, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The same after a good handshake, in which HTTP/1.1 was agreed on by TLS 1.2 at least."""
    server, client = pair
    with _wrapped(tmp_path, server) as wrapped:
        asking = client_context(TlsFiles(tmp_path).authority)
        asking.set_alpn_protocols(["h2", "http/1.1"])
        told: list[str | None] = []

        def ask() -> None:
            with asking.wrap_socket(client, server_hostname="localhost") as secure:
                told.extend((secure.selected_alpn_protocol(), secure.version()))
                secure.sendall(b"GET / HTTP/1.1\r\n")
                secure.recv(1)

        asker = threading.Thread(target=ask)
        asker.start()
        wrapped.do_handshake()
        monkeypatch.setattr(tls_context, "TLS_SECONDS", 0.05)
        wrapped.setblocking(True)  # as gunicorn does before each request
        assert wrapped.recv(100) == b"GET / HTTP/1.1\r\n"
        with pytest.raises(TimeoutError):
            wrapped.recv(100)
    asker.join(20)
    assert told == ["http/1.1", "TLSv1.3"]
