"""A verifier that was broken into holds few threads of the registry, and none of them for long."""

import contextlib
import gzip
import socket
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from tem.errors import Unavailable
from tem_registry.lookups import verifier_client
from tem_registry.lookups.verifier_client import VerifierClient

PIECES, PAUSE = 200, 0.05  # ten seconds, should nobody hang up
CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
PACKED = gzip.compress(b"[1]")


class Ill:
    """It says ``first`` to everybody, then ``again`` a little at a time, until it is left."""

    def __init__(self) -> None:
        self.first = self.again = b""
        self.asked = threading.Semaphore(0)
        self.left = threading.Event()
        self.listening = socket.create_server(("127.0.0.1", 0))
        self._threads = [threading.Thread(target=self._accept)]
        self._threads[0].start()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                client, _ = self.listening.accept()
                self._threads.append(threading.Thread(target=self._drip, args=(client,)))
                self._threads[-1].start()

    def _drip(self, client: socket.socket) -> None:
        with client, contextlib.suppress(OSError):
            client.recv(65536)
            self.asked.release()
            client.sendall(self.first)
            for _ in range(PIECES if self.again else 0):
                if self.left.wait(PAUSE):
                    return
                client.sendall(self.again)

    def end(self) -> None:
        """Let everybody go."""
        self.left.set()
        with contextlib.suppress(OSError):
            self.listening.shutdown(socket.SHUT_RDWR)
        self.listening.close()
        for thread in self._threads:
            thread.join()


@pytest.fixture(name="ill")
def broken_into() -> Iterator[Ill]:
    """A server that is no verifier any more."""
    ill = Ill()
    yield ill
    ill.end()


@pytest.fixture
def client(ill: Ill, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> VerifierClient:
    """The registry's client of it, of little patience."""
    monkeypatch.setattr(verifier_client, "WHOLE_SECONDS", 0.3)
    (tmp_path / "key").write_text("tem_key\n")
    return VerifierClient(f"http://127.0.0.1:{ill.listening.getsockname()[1]}", tmp_path / "key")


def refusal(client: VerifierClient) -> str:
    """What is told to the page that asked."""
    with pytest.raises(Unavailable) as refused:
        client.get("/v1/reports")
    assert refused.value.code == "lookups_unavailable"
    return refused.value.detail


@pytest.mark.parametrize(
    ("first", "again"),
    [
        (b"HTTP/1.1 200 OK\r\nX: ", b"a"),
        (b"", b"HTTP/1.1 103 Early Hints\r\n\r\n"),
        (CHUNKED + b"1;", b"a"),
        (CHUNKED, b"1\r\n \r\n"),
    ],
    ids=["headers", "early hints", "chunk extension", "body"],
)
def test_a_call_ends_by_the_clock(
    ill: Ill, client: VerifierClient, first: bytes, again: bytes
) -> None:
    """However an answer is drawn out, it is given up, and nobody asks again for a while."""
    ill.first, ill.again = first, again
    assert "ReadTimeout" in refusal(client)
    assert "a moment ago" in refusal(client)


def test_a_packed_answer_is_none(ill: Ill, client: VerifierClient) -> None:
    """What it unpacks to is not bounded by what is read, so it is not unpacked."""
    head = f"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: {len(PACKED)}\r\n\r\n"
    ill.first = head.encode() + PACKED
    assert "DecodingError" in refusal(client)


def test_few_calls_are_under_way_at_once(
    ill: Ill, client: VerifierClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While four wait for it the fifth is told so, instead of waiting as well."""
    monkeypatch.setattr(verifier_client, "WHOLE_SECONDS", 20.0)
    monkeypatch.setattr(verifier_client, "TURN_SECONDS", 0.01)
    ill.first, ill.again = CHUNKED, b"1\r\n \r\n"

    def ask() -> None:
        with contextlib.suppress(Unavailable):
            client.get("/v1/reports")

    waiting = [threading.Thread(target=ask) for _ in range(verifier_client.AT_ONCE)]
    for thread in waiting:
        thread.start()
    assert all(ill.asked.acquire(timeout=20) for _ in waiting)
    assert "others are asking it" in refusal(client)
    ill.left.set()
    for thread in waiting:
        thread.join()
