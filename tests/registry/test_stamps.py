"""Acts on ranges of a batch: void, revocation. All of a range or nothing."""

from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import Connection, event
from sqlalchemy.exc import IntegrityError
from tests.registry.records import Register

from tem.databases import published
from tem.errors import Conflict, Invalid, NotFound, TemError
from tem.vocabulary import StampState
from tem_registry import tables
from tem_registry.batches import batches
from tem_registry.stamps import stamps


def refusal(act: Any, *args: Any, **options: Any) -> TemError:
    with pytest.raises(TemError) as refused:
        act(*args, **options)
    return refused.value


def test_a_void_splits_a_range_and_keeps_its_reason(register: Register) -> None:
    """Only the stamps named are void, with the reason given, and neighbours alike are joined."""
    register.batch(1, 100)
    answer = register.void(1, 10, 19, "misprint")
    assert answer == {
        "batch": 1,
        "first": 10,
        "last": 19,
        "state": "void",
        "stamps": 10,
        "reason": "misprint",
    }
    register.void(1, 20, 29, "misprint")
    register.void(1, 30, 30, "stolen")
    assert [(f, last, state) for f, last, state, _ in register.ranges(1)] == [
        (1, 9, "delivered"),
        (10, 29, "void"),
        (30, 30, "void"),
        (31, 100, "delivered"),
    ]


def test_a_range_with_one_bad_part_is_refused_whole(register: Register) -> None:
    """The refusal names each part that stands in the way and why; nothing is changed."""
    register.batch(1, 100)
    register.lot("L1")
    register.activate("L1", 1, 11, 20)
    register.void(1, 31, 40)
    register.revoke(1, 51, 60)
    before = register.everything()
    error = refusal(register.void, 1, 5, 55)
    assert isinstance(error, Conflict)
    assert error.code == "range_refused"
    assert error.extra["ranges"] == [
        {"first": 31, "last": 40, "state": "void", "code": "already_void"},
        {"first": 51, "last": 55, "state": "revoked", "code": "revoked"},
    ]
    assert refusal(register.revoke, 1, 31, 60).extra["ranges"] == [
        {"first": 31, "last": 40, "state": "void", "code": "void"},
        {"first": 51, "last": 60, "state": "revoked", "code": "already_revoked"},
    ]
    error = refusal(register.activate, "L1", 1, 1, 100)
    assert [(one["first"], one["last"], one["code"]) for one in error.extra["ranges"]] == [
        (11, 20, "already_activated"),
        (31, 40, "void"),
        (51, 60, "revoked"),
    ]
    assert register.everything() == before


def test_the_lot_stays_with_a_stamp_that_ends(register: Register) -> None:
    """Voided or revoked after activation, a stamp is still known to be of its lot."""
    register.batch(1, 30)
    register.lot("L1")
    register.activate("L1", 1, 1, 30)
    register.void(1, 1, 5)
    register.revoke(1, 11, 20)
    assert register.ranges(1) == [
        (1, 5, "void", "L1"),
        (6, 10, "activated", "L1"),
        (11, 20, "revoked", "L1"),
        (21, 30, "activated", "L1"),
    ]


def test_a_revocation_has_its_public_day(register: Register) -> None:
    """The day in Vietnam on which the office withdrew a stamp is kept and published."""
    register.batch(1, 10)
    register.clock.advance(hours=15)  # 22:00 there, the next day here is still the 21st
    register.revoke(1, 3, 4)
    (row,) = [row for row in register.rows(published.interval) if row["state"] == "revoked"]
    assert (row["first"], row["last"], row["revoked_on"]) == (3, 4, "2026-11-21")


@pytest.mark.parametrize(("first", "last"), [(0, 5), (1, 101), (101, 101), (100, 104), (9, 8)])
def test_numbers_outside_the_batch_are_refused(register: Register, first: int, last: int) -> None:
    """Canaries and numbers that never were are no stamps; the refusal says which there are."""
    register.batch(1, 100)
    before = register.everything()
    for act in (register.void, register.revoke):
        error = refusal(act, 1, first, last)
        assert isinstance(error, Invalid)
        assert (error.code, error.extra["quantity"]) == ("no_such_stamps", 100)
    assert register.everything() == before


def test_the_owner_stands_in_the_where_of_the_write(register: Register) -> None:
    """For another producer the locking UPDATE itself finds no batch, whatever was asked before."""
    register.batch(1, 100)
    before = register.rows(tables.stamp_batch)
    statements: list[tuple[str, Any]] = []

    def listen(_c: Any, _cursor: Any, statement: str, parameters: Any, *_: Any) -> None:
        statements.append((statement, parameters))

    event.listen(register.engine, "before_cursor_execute", listen)
    with register.write() as connection, pytest.raises(NotFound):
        stamps.lock(connection, 1, "P2")
    event.remove(register.engine, "before_cursor_execute", listen)
    ((statement, parameters),) = [s for s in statements if not s[0].startswith("BEGIN")]
    assert statement.startswith("UPDATE stamp_batch SET revision")
    assert "producer_id = " in statement.partition("WHERE")[2].partition("RETURNING")[0]
    assert "P2" in (parameters.values() if isinstance(parameters, dict) else parameters)
    assert register.rows(tables.stamp_batch) == before
    with register.write() as connection:
        assert stamps.lock(connection, 1, "P1").producer_id == "P1"


@pytest.mark.parametrize("bare", ["postgresql"], indirect=True)
def test_postgresql_itself_refuses_an_overlap(register: Register) -> None:
    """Past every rule of ours, two intervals that share a stamp cannot be committed there."""
    register.batch(1, 100)
    register.batch(2, 100)

    def insert(connection: Connection) -> None:
        row = {"batch": 1, "first": 100, "last": 105, "state": "issued"}
        connection.execute(tables.stamp_interval.insert().values(**row))

    with pytest.raises(IntegrityError, match="stamp_interval_no_overlap"), register.write() as c:
        insert(c)
    assert register.ranges(1) == [(1, 100, "delivered", None)]


def test_batches_are_found_and_listed(register: Register) -> None:
    """By number, in order, and a producer's own only."""
    for number, product in ((3, "SP1"), (1, "SP3"), (2, "SP1")):
        register.batch(number, 10, product)
    with register.read() as connection:
        assert [b.number for b in batches.page(connection, 0, 2)] == [1, 2]
        assert [b.number for b in batches.page(connection, 2, 2)] == [3]
        assert [b.number for b in batches.page(connection, 0, 9, own="P1")] == [2, 3]
        assert stamps.find(connection, 1, "P2").product_id == "SP3"
        for wanted, own in ((1, "P1"), (9, None), (2**32 - 1, None)):
            with pytest.raises(NotFound):
                stamps.find(connection, wanted, own)
        assert batches.shown(stamps.find(connection, 2))["delivered_on"] == "2026-11-20"


@pytest.mark.parametrize(
    ("filters", "wanted"),
    [
        ({}, [1, 2, 3, 4]),
        ({"product_id": "SP1"}, [1, 2]),
        ({"producer_id": "P1"}, [1, 2, 4]),
        ({"producer_id": "P2", "own": "P1"}, []),
        ({"state": "activated"}, [1]),
        ({"state": "void"}, [1, 4]),
        ({"state": "revoked"}, []),
        ({"usable": True}, [1, 2, 3]),
        ({"usable": False}, [4]),
        ({"undelivered": True}, [2]),
        ({"undelivered": False, "product_id": "SP1"}, [1]),
        ({"usable": True, "state": "void"}, [1]),
    ],
)
def test_batches_are_filtered(register: Register, filters: Any, wanted: list[int]) -> None:
    """By producer, product and what their stamps are; filters given together all apply."""
    register.batch(1, 10)
    register.batch(2, 10, delivered=False)
    register.batch(3, 10, "SP3")
    register.batch(4, 10, "SP2")
    register.lot("L1")
    register.activate("L1", 1, 1, 5)
    register.void(1, 6, 6)
    register.void(4, 1, 10)
    with register.read() as connection:
        assert [b.number for b in batches.page(connection, 0, 9, **filters)] == wanted


def test_intervals_are_shown_without_what_does_not_apply(register: Register) -> None:
    """A range shows lot, reason and day of revocation only where it has them."""
    register.batch(1, 20)
    register.revoke(1, 11, 20, "decision 7")
    with register.read() as connection:
        shown = batches.shown_intervals(stamps.intervals(connection, 1))
    assert shown == [
        {"first": 1, "last": 10, "state": "delivered"},
        {
            "first": 11,
            "last": 20,
            "state": "revoked",
            "reason": "decision 7",
            "revoked_on": "2026-11-20",
        },
    ]


def test_an_act_that_changes_nothing_is_not_possible(register: Register) -> None:
    """A refused range leaves the batch unlocked for the next act."""
    register.batch(1, 10, delivered=False)
    with register.write() as connection:
        batch = stamps.lock(connection, 1, None)
        with pytest.raises(Conflict):
            stamps.move(
                connection,
                batch,
                1,
                5,
                StampState.ACTIVATED,
                lambda part: replace(part, state=StampState.ACTIVATED),
            )
    assert register.ranges(1) == [(1, 10, "issued", None)]
