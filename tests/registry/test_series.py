"""Stamps over time: periods, and figures that agree with the statistics of each day."""

import csv
import io
import random
from datetime import date, timedelta
from itertools import pairwise
from typing import Any

import pytest
from tests.registry.records import ONE_ENGINE, Register, product
from tests.registry.signed_in import api_over, problem

from tem.dates import vietnam_day
from tem.errors import Invalid, TemError
from tem_registry import tables
from tem_registry.reports import series, statistics
from tem_registry.reports.batch_groups import Chosen
from tem_registry.reports.periods import periods
from tem_registry.reports.series import FIGURES

D = date


@pytest.mark.parametrize(
    ("by", "first", "last", "keys", "ends"),
    [
        ("day", D(2026, 2, 28), D(2026, 3, 1), "2026-02-28 2026-03-01", (D(2026, 2, 28), 1)),
        ("week", D(2026, 12, 30), D(2027, 1, 5), "2026-W53 2027-W01", (D(2027, 1, 3), 2)),
        ("week", D(2027, 1, 4), D(2027, 1, 4), "2027-W01", (D(2027, 1, 4), 1)),
        ("month", D(2028, 1, 31), D(2028, 3, 2), "2028-01 2028-02 2028-03", (D(2028, 1, 31), 2)),
        ("month", None, D(2026, 1, 15), None, (D(2025, 2, 28), 12)),
        ("week", None, D(2026, 11, 22), None, (D(2026, 5, 31), 26)),
        ("day", None, D(2026, 3, 1), None, (D(2026, 1, 30), 31)),
    ],
)
def test_periods_follow_the_calendar(
    by: str, first: date | None, last: date, keys: str | None, ends: tuple[date, int]
) -> None:
    """Weeks begin on Monday, months end with their last day, both ends are cut off as asked."""
    found = periods(by, first, last)
    if keys is not None:
        assert [one.key for one in found] == keys.split()
        assert (found[0].first, found[-1].last) == (first, last)
    else:
        assert len(found) == ends[1]
    assert found[0].last == ends[0]
    for before, after in pairwise(found):
        assert after.first == before.last + timedelta(days=1)


def test_a_report_has_at_most_400_periods() -> None:
    """400 days are answered, one more is refused, and so is an end before the beginning."""
    last = D(2026, 11, 20)
    assert len(periods("day", last - timedelta(days=399), last)) == 400
    with pytest.raises(Invalid) as refused:
        periods("day", last - timedelta(days=400), last)
    assert refused.value.code == "too_many_periods"
    with pytest.raises(Invalid) as refused:
        periods("month", last + timedelta(days=1), last)
    assert refused.value.code == "period_ends_before_it_begins"


def act_at_random(register: Register, chance: random.Random) -> None:
    """One act on some stamps, whether or not it is refused; corrections aim at activated ones."""
    batch, first = chance.randint(1, 6), chance.randint(1, 30)
    last = min(30, first + chance.randint(0, 9))
    kind = chance.choice(["activate"] * 4 + ["untie", "retie", "void", "revoke", "take_back"])
    lot = chance.choice(["LA", "LB"]) if batch <= 4 else "LC"
    try:
        if kind in ("untie", "retie"):
            tied = [one for one in register.ranges(batch) if one[2] == "activated"]
            first, last, *_ = chance.choice(tied or [(1, 1)])
            to = lot if kind == "retie" else None
            register.correct(batch, first, (first + last) // 2, to, "kích hoạt nhầm sang lô khác")
        elif kind == "activate":
            register.activate(lot, batch, first, last)
        else:
            getattr(register, kind)(batch, first, last)
    except TemError:
        pass


def test_the_figures_agree_with_the_statistics_of_each_day(register: Register) -> None:
    """At each period's end issued, activated and not activated are what the statistics said at
    the end of that day in Vietnam, for all, a producer and a product, whatever was corrected."""
    chance = random.Random(6)
    for id, made in (("LA", "SP1"), ("LB", "SP1"), ("LC", "SP3")):
        register.lot(id, 10_000, made)
    whose: list[dict[str, Any]] = [{}, {"own": "P2"}, {"product_id": "SP1"}, {"commune": "0"}]
    kept: dict[date, list[dict[str, int]]] = {}
    numbers = iter(range(1, 7))
    begun = vietnam_day(register.clock())
    for day in range(24):
        if day % 4 == 0:
            number = next(numbers)
            register.batch(number, 30, "SP1" if number <= 4 else "SP3")
        for _ in range(6):
            act_at_random(register, chance)
        with register.read() as connection:
            kept[vietnam_day(register.clock())] = [
                statistics.count(connection, "batch", **one)["total"] for one in whose
            ]
        register.clock.advance(hours=chance.choice([15, 20, 24, 30]))
    last = max(kept)
    with register.read() as connection:
        assert statistics.count(connection, "batch")["total"]["activated"] > 20
        for by in ("day", "week", "month"):
            wanted = periods(by, begun, last)
            for n, one in enumerate(whose):
                found = series.count(connection, ["issued", "activated"], wanted, Chosen(**one))
                for row in found["rows"]:
                    day = max(d for d in kept if d <= date.fromisoformat(row["last"]))
                    told = kept[day][n]
                    assert row["issued_total"] == told["quantity"]
                    assert row["activated_total"] == told["activated"]
                    assert row["not_activated"] == told["not_activated"]
                for name in ("issued", "activated"):
                    assert found["total"][name] == found["rows"][-1][f"{name}_total"]
        late = periods("day", last, last)
        (row,) = series.count(connection, ["activated"], late, Chosen())["rows"]
    assert row["activated_total"] == kept[last][0]["activated"] > row["activated"]
    corrected = [row["lot_id"] for row in register.rows(tables.activation) if row["reason"]]
    assert None in corrected and any(corrected)


def test_orders_count_by_the_day_they_were_made_unless_nothing_came_of_them(
    register: Register,
) -> None:
    """17:00 UTC is the next day in Vietnam; a rejected order counts no more."""
    register.batch(1, 40)
    register.clock.advance(hours=15)  # 00:00 of the 21st
    register.batch(2, 60, "SP3")
    register.batch(3, 7)
    with register.write() as connection:
        o = tables.stamp_order
        connection.execute(o.update().where(o.c.id == "DH-3").values(state="rejected"))

    def ordered(**chosen: str) -> list[int]:
        wanted = periods("day", D(2026, 11, 20), D(2026, 11, 21))
        with register.read() as connection:
            found = series.count(connection, ["ordered"], wanted, Chosen(**chosen))
        return [row["ordered"] for row in found["rows"]]

    assert ordered() == [40, 60]
    assert ordered(own="P1") == ordered(product_id="SP1") == [40, 0]
    assert ordered(own="P1", producer_id="P2") == ordered(commune="0") == [0, 0]


@ONE_ENGINE
def test_the_call_answers_json_and_csv_of_what_the_asker_may_see(register: Register) -> None:
    """Both forms say the same; a producer counts its own; what cannot be read is refused."""
    register.add("product", product("SP4", "P2"))
    register.batch(1, 40)
    register.batch(2, 60, "SP4")
    register.lot("LA")
    register.activate("LA", 1, 1, 15)
    api = api_over(register)
    path = "/v1/statistics/series"
    found = api.get(f"{path}?of=ordered,issued,activated").json
    assert len(found["rows"]) == 12
    assert found["rows"][-1] == {
        "key": "2026-11",
        "first": "2026-11-01",
        "last": "2026-11-20",
        "ordered": 100,
        "ordered_total": 100,
        "issued": 100,
        "issued_total": 100,
        "activated": 15,
        "activated_total": 15,
        "not_activated": 85,
    }
    for who, wanted in (("auditor", 100), ("P1", 40), ("P2", 60)):
        assert api.get(path, who).json["total"]["issued"] == wanted
    assert api.get(f"{path}?producer_id=P2", "P1").json["total"]["issued"] == 0
    table = api.get(f"{path}?by=week&format=csv")
    assert table.content_type.startswith("text/csv")
    assert "series-week-2026-11-20.csv" in table.headers["Content-Disposition"]
    header, *rows = csv.reader(io.StringIO(table.data.decode("utf-8-sig"), newline=""))
    names = [cell.partition("[")[2].removesuffix("]") for cell in header]
    shown = api.get(f"{path}?by=week").json["rows"]
    assert [dict(zip(names, row, strict=True)) for row in rows] == [
        {name: str(value) for name, value in row.items()} for row in shown
    ]
    assert set(series.HEADINGS) >= {*FIGURES, *names}
    assert problem(api.get(f"{path}?by=day&from=2020-01-01"), 422) == "too_many_periods"
    late = api.get(f"{path}?from=2027-01-01")
    assert problem(late, 422) == "period_ends_before_it_begins"
    for bad in ("of=sold", "of=issued,issued", "of=", "by=year", "from=1.1.2026", "who=me"):
        assert problem(api.get(f"{path}?{bad}"), 422) == "validation_failed"
    assert api.get(path, None).status_code == 401
