"""Once, however often it is sent, and however many send it at the same time."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier
from typing import Any

import pytest
from sqlalchemy import Column, Engine, Integer, MetaData, Table, func, select
from tests.conftest import SetClock

from tem.databases.database import plumbing, reading, writing
from tem.errors import Conflict, Invalid
from tem.http import idempotency

Answer = dict[str, Any]
effects = Table("effect", MetaData(), Column("number", Integer, primary_key=True))
REQUEST = idempotency.request_hash("POST /v1/orders", {"quantity": 500})
OTHER = idempotency.request_hash("POST /v1/orders", {"quantity": 501})


@pytest.fixture
def store(engine: Engine) -> Iterator[Engine]:
    """A database with the plumbing tables and one in which effects can be counted."""
    plumbing.create_all(engine)
    effects.create(engine)
    return engine


def send(
    store: Engine,
    key: str | None = "k1",
    request: str = REQUEST,
    tenant: str = "office",
    fail: Callable[[], None] = lambda: None,
) -> Answer:
    """One request whose effect is a row and whose answer is the row's number."""
    with writing(store) as connection:

        def act() -> Answer:
            count = connection.scalar(select(func.count()).select_from(effects)) or 0
            connection.execute(effects.insert().values(number=count + 1))
            fail()
            return {"number": count + 1, "name": "Nước mắm", "parts": [1, None, True]}

        return idempotency.once(connection, SetClock()(), tenant, key, request, act)


def count(store: Engine) -> int:
    with reading(store) as connection:
        return connection.scalar(select(func.count()).select_from(effects)) or 0


def test_the_same_request_has_one_effect_and_one_answer(store: Engine) -> None:
    """Sent again with its key, a request gets the first answer and does nothing."""
    answers = [send(store) for _ in range(3)]
    assert answers == [{"number": 1, "name": "Nước mắm", "parts": [1, None, True]}] * 3
    assert [list(answer) for answer in answers] == [["number", "name", "parts"]] * 3
    assert count(store) == 1


def test_another_request_with_the_same_key_is_refused(store: Engine) -> None:
    """A key used for one request cannot carry another."""
    send(store)
    with pytest.raises(Invalid) as refused:
        send(store, request=OTHER)
    assert refused.value.code == "idempotency_key_reused"
    assert count(store) == 1
    assert send(store)["number"] == 1


def test_keys_belong_to_their_tenant(store: Engine) -> None:
    """Two producers may choose the same key without meeting each other."""
    assert send(store, tenant="producer:HT-P001")["number"] == 1
    assert send(store, tenant="producer:HT-P002")["number"] == 2
    assert send(store, tenant="producer:HT-P001")["number"] == 1


def test_without_a_key_each_request_counts(store: Engine) -> None:
    """Where no key is demanded and none is sent, nothing is remembered."""
    assert [send(store, None)["number"] for _ in range(2)] == [1, 2]


def test_a_refused_request_may_be_sent_again(store: Engine) -> None:
    """A refusal is not remembered: once its cause is gone the same key works."""

    def refuse() -> None:
        raise Conflict("not_yet", "The certificate is not in force.")

    with pytest.raises(Conflict):
        send(store, fail=refuse)
    assert count(store) == 0
    assert send(store)["number"] == 1


def test_a_crash_in_the_act_remembers_nothing(store: Engine) -> None:
    """An unexpected error undoes the effect and the key together."""

    def crash() -> None:
        raise RuntimeError("power cut")

    with pytest.raises(RuntimeError, match="power cut"):
        send(store, fail=crash)
    assert count(store) == 0
    assert send(store, request=OTHER)["number"] == 1


def test_the_same_request_at_the_same_time(store: Engine) -> None:
    """Of many at once with one key, one has the effect and all get its answer."""
    barrier = Barrier(6)

    def together(_: int) -> Answer:
        barrier.wait()
        return send(store)

    with ThreadPoolExecutor(6) as pool:
        answers = list(pool.map(together, range(6)))
    assert [answer["number"] for answer in answers] == [1] * 6
    assert count(store) == 1


def test_a_waiting_request_runs_when_the_first_one_fails(store: Engine) -> None:
    """Of two at once with one key, the second has the effect if the first is undone."""
    barrier = Barrier(2)

    def fails_once(number: int) -> Answer | None:
        def fail() -> None:
            if number == 0:
                raise Conflict("undone", "The first one fails.")

        barrier.wait()
        try:
            return send(store, fail=fail)
        except Conflict:
            return None

    with ThreadPoolExecutor(2) as pool:
        answers = list(pool.map(fails_once, range(2)))
    assert [answer and answer["number"] for answer in answers][1] == 1
    assert count(store) == 1


@pytest.mark.parametrize("key", ["", " ", "a b", "a\n", "\u00e9", "k" * 201, "\x7f", "\x00"])
def test_odd_keys_are_refused(key: str) -> None:
    """A key is 1 to 200 visible ASCII characters."""
    with pytest.raises(Invalid) as refused:
        idempotency.check_key(key, demanded=False)
    assert refused.value.code == "idempotency_key_invalid"


def test_keys_that_are_taken_as_sent() -> None:
    """A good key is taken as it is; its absence is an error only where one is demanded."""
    for key in ("a", "k" * 200, '"8e03978e-40d5-43dd-bc93-6894a57f9324"', "~!"):
        assert idempotency.check_key(key, demanded=True) == key
    assert idempotency.check_key(None, demanded=False) is None
    with pytest.raises(Invalid) as refused:
        idempotency.check_key(None, demanded=True)
    assert refused.value.code == "idempotency_key_missing"


def test_what_makes_two_requests_the_same() -> None:
    """The order of fields does not matter; the call, a value, its type or its place do."""
    same = idempotency.request_hash
    assert same("POST /a", {"x": 1, "y": 2}) == same("POST /a", {"y": 2, "x": 1})
    bodies: list[Any] = [{"x": 1}, {"x": 2}, {"x": "1"}, {"x": True}, {"x": [1]}, [{"x": 1}], None]
    hashes = {same(call, body) for call in ("POST /a", "POST /b") for body in bodies}
    assert len(hashes) == 2 * len(bodies)


def test_answers_of_some_calls_are_forgotten(store: Engine) -> None:
    """Old answers of the calls that are named go, the others stay; a key left is new again."""
    start, clock = SetClock()(), SetClock()
    calls = ["POST /v1/a", "PATCH /v1/a/1", "POST /v1/a/1/act", "PATCH /v1/a_/1", "POST /v1/b"]

    def act_all(prefix: str) -> None:
        with writing(store) as connection:
            for call in calls:
                idempotency.once(
                    connection,
                    clock(),
                    "office",
                    f"{prefix}{call}".replace(" ", ""),
                    REQUEST,
                    lambda: {"phone": "0239"},
                    operation=call,
                )

    act_all("old")
    clock.advance(days=1)
    act_all("new")
    with writing(store) as connection:
        before = start + timedelta(hours=1)
        assert idempotency.forget(connection, before, ["POST /v1/a"], ["PATCH /v1/a/"]) == 2
        assert idempotency.forget(connection, before, ["POST /v1/a"], ["PATCH /v1/a/"]) == 0
    with reading(store) as connection:
        c = idempotency.idempotency_table.c
        left = connection.execute(select(c.operation).where(c.key.startswith("old"))).scalars()
        assert sorted(left) == ["PATCH /v1/a_/1", "POST /v1/a/1/act", "POST /v1/b"]
        assert connection.scalar(select(func.count()).select_from(c.key.table)) == 8
    assert send(store, "oldPOST/v1/a", OTHER)["number"] == 1
