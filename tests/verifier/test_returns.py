"""Goods that come back: whose, how late, and that their stamps can be sold again."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from tests.conftest import SetClock
from tests.verifier.conftest import Site, Verifier
from tests.verifier.mint import Minted
from tests.verifier.retail_tills import Tills, on_sqlite

from tem.databases.database import reading
from tem.dates import rfc3339
from tem.trail import audit
from tem_verifier.retail.sale_rules import Outcome, Refused, not_returned, refused_time
from tem_verifier.retail.sold import Sold

NOW = datetime(2026, 11, 20, 2, 0, tzinfo=UTC)
DAY, SECOND = timedelta(days=1), timedelta(seconds=1)


@pytest.fixture
def tills(site: Callable[..., Site], reader: Verifier) -> Tills:
    """Their calls go to one app; ten stamps of batch 1 are activated, ninety are not."""
    return Tills(site()[0], reader.store)


@pytest.mark.parametrize(
    ("at", "refused"),
    [
        (NOW, None),
        (NOW + timedelta(minutes=5), None),
        (NOW + timedelta(minutes=5) + SECOND, Refused.TOO_FAR_AHEAD),
        (NOW - 31 * DAY, None),
        (NOW - 31 * DAY - SECOND, Refused.TOO_LONG_AGO),
    ],
)
def test_a_tills_time_counts_within_a_month_and_five_minutes(
    at: datetime, refused: Refused | None
) -> None:
    """A till may have been offline for 31 days, and its clock be 5 minutes fast."""
    assert refused_time(at, NOW) is refused


@pytest.mark.parametrize(
    ("sale", "told"),
    [
        (None, Outcome.NOT_SOLD),
        (Sold("B", "S", NOW), Outcome.NOT_SOLD_HERE),
        (Sold("B", "S", NOW - 31 * DAY), Outcome.NOT_SOLD_HERE),
        (Sold("A", "S", NOW - 30 * DAY - SECOND), Outcome.TOO_LATE),
        (Sold("A", "S", NOW + timedelta(minutes=6)), Refused.BEFORE_ITS_SALE),
    ],
)
def test_why_nothing_came_back(sale: Sold | None, told: Outcome | Refused) -> None:
    """Of another chain's sale no more is told than that it was not made here."""
    assert not_returned(sale, "A", NOW) is told


def test_what_came_back_can_be_sold_again(tills: Tills, batch: Minted, clock: SetClock) -> None:
    """Any store of the chain takes goods back within 30 days of the sale, once, and nobody else
    does; the very same return again is the same."""
    one, two = {"code": batch.text(1)}, {"code": batch.text(2)}
    tills.sell("A1", one, two)
    clock.advance(days=30)
    assert tills.outcomes("B", {**one, "store": "B1"}) == ["not_sold_here"]
    back = {**one, "store": "S2", "returned_at": rfc3339(clock())}
    assert tills.outcomes("A", back, back) == ["returned", "returned"]
    assert tills.outcomes("A", {**back, "store": "S3"}) == ["not_sold"]
    clock.advance(seconds=1)
    assert tills.outcomes("A1", two) == ["too_late"]
    assert tills.sell("B", {**one, "store": "B1"})[0]["outcome"] == "sold"
    assert tills.outcomes("A", back) == ["returned"]
    assert tills.kept() == (
        [(1, 1, "B", "B1"), (1, 2, "A", "S1")],
        ["sale", "sale", "return", "sale"],
    )
    with reading(tills.store) as connection:
        told = [e.details for e in audit.entries(connection) if e.action == "returns.recorded"]
    assert told == [{"returned": 1}]


@on_sqlite
def test_a_return_is_refused_item_by_item(tills: Tills, batch: Minted, clock: SetClock) -> None:
    """What is no stamp or no time that counts is refused with its code, in its place."""
    yesterday = rfc3339(clock() - timedelta(days=1))
    tills.sell("A1", *({"code": batch.text(index), "sold_at": yesterday} for index in (1, 2)))
    early = rfc3339(clock() - timedelta(days=2))
    answer = tills.post(
        "A1",
        {
            "returns": [
                {"code": "1"},
                {"code": batch.text(1), "returned_at": early},
                {"code": batch.text(1), "returned_at": rfc3339(clock() + timedelta(hours=1))},
                {"code": batch.text(2), "reference": "7"},
            ]
        },
        "returns",
    ).json["returns"]
    assert [one.get("code", one["outcome"]) for one in answer] == [
        *("malformed", "before_its_sale", "too_far_ahead", "returned"),
    ]
    assert (answer[3]["reference"], answer[3]["returned_at"]) == ("7", rfc3339(clock()))
    assert answer[3]["verdict"] == "OK"
