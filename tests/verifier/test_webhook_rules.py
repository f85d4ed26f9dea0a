"""Rules of webhooks: where they may lead, when they are tried again, how they are signed."""

import ipaddress
from datetime import UTC, datetime, timedelta

import pytest

from tem.errors import Invalid
from tem.installation import Installation
from tem_verifier import webhook_addresses as addresses
from tem_verifier.settings import read
from tem_verifier.webhooks import retry_rules, signing
from tem_verifier.webhooks.retry_rules import Answer, answered

OURS = addresses.networks("127.0.0.0/8, fd00:7::/32")
HTTPS, PLAIN = "https://tills.example.vn/tem", "http://tills.example.vn:9000/tem"


@pytest.mark.parametrize(
    ("address", "allowed"),
    [
        ("8.8.8.8", True),
        ("2606:4700:4700::1111", True),
        ("::ffff:8.8.8.8", True),
        *((one, False) for one in ("10.1.2.3", "172.16.0.9", "192.168.1.1", "127.0.0.1")),
        *((one, False) for one in ("0.0.0.0", "169.254.169.254", "100.64.0.1", "224.0.0.5")),
        *((one, False) for one in ("255.255.255.255", "240.0.0.1", "192.0.2.1", "168.63.129.16")),
        *((one, False) for one in ("::1", "::", "fe80::1", "fd00:8::1", "ff02::1", "2001:db8::1")),
        *((one, False) for one in ("::ffff:127.0.0.1", "::ffff:169.254.169.254", "::127.0.0.1")),
        *((one, False) for one in ("64:ff9b::7f00:1", "64:ff9b:1::a00:1", "2002:7f00:1::")),
        ("2001:0:4136:e378::", False),
        *((one, False) for one in ("192.0.0.8", "192.0.0.9", "192.88.99.1", "2001:1::1")),
        *((one, False) for one in ("fec0::a9fe:a9fe", "3fff::1", "5f00::1", "2400::5efe:7f00:1")),
        ("2400::200:5efe:7f00:1", False),
    ],
)
def test_only_the_internet_is_reached(address: str, allowed: bool) -> None:
    """Nothing of our own networks, of a cloud's inside, or with another address wrapped in it."""
    target = addresses.parse(HTTPS)
    assert addresses.may_reach(ipaddress.ip_address(address), target, ()) is allowed


@pytest.mark.parametrize(
    ("address", "url", "allowed"),
    [
        ("127.0.0.1", PLAIN, True),
        ("::ffff:127.0.0.1", PLAIN, True),
        ("fd00:7::5", HTTPS, True),
        ("10.0.0.1", HTTPS, False),
        ("8.8.8.8", PLAIN, False),
        ("8.8.8.8", "https://tills.example.vn:9000/", False),
        ("8.8.8.8", "https://tills.example.vn:8443/", True),
    ],
)
def test_a_network_is_opened_by_its_name_alone(address: str, url: str, allowed: bool) -> None:
    """What the operator named may be reached without TLS and at any port; nothing else may."""
    found = addresses.may_reach(ipaddress.ip_address(address), addresses.parse(url), OURS)
    assert found is allowed


@pytest.mark.parametrize(
    "url",
    [
        *("ftp://a.vn/", "https://", "//a.vn/", "https://a.vn:x/", "https://a.vn/ b", "a.vn"),
        *("https://me:secret@a.vn/", "https://a.vn/#x", "https://đ.vn/", "https://[::1/"),
        *("http://a.vn/", "https://a.vn:9000/", "https://127.0.0.1/", "https://[::1]/"),
        "https://a.vn/" + "x" * 500,
    ],
)
def test_addresses_that_are_refused_when_told(url: str) -> None:
    """What can never be sent to is refused at once, without asking what a name stands for."""
    with pytest.raises(Invalid) as refused:
        addresses.check(url, ())
    assert refused.value.code == "webhook_url_invalid"


@pytest.mark.parametrize("text", ["localhost", "10.0.0.1/8", "127.0.0.0/8;10.0.0.0/8"])
def test_networks_that_are_none(text: str) -> None:
    """A setting that would open something else than was meant is refused by its name."""
    with pytest.raises(Invalid, match="TEM_VERIFIER_WEBHOOK_NETWORKS: must be networks"):
        read({"TEM_VERIFIER_WEBHOOK_NETWORKS": text}, Installation.at(None))


def test_addresses_that_are_taken() -> None:
    """https to a name; another port and plain http where the operator has named networks."""
    addresses.check("https://tills.example.vn/tem?shop=1", ())
    addresses.check("http://127.0.0.1:9000/", OURS)
    assert addresses.parse("https://a.vn?b=1").path == "/?b=1"


@pytest.mark.parametrize(
    ("status", "problem", "all_wait"),
    [
        *((200, None, False), (204, None, False), (302, "redirected", False)),
        *((400, "refused", False), (410, "gone", False), (429, "refused", True)),
        *((500, "refused", False), (503, "refused", True)),
    ],
)
def test_what_a_status_means(status: int, problem: str | None, all_wait: bool) -> None:
    """2xx is delivered; what says that no message would be taken now makes the others wait."""
    found = answered(status, "7", 0.1)
    assert (found.problem, found.concerns_all, found.retry_after) == (
        *(problem, all_wait),
        None if problem is None else 7.0,
    )
    assert Answer(problem="timed_out").concerns_all


def test_waits_double_up_to_hours_and_are_spread() -> None:
    """Anything from a second to a bound that doubles: 5 s at first, 3 hours at most; a receiver
    may ask for more, up to an hour."""

    def most(low: float, high: float) -> float:
        return high

    bounds = [retry_rules.wait_seconds(tries, None, most) for tries in (1, 2, 5, 12, 999)]
    assert bounds == [5, 10, 80, 10240, 10800]
    least = [retry_rules.wait_seconds(3, asked, lambda low, high: low) for asked in (None, 60, 9e9)]
    assert least == [1, 60, 3600]


def test_three_days_are_enough() -> None:
    """So long, and no longer, is something tried again."""
    now = datetime(2026, 11, 20, tzinfo=UTC)
    days = (None, 0, 2.99, 3)
    since = [None if day is None else now - timedelta(days=day) for day in days]
    assert [retry_rules.is_given_up(one, now) for one in since] == [False, False, False, True]


def test_a_signature_made_once_is_made_again() -> None:
    """Frozen: what a receiver of the first version computes must never change."""
    body, known = b'{"type":"lot.recalled"}', "whsec_" + "QUJDREVGR0hJSktMTU5PUFFSU1RVVldY"
    made = signing.headers([known], "msg_1", 1_795_140_000, body)
    assert made == {
        "webhook-id": "msg_1",
        "webhook-timestamp": "1795140000",
        "webhook-signature": "v1,Isaq8cAalSeULaqdM58AFcbsqhNJgIE1aqoUALVIqvM=",
    }
    assert (
        len(signing.headers([known, signing.new_secret()], "m", 1, b"")["webhook-signature"]) == 95
    )
