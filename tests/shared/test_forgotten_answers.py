"""A full card and its tombstone give one answer, at every instant after the window."""

import json
import random
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from tem.answer import Card, Subject, answer
from tem.dates import add_months, end_of_day, info_expires_on
from tem.vocabulary import StampState

PRODUCT: Card = {
    "product_id": "SP1",
    "producer_id": "P1",
    "name": "Nước mắm (mẫu)",
    "date_kind": "use_by",
    "certificates": [],
    "points_of_sale": [],
}
PRODUCER: Card = {"producer_id": "P1", "name": "Hợp tác xã (mẫu)", "statuses": []}
TICK = timedelta(microseconds=1)


def full(best_before: date | None, window_ends_on: date, recalls: list[Card]) -> Card:
    return {
        "lot_id": "L1",
        "product_id": "SP1",
        "code": "L1",
        "production_date": "2020-01-31",
        "production_date_kind": "production_date",
        "best_before": best_before.isoformat() if best_before else None,
        "info_expires_on": window_ends_on.isoformat() if best_before else None,
        "window_ends_on": window_ends_on.isoformat(),
        "recalls": recalls,
    }


def tombstone(card: Card) -> Card:
    """What is left of a full card."""
    undated = card["best_before"] is None
    left: Card = {"closed": True, "lot_id": card["lot_id"], "undated": undated}
    return left | ({"window_ends_on": card["window_ends_on"]} if undated else {})


def lifted(ordered: date, at: datetime) -> Card:
    return {
        "kind": "mandatory",
        "ordered_on": ordered.isoformat(),
        "ordered_by": "Sở A (mẫu)",
        "decision_no": None,
        "reason_public": "mẫu",
        "lifted_at": at.isoformat(),
    }


def answers(state: StampState, lot: Card, now: datetime) -> dict[str, Any]:
    revoked = "2026-01-01" if state is StampState.REVOKED else None
    return answer(Subject(1, 1, state, PRODUCT, PRODUCER, lot, revoked), now, now)


@pytest.mark.parametrize("state", [StampState.ACTIVATED, StampState.VOID, StampState.REVOKED])
@pytest.mark.parametrize("undated", [False, True])
def test_no_answer_depends_on_whether_the_facts_are_gone(state: StampState, undated: bool) -> None:
    """Thousands of windows, each at its very end, around it and long after it: dated and undated
    goods, with and without a recall that is over."""
    chance = random.Random(7)
    for n in range(3000):
        best_before = date(2026, 1, 1) + timedelta(days=n)
        window = add_months(best_before, 6) if undated else info_expires_on(best_before)
        end = end_of_day(window)
        over = [] if n % 2 else [lifted(best_before, end - timedelta(days=chance.randint(0, 9)))]
        card = full(None if undated else best_before, window, over)
        left = tombstone(card)
        later = timedelta(seconds=chance.randint(0, 10**9))
        for now in (end, end + TICK, end.astimezone(UTC), end + later):
            assert answers(state, card, now) == answers(state, left, now), (best_before, now)


@pytest.mark.parametrize("undated", [False, True])
def test_the_window_ends_at_one_instant(undated: bool) -> None:
    """An instant before its end the full card says something else: the sweep may not run then."""
    for n in range(1500):
        best_before = date(2026, 1, 1) + timedelta(days=n)
        window = add_months(best_before, 6) if undated else info_expires_on(best_before)
        card = full(None if undated else best_before, window, [])
        end = end_of_day(window)
        before, after = (answers(StampState.ACTIVATED, card, t) for t in (end - TICK, end))
        assert before["verdict"] == ("OK" if undated else "PAST_DATE")
        assert after["verdict"] == "INFO_EXPIRED"
        reason = "info_window_closed_no_expiry" if undated else "info_window_closed"
        assert after["reason"] == reason


def test_a_tombstone_is_closed_whatever_the_clock_says() -> None:
    """A clock that is behind the registry's never asks a tombstone for facts it has not."""
    card = full(date(2026, 1, 31), date(2026, 2, 28), [])
    long_before = datetime(2000, 1, 1, tzinfo=UTC)
    assert answers(StampState.ACTIVATED, tombstone(card), long_before)["verdict"] == "INFO_EXPIRED"


def test_a_tombstone_shows_nothing_of_the_goods() -> None:
    """Beside verdict and stamp an undated one tells the last public day, a dated one nothing."""
    now = datetime(2030, 1, 1, tzinfo=UTC)
    told = {"verdict", "notes", "reason", "reasons", "checked", "advice"}
    always = told | {"as_of", "stamp"}
    dated = answers(StampState.ACTIVATED, tombstone(full(now.date(), now.date(), [])), now)
    undated = tombstone(full(None, date(2028, 10, 20), []))
    told = answers(StampState.ACTIVATED, undated, now)
    assert (set(dated), set(told)) == (always, {*always, "info_expires_on"})
    assert told["info_expires_on"] == "2028-10-20"
    assert json.loads(json.dumps(told)) == told


def test_a_tombstone_of_a_stamp_without_state_activated() -> None:
    """A stamp that is still to be activated is not closed by a lot it once had."""
    card = tombstone(full(date(2026, 1, 31), date(2026, 2, 28), []))
    subject = Subject(1, 1, StampState.DELIVERED, PRODUCT, PRODUCER, card)
    found = answer(replace(subject), datetime(2030, 1, 1, tzinfo=UTC), datetime.now(UTC))
    assert found["verdict"] == "NOT_ACTIVATED"
