"""Reserving: numbers, ceilings and references, alone and all at once, on both engines."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from tests.conftest import SetClock
from tests.issuer.issuer_support import PRODUCER, Mint

from tem.databases.database import writing
from tem.errors import Conflict
from tem_issuer import fsck, issuance, storage
from tem_issuer.domain import Batch

FIRST_TEST_BATCH = 0xF0000000


def limited(mint: Mint, ceiling: int) -> Mint:
    return replace(mint, settings=replace(mint.settings, daily_ceiling=ceiling))


def refused(mint: Mint, quantity: int = 1, **fields: str) -> str:
    with pytest.raises(Conflict) as caught:
        mint.reserve(quantity, **fields)
    return caught.value.code


def all_at_once(acts: list[Callable[[], Batch]]) -> list[Batch | Exception]:
    def outcome(act: Callable[[], Batch]) -> Batch | Exception:
        try:
            return act()
        except (Conflict, ZeroDivisionError) as error:
            return error

    with ThreadPoolExecutor(8) as threads:
        return list(threads.map(outcome, acts))


def test_a_reservation_is_stored_and_audited(mint_on_each: Mint) -> None:
    """Number, order, printed prefix and the audit entry come in one act."""
    mint = mint_on_each
    batch = mint.reserve(12, reference="DH-9")
    assert mint.batch(batch.number) == batch
    assert (batch.number, batch.state, batch.codes) == (1, "reserved", "none")
    assert batch.url_prefix == "https://tem.example.vn/s/"
    (entry,) = mint.trail("batch:1")
    assert (entry.action, entry.actor) == ("batch.reserved", "test")
    assert entry.details == {
        "quantity": 12,
        "product_id": "sp-1",
        "producer_id": PRODUCER,
        "reference": "DH-9",
    }


def test_a_refused_or_broken_reservation_leaves_nothing(mint_on_each: Mint) -> None:
    """No batch and no audit entry; the number of one that broke off is passed over, and told."""
    mint = mint_on_each
    mint.reserve(reference="DH-1")
    before = len(mint.trail())
    assert refused(mint, reference="DH-1") == "reference_taken"
    with pytest.raises(ZeroDivisionError), writing(mint.engine) as connection:
        issuance.reserve(
            connection,
            mint.settings,
            mint.clock(),
            "test",
            product_id="p",
            producer_id="q",
            quantity=1,
        )
        raise ZeroDivisionError
    assert [b.number for b in mint.batches()] == [1]
    assert len(mint.trail()) == before
    assert mint.reserve().number == 3
    skipped, reserved = mint.trail()[before:]
    assert (skipped.action, skipped.object) == ("number.skipped", "batch:2")
    assert (skipped.details, reserved.object) == ({"first": 2, "last": 2}, "batch:3")


def test_numbers_are_never_shared_by_concurrent_reservations(mint_on_each: Mint) -> None:
    """Forty reservations by eight threads, every fourth rolled back: thirty numbers, gaps told."""
    mint = mint_on_each

    def broken() -> Batch:
        with writing(mint.engine) as connection:
            issuance.reserve(
                connection,
                mint.settings,
                mint.clock(),
                "test",
                product_id="p",
                producer_id="q",
                quantity=1,
            )
            raise ZeroDivisionError

    acts = [broken if place % 4 == 3 else mint.reserve for place in range(40)]
    numbers = [got.number for got in all_at_once(acts) if isinstance(got, Batch)]
    assert len(set(numbers)) == 30
    assert [b.number for b in mint.batches()] == sorted(numbers)
    assert max(numbers) <= 40
    assert list(fsck.check(mint.installation)) == []


def test_the_ceiling_is_per_producer_and_vietnam_day(mint_on_each: Mint, clock: SetClock) -> None:
    """A day ends at midnight in Vietnam, and one producer's stamps are not another's."""
    mint = limited(mint_on_each, 100)
    clock.now = datetime(2026, 11, 20, 16, 59, 59, tzinfo=UTC)  # 23:59:59 in Vietnam
    mint.reserve(60)
    assert refused(mint, 41) == "daily_ceiling"
    mint.reserve(40)
    assert refused(mint, 1) == "daily_ceiling"
    mint.reserve(100, producer_id="cs-2")
    clock.advance(seconds=1)
    mint.reserve(100)
    clock.now = datetime(2026, 11, 20, 17, 0, tzinfo=UTC) + timedelta(days=1, seconds=-1)
    assert refused(mint, 1) == "daily_ceiling"


def test_the_ceiling_says_what_is_left(mint_on_each: Mint) -> None:
    """The refusal names the ceiling and what is reserved, for a person to act on."""
    mint = mint_on_each
    mint = limited(mint, 100)
    mint.reserve(60)
    with pytest.raises(Conflict) as caught:
        mint.reserve(60)
    assert caught.value.extra == {"ceiling": 100, "reserved_today": 60}


def test_the_ceiling_holds_against_many_at_once(mint_on_each: Mint) -> None:
    """Of eight concurrent orders for 30 under a ceiling of 100, exactly three pass."""
    mint = limited(mint_on_each, 100)
    outcomes = all_at_once([lambda: mint.reserve(30)] * 8)
    assert sum(isinstance(outcome, Batch) for outcome in outcomes) == 3
    assert sum(b.quantity for b in mint.batches()) == 90


def test_a_reference_is_taken_once_by_many_at_once(mint_on_each: Mint) -> None:
    """Of eight concurrent orders under one reference one passes, the others are told."""
    outcomes = all_at_once([lambda: mint_on_each.reserve(reference="DH-1")] * 8)
    assert sum(isinstance(outcome, Batch) for outcome in outcomes) == 1
    refusals = [outcome for outcome in outcomes if isinstance(outcome, Conflict)]
    assert [refusal.code for refusal in refusals] == ["reference_taken"] * 7


def test_a_sandbox_makes_test_stamps_only(mint_on_each: Mint) -> None:
    """Its numbers begin at 0xF0000000, and end where 32 bits end."""
    mint = replace(mint_on_each, settings=replace(mint_on_each.settings, sandbox=True))
    assert [mint.reserve().number for _ in range(2)] == [FIRST_TEST_BATCH, FIRST_TEST_BATCH + 1]
    with writing(mint.engine) as connection:
        connection.execute(storage.counter_table.update().values(next_number=2**32 - 1))
    assert mint.reserve().number == 2**32 - 1
    assert refused(mint) == "numbers_used_up"


def test_production_stops_before_the_test_stamps(mint_on_each: Mint) -> None:
    """The last number of production is 0xEFFFFFFF."""
    mint = mint_on_each
    mint.reserve()
    with writing(mint.engine) as connection:
        connection.execute(storage.counter_table.update().values(next_number=FIRST_TEST_BATCH - 1))
    assert mint.reserve().number == FIRST_TEST_BATCH - 1
    assert refused(mint) == "numbers_used_up"


def test_a_store_of_production_is_no_sandbox(mint_on_each: Mint) -> None:
    """A sandbox started on a production store mints nothing under production's numbers."""
    mint = mint_on_each
    mint.reserve()
    assert refused(replace(mint, settings=replace(mint.settings, sandbox=True))) == "not_a_sandbox"
