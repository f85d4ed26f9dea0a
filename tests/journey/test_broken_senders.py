"""Senders that break off, break the framing, or stop in the middle: nobody else is hurt."""

import contextlib
import json
import socket
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from tests import plain_http
from tests.running import Running, tem

from tem.http.gunicorn_hooks import READ_SECONDS

SERVICES = ("issuer", "registry", "verifier")
BROKEN_BODIES = (
    b"zz\r\n{}\r\n0\r\n\r\n",
    b"-2\r\n{}\r\n0\r\n\r\n",
    b"2\r\n{}",
    b"2;e=\0\r\n{}\r\n",
)


def exchange(installation: Running, service: str, request: bytes) -> bytes:
    """Send bytes as they are, end the sending side, and read what comes back."""
    address = urlsplit(installation.url(service))
    with socket.create_connection((address.hostname, address.port), timeout=20) as sock:
        sock.sendall(request)
        sock.shutdown(socket.SHUT_WR)
        received = b""
        with contextlib.suppress(ConnectionResetError):
            while piece := sock.recv(65536):
                received += piece
    return received


@pytest.mark.parametrize("body", BROKEN_BODIES)
def test_a_broken_body_is_the_senders_fault(sample: Running, body: bytes) -> None:
    """Chunks that are none, or end too early, get a 4xx in the one shape, or no answer at all."""
    head = (
        b"POST /v1/verifications HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
        b"Transfer-Encoding: chunked\r\nConnection: close\r\n\r\n"
    )
    answer = exchange(sample, "verifier", head + body)
    assert answer == b"" or answer.startswith(b"HTTP/1.1 4"), answer[:300]


UNREADABLE = (
    ("GET /v1/communes?former=Kỳ HTTP/1.1\r\nHost: x\r\n\r\n".encode(), 400, "bad_request"),
    (b"GET /v1/communes?former=K L HTTP/1.1\r\nHost: x\r\n\r\n", 400, "bad_request"),
    (b"GET / HTTP/9.9\r\nHost: x\r\n\r\n", 400, "bad_request"),
    (b"GET / HTTP/1.1\r\nHost x\r\n\r\n", 400, "bad_request"),
    (b"GET /" + b"a" * 9000 + b" HTTP/1.1\r\nHost: x\r\n\r\n", 414, None),
)


@pytest.mark.parametrize("service", SERVICES)
@pytest.mark.parametrize(("request_", "status", "code"), UNREADABLE)
def test_what_is_no_request_is_told_in_the_one_shape(
    sample: Running, service: str, request_: bytes, status: int, code: str | None
) -> None:
    """Bytes that never reach the app get a problem document too, and the connection ends."""
    head, _, body = exchange(sample, service, request_).partition(b"\r\n\r\n")
    assert head.startswith(f"HTTP/1.1 {status} ".encode()), head
    assert b"Content-Type: application/problem+json" in head and b"Connection: close" in head
    document = json.loads(body)
    assert document["status"] == status and code in (None, document["code"])
    assert document["type"] == f"urn:tem:problem:{document['code']}" and document["detail"]


def test_half_a_character_in_a_key_is_told_without_breaking(sample: Running) -> None:
    """What is told back in an error can always be written."""
    answer = plain_http.post(
        f"{sample.url('verifier')}/v1/verifications",
        content=b'{"codes":["1"],"\\udfff":1}',
        headers={"Content-Type": "application/json"},
    )
    assert (answer.status_code, answer.json()["code"]) == (400, "bad_json")


def test_a_sender_that_listens_last_learns_that_it_sent_too_much(sample: Running) -> None:
    """Six megabytes are read to their end before the refusal, so that it is not lost."""
    address = urlsplit(sample.url("registry"))
    key = (sample.data / "keys" / "registry-office.key").read_text().strip()
    body = bytes(6 * 1024 * 1024)
    head = f"POST /v1/files HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {key}\r\n"
    head += f"Content-Type: image/png\r\nContent-Length: {len(body)}\r\n\r\n"
    with socket.create_connection((address.hostname, address.port), timeout=20) as sock:
        sock.sendall(head.encode() + body)
        assert sock.recv(20).startswith(b"HTTP/1.1 413")


@pytest.mark.parametrize("service", SERVICES)
def test_requests_that_never_end_give_their_threads_back(sample: Running, service: str) -> None:
    """Forty connections that stop in the middle of a request hold a service up for seconds."""
    address = urlsplit(sample.url(service))
    with contextlib.ExitStack() as held:
        for _ in range(40):
            sock = socket.create_connection((address.hostname, address.port), timeout=20)
            held.enter_context(sock)
            sock.sendall(b"GET / HTTP/1.1\r\nHost: x\r\nX-a: ")
        alive = plain_http.get(f"{sample.url(service)}/livez", timeout=15 * READ_SECONDS)
        assert alive.status_code == 200


def test_fsck_goes_on_after_damage_it_stumbles_over(tmp_path: Path) -> None:
    """A check that cannot read its store is one more fault, and the others still run."""
    assert tem(tmp_path, "registry", "key", "list").returncode != 0  # no installation yet
    (tmp_path / "trust.json").write_text("[]")
    done = tem(tmp_path, "fsck")
    assert done.returncode == 1
    assert {line.split(":")[0] for line in done.stdout.splitlines()} >= {"issuer", "registry"}
    assert "Traceback" not in done.stderr
