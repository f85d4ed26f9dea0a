"""Rate limits: what one worker lets through, and what several do that share a real Valkey."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import pytest
from prometheus_client import REGISTRY
from tests.conftest import SetClock
from tests.valkey import ValkeyServer

from tem_verifier import limits
from tem_verifier.limit_sharing import Sharing
from tem_verifier.limits import Limit, Seal
from tem_verifier.rates import Rate
from tem_verifier.shared_valkey import Away, Link, Presence

SIXTY = Rate(60, 60)
Worker = tuple[Limit, Sharing]


def limit(clock: SetClock, rate: Rate | None = SIXTY) -> Limit:
    return Limit("public", rate, clock, Seal())


def let_in(one: Limit, client: str | None = "198.51.100.1", times: int = 100) -> int:
    return sum(one.take(client) is None for _ in range(times))


def test_a_client_gets_its_quota_and_is_told_when_to_come_again(clock: SetClock) -> None:
    """Sixty a minute, then none; whoever comes when told to is let in again. Others are not
    concerned, and refusals cost nothing."""
    one = limit(clock)
    assert let_in(one) == 60 and let_in(one, "198.51.100.2", 5) == 5
    refusal = one.take("198.51.100.1")
    assert refusal is not None and refusal.rate == SIXTY and 60 < refusal.retry_after <= 62
    clock.advance(seconds=refusal.retry_after - 2)
    assert one.take("198.51.100.1") is not None
    clock.advance(seconds=2)
    assert one.take("198.51.100.1") is None
    clock.advance(seconds=300)
    assert let_in(one) == 60


def test_a_steady_client_below_its_rate_is_never_refused(clock: SetClock) -> None:
    """Fifty a minute for ten minutes under a limit of sixty."""
    one = limit(clock)
    for _ in range(500):
        assert one.take("198.51.100.1") is None
        clock.advance(seconds=1.2)


def test_many_codes_at_once_cost_as_many_look_ups(clock: SetClock) -> None:
    """A call is granted whole while anything is left, and the next one waits the longer."""
    one = limit(clock)
    assert one.take("198.51.100.1", 1000) is None
    refusal = one.take("198.51.100.1", 1)
    assert refusal is not None and 110 < refusal.retry_after <= 120
    clock.advance(seconds=refusal.retry_after)
    assert one.take("198.51.100.1", 1) is None


def test_no_limit_and_this_very_machine_are_never_refused(clock: SetClock) -> None:
    """`0` switches it off; what comes from the machine itself has no address to count for."""
    assert let_in(limit(clock, None), times=500) == let_in(limit(clock), None, 500) == 500


def test_too_many_clients_are_let_in_and_told(
    clock: SetClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Memory is bounded: clients beyond it are not counted, those known still are."""
    monkeypatch.setattr(limits, "MOST_CLIENTS", 3)
    one = limit(clock, Rate(1, 60))
    name = "tem_verifier_limits_untracked_total"
    before = REGISTRY.get_sample_value(name) or 0
    for _ in range(2):
        refused = [one.take(f"198.51.100.{n}") is not None for n in range(5)]
    assert refused == [True, True, True, False, False]
    assert REGISTRY.get_sample_value(name) == before + 4


@pytest.fixture
def workers(clock: SetClock, valkey: ValkeyServer) -> Iterator[Callable[[int], list[Worker]]]:
    """Makes workers that share their counts."""
    with ExitStack() as opened:

        def make(number: int) -> list[Worker]:
            made = []
            for _ in range(number):
                seal, link = Seal(), Link("limits", valkey.url, None, Presence())
                opened.callback(link.close)
                one = Limit("public", SIXTY, clock, seal)
                made.append((one, Sharing([one], seal, clock, link)))
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


def test_the_window_before_is_known_to_a_worker_that_was_not_asked_then(
    workers: Callable[[int], list[Worker]], clock: SetClock
) -> None:
    """A client that goes to the other worker at the turn of the minute takes its past along."""
    (first, _), (second, _) = made = workers(2)
    assert let_in(first) == 60
    exchange(made)
    clock.advance(seconds=60)
    second.take("198.51.100.1")
    exchange(made)
    assert let_in(second) == 0
    clock.advance(seconds=30)
    assert 27 <= let_in(second) <= 30


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
    made[0][1]._link._closed_until = made[1][1]._link._closed_until = 0.0  # type: ignore[union-attr]
    exchange(made)
    exchange(made)
    first.take("198.51.100.1")
    exchange(made)
    assert let_in(first) == let_in(second) == 0


def test_addresses_are_in_valkey_only_under_a_key_of_the_day(
    workers: Callable[[int], list[Worker]], valkey: ValkeyServer, clock: SetClock
) -> None:
    """No key or value there holds an address, all end within minutes but the key of the day,
    which is another one tomorrow; who asks little is not named there at all."""
    (first, _), (second, _) = made = workers(2)
    let_in(first, times=40)
    exchange(made)
    with valkey.client() as client:
        names = sorted(client.keys("*"))
        assert [name.split(":")[1] for name in names] == ["limit", "limits"]
        held = [client.hgetall(names[0]), client.get(names[1])]
        assert "198.51.100" not in str(names) + str(held)
        assert 60 < client.ttl(names[0]) <= 125 and client.ttl(names[1]) <= 2 * 86_400
        assert first._seal.key == second._seal.key
        today = first._seal.key
        clock.advance(days=1)
        exchange(made)
        exchange(made)
        assert first._seal.key == second._seal.key != today


def test_who_asks_little_is_told_to_nobody(clock: SetClock, valkey: ValkeyServer) -> None:
    """Below a sixty-fourth of the quota a client stays in the memory of its worker."""
    seal, link = Seal(), Link("limits", valkey.url, None, Presence())
    one = Limit("public", Rate(640, 60), clock, seal)
    sharing = Sharing([one], seal, clock, link)
    let_in(one, times=9)
    sharing.exchange()
    with valkey.client() as client:
        assert client.keys("tem:limit:*") == []
        let_in(one, times=1)
        sharing.exchange()
        assert [client.hvals(name) for name in client.keys("tem:limit:*")] == [["10"]]
    link.close()


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


@pytest.mark.parametrize("window", [0, -1])
@pytest.mark.parametrize("kind", ["string", "hash"])
def test_a_bad_entry_in_valkey_is_nothing_and_concerns_its_client_alone(
    workers: Callable[[int], list[Worker]],
    valkey: ValkeyServer,
    clock: SetClock,
    kind: str,
    window: int,
) -> None:
    """Garbage in the present window or the one before adds nothing to anybody's count, and the
    other clients' counts are shared as ever."""
    (first, _), (second, _) = made = workers(2)
    clients = "198.51.100.1", "198.51.100.2"
    now = SIXTY.window(clock().timestamp())
    bad = f"tem:limit:public:{now + window}:{first._seal.name(clients[0])}"
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
    (first, sharing), (second, _) = made = workers(2)
    with valkey.client() as client:
        name = f"tem:limits:key:{sharing._day}"
        client.delete(name)
        client.set(name, "zz") if kind == "string" else client.lpush(name, "zz")
        second._seal.key = "0" * 64
        exchange(made)
        exchange(made)
        assert first._seal.key == second._seal.key == client.get(name)
