"""What is decided about requests and not about stamps: scans, parcels, rates, addresses."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tem.errors import Invalid
from tem.installation import Installation
from tem_verifier import clients, rates, settings
from tem_verifier.parcels import NoParcel, Parcel, decode, encode
from tem_verifier.rates import Rate
from tem_verifier.stamps_scanned import Scan, is_scan

PHONE = "Mozilla/5.0 (Linux; Android 14; SM-A155F) AppleWebKit/537.36 Chrome/130.0 Mobile"
REQUESTS = [
    ("a phone", "GET", {"User-Agent": PHONE}, True),
    ("no agent at all", "GET", {}, True),
    ("a till", "GET", {"User-Agent": "python-httpx/0.28"}, True),
    ("a CUBOT phone", "GET", {"User-Agent": "Mozilla/5.0 (Linux; CUBOT X18)"}, True),
    ("a chat's own browser", "GET", {"User-Agent": PHONE + " Zalo/1.0"}, True),
    ("HEAD", "HEAD", {"User-Agent": PHONE}, False),
    ("fetched ahead", "GET", {"Sec-Purpose": "prefetch;prerender"}, False),
    ("fetched ahead, as before", "GET", {"Purpose": "prefetch"}, False),
    ("fetched ahead by Firefox", "GET", {"X-Moz": "prefetch"}, False),
    ("a preview in Safari", "GET", {"X-Purpose": "preview"}, False),
    ("a chat's preview", "GET", {"User-Agent": "TelegramBot (like TwitterBot)"}, False),
    ("another's", "GET", {"User-Agent": "facebookexternalhit/1.1"}, False),
    ("another's still", "GET", {"User-Agent": "WhatsApp/2.23.20.0"}, False),
    ("a search engine", "GET", {"User-Agent": "Mozilla/5.0 (compatible; Googlebot/2.1)"}, False),
]  # fmt: skip


@pytest.mark.parametrize(("case", "method", "headers", "wanted"), REQUESTS, ids=lambda v: str(v))
def test_what_a_scan_is(case: str, method: str, headers: dict[str, str], wanted: bool) -> None:
    """People's GETs count; HEAD, previews and what is fetched ahead do not."""
    assert is_scan(method, headers.get) is wanted, case


PARCEL = Parcel("0" * 31 + "a", 7, 1_790_000_000, {Scan(12, 345, 739_940): 3, Scan(1, 1, 5): 1})


def test_a_parcel_arrives_as_it_was_sent() -> None:
    """Writing and reading a parcel gives the same."""
    assert decode(encode(PARCEL)) == PARCEL
    assert PARCEL.total == 4


@pytest.mark.parametrize(
    "changes",
    [
        {"writer": "x"}, {"writer": "é" * 32}, {"sequence": "-1"}, {"sequence": "٣"},
        {"made_at": "1e9"}, {"counts": "{}"}, {"counts": "[]"}, {"counts": "[[1,2,3]]"},
        {"counts": "[[1,2,3,0]]"}, {"counts": "[[1,2,3,1.5]]"}, {"counts": "[[1,2,3,true]]"},
        {"counts": "[[1,1,4000000,1]]"}, {"counts": "[" * 100_000},
        {"counts": "[[4294967296,2,3,1]]"}, {"counts": "[[1,2,3,1],[1,2,3,1]]"},
        {"counts": "nonsense"}, {"counts": str([[1, n, 3, 1] for n in range(1, 600)])},
    ],
    ids=lambda changes: str(changes)[:40],
)  # fmt: skip
def test_what_is_no_parcel_is_refused(changes: dict[str, str]) -> None:
    """Nothing but what we write ourselves is counted, whoever wrote to the stream."""
    with pytest.raises(NoParcel):
        decode({**encode(PARCEL), **changes})
    with pytest.raises(NoParcel):
        decode({k: v for k, v in encode(PARCEL).items() if k not in changes})


MINUTE = Rate(60, 60)
USES = [
    # seconds into the window, used in the window before and in this one, used, free in seconds
    (0, 0, 0, 0.0, None),
    (30, 60, 0, 30.0, None),
    (30, 60, 30, 60.0, 1),
    (30, 0, 60, 60.0, 31),
    (0, 60, 0, 60.0, 1),
    (45, 120, 45, 75.0, 8),
    (15, 0, 240, 240.0, 45 + 46),
]


@pytest.mark.parametrize(("into", "before", "current", "used", "wait"), USES)
def test_how_much_of_a_rate_is_used(
    into: int, before: int, current: int, used: float, wait: int | None
) -> None:
    """The window slides: what was used in the one before counts for less and less."""
    now = 1_790_000_040 // 60 * 60 + into
    assert MINUTE.used(now, before, current) == pytest.approx(used)
    if wait is not None:
        assert MINUTE.wait(now, before, current) == wait


@given(
    st.integers(1, 1000), st.sampled_from([1, 60, 3600]), st.floats(0, 1e5),
    st.integers(0, 3000), st.integers(0, 3000),
)  # fmt: skip
def test_after_the_wait_there_is_room_and_not_much_before(
    quota: int, period: int, now: float, before: int, current: int
) -> None:
    """Who comes when told to is let in; who comes two seconds earlier is not."""
    rate = Rate(quota, period)

    def used_at(later: float) -> float:
        turns = rate.window(later) - rate.window(now)
        b, c = [(before, current), (current, 0), (0, 0)][min(turns, 2)]
        return rate.used(later, b, c)

    if used_at(now) < quota:
        return
    wait = rate.wait(now, before, current)
    assert wait >= 1 and used_at(now + wait) < quota + 1e-6
    if wait > 2:
        assert used_at(math.floor((now + wait - 2) * 1e6) / 1e6) > quota - 1e-6


@pytest.mark.parametrize("text", ["", "600", "600/day", "-1/minute", "0/minute", "٦/minute", "6/m"])
def test_a_rate_is_read_strictly(text: str) -> None:
    """A misspelt rate is told, not guessed."""
    with pytest.raises(ValueError, match="600/minute"):
        rates.parse(text)


def test_rates_that_are_read() -> None:
    """A number and a period, or 0 for none."""
    assert rates.parse("120/minute") == Rate(120, 60) and rates.parse("5/second") == Rate(5, 1)
    assert rates.parse("0") is None


ADDRESSES = [
    # trusted, who sent it, the header, whom it counts for
    ("", "203.0.113.9", "", "203.0.113.9"),
    ("", "203.0.113.9", "198.51.100.1", "203.0.113.9"),
    ("", "127.0.0.1", "", None),
    ("", "127.0.0.1", "198.51.100.1", "198.51.100.1"),
    ("", "::1", "6.6.6.6, 198.51.100.1", "198.51.100.1"),
    ("", "127.0.0.1", "127.0.0.1", "127.0.0.1"),
    ("", "127.0.0.1", "nonsense", "127.0.0.1"),
    ("10.0.0.0/8", "127.0.0.1", "6.6.6.6, 198.51.100.1, 10.0.0.7", "198.51.100.1"),
    ("", "::1", "", None),
    ("", "", "", None),
    ("", "203.0.113.9", "127.0.0.1", "203.0.113.9"),
    ("", "::ffff:203.0.113.9", "", "203.0.113.9"),
    ("", "2001:db8:1:2:3:4:5:6", "", "2001:db8:1:2::/64"),
    ("", "2001:db8:1:2::9", "", "2001:db8:1:2::/64"),
    ("10.0.0.0/8", "10.0.0.2", "198.51.100.1", "198.51.100.1"),
    ("10.0.0.0/8", "10.0.0.2", "6.6.6.6, 198.51.100.1", "198.51.100.1"),
    ("10.0.0.0/8", "10.0.0.2", "127.0.0.1, 198.51.100.1", "198.51.100.1"),
    ("10.0.0.0/8", "10.0.0.2", "6.6.6.6, 198.51.100.1, 10.0.0.7", "198.51.100.1"),
    ("10.0.0.0/8", "203.0.113.9", "198.51.100.1", "203.0.113.9"),
    ("10.0.0.0/8", "10.0.0.2", "", "10.0.0.2"),
    ("10.0.0.0/8", "10.0.0.2", "198.51.100.1:4711", "198.51.100.1"),
    ("10.0.0.0/8 fd00::/8", "fd00::1", "[2001:db8::7]:443", "2001:db8::/64"),
    ("10.0.0.0/8", "10.0.0.2", "nonsense", "10.0.0.2"),
    ("10.0.0.0/8", "10.0.0.2", "6.6.6.6, unknown", "10.0.0.2"),
    ("127.0.0.1", "127.0.0.1", "198.51.100.1", "198.51.100.1"),
    ("127.0.0.1", "127.0.0.1", "127.0.0.1, 198.51.100.1", "198.51.100.1"),
    ("1", "172.18.0.5", "198.51.100.1", "198.51.100.1"),
    ("1", "172.18.0.5", "6.6.6.6, 198.51.100.1", "198.51.100.1"),
    ("2", "172.18.0.5", "6.6.6.6, 198.51.100.1, 172.18.0.4", "198.51.100.1"),
    ("1", "172.18.0.5", "", "172.18.0.5"),
    ("1", "", "198.51.100.1", "198.51.100.1"),
]


@pytest.mark.parametrize(("trusted", "peer", "header", "wanted"), ADDRESSES)
def test_whom_a_request_counts_for(
    trusted: str, peer: str, header: str, wanted: str | None
) -> None:
    """A stranger's header changes nothing; a trusted proxy's last word counts; IPv6 by /64."""
    assert clients.client(peer, header, clients.parse_proxies(trusted)) == wanted


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("TEM_VERIFIER_RATE", "many"), ("TEM_VERIFIER_RETAILER_RATE", "1"),
        ("TEM_VERIFIER_PROXIES", "10.0.0.1/8"), ("TEM_VERIFIER_PROXIES", "99"),
        ("TEM_VERIFIER_PROXIES", "nginx"), ("TEM_VERIFIER_SCAN_DAYS", "29"),
        ("TEM_VERIFIER_MANY_SCANS", "-1"), ("TEM_VERIFIER_VALKEY_URL", "http://valkey"),
        ("TEM_VERIFIER_VALKEY_URL", "valkey://:secret@valkey"),
        ("TEM_VERIFIER_VALKEY_URL", "valkey://valkey/0?password=secret"),
        ("TEM_VERIFIER_VALKEY_URL", "valkey://valkey/0?socket_timeout=100"),
    ],
)  # fmt: skip
def test_a_bad_setting_is_named(name: str, value: str, tmp_path: object) -> None:
    """The error says which setting it is, and never shows a password."""
    with pytest.raises(Invalid) as refusal:
        settings.read({name: value}, Installation.at(None))
    assert name in refusal.value.detail and "secret" not in refusal.value.detail


def test_a_missing_password_file_is_told() -> None:
    """A file that is not there is an error at the start, not an open door."""
    config = settings.read(
        {"TEM_VERIFIER_VALKEY_PASSWORD_FILE": "/nowhere/password"}, Installation.at(None)
    )
    with pytest.raises(Invalid, match="TEM_VERIFIER_VALKEY_PASSWORD_FILE"):
        _ = config.valkey_password
