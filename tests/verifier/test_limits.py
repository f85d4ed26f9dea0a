"""Rate limits: what one worker lets through, and what several do that share a real Valkey."""

import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from typing import Any

import pytest
from prometheus_client import REGISTRY
from tests.conftest import SetClock
from tests.valkey import ValkeyServer

from tem_verifier import limit_sharing, limits
from tem_verifier.limit_sharing import Sharing
from tem_verifier.limits import Limit
from tem_verifier.rates import Rate
from tem_verifier.shared_valkey import Away, Link, Presence

SIXTY = Rate(60, 60)
Worker = tuple[Limit, Sharing]


def limit(clock: SetClock, rate: Rate | None = SIXTY) -> Limit:
    return Limit("public", rate, clock)


def let_in(one: Limit, client: str | None = "198.51.100.1", times: int = 100) -> int:
    return sum(one.take(client) is None for _ in range(times))


def kept(one: Limit) -> int:
    """How much is remembered after a round of sweeping."""
    for _ in range(limits.TABLES // limits.SWEPT_A_ROUND):
        one.forget()
    return sum(len(table.full_at) + len(table.used) for table in one._tables)


def test_a_client_gets_its_quota_and_is_told_when_to_come_again(clock: SetClock) -> None:
    """Sixty at once, then one a second; whoever comes when told to is let in again. Others are
    not concerned, and refusals cost nothing."""
    one = limit(clock)
    assert let_in(one) == 60 and let_in(one, "198.51.100.2", 5) == 5
    refusal = one.take("198.51.100.1")
    assert refusal is not None and (refusal.rate, refusal.retry_after) == (SIXTY, 1)
    clock.advance(seconds=0.5)
    assert one.take("198.51.100.1") is not None
    clock.advance(seconds=0.5)
    assert let_in(one) == 1
    clock.advance(seconds=20)
    assert let_in(one) == 20
    clock.advance(seconds=300)
    assert let_in(one) == 60


def test_a_burst_may_be_smaller_than_a_quota(clock: SetClock) -> None:
    """Five at once, and still sixty a minute."""
    one = limit(clock, Rate(60, 60, 5))
    assert let_in(one) == 5
    clock.advance(seconds=3)
    assert let_in(one) == 3


def test_a_clock_that_is_set_back_shuts_nobody_out(clock: SetClock) -> None:
    """After an hour back a client has its bucket, and who is silent is forgotten as ever."""
    one = limit(clock)
    assert let_in(one) == let_in(one, "198.51.100.2") == 60
    clock.advance(hours=-1)
    assert let_in(one) == 60
    assert kept(one) == 1


def test_a_steady_client_below_its_rate_is_never_refused(clock: SetClock) -> None:
    """Sixty a minute, evenly, for ten minutes under that limit."""
    one = limit(clock)
    for _ in range(600):
        assert one.take("198.51.100.1") is None
        clock.advance(seconds=1)


def test_many_codes_at_once_cost_as_many_look_ups(clock: SetClock) -> None:
    """A call is granted whole while anything is left, and the next one waits the longer, however
    many others come meanwhile."""
    one = limit(clock)
    assert one.take("198.51.100.1", 1000) is None
    refusal = one.take("198.51.100.1", 1)
    assert refusal is not None and refusal.retry_after == 941
    for _ in range(940 // 20):
        clock.advance(seconds=20)
        let_in(one, "198.51.100.2", 1)
        assert kept(one) and one.take("198.51.100.1", 1) is not None
    clock.advance(seconds=1)
    assert one.take("198.51.100.1", 1) is None


def test_threads_share_a_bucket(clock: SetClock) -> None:
    """However they interrupt each other, together they get what one would, and tell all of it."""
    one = limit(clock, Rate(3000, 3600))
    one.granted()
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        with ThreadPoolExecutor(4) as pool:
            got = sum(pool.map(lambda _: let_in(one, times=1000), range(4)))
    finally:
        sys.setswitchinterval(interval)
    assert got == sum(one.granted().values()) == 3000


def test_no_limit_and_this_very_machine_are_never_refused(clock: SetClock) -> None:
    """`0` switches it off; what comes from the machine itself has no address to count for."""
    assert let_in(limit(clock, None), times=500) == let_in(limit(clock), None, 500) == 500


def test_too_many_clients_are_let_in_and_told(
    clock: SetClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Memory is bounded: clients beyond it are not counted, those known still are; there is room
    again for others once they can be forgotten."""
    monkeypatch.setattr(limits, "MOST_CLIENTS", 3)
    monkeypatch.setattr(limits, "TABLES", 1)
    one = limit(clock, Rate(1, 60))
    name = "tem_verifier_limits_untracked_total"
    before = REGISTRY.get_sample_value(name) or 0
    for _ in range(2):
        refused = [one.take(f"198.51.100.{n}") is not None for n in range(5)]
    assert refused == [True, True, True, False, False]
    assert REGISTRY.get_sample_value(name) == before + 4
    clock.advance(seconds=61)
    assert [one.take(f"198.51.100.{n}") is not None for n in range(3, 7)] == [False] * 4
    assert one.take("198.51.100.3") is not None
    assert REGISTRY.get_sample_value(name) == before + 5


def test_who_is_silent_is_forgotten(clock: SetClock) -> None:
    """Once its bucket is full a client's address is in no memory, though nobody comes any more;
    until then it is."""
    one = limit(clock)
    one.granted()
    for n in range(50):
        let_in(one, f"198.51.100.{n}", 10)
    assert kept(one) == 100
    clock.advance(seconds=61)
    one.granted()
    assert kept(one) == 0


@pytest.fixture
def workers(clock: SetClock, valkey: ValkeyServer) -> Iterator[Callable[[int], list[Worker]]]:
    """Makes workers that share their counts."""
    with ExitStack() as opened:

        def make(number: int) -> list[Worker]:
            made = []
            for _ in range(number):
                link = Link("limits", valkey.url, None, Presence())
                opened.callback(link.close)
                one = limit(clock)
                made.append((one, Sharing([one], clock, link)))
            for _ in range(2):  # the first one's key becomes everybody's
                exchange(made)
            return made

        yield make


def exchange(workers: list[Worker]) -> None:
    for _, sharing in workers:
        sharing.exchange()


@pytest.mark.parametrize("number", [2, 8])
@pytest.mark.parametrize("in_a_round", [1, 3])
def test_workers_together_let_in_little_more_than_one(
    workers: Callable[[int], list[Worker]], clock: SetClock, number: int, in_a_round: int
) -> None:
    """A client spread over W workers gets its quota and at most what the others let in between
    two exchanges; after that it is refused by all of them."""
    made, got = workers(number), 0
    for _ in range(80):
        got += sum(let_in(one, times=in_a_round) for one, _ in made)
        exchange(made)
    assert 60 <= got <= 60 + (number - 1) * in_a_round * 2
    assert [let_in(one, times=5) for one, _ in made] == [0] * number


def test_workers_together_keep_the_rate_as_time_goes_on(
    workers: Callable[[int], list[Worker]], clock: SetClock
) -> None:
    """A client that asks three workers without end gets its burst and a look-up a second; one
    that stays below the rate, at whichever worker, is never refused."""
    made, got = workers(3), 0
    for n in range(480):
        got += sum(let_in(one, times=2) for one, _ in made)
        if n % 5 == 0:  # four in five seconds
            assert made[n % 3][0].take("198.51.100.2") is None
        exchange(made)
        clock.advance(seconds=0.25)
    assert got + 1 >= 60 + 120 and got <= 60 + 120 + 2 * 2 * 2


def test_a_client_takes_its_past_to_a_worker_that_has_not_seen_it(
    workers: Callable[[int], list[Worker]], clock: SetClock
) -> None:
    """What it used at one is known at the other after the first look-up there, and what has come
    back meanwhile as well."""
    (first, _), (second, _) = made = workers(2)
    assert let_in(first) == 60
    exchange(made)
    clock.advance(seconds=20)
    second.take("198.51.100.1")
    exchange(made)
    assert let_in(second) == 19


def test_a_client_forgotten_here_is_charged_there_when_it_comes_again(
    workers: Callable[[int], list[Worker]], clock: SetClock
) -> None:
    """Its account begins anew after some minutes; the other worker, which went on, owes all of
    what it gets."""
    (first, _), (second, _) = made = workers(2)
    let_in(first, times=20)
    for _ in range(100):
        clock.advance(seconds=2)
        second.take("198.51.100.1")
        exchange(made)
    assert let_in(first, times=30) == 30
    exchange(made)
    second.take("198.51.100.1")
    exchange(made)
    assert 60 - 30 - 3 <= let_in(second) <= 60 - 30


def test_valkey_gone_each_worker_limits_alone_and_then_together(
    workers: Callable[[int], list[Worker]], valkey: ValkeyServer, clock: SetClock
) -> None:
    """Killed under way it refuses nobody too early and lets nobody through for ever; a new,
    empty one is told the key and the counts that still matter."""
    (first, _), (second, _) = made = workers(2)
    valkey.kill()
    exchange(made)
    assert let_in(first, times=40) == 40 and let_in(second, times=80) == 60
    valkey.start()
    reopen(made)
    exchange(made)
    exchange(made)
    assert let_in(first) + let_in(second) <= 60 - 40
    exchange(made)
    exchange(made)
    assert let_in(first) == let_in(second) == 0


def reopen(workers: list[Worker]) -> None:
    for _, sharing in workers:
        sharing._link._closed_until = 0.0  # type: ignore[union-attr]


def test_an_hour_without_valkey_is_not_owed_at_once(
    workers: Callable[[int], list[Worker]], valkey: ValkeyServer, clock: SetClock
) -> None:
    """A client that stayed below its rate all the time is let in when they hear of each other."""
    made = workers(2)
    let_in(made[0][0], times=10)
    exchange(made)
    valkey.kill()
    for n in range(720):
        clock.advance(seconds=5)
        assert made[n % 2][0].take("198.51.100.1", 4) is None
        exchange(made)
    valkey.start()
    reopen(made)
    for n in range(6):
        clock.advance(seconds=1)
        exchange(made)
        assert made[n % 2][0].take("198.51.100.1") is None


def test_addresses_are_in_valkey_only_under_a_key_of_the_day(
    workers: Callable[[int], list[Worker]], valkey: ValkeyServer, clock: SetClock
) -> None:
    """No key or value there holds an address, all end within minutes but the key of the day,
    which is another one tomorrow; who asks little is not named there at all."""
    made = workers(2)
    let_in(made[0][0], times=40)
    exchange(made)
    with valkey.client() as client:
        names = sorted(client.keys("*"))
        assert [name.split(":")[1] for name in names] == ["limit", "limits"]
        held = [client.hgetall(names[0]), client.get(names[1])]
        assert "198.51.100" not in str(names) + str(held)
        assert 60 < client.ttl(names[0]) <= 1066 and client.ttl(names[1]) <= 2 * 86_400
        assert keys(made) == [keys(made)[0]] * 2
        today = keys(made)[0]
        clock.advance(days=1)
        exchange(made)
        exchange(made)
        assert keys(made) == [keys(made)[0]] * 2 and today not in keys(made)


def keys(workers: list[Worker]) -> list[str]:
    return [sharing._seal.key for _, sharing in workers]


def test_who_asks_little_is_told_to_nobody(clock: SetClock, valkey: ValkeyServer) -> None:
    """Below a sixty-fourth of the burst a client stays in the memory of its worker; then all it
    used is told."""
    link = Link("limits", valkey.url, None, Presence())
    one = limit(clock, Rate(640, 60))
    sharing = Sharing([one], clock, link)
    let_in(one, times=9)
    sharing.exchange()
    with valkey.client() as client:
        assert client.keys("tem:limit:*") == []
        for total in (10, 11):
            let_in(one, times=1)
            sharing.exchange()
            (entry,) = client.hvals(client.keys("tem:limit:*")[0])
            assert entry.split(":")[:2] == ["1", str(total)]
    link.close()


def test_a_round_tells_so_many_and_the_rest_comes_next(
    workers: Callable[[int], list[Worker]], valkey: ValkeyServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However many clients there are a round's work is bounded, and nobody is left out."""
    monkeypatch.setattr(limit_sharing, "TOLD_A_ROUND", 7)
    monkeypatch.setattr(limit_sharing, "AT_ONCE", 3)
    ((one, sharing),) = workers(1)
    for n in range(20):
        let_in(one, f"198.51.100.{n}", 1)
    told = []
    with valkey.client() as client:
        for _ in range(4):
            sharing.exchange()
            told.append(len(client.keys("tem:limit:*")))
    assert told == [7, 14, 20, 20]


def test_a_client_counts_once_though_answers_are_lost(
    workers: Callable[[int], list[Worker]],
) -> None:
    """What Valkey did and was too slow to say is said again, and not added again."""
    (first, sharing), (second, _) = made = workers(2)
    heard: Any = sharing._link

    def unheard(ask: Any) -> None:
        heard(ask)
        if ask != sharing._agree_on_key:
            raise Away

    let_in(first, times=10)
    sharing._link = unheard  # type: ignore[assignment]
    for _ in range(6):
        sharing.exchange()
    sharing._link = heard
    second.take("198.51.100.1")
    exchange(made)
    assert let_in(second) == 60 - 10 - 1


@pytest.mark.parametrize("kind", ["string", "hash"])
def test_a_bad_entry_in_valkey_is_nothing_and_concerns_its_client_alone(
    workers: Callable[[int], list[Worker]], valkey: ValkeyServer, kind: str
) -> None:
    """Garbage is taken out of nobody's bucket, and what other clients used is shared as ever."""
    (first, sharing), (second, _) = made = workers(2)
    clients = "198.51.100.1", "198.51.100.2"
    bad = f"tem:limit:public:{sharing._seal.name(clients[0])}"
    with valkey.client() as client:
        client.set(bad, "zz") if kind == "string" else client.hset(bad, "zz", "-7 or so")
    for _ in range(12):
        assert [let_in(first, each, 1) for each in clients] == [1, 1]
        exchange(made)
    second.take(clients[1])
    exchange(made)
    assert let_in(first, clients[0]) == 60 - 12 and let_in(second, clients[1]) == 60 - 12 - 1


@pytest.mark.parametrize("kind", ["string", "list"])
def test_a_bad_key_of_the_day_is_replaced(
    workers: Callable[[int], list[Worker]], valkey: ValkeyServer, kind: str
) -> None:
    """Workers agree on another one."""
    made = workers(2)
    with valkey.client() as client:
        name = f"tem:limits:key:{made[0][1]._day}"
        client.delete(name)
        client.set(name, "zz") if kind == "string" else client.lpush(name, "zz")
        made[1][1]._seal.key = "0" * 64
        exchange(made)
        exchange(made)
        assert keys(made) == [client.get(name)] * 2
