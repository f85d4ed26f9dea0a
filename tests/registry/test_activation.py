"""Activation: a range is tied to a lot, all of it or nothing, once."""

from typing import Any

import pytest
from tests.registry.records import Register

from tem.databases import published
from tem.errors import Conflict, NotFound, TemError
from tem_registry import tables
from tem_registry.lots import lots


def refusal(act: Any, *args: Any, **options: Any) -> TemError:
    with pytest.raises(TemError) as refused:
        act(*args, **options)
    return refused.value


@pytest.fixture
def ready(register: Register) -> Register:
    """A delivered batch of SP1 and two lots of it."""
    register.batch(1, 100)
    register.lot("L1")
    register.lot("L2")
    return register


def test_a_range_is_tied_to_its_lot_and_published(ready: Register) -> None:
    """Record, published rows, the lot's card and the audit trail change in one step."""
    answer = ready.activate("L1", 1, 11, 30, own="P1")
    assert answer == {
        "lot_id": "L1",
        "batch": 1,
        "first": 11,
        "last": 30,
        "stamps": 20,
        "activated_at": "2026-11-20T02:00:00Z",
    }
    wanted = [(1, 10, "delivered", None), (11, 30, "activated", "L1"), (31, 100, "delivered", None)]
    assert ready.ranges(1) == wanted
    public = ready.rows(published.interval)
    assert [(r["first"], r["last"], r["state"], r["lot_id"]) for r in public] == wanted
    assert "L1" in [row["id"] for row in ready.rows(published.card) if row["kind"] == "lot"]
    assert ready.actions()[-1] == "stamps.activated"


def test_neighbouring_ranges_of_one_lot_become_one(ready: Register) -> None:
    """A lot activated piece by piece is one interval; another lot's stays apart."""
    ready.activate("L1", 1, 1, 10)
    ready.activate("L1", 1, 21, 30)
    ready.activate("L1", 1, 11, 20)
    ready.activate("L2", 1, 31, 40)
    assert ready.ranges(1)[:2] == [(1, 30, "activated", "L1"), (31, 40, "activated", "L2")]


def test_the_same_activation_again_has_the_same_answer(ready: Register) -> None:
    """Sent again later, it changes nothing and tells when it took place."""
    first = ready.activate("L1", 1, 1, 50)
    before = ready.everything()
    ready.clock.advance(days=400)  # the lot is past its date by now: it stands all the same
    assert ready.activate("L1", 1, 1, 50) == first
    after = ready.everything()
    revised = [table for table in after if after[table] != before[table]]
    assert revised == ["stamp_batch"], "only the lock of the batch was taken"


def test_another_lot_or_another_range_is_refused(ready: Register) -> None:
    """Stamps that are tied already stay where they are."""
    ready.activate("L1", 1, 1, 50)
    for lot, first, last in (("L2", 1, 50), ("L2", 50, 60), ("L1", 1, 49), ("L1", 1, 51)):
        error = refusal(ready.activate, lot, 1, first, last)
        assert isinstance(error, Conflict)
        assert {one["code"] for one in error.extra["ranges"]} == {"already_activated"}


def test_an_activation_that_no_longer_stands_is_not_repeated(ready: Register) -> None:
    """Once a stamp of the range was voided, sending it again is refused, not confirmed."""
    ready.activate("L1", 1, 1, 50)
    ready.void(1, 7, 7)
    error = refusal(ready.activate, "L1", 1, 1, 50)
    assert error.code == "range_refused"
    assert {one["code"] for one in error.extra["ranges"]} == {"already_activated", "void"}


def test_stamps_must_have_been_delivered(ready: Register) -> None:
    """What still lies at the office cannot be activated."""
    ready.batch(2, 10, delivered=False)
    error = refusal(ready.activate, "L1", 2, 1, 10)
    assert [one["code"] for one in error.extra["ranges"]] == ["not_delivered"]


def test_stamps_are_for_one_product(ready: Register) -> None:
    """A batch of one product never goes onto another's lot."""
    ready.lot("L3", product_id="SP2")
    assert refusal(ready.activate, "L3", 1, 1, 5).code == "other_product"


def test_neither_lot_nor_batch_of_another_producer(ready: Register) -> None:
    """For another producer neither is there, even when the other half is its own."""
    ready.batch(3, 50, "SP3")
    ready.lot("L3", product_id="SP3")
    before = ready.everything()
    for lot, batch, own in (("L1", 1, "P2"), ("L3", 1, "P2"), ("L1", 3, "P1"), ("L3", 3, "P1")):
        assert isinstance(refusal(ready.activate, lot, batch, 1, 5, own=own), NotFound)
    assert ready.everything() == before
    assert ready.activate("L3", 3, 1, 5, own="P2")["stamps"] == 5


@pytest.mark.parametrize(("first", "last"), [(1, 101), (101, 101), (101, 103), (0, 1)])
def test_canaries_and_other_numbers_outside(ready: Register, first: int, last: int) -> None:
    """Numbers beyond the order, canaries among them, are no stamps."""
    assert refusal(ready.activate, "L1", 1, first, last).code == "no_such_stamps"


@pytest.mark.parametrize("missing", [("L9", 1), ("L1", 9)])
def test_what_is_not_there(ready: Register, missing: tuple[str, int]) -> None:
    """An unknown lot or batch is said to be unknown."""
    assert isinstance(refusal(ready.activate, *missing, 1, 5), NotFound)


def test_a_lot_has_no_more_stamps_than_units(ready: Register) -> None:
    """The last unit may have its stamp, the next may not. A torn stamp is replaced on the same
    unit, so a voided one gives its unit back; a revoked one keeps it."""
    ready.lot("L3", quantity=30)
    ready.activate("L3", 1, 1, 20)
    assert refusal(ready.activate, "L3", 1, 21, 31).code == "more_stamps_than_units"
    ready.activate("L3", 1, 21, 30)
    ready.void(1, 1, 3)
    ready.revoke(1, 11, 20)
    assert refusal(ready.activate, "L3", 1, 31, 34).code == "more_stamps_than_units"
    assert ready.activate("L3", 1, 31, 33)["stamps"] == 3
    assert ready.faults() == []
    with ready.read() as connection:
        taken = (lots.units_taken(connection, "L3"), lots.stamps_of(connection, "L3"))
    assert taken == (30, 33), "those ever tied are counted apart from the units"


@pytest.mark.parametrize(
    ("kind", "id", "fields", "code"),
    [
        ("producer", "P1", {"status": "suspended"}, "producer_not_active"),
        ("producer", "P1", {"status": "ceased"}, "producer_not_active"),
        ("certificate", "CN-SP1", {"revoked_on": "2026-10-20"}, "no_certificate_at_production"),
        ("certificate", "CN-SP1", {"valid_until": "2026-10-19"}, "no_certificate_at_production"),
    ],
)
def test_facts_of_the_catalogue_stand_against_it(
    ready: Register, kind: str, id: str, fields: Any, code: str
) -> None:
    """A producer out of the programme, or goods made without a certificate, get no stamps."""
    ready.change(kind, id, **fields)
    before = ready.everything()
    assert refusal(ready.activate, "L1", 1, 1, 5).code == code
    assert ready.everything() == before


def test_goods_made_before_a_lapse_may_still_be_activated(ready: Register) -> None:
    """What counts is the certificate on the production date."""
    ready.change("certificate", "CN-SP1", valid_until="2026-10-20")
    assert ready.activate("L1", 1, 1, 5)["stamps"] == 5


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"production_date": "2026-11-21"}, "production_date_in_future"),
        ({"production_date": "2025-11-19"}, "lot_past_date"),
    ],
)
def test_dates_of_the_lot_stand_against_it(ready: Register, fields: Any, code: str) -> None:
    """A lot made tomorrow, or past its date, gets no stamps."""
    ready.lot("L5", **fields)
    assert refusal(ready.activate, "L5", 1, 1, 5).code == code


def test_a_refused_activation_leaves_nothing_behind(ready: Register) -> None:
    """Not the act, not its memory, not an audit entry."""
    ready.void(1, 60, 60)
    before = ready.everything()
    with pytest.raises(Conflict):
        ready.activate("L1", 1, 1, 100)
    assert ready.everything() == before
    assert ready.rows(tables.activation) == []
    with ready.read() as connection:
        assert lots.stamps_of(connection, "L1") == 0
