"""What is decided about requests and not about stamps: scans, parcels, rates, addresses."""

import json

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tem import clients
from tem.errors import Invalid
from tem.installation import Installation
from tem_verifier import accounts, rates, settings
from tem_verifier.accounts import Account, Entry
from tem_verifier.origins import BUCKETS
from tem_verifier.parcels import NoParcel, Parcel, decode, encode
from tem_verifier.rates import Rate
from tem_verifier.stamp_set import StampSet
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
    ("a page of ours", "GET", {"User-Agent": PHONE, "Sec-Fetch-Site": "same-origin"}, True),
    ("another site's page", "GET", {"User-Agent": PHONE, "Sec-Fetch-Site": "cross-site"}, False),
    ("typed by hand", "GET", {"User-Agent": PHONE, "Sec-Fetch-Site": "none"}, False),
]  # fmt: skip


@pytest.mark.parametrize(("case", "method", "headers", "wanted"), REQUESTS, ids=lambda v: str(v))
def test_what_a_scan_is(case: str, method: str, headers: dict[str, str], wanted: bool) -> None:
    """People's GETs count; HEAD, previews and what is fetched ahead do not."""
    assert is_scan(method, headers.get) is wanted, case


COUNTS = {Scan(12, 345, 739_940): 3, Scan(1, 1, 5): 1}
PARCEL = Parcel("0" * 31 + "a", 7, 1_790_000_000, COUNTS, {Scan(1, 1, 5): (0, BUCKETS - 1)})


def test_a_parcel_arrives_as_it_was_sent() -> None:
    """Writing and reading a parcel gives the same, with origins and without."""
    assert decode(encode(PARCEL)) == PARCEL
    assert PARCEL.total == 4
    fields = encode(PARCEL)
    assert json.loads(fields.pop("origins")) == [[], [0, BUCKETS - 1]]
    without = Parcel(PARCEL.writer, 7, PARCEL.made_at, COUNTS)
    assert encode(without) == fields and decode(fields) == without


@pytest.mark.parametrize(
    "changes",
    [
        {"writer": "x"}, {"writer": "é" * 32}, {"sequence": "-1"}, {"sequence": "٣"},
        {"made_at": "1e9"}, {"counts": "{}"}, {"counts": "[]"}, {"counts": "[[1,2,3]]"},
        {"counts": "[[1,2,3,0]]"}, {"counts": "[[1,2,3,1.5]]"}, {"counts": "[[1,2,3,true]]"},
        {"counts": "[[1,1,4000000,1]]"}, {"counts": "[" * 100_000},
        {"counts": "[[4294967296,2,3,1]]"}, {"counts": "[[1,2,3,1],[1,2,3,1]]"},
        {"origins": "[]"}, {"origins": "[[1],[2],[3]]"}, {"origins": "{}"}, {"origins": "7"},
        {"origins": "[[],[4096]]"}, {"origins": "[[],[-1]]"}, {"origins": "[[],[1.5]]"},
        {"origins": "[[],[true]]"}, {"origins": "[[],[1,1]]"}, {"origins": "[[],1]"},
        {"origins": str([[], list(range(17))])}, {"origins": "203.0.113.9"},
        {"counts": "nonsense"}, {"counts": str([[1, n, 3, 1] for n in range(1, 600)])},
    ],
    ids=lambda changes: str(changes)[:40],
)  # fmt: skip
def test_what_is_no_parcel_is_refused(changes: dict[str, str]) -> None:
    """Nothing but what we write ourselves is counted, whoever wrote to the stream."""
    with pytest.raises(NoParcel):
        decode({**encode(PARCEL), **changes})


@pytest.mark.parametrize("field", ["writer", "sequence", "made_at", "counts"])
def test_a_parcel_lacks_nothing(field: str) -> None:
    """Without any of what every version wrote it is none."""
    with pytest.raises(NoParcel):
        decode({k: v for k, v in encode(PARCEL).items() if k != field})


NOW = 1_000_000.0
STAMPS = st.tuples(st.integers(1, 2**32 - 1), st.integers(1, 2**24 - 1))


@given(st.sets(STAMPS | st.tuples(st.integers(1, 3), st.integers(1, 3))), STAMPS)
def test_a_set_of_stamps_holds_what_it_was_given(
    stamps: set[tuple[int, int]], any: tuple[int, int]
) -> None:
    """Those and no others, neighbours and the largest numbers included."""
    packed = StampSet(stamps)
    assert list(packed) == sorted(stamps) and len(packed) == len(stamps)
    asked = {any, *((batch, index) for batch in (1, 2, 3, 4) for index in (1, 2, 3, 4)), *stamps}
    assert {one for one in asked if one in packed} == asked & stamps


MINUTE, SMALL, HOUR = Rate(60, 60), Rate(60, 60, 5), Rate(7, 3600)
SPENT = [
    # rate, the bucket is full in so many seconds, cost, full in (None: refused), seconds to wait
    (MINUTE, 0, 1, 1, None),
    (MINUTE, -5, 1, 1, None),
    (MINUTE, -5, 0, 0, None),
    (MINUTE, 30, 1, 31, None),
    (MINUTE, 59, 1, 60, None),  # one is left, and now none
    (MINUTE, 59.5, 1, None, 1),
    (MINUTE, 60, 1, None, 1),
    (MINUTE, 60, 0, None, 1),
    (MINUTE, 59, 1000, 1059, None),  # granted whole, and owed
    (MINUTE, 1059, 1, None, 1000),
    (MINUTE, 0, 5000, 1000, None),  # no call is asked for more than a thousand
    (MINUTE, 7200, 1, 1, None),  # the clock was set back by two hours
    (SMALL, 4, 1, 5, None),
    (SMALL, 4.5, 1, None, 1),
    (HOUR, 3600 / 7 * 6, 1, 3600, None),
    (HOUR, 3600, 1, None, 515),
]  # fmt: skip


@pytest.mark.parametrize(("rate", "full_in", "cost", "then", "wait"), SPENT)
def test_what_a_bucket_gives(
    rate: Rate, full_in: float, cost: int, then: float | None, wait: int | None
) -> None:
    """One must be left, then any cost is granted and owed; a refusal tells how long to wait."""
    found = rate.spend(NOW + full_in, NOW, cost)
    assert found == (None if then is None else pytest.approx(NOW + then, abs=1e-3))
    if wait is not None:
        assert rate.wait(NOW + full_in, NOW) == wait
        assert rate.spend(NOW + full_in, NOW + wait, 1) is not None


OWED = [(0, 10, 10), (-5, 10, 10), (20, 10, 30), (0, 5000, 1061), (1050, 100, 1061), (7200, 1, 1)]


@pytest.mark.parametrize(("full_in", "look_ups", "then"), OWED)
def test_what_others_granted_is_owed_and_not_without_end(
    full_in: float, look_ups: int, then: float
) -> None:
    """It is taken whatever is left, but puts nobody further behind than one call could."""
    assert MINUTE.owe(NOW + full_in, NOW, look_ups) == pytest.approx(NOW + then, abs=1e-3)


RATES = st.builds(Rate, st.integers(1, 1000), st.sampled_from([1, 60, 3600]), st.integers(0, 50))


@given(RATES, st.lists(st.tuples(st.floats(0, 30), st.integers(1, 20)), max_size=60))
def test_a_bucket_is_one_that_is_filled_drop_by_drop(
    rate: Rate, calls: list[tuple[float, int]]
) -> None:
    """Grants as a plain bucket does that is refilled before each call, and in no interval more
    than the burst and what came back in it."""
    now = filled = full_at = NOW
    level, granted = float(rate.burst), list[tuple[float, int]]()
    for pause, cost in calls:
        now += pause
        level = min(rate.burst, level + (now - filled) * rate.quota / rate.period)
        filled = now
        after = rate.spend(full_at, now, cost)
        if abs(level - 1) > 1e-3 * rate.quota:  # nearer than instants are told apart
            assert (after is not None) == (level >= 1)
        if after is not None:
            full_at, level = after, level - cost
            granted.append((now, cost))
    for first in range(len(granted)):
        taken = 0
        for at, cost in granted[first:]:
            back = rate.burst + (at - granted[first][0] + 1e-4) * rate.quota / rate.period
            assert taken + 1 <= back, "before the last call, which may cost more than is left"
            taken += cost


@given(RATES, st.integers(1, 300))
@example(Rate(7, 60, 1), 300)
@example(Rate(999, 1, 1), 300)
def test_who_asks_at_the_rate_is_never_refused(rate: Rate, times: int) -> None:
    """However small the burst."""
    full_at = NOW
    for n in range(times):
        after = rate.spend(full_at, NOW + n * rate.period / rate.quota, 1)
        assert after is not None
        full_at = after


@pytest.mark.parametrize("text", ["", "600", "600/day", "-1/minute", "0/minute", "٦/minute",
    "6/m", "6/minute;burst=0", "6/minute;burst=", "6/minute; burst=6", "6/minute;6"])  # fmt: skip
def test_a_rate_is_read_strictly(text: str) -> None:
    """A misspelt rate is told, not guessed."""
    with pytest.raises(ValueError, match="600/minute"):
        rates.parse(text)


def test_rates_that_are_read() -> None:
    """A number and a period, perhaps a burst, or 0 for none."""
    assert rates.parse("600/minute;burst=100") == Rate(600, 60, 100)
    assert rates.parse("600/minute") == Rate(600, 60, 600)
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
    """A stranger's header changes nothing; a trusted proxy's last word counts; IPv6 by /64. So
    also where addresses are remembered, and asked again."""
    proxies = clients.parse_proxies(trusted)
    assert clients.client(peer, header, proxies) == wanted
    remembered = clients.Clients(proxies)
    assert [remembered(peer, header) for _ in range(3)] == [wanted] * 3


SPELT = st.sampled_from([
    "127.0.0.1", "127.0.0.2", "::1", "[::1]:9", "10.0.0.2", "10.0.0.3:80", "::ffff:10.0.0.2",
    "203.0.113.9", "203.0.113.9:80", "2001:db8::1", "2001:DB8::2%eth0", "[2001:db8::1]:443",
    "", " ", "unknown", "1.2.3", "01.2.3.4",
])  # fmt: skip
WAYS = st.lists(SPELT, max_size=4).map(", ".join)


@given(
    st.sampled_from(["", "10.0.0.0/8", "10.0.0.0/8 2001:db8::/64", "1", "2"]),
    st.lists(st.tuples(SPELT, WAYS), max_size=30),
)
def test_what_is_remembered_never_changes_whom_a_request_counts_for(
    trusted: str, requests: list[tuple[str, str]]
) -> None:
    """Whatever was asked before, the answer is the rule's."""
    proxies = clients.parse_proxies(trusted)
    remembered = clients.Clients(proxies)
    for peer, header in requests:
        assert remembered(peer, header) == clients.client(peer, header, proxies)


def test_a_stranger_fills_no_memory_and_drives_nobody_out(monkeypatch: pytest.MonkeyPatch) -> None:
    """Only the address that a proxy vouches for is kept, the oldest goes first, no long one."""
    monkeypatch.setattr(clients, "MOST_KEPT", 3)
    remembered = clients.Clients(clients.parse_proxies("10.0.0.0/8"))
    for n in range(200):
        assert remembered("10.0.0.2", f"6.6.{n}.6, 7.7.7.7") == "7.7.7.7"
        assert remembered("8.8.8.8", f"6.6.{n}.6") == "8.8.8.8"
    assert set(remembered._strangers) == {"7.7.7.7", "8.8.8.8"}
    for n in range(9):
        remembered("10.0.0.2", f"9.9.9.{n}")
        remembered("10.0.0.2", "2001:db8::9%" + "z" * 100)
    assert set(remembered._strangers) == {"9.9.9.6", "9.9.9.7", "9.9.9.8"}
    for n in range(9):
        assert remembered(f"10.0.0.{n}", "9.9.9.9") == "9.9.9.9"
    assert len(remembered._trusted) == 3


def test_a_way_without_end_is_not_followed() -> None:
    """Of a header that names proxies only, no more than thirty-two are looked at."""
    proxies = clients.parse_proxies("10.0.0.0/8")
    way = ", ".join(["7.7.7.7", *["10.0.0.9"] * 40])
    remembered = clients.Clients(proxies)
    for _ in range(4):
        assert remembered("10.0.0.2", way) == clients.client("10.0.0.2", way, proxies) == "10.0.0.9"


A, B = "a" * 16, "b" * 16
HEARD = [
    # what was heard before (None: nothing was asked), what is said now, look-ups owed
    (None, {}, 0),
    (None, {A: Entry(1, 500, NOW + 30)}, 30),
    (None, {A: Entry(1, 500, NOW + 30), B: Entry(1, 9, NOW + 20)}, 30),
    (None, {A: Entry(1, 500, NOW - 30)}, 0),
    (None, {A: Entry(1, 500, NOW + 10**6)}, 60),
    ({}, {A: Entry(1, 7, NOW)}, 7),
    ({A: Entry(1, 7, NOW)}, {A: Entry(1, 7, NOW)}, 0),
    ({A: Entry(1, 7, NOW)}, {A: Entry(1, 9, NOW), B: Entry(4, 3, NOW)}, 5),
    ({A: Entry(1, 7, NOW)}, {}, 0),
    ({A: Entry(1, 7, NOW)}, {A: Entry(2, 9, NOW)}, 9),
    ({A: Entry(1, 7, NOW)}, {A: Entry(1, 5, NOW)}, 0),
]  # fmt: skip


@pytest.mark.parametrize(("before", "said", "owed"), HEARD)
def test_what_is_owed_for_others(
    before: dict[str, Entry] | None, said: dict[str, Entry], owed: int
) -> None:
    """The first time what has not come back yet, then what was granted since; an account begun
    anew counts from nothing, and the same word said again is nothing."""
    account = Account(1, NOW, heard=before)
    assert account.hear(said, NOW, MINUTE) == owed
    assert account.hear(said, NOW, MINUTE) == 0


@pytest.mark.parametrize(
    "text", ["", "7", "1:2", "1:2:3", "1:-2:3.000", "1:2:3.000 ", "1:2:nan", "٣:2:3.000", "1" * 99]
)
def test_what_is_no_word_of_a_worker_says_nothing(text: str) -> None:
    """Only what is written as workers write it is read."""
    assert accounts.read(text) is None
    assert accounts.read(str(Entry(3, 40, NOW))) == Entry(3, 40, NOW)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("TEM_VERIFIER_RATE", "many"), ("TEM_VERIFIER_RATE", "6/minute;burst=x"),
        ("TEM_VERIFIER_RETAILER_RATE", "1"),
        ("TEM_VERIFIER_PROXIES", "10.0.0.1/8"), ("TEM_VERIFIER_PROXIES", "99"),
        ("TEM_VERIFIER_PROXIES", "nginx"), ("TEM_VERIFIER_SCAN_DAYS", "29"),
        ("TEM_VERIFIER_MANY_SCANS", "-1"), ("TEM_VERIFIER_MANY_ORIGINS", "1001"),
        ("TEM_VERIFIER_VALKEY_URL", "http://valkey"),
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
