"""The certificate of a trial: made once, kept, renewed in time; the authority's key is nowhere."""

import ipaddress
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.x509.oid import ExtendedKeyUsageOID

from tem.tls import TlsFiles
from tem.tls_authority import certify

NOW = datetime(2026, 11, 22, 8, tzinfo=UTC)
HOSTS = ("192.168.1.20", "tem.local")


@pytest.fixture
def files(tmp_path: Path) -> TlsFiles:
    made = TlsFiles(tmp_path / "tls")
    assert certify(made, HOSTS, "pc-3", NOW)
    return made


def _read(path: Path) -> x509.Certificate:
    return x509.load_pem_x509_certificate(path.read_bytes())


def test_it_is_for_the_hosts_named_and_for_a_server_alone(files: TlsFiles) -> None:
    """Names and addresses, 397 days at most, signed by an authority that can make no other."""
    found, authority = _read(files.certificate), _read(files.authority)
    found.verify_directly_issued_by(authority)
    names = found.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert set(names.get_values_for_type(x509.DNSName)) == {"localhost", "pc-3", "tem.local"}
    addresses = {ipaddress.ip_address(one) for one in ("127.0.0.1", "192.168.1.20")}
    assert set(names.get_values_for_type(x509.IPAddress)) == addresses
    usage = found.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    assert list(usage) == [ExtendedKeyUsageOID.SERVER_AUTH]
    assert not found.extensions.get_extension_for_class(x509.BasicConstraints).value.ca
    bound = authority.extensions.get_extension_for_class(x509.BasicConstraints).value
    assert (bound.ca, bound.path_length) == (True, 0)
    for one in (found, authority):
        assert one.not_valid_before_utc < NOW
        assert one.not_valid_after_utc - one.not_valid_before_utc <= timedelta(days=397)


def test_files_are_their_owners_and_the_authoritys_key_is_in_none(files: TlsFiles) -> None:
    """Three files of mode 0600, of which one is a key: the server's."""
    found = sorted(files.folder.iterdir())
    assert found == [files.authority, files.certificate, files.key]
    assert {path.stat().st_mode & 0o777 for path in found} == {0o600}
    assert files.folder.stat().st_mode & 0o777 == 0o700
    assert sum(path.read_text().count("PRIVATE KEY-----") for path in found) == 2  # begin and end


def _other_key(files: TlsFiles) -> None:
    other = TlsFiles(files.folder / "other")
    certify(other, HOSTS, "pc-3", NOW)
    files.key.write_bytes(other.key.read_bytes())


def _other_authority(files: TlsFiles) -> None:
    other = TlsFiles(files.folder / "other")
    certify(other, HOSTS, "pc-3", NOW)
    files.authority.write_bytes(other.authority.read_bytes())


def _nothing(files: TlsFiles) -> None:
    """What is there stays as it is."""


# What happened to the files, the hosts of the next start, days until it, whether it makes anew.
STARTS: tuple[tuple[Callable[[TlsFiles], object], tuple[str, ...], float, bool], ...] = (
    (_nothing, HOSTS, 0, False),
    (_nothing, HOSTS, 365, False),
    (_nothing, HOSTS, 367, True),
    (_nothing, HOSTS, 1000, True),
    (_nothing, HOSTS, -2, True),
    (_nothing, HOSTS[:1], 0, False),
    (_nothing, (), 0, False),
    (_nothing, (*HOSTS, "10.0.0.7"), 0, True),
    (lambda files: files.key.write_bytes(b""), HOSTS, 0, True),
    (lambda files: files.authority.unlink(), HOSTS, 0, True),
    (lambda files: files.certificate.write_bytes(b"-----BEGIN"), HOSTS, 0, True),
    (_other_key, HOSTS, 0, True),
    (_other_authority, HOSTS, 0, True),
)


@pytest.mark.parametrize(("happened", "hosts", "days", "anew"), STARTS)
def test_the_next_start_keeps_it_while_it_serves(
    files: TlsFiles,
    happened: Callable[[TlsFiles], object],
    hosts: tuple[str, ...],
    days: float,
    anew: bool,
) -> None:
    """Kept until 30 days before its end, on any machine name; made anew for a host it lacks and
    where the files do not fit together."""
    before = files.fingerprint
    happened(files)
    later = NOW + timedelta(days=days)
    assert certify(files, hosts, "another-name", later) == anew
    assert (files.fingerprint != before) == anew
    assert not certify(files, hosts, "pc-3", later)
