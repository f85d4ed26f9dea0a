"""What the issuer remembers: the same calls give the same answers on both engines."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Connection, Engine
from sqlalchemy.exc import IntegrityError

from tem.databases.database import reading, writing
from tem_issuer import storage
from tem_issuer.domain import Batch, BatchState
from tem_issuer.storage import Release

NOW = datetime(2026, 11, 20, 2, 0, tzinfo=UTC)


def batch(number: int, **fields: Any) -> Batch:
    made = Batch(
        number=number,
        state=BatchState.RESERVED,
        quantity=10,
        product_id="sp-1",
        producer_id="cs-1",
        reference=None,
        url_prefix="https://tem.example.vn/s/",
        created_at=NOW,
    )
    return replace(made, **fields)


def made(number: int) -> Release:
    return Release(13, bytes([number]) * 32, f"manifest {number}", bytes([number]) * 64, NOW)


@pytest.fixture
def store(engine: Engine) -> Iterator[Engine]:
    """An empty issuer's database."""
    storage.metadata.create_all(engine)
    yield engine


@pytest.fixture
def act(store: Engine) -> Iterator[Connection]:
    """One transaction on it."""
    with writing(store) as connection:
        yield connection


def test_numbers_follow_each_other(act: Connection) -> None:
    """The first number is the one asked for, each next one is the last plus one."""
    assert storage.counter(act) is None
    assert [storage.next_number(act, 7) for _ in range(3)] == [7, 8, 9]
    assert storage.next_number(act, 1) == 10
    assert storage.counter(act) == 11


def test_a_number_is_kept_by_the_commit(store: Engine) -> None:
    """A committed number is never given again; one rolled back leaves no gap."""
    with writing(store) as connection:
        assert storage.next_number(connection, 1) == 1
    with pytest.raises(RuntimeError), writing(store) as connection:
        assert storage.next_number(connection, 1) == 2
        raise RuntimeError
    with writing(store) as connection:
        assert storage.next_number(connection, 1) == 2


def test_a_batch_is_read_back_as_stored(act: Connection) -> None:
    """By number, by reference and in lists, with instants in UTC and every field equal."""
    first = batch(1, reference="DH-1", quantity=5_000_000)
    last = batch(2**32 - 1, created_at=NOW + timedelta(microseconds=1))
    for one in (last, first):
        storage.add_batch(act, one)
    assert storage.find_batch(act, 1) == first
    assert storage.find_batch(act, 2**32 - 1) == last
    assert storage.find_reference(act, "DH-1") == first
    assert storage.list_batches(act) == storage.unsigned_batches(act) == [first, last]
    assert storage.list_batches(act, after=1) == [last]
    assert storage.list_batches(act, limit=1) == [first]
    assert storage.find_batch(act, 2) is storage.find_reference(act, "DH-2") is None


MOVED = (
    ("http://127.0.0.1:8103/s/", True),
    ("https://localhost:8103/s/", True),
    ("https://localhost.example/s/", False),
    ("https://tem.example.vn/s/", False),
)


@pytest.mark.parametrize(("before", "moves"), MOVED)
def test_a_trial_on_one_machine_follows_its_address(
    act: Connection, before: str, moves: bool
) -> None:
    """What only this machine could scan gets the present address; what others may hold keeps its
    own."""
    storage.add_batch(act, batch(1, url_prefix=before))
    storage.move_trials(act, "https://192.168.1.20:8103/s/")
    found = storage.find_batch(act, 1)
    assert found is not None
    assert found.url_prefix == ("https://192.168.1.20:8103/s/" if moves else before)


@pytest.mark.parametrize("second", [{"number": 1}, {"number": 2, "reference": "DH-1"}])
def test_numbers_and_references_are_unique(store: Engine, second: dict[str, Any]) -> None:
    """The database itself refuses a number or a reference that is taken."""
    with writing(store) as connection:
        storage.add_batch(connection, batch(1, reference="DH-1"))
    with pytest.raises(IntegrityError), writing(store) as connection:
        storage.add_batch(connection, batch(**second))


def test_a_batch_key_is_used_once(store: Engine) -> None:
    """The database itself refuses a second batch under the same public key."""
    with writing(store) as connection:
        for number in (1, 2):
            storage.add_batch(connection, batch(number))
            storage.claim(connection, number)
        assert storage.release(connection, 1, 1, made(1))
    with pytest.raises(IntegrityError), writing(store) as connection:
        storage.release(connection, 2, 1, made(1))


def test_reservations_are_summed_by_producer_and_span(act: Connection) -> None:
    """The start belongs to a span, its end does not; failed batches do not count."""
    moments = {1: NOW, 2: NOW + timedelta(hours=1), 3: NOW + timedelta(hours=2)}
    for number, moment in moments.items():
        storage.add_batch(act, batch(number, created_at=moment, quantity=10**number))
    storage.add_batch(act, batch(4, producer_id="cs-2", quantity=7))
    end = NOW + timedelta(hours=2)
    assert storage.reserved_between(act, "cs-1", NOW, end) == 110
    assert storage.reserved_between(act, "cs-2", NOW, end) == 7
    assert storage.reserved_between(act, "cs-3", NOW, end) == 0
    storage.claim(act, 1)
    assert storage.give_up(act, 1)
    assert storage.reserved_between(act, "cs-1", NOW, end) == 100


def test_each_claim_is_a_new_attempt(act: Connection) -> None:
    """A claim begins again from nothing, under the next attempt's number."""
    storage.add_batch(act, batch(1))
    assert storage.claim(act, 1) == 1
    storage.set_progress(act, 1, 1, 4)
    assert storage.find_batch(act, 1) == batch(1, state="signing", attempt=1, signed=4)
    assert storage.claim(act, 1) == 2
    assert storage.find_batch(act, 1) == batch(1, state="signing", attempt=2)
    assert [b.number for b in storage.unsigned_batches(act)] == [1]
    assert storage.claim(act, 2) is None


def test_only_the_present_attempt_counts(act: Connection) -> None:
    """Progress and release of a superseded run change nothing."""
    storage.add_batch(act, batch(1))
    storage.claim(act, 1)
    storage.claim(act, 1)
    before = storage.find_batch(act, 1)
    storage.set_progress(act, 1, 1, 9)
    assert not storage.release(act, 1, 1, made(1))
    assert storage.find_batch(act, 1) == before
    assert storage.release(act, 1, 2, made(1))


def test_a_release_is_final(act: Connection) -> None:
    """A released batch is claimed, released, failed or counted as failing no more."""
    storage.add_batch(act, batch(1))
    assert not storage.release(act, 1, 0, made(1))
    storage.claim(act, 1)
    assert storage.release(act, 1, 1, made(1))
    released = storage.find_batch(act, 1)
    assert released is not None
    assert (released.state, released.signed, released.last_index) == ("released", 13, 13)
    assert (released.manifest, released.signature) == ("manifest 1", bytes([1]) * 64)
    assert (released.public_key, released.released_at) == (bytes([1]) * 32, NOW)
    assert storage.claim(act, 1) is None
    assert not storage.release(act, 1, 1, made(2))
    assert not storage.give_up(act, 1)
    assert storage.count_failure(act, 1) == 0
    assert storage.find_batch(act, 1) == released
    assert storage.unsigned_batches(act) == []


def test_failures_are_counted_and_end_in_giving_up(act: Connection) -> None:
    """Only a batch being signed can fail, and a failed one is claimed no more."""
    storage.add_batch(act, batch(1))
    assert storage.count_failure(act, 1) == 0
    assert not storage.give_up(act, 1)
    storage.claim(act, 1)
    assert [storage.count_failure(act, 1) for _ in range(3)] == [1, 2, 3]
    assert storage.give_up(act, 1)
    assert storage.claim(act, 1) is None
    assert storage.unsigned_batches(act) == []


def test_a_print_is_confirmed_once_and_after_release(store: Engine) -> None:
    """Before the release and a second time it changes nothing."""
    with writing(store) as connection:
        storage.add_batch(connection, batch(1))
        assert not storage.confirm_print(connection, 1, NOW)
        storage.claim(connection, 1)
        storage.release(connection, 1, 1, made(1))
        assert storage.confirm_print(connection, 1, NOW)
        assert not storage.confirm_print(connection, 1, NOW + timedelta(days=1))
        assert not storage.confirm_print(connection, 2, NOW)
    with reading(store) as connection:
        printed = storage.find_batch(connection, 1)
    assert printed is not None
    assert (printed.printed_at, printed.codes) == (NOW, "destroyed")
