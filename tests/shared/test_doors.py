"""Where the services of one `tem up` listen, and what people type."""

import pytest

from tem import doors
from tem.errors import Invalid

PORTS = {"issuer": 8101, "registry": 8102, "verifier": 8103}
OUTSIDE = "192.168.1.20"
# --host, TEM_BIND, where registry and verifier listen, whom people ask.
TRIALS = (
    ((), None, ["127.0.0.1"], "localhost"),
    (("localhost",), None, ["127.0.0.1"], "localhost"),
    ((OUTSIDE,), None, ["127.0.0.1", OUTSIDE], OUTSIDE),
    ((OUTSIDE, "10.0.0.7"), None, ["127.0.0.1", OUTSIDE, "10.0.0.7"], OUTSIDE),
    (("::1",), None, ["127.0.0.1", "[::1]"], "[::1]"),
    (("tem.local", OUTSIDE), None, ["0.0.0.0"], "tem.local"),
    ((OUTSIDE,), "0.0.0.0", ["0.0.0.0"], OUTSIDE),
    ((OUTSIDE,), "[::]", ["[::]"], OUTSIDE),
)


@pytest.mark.parametrize(("hosts", "bind", "listening", "asked"), TRIALS)
def test_with_tls_only_what_was_named_is_opened(
    hosts: tuple[str, ...], bind: str | None, listening: list[str], asked: str
) -> None:
    """Loopback and the addresses named; every address for a name; the issuer never leaves
    loopback, and this machine's own clients ask there."""
    found = doors.with_tls(PORTS, bind, hosts)
    assert found.binds["issuer"] == ("127.0.0.1:8101",)
    assert found.addresses["issuer"] == found.shown["issuer"] == "http://127.0.0.1:8101"
    for service, port in (("registry", 8102), ("verifier", 8103)):
        assert found.binds[service] == tuple(f"{one}:{port}" for one in listening)
        assert found.addresses[service] == f"https://127.0.0.1:{port}"
        assert found.shown[service] == f"https://{asked}:{port}"
    assert found.encrypted


def test_without_tls_all_is_as_tem_bind_says() -> None:
    """Plain HTTP on loopback, or at the one address of the setting."""
    assert doors.plain(PORTS, None).binds["verifier"] == ("127.0.0.1:8103",)
    bound = doors.plain(PORTS, "0.0.0.0")
    assert bound.binds["issuer"] == ("0.0.0.0:8101",) and not bound.encrypted
    assert bound.addresses["verifier"] == "http://127.0.0.1:8103"


@pytest.mark.parametrize(
    ("text", "found"),
    [("TEM.Local", "tem.local"), (OUTSIDE, OUTSIDE), ("FD00:0::1", "fd00::1"), ("pc-3", "pc-3")],
)
def test_a_host_is_a_name_or_an_address(text: str, found: str) -> None:
    """In lower case, as it stands in a stamp's address."""
    assert doors.host(text) == found


NO_HOSTS = (
    *("", "https://a", "a:8103", "a b", "a_b", "-a", "a-", "a..b", "1.2.3", "1.2.3.256", "a\n"),
    *("fe80::1%e", "máy", "a/b", "[::1]", "a" * 64),
)


@pytest.mark.parametrize("text", NO_HOSTS)
def test_what_is_no_host_is_told(text: str) -> None:
    """Before anything is made or started."""
    with pytest.raises(Invalid) as refused:
        doors.host(text)
    assert refused.value.code == "bad_host"


@pytest.mark.parametrize(
    ("address", "fits"),
    [
        ("https://192.168.100.200:8103", True),
        ("https://sixteen-chars.vn:8103", True),
        ("https://seventeen-char.vn:8103", False),
    ],
)
def test_a_prefix_beyond_the_usual_symbol_is_told(address: str, fits: bool) -> None:
    """32 characters with `/s/` stay in QR version 6."""
    if fits:
        doors.require_short(address)
        return
    with pytest.raises(Invalid, match="at most 32") as refused:
        doors.require_short(address)
    assert refused.value.code == "address_too_long"
