"""Hand-over and return: stamps go to their producer, come back, and go out again."""

from typing import Any

import pytest
from tests.registry.records import Register

from tem.databases import published
from tem.errors import Conflict, Invalid, NotFound, TemError
from tem_registry import tables


def refusal(act: Any, *args: Any, **options: Any) -> TemError:
    with pytest.raises(TemError) as refused:
        act(*args, **options)
    return refused.value


def test_a_batch_is_delivered_whole(register: Register) -> None:
    """What was issued is delivered, what was voided before stays void; the receipt is kept."""
    register.batch(1, 100, delivered=False)
    register.void(1, 41, 45)
    batch = register.deliver(1)
    assert (str(batch.delivered_on), batch.receipt) == ("2026-11-20", "BB-7")
    assert batch.delivered_quantity == 95
    assert register.ranges(1) == [
        (1, 40, "delivered", None),
        (41, 45, "void", None),
        (46, 100, "delivered", None),
    ]
    assert register.rows(tables.stamp_order)[0]["state"] == "delivered"
    assert refusal(register.deliver, 1).code == "already_delivered"
    assert isinstance(refusal(register.deliver, 9), NotFound)


def test_stamps_return_and_go_out_again(register: Register) -> None:
    """Returned stamps lie at the office, cannot be activated, and are handed over once more."""
    register.batch(1, 100)
    register.lot("L1")
    answer = register.take_back(1, 81, 100)
    assert answer == {
        "batch": 1,
        "first": 81,
        "last": 100,
        "state": "issued",
        "stamps": 20,
        "reason": "not needed",
    }
    assert register.ranges(1) == [(1, 80, "delivered", None), (81, 100, "issued", None)]
    assert [row["state"] for row in register.rows(published.interval)] == ["delivered", "issued"]
    error = refusal(register.activate, "L1", 1, 80, 82)
    assert [one["code"] for one in error.extra["ranges"]] == ["not_delivered"]
    register.clock.advance(days=2)
    batch = register.deliver(1, "BB-8")
    assert (str(batch.delivered_on), batch.receipt, batch.delivered_quantity) == (
        "2026-11-22",
        "BB-8",
        20,
    )
    assert register.ranges(1) == [(1, 100, "delivered", None)]
    assert refusal(register.deliver, 1).code == "already_delivered"
    assert register.actions()[-2:] == ["stamps.returned", "batch.delivered"]
    assert register.faults() == []


def test_a_return_is_refused_whole(register: Register) -> None:
    """The parts that are not in the producer's hands unused are named; nothing is done."""
    register.batch(1, 100)
    register.lot("L1")
    register.activate("L1", 1, 11, 20)
    register.void(1, 31, 40)
    register.revoke(1, 51, 60)
    register.take_back(1, 71, 80)
    before = register.everything()
    error = refusal(register.take_back, 1, 1, 75)
    assert isinstance(error, Conflict)
    assert [(one["first"], one["last"], one["code"]) for one in error.extra["ranges"]] == [
        (11, 20, "already_activated"),
        (31, 40, "void"),
        (51, 60, "revoked"),
        (71, 75, "not_delivered"),
    ]
    assert isinstance(refusal(register.take_back, 1, 1, 101), Invalid)
    assert isinstance(refusal(register.take_back, 9, 1, 1), NotFound)
    assert register.everything() == before


def test_nothing_usable_is_not_delivered(register: Register) -> None:
    """A batch of which every stamp is void or revoked is not handed over."""
    register.batch(1, 10, delivered=False)
    register.void(1, 1, 5)
    register.revoke(1, 6, 10)
    assert refusal(register.deliver, 1).code == "nothing_to_deliver"
