"""`tem up --tls`: registry and verifier over HTTPS, for phones in an office's network."""

import re
import socket
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import httpx
import pytest
from tests.running import Running, free_base_port, tem, until

from tem.installation import Installation
from tem.tls import TlsFiles, client_context

WEB = ("registry", "verifier")
SILENT = 40  # more than the registry has threads
HELLO = b"\x16\x03\x01\x02\x00"  # a handshake begins, and goes no further


class Secure(Running):
    """One whose web services speak TLS, with a client that believes their authority."""

    @property
    def files(self) -> TlsFiles:
        """The certificate's."""
        return TlsFiles.of(Installation.at(self.data))

    def ask(self, service: str, path: str, key: str | None = None) -> httpx.Response:
        """One GET, on a connection of its own."""
        headers = {"Authorization": f"Bearer {key}"} if key else {}
        address = self.url(service).replace("http:", "https:") + path
        context = client_context(self.files.authority)
        return httpx.get(address, headers=headers, timeout=30, verify=context)


@pytest.fixture(scope="module")
def secure(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Secure]:
    """An installation without data."""
    installation = Secure(tmp_path_factory.mktemp("tls") / "data", None, "--tls")
    installation.start()
    try:
        yield installation
    finally:
        installation.stop()


def test_both_answer_over_tls_and_the_issuer_only_this_machine(secure: Secure) -> None:
    """Ready by their certificate; the issuer as before; the address of stamps is https."""
    for service in WEB:
        assert secure.ask(service, "/readyz").status_code == 200
    assert secure.client("issuer").get("/readyz").status_code == 200
    told = Installation.at(secure.data).addresses()
    assert told["public_url"] == f"https://localhost:{secure.base_port + 3}"
    assert told["registry_url"] == f"https://localhost:{secure.base_port + 2}"
    assert told["issuer"].startswith("http://127.0.0.1:")


@pytest.mark.parametrize("service", WEB)
def test_who_does_not_know_the_authority_refuses_them(secure: Secure, service: str) -> None:
    """A client without it ends the handshake; and plain HTTP is not spoken there."""
    address = secure.url(service)
    with pytest.raises(httpx.ConnectError, match="CERTIFICATE_VERIFY_FAILED"):
        httpx.get(f"{address.replace('http:', 'https:')}/livez")
    with pytest.raises(httpx.RemoteProtocolError):
        httpx.get(f"{address}/livez")
    assert secure.ask(service, "/livez").status_code == 200


@pytest.mark.parametrize("service", WEB)
def test_handshakes_that_stop_block_nobody(secure: Secure, service: str) -> None:
    """With more of them open than there are threads, others are answered, and no error is told."""
    port = int(secure.url(service).rpartition(":")[2])
    log = secure.data / "logs" / f"{service}.log"
    with ExitStack() as stack:
        for _ in range(SILENT):
            sock = stack.enter_context(socket.create_connection(("127.0.0.1", port)))
            sock.sendall(HELLO)
        assert secure.ask(service, "/readyz").status_code == 200
        assert secure.ask(service, "/s/1").status_code == (200 if service == "verifier" else 404)
    assert '"level": "error"' not in log.read_text()


def test_this_machines_own_clients_believe_the_authority(secure: Secure) -> None:
    """The registry asks the verifier, and a new office key is asked for there."""
    key = (secure.data / "keys" / "registry-office.key").read_text().strip()
    asked = secure.ask("registry", "/v1/lookups?from=2026-11-01&to=2026-11-02", key)
    assert asked.status_code == 200, asked.text
    made = secure.tem("issuer", "office-key", "prepare", "--unsealed")
    prepared = re.search(r"office-key activate (\w+)", made)
    assert prepared, made
    assert "knows it" in secure.tem("issuer", "office-key", "activate", prepared[1])


def test_a_restart_keeps_the_certificate(secure: Secure) -> None:
    """What phones have installed goes on being right."""
    before = secure.files.fingerprint, secure.files.certificate.read_bytes()
    secure.stop()
    secure.start()
    assert (secure.files.fingerprint, secure.files.certificate.read_bytes()) == before
    assert until(lambda: secure.ask("verifier", "/livez").status_code == 200)


@pytest.mark.parametrize(
    ("options", "code"),
    [
        (("--tls", "--host", "https://a"), "bad_host"),
        (("--tls", "--host", "a-name-that-is-too-long.example.vn"), "address_too_long"),
        (("--tls", "--host", "192.0.2.1"), "no_such_address"),
    ],
)
def test_a_host_that_cannot_be_is_told_before_anything_is_made(
    tmp_path: Path, options: tuple[str, ...], code: str
) -> None:
    """In one line, with what to do; no key, database or certificate is left."""
    data = tmp_path / "data"
    ended = tem(data, "up", "--data", data, "--base-port", free_base_port(), *options)
    assert ended.returncode == 1 and f"[{code}]" in ended.stderr, ended.stderr
    assert [path.name for path in data.rglob("*") if path.name != "up.lock"] == []
