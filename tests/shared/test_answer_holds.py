"""Until when an answer stays what it is while nothing is published."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.shared.cards import (
    GOOD,
    NOW,
    PRODUCER,
    SHOWN,
    UNDATED,
    certificate,
    contract,
    lot,
    product,
    recall,
    shop,
)

from tem.answer import Subject, answer, holds_until
from tem.dates import end_of_day, start_of_day, vietnam_day
from tem.vocabulary import StampState, Verdict

TODAY, TOMORROW = date(2026, 11, 20), date(2026, 11, 21)
# Nothing of it turns soon but what a row of the table says.
QUIET = replace(GOOD, product=product(certificates=[], points_of_sale=[]), points_of_sale={})


def selling(sale: dict[str, Any], seller: dict[str, Any]) -> Subject:
    sold = product(certificates=[], points_of_sale=[contract(**sale)])
    return replace(QUIET, product=sold, points_of_sale={"HT-DB01": shop(**seller)})


def recognised(**changes: Any) -> Subject:
    return replace(QUIET, product=product(certificates=[certificate(**changes)], points_of_sale=[]))


CEASES = {**PRODUCER, "statuses": [{"status": "ceased", "since": "2026-11-25"}]}
LIFTED = recall(lifted_at="2026-11-20T02:00:00.5Z")
TURNS = [
    (QUIET, start_of_day(date(2027, 5, 31))),  # its last day has a note
    (replace(QUIET, lot=lot(best_before="2026-11-20")), start_of_day(TOMORROW)),
    (replace(QUIET, lot=lot(best_before="2026-11-01", window_ends_on="2026-12-01")),
     end_of_day(date(2026, 12, 1))),
    (replace(QUIET, lot=lot(best_before="2026-10-01", window_ends_on="2026-11-01")), None),
    (replace(QUIET, lot=UNDATED), None),
    (replace(QUIET, lot=UNDATED | {"window_ends_on": "2026-11-20"}), start_of_day(TOMORROW)),
    (replace(QUIET, lot=lot(recalls=[recall(ordered_on="2026-11-23")])),
     start_of_day(date(2026, 11, 23))),
    (replace(QUIET, lot=UNDATED | {"recalls": [recall(ordered_on="2026-11-23")]}),
     start_of_day(date(2026, 11, 23))),
    (replace(QUIET, lot=lot(recalls=[LIFTED])), NOW + timedelta(milliseconds=500)),
    (replace(QUIET, state=StampState.VOID, lot=lot(recalls=[LIFTED])),
     NOW + timedelta(milliseconds=500)),
    (replace(GOOD, state=StampState.VOID), None),
    (replace(GOOD, state=StampState.VOID, lot=None), None),
    (replace(GOOD, state=StampState.REVOKED, revoked_on="2026-11-01"), None),
    (replace(GOOD, state=StampState.ISSUED, lot=None), None),
    (replace(GOOD, lot={"closed": True, "undated": False}), None),
    (replace(QUIET, producer=CEASES), start_of_day(date(2026, 11, 25))),
    (recognised(valid_until="2026-11-22"), end_of_day(date(2026, 11, 22))),
    (recognised(valid_from="2026-11-24"), start_of_day(date(2026, 11, 24))),
    (recognised(revoked_on="2026-11-26"), start_of_day(date(2026, 11, 26))),
    (selling({}, {}), end_of_day(date(2026, 12, 31))),
    (selling({"signed_on": "2026-11-27"}, {}), start_of_day(date(2026, 11, 27))),
    (selling({}, {"certified_on": "2026-11-28"}), start_of_day(date(2026, 11, 28))),
    (selling({}, {"certified_on": None}), end_of_day(date(2026, 12, 31))),
    (selling({}, {"certified_until": "2026-11-20"}), end_of_day(TODAY)),
]  # fmt: skip


@pytest.mark.parametrize(("subject", "turn"), TURNS)
def test_an_answer_holds_until_the_next_day_that_decides(
    subject: Subject, turn: datetime | None
) -> None:
    """The next begin or end of anything that is told, as an instant, and None if there is none."""
    assert holds_until(subject, NOW) == turn


def test_an_instant_without_its_offset_is_refused() -> None:
    """Whose day it is would be a guess."""
    with pytest.raises(ValueError, match="offset"):
        holds_until(GOOD, NOW.replace(tzinfo=None))


near = st.integers(-4, 4).map(lambda days: (TODAY + timedelta(days=days)).isoformat())
lifts = st.none() | st.floats(-50, 90).map(
    lambda hours: (NOW + timedelta(hours=hours)).astimezone(UTC).isoformat()
)
lots = st.builds(
    lot,
    production_date=near,
    best_before=st.none() | near,
    window_ends_on=near,
    recalls=st.lists(st.builds(recall, ordered_on=near, lifted_at=lifts), max_size=2),
)
certificates = st.builds(
    certificate,
    certificate_id=st.sampled_from("ABC"),
    valid_from=near,
    valid_until=near,
    revoked_on=st.none() | near,
)
sales = st.builds(contract, st.sampled_from(["S1", "S2"]), signed_on=near, valid_until=near)
shops = st.fixed_dictionaries(
    {
        id: st.builds(
            shop,
            st.just(id),
            certified_on=st.none() | near,
            certified_until=st.none() | near,
            status=st.sampled_from(["active", "active", "inactive"]),
        )
        for id in ("S1", "S2")
    }
)
turns = st.lists(
    st.fixed_dictionaries(
        {"status": st.sampled_from(["active", "suspended", "ceased"]), "since": near}
    ),
    max_size=3,
).map(lambda found: {**PRODUCER, "statuses": sorted(found, key=lambda one: one["since"])})
subjects = st.builds(
    Subject,
    batch=st.just(7),
    index=st.just(3),
    state=st.sampled_from([*StampState, *[StampState.ACTIVATED] * 5]),
    product=st.builds(
        product,
        certificates=st.lists(certificates, max_size=3),
        points_of_sale=st.lists(sales, max_size=2),
    ),
    producer=turns,
    lot=lots,
    points_of_sale=shops,
    scanned_often=st.booleans(),
)


@settings(max_examples=150, deadline=None)
@given(subjects, st.floats(0, 1, exclude_max=True))
def test_nothing_changes_before(subject: Subject, share: float) -> None:
    """At any instant before the one told, down to its last microsecond, the answer is the same."""
    turn = holds_until(subject, NOW)
    last = NOW + timedelta(days=30) if turn is None else turn - timedelta(microseconds=1)
    assert turn is None or turn > NOW
    now = answer(subject, NOW, NOW)
    for instant in (NOW + (last - NOW) * share, last):
        assert answer(subject, instant, NOW) == now, (vietnam_day(instant), turn)


@pytest.mark.parametrize("subject", [row[0] for row in SHOWN if row[1] is Verdict.OK])
def test_the_turn_told_is_one(subject: Subject) -> None:
    """At the instant told the answer of goods in order is another."""
    turn = holds_until(subject, NOW)
    assert turn is not None
    assert answer(subject, turn, NOW) != answer(subject, NOW, NOW)
