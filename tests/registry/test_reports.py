"""Statistics and fees: every grouping adds up, as JSON and as a table for spreadsheets."""

import csv
import io
import random
from collections import Counter, defaultdict
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from tests.registry.installed import SAMPLE, opened, rows
from tests.registry.records import ONE_ENGINE, Register, product
from tests.registry.signed_in import Api, api_over, problem
from werkzeug.test import TestResponse

from tem.databases.database import reading
from tem.errors import TemError
from tem_registry import tables
from tem_registry.reports import fees, statistics
from tem_registry.reports.fees import FIGURES
from tem_registry.reports.schemas import GROUPS
from tem_registry.reports.statistics import Counts

Row = dict[str, Any]
Report = Callable[..., Row]


def asked(register: Register, report: Report, by: str, **chosen: Any) -> Row:
    with register.read() as connection:
        return report(connection, by, **chosen)


def holds(row: Row) -> bool:
    """The identities of the office's columns (domain.md §4.8)."""
    ends = row["not_activated_usable"] + row["void"] + row["revoked"]
    return row["quantity"] == row["activated"] + row["not_activated"] and (
        row["not_activated"] == ends
    )


def busy(register: Register, seed: int) -> None:
    """Batches of three products and two communes over two years, and random acts on them."""
    chance = random.Random(seed)
    register.change("producer", "P2", address={"full": "Xã Kỳ Văn", "commune_code": "18787"})
    register.add("product", product("SP4", "P2", name="=cmd|calc", category_code="II.1.a"))
    made = {}
    for number in range(1, 13):
        id, quantity = chance.choice(["SP1", "SP2", "SP3", "SP4"]), chance.randint(20, 60)
        made[register.batch(number, quantity, id)] = (id, quantity)
        register.clock.advance(days=chance.choice([0, 3, 20, 70]))
    today = register.clock().date().isoformat()
    for id in ("SP1", "SP2", "SP3", "SP4"):
        register.lot(f"L-{id}", 10_000, id, production_date=today)
    for _ in range(60):
        number = chance.randint(1, 12)
        id, quantity = made[number]
        first = chance.randint(1, quantity)
        last = min(quantity, first + chance.randint(0, 9))
        act = chance.choice(["activate", "activate", "void", "revoke"])
        try:
            if act == "activate":
                register.activate(f"L-{id}", number, first, last)
            else:
                getattr(register, act)(number, first, last)
        except TemError:
            continue  # a range refused: another one will fit


@pytest.mark.parametrize("seed", range(3))
def test_every_grouping_adds_up_after_random_acts(register: Register, seed: int) -> None:
    """In every row of every grouping the identities hold, and the rows sum to one total."""
    busy(register, seed)
    total = asked(register, statistics.count, "batch")["total"]
    assert min(total["activated"], total["void"], total["revoked"]) > 0
    assert total["quantity"] == sum(row["quantity"] for row in register.rows(tables.stamp_batch))
    for by in GROUPS:
        found = asked(register, statistics.count, by)
        assert found["total"] == total, by
        assert all(holds(row) for row in [*found["rows"], found["total"]]), by
        keys = [row["key"] for row in found["rows"]]
        assert len(set(keys)) == len(keys)
        for name, value in total.items():
            assert sum(row[name] for row in found["rows"]) == value, (by, name)


def test_the_keys_of_each_grouping(register: Register) -> None:
    """Days, months, years and categories beside the office's own groups."""
    register.change("product", "SP2", category_code="I.3.a")
    register.batch(1, 10)
    register.clock.advance(days=40)
    register.batch(2, 20, "SP2")
    register.clock.advance(days=2)
    register.batch(3, 30, "SP3")

    def keys(by: str) -> dict[str, int]:
        found = asked(register, statistics.count, by)["rows"]
        return {row["key"]: row["quantity"] for row in found}

    assert keys("category") == {"I.3.a": 20, "I.4.a": 40}
    assert keys("day") == {"2026-11-20": 10, "2026-12-30": 20, "2027-01-01": 30}
    assert keys("month") == {"2026-11": 10, "2026-12": 20, "2027-01": 30}
    assert keys("year") == {"2026": 30, "2027": 30}


def test_filters_choose_batches(register: Register) -> None:
    """Product, producer, commune and period narrow what is counted, never beyond one's own."""
    register.change("producer", "P2", address={"full": "Xã Kỳ Văn", "commune_code": "18787"})
    for number, (id, quantity) in enumerate([("SP1", 1), ("SP2", 20), ("SP3", 300)], 1):
        register.batch(number, quantity, id)

    def total(**chosen: Any) -> int:
        both = (
            asked(register, statistics.count, "batch", **chosen)["total"]["quantity"],
            asked(register, fees.charge, "order", **chosen)["total"]["stamps"],
        )
        assert both[0] == both[1]
        return int(both[0])

    assert total() == 321
    assert total(product_id="SP2") == 20
    assert total(producer_id="P1") == 21
    assert total(commune="18787") == 300
    assert total(own="P1") == 21
    assert total(own="P1", producer_id="P2") == 0
    assert total(own="P1", commune="18787") == 0
    assert total(issued_from=date(2026, 11, 21)) == 0
    assert total(issued_until=date(2026, 11, 20)) == 321


# --- fees ---


def test_fees_are_those_of_the_day_of_the_order(register: Register) -> None:
    """Whole VND: each batch's stamps times its order's own prices, void or not."""
    register.batch(1, 40)
    register.batch(2, 5_000_000, "SP3")
    register.void(1, 1, 10)
    with register.write() as connection:
        o = tables.stamp_order
        dear = o.update().where(o.c.id == "DH-2")
        connection.execute(dear.values(unit_fee_vnd=1_000_000, unit_subsidy_vnd=0))
    found = asked(register, fees.charge, "producer")
    assert found["rows"] == [
        {
            "key": "P1",
            "orders": 1,
            "stamps": 40,
            "fee_vnd": 8000,
            "subsidy_vnd": 1200,
            "total_vnd": 9200,
        },
        {
            "key": "P2",
            "orders": 1,
            "stamps": 5_000_000,
            "fee_vnd": 5 * 10**12,
            "subsidy_vnd": 0,
            "total_vnd": 5 * 10**12,
        },
    ]
    assert found["total"]["fee_vnd"] == 5 * 10**12 + 8000


def test_fees_add_up_in_every_grouping(register: Register) -> None:
    """All groupings have one total, which counts every batch once."""
    busy(register, 7)
    total = asked(register, fees.charge, "order")["total"]
    assert (total["orders"], total["fee_vnd"]) == (12, total["stamps"] * 200)
    for by in ("order", *GROUPS):
        found = asked(register, fees.charge, by)
        assert found["total"] == total
        for name in FIGURES:
            assert sum(row[name] for row in found["rows"]) == total[name], (by, name)


# --- over HTTP ---


@pytest.fixture(name="api")
def busy_api(register: Register) -> Api:
    busy(register, 1)
    return api_over(register)


def table(response: TestResponse) -> list[dict[str, str]]:
    """A CSV answer, each row by the names in brackets of its headings."""
    assert response.status_code == 200, response.text
    assert response.content_type == "text/csv; charset=utf-8; header=present"
    assert response.data.startswith(b"\xef\xbb\xbf")
    lines = response.data.decode("utf-8-sig")
    assert lines.count("\n") == lines.count("\r\n")
    header, *found = csv.reader(io.StringIO(lines, newline=""))
    names = [name.partition(" [")[2].removesuffix("]") for name in header]
    assert all(names) and all(name[0].isupper() for name in header)
    return [dict(zip(names, row, strict=True)) for row in found]


@pytest.mark.parametrize(
    ("path", "groups", "figures"),
    [("statistics", GROUPS, Counts.__slots__), ("fees", ("order", *GROUPS), FIGURES)],
)
def test_the_table_says_what_the_json_says(
    api: Api, path: str, groups: tuple[str, ...], figures: tuple[str, ...]
) -> None:
    """The same keys and numbers in every grouping, for office and producer."""
    theirs = api.get(f"/v1/{path}?producer_id=P2").json["rows"]
    assert theirs and api.get(f"/v1/{path}?producer_id=P2", "P1").json["rows"] == []
    for by in groups:
        for who in ("office", "P1"):
            shown = api.get(f"/v1/{path}?by={by}", who).json["rows"]
            found = table(api.get(f"/v1/{path}?by={by}&format=csv", who))
            assert [
                {"key": row["key"], **{name: int(row[name]) for name in figures}} for row in found
            ] == shown
            owners = {row["key"] for row in shown} if by == "producer" else set()
            assert owners <= ({"P1"} if who == "P1" else {"P1", "P2"})


def test_names_stand_beside_keys(api: Api) -> None:
    """Product, producer and commune are named, and a name that is a formula is defused."""
    found = {row["key"]: row for row in table(api.get("/v1/statistics?by=product&format=csv"))}
    assert found["SP1"]["product_name"] == "Nước mắm SP1"
    assert found["SP1"]["producer_name"] == "Hợp tác xã P1"
    assert found["SP4"]["product_name"] == "'=cmd|calc"
    communes = table(api.get("/v1/statistics?by=commune&format=csv"))
    assert [row["commune"] for row in communes] == ["Phường Hải Ninh", "Xã Kỳ Văn"]
    first = table(api.get("/v1/statistics?by=batch&format=csv"))[0]
    assert first["issued_on"] == "2026-11-20"
    order = table(api.get("/v1/fees?format=csv"))[0]
    assert (order["key"], order["batch"]) == ("DH-1", "1")
    assert table(api.get("/v1/statistics?format=csv&product_id=none")) == []


@ONE_ENGINE
@pytest.mark.parametrize(
    ("accept", "query", "is_csv"),
    [
        ("text/csv", "", True),
        ("text/csv, application/json;q=0.9", "", True),
        ("application/json, text/csv;q=0.9", "", False),
        ("*/*", "", False),
        ("image/png", "", False),
        ("", "", False),
        ("text/csv", "&format=json", False),
        ("application/json", "&format=csv", True),
    ],
)
def test_the_form_is_negotiated(register: Register, accept: str, query: str, is_csv: bool) -> None:
    """``format`` decides, else what Accept likes best, else JSON."""
    register.batch(1)
    api = api_over(register)
    for path in ("statistics", "fees"):
        headers = {**api.headers("office"), "Accept": accept}
        response = api.client.get(f"/v1/{path}?by=month{query}", headers=headers)
        assert response.content_type.startswith("text/csv" if is_csv else "application/json")
        assert response.headers["Vary"] == "Accept"
        file = f'attachment; filename="{path}-month-{api.register.clock().date()}.csv"'
        assert response.headers.get("Content-Disposition") == (file if is_csv else None)


@ONE_ENGINE
def test_questions_that_are_none(register: Register) -> None:
    """Unknown groups, days that are none, and periods that end before they begin are refused."""
    api = api_over(register)
    for path in (
        "statistics?by=order",
        "statistics?issued_from=2026-02-30",
        "statistics?issued_from=2026-02-02&issued_until=2026-02-01",
        "statistics?from=2026-01-01",
        "statistics?commune=x",
        "statistics?commune=١",
        "statistics?format=xlsx",
        "statistics?product_id=%00",
        "fees?by=stamp",
        "fees?issued_from=2026-02-02&issued_until=2026-02-01",
        "fees?from=2026-01-01",
        "fees?issued_from=x",
    ):
        assert problem(api.get(f"/v1/{path}"), 422) == "validation_failed", path
        assert problem(api.get(f"/v1/{path}", None), 401) == "key_missing"
    assert api.get("/v1/fees?issued_from=2026-02-02&issued_until=2026-02-02").status_code == 200


# --- the sample ---


def test_the_samples_figures_in_every_grouping(sample: Path) -> None:
    """Summed by hand from the rows of the sample, each group's columns are what is counted."""
    batches = rows(SAMPLE, "stamp_batch")
    communes = {
        row["producer_id"]: row["address"]["commune_code"] for row in rows(SAMPLE, "producer")
    }
    categories = {row["product_id"]: row["category_code"] for row in rows(SAMPLE, "product")}
    keys: dict[str, Callable[[Row], str]] = {
        "batch": lambda row: row["batch_id"],
        "product": lambda row: row["product_id"],
        "producer": lambda row: row["producer_id"],
        "commune": lambda row: communes[row["producer_id"]],
        "category": lambda row: categories[row["product_id"]],
        "day": lambda row: row["issued_on"],
        "month": lambda row: row["issued_on"][:7],
        "year": lambda row: row["issued_on"][:4],
    }
    assert set(keys) == set(GROUPS)
    with opened(sample) as engine, reading(engine) as connection:
        for by, key in keys.items():
            wanted: defaultdict[str, Counter[str]] = defaultdict(Counter)
            for row in batches:
                wanted[key(row)].update({"quantity": row["quantity"], **row["expected"]})
            found = statistics.count(connection, by)["rows"]
            assert {row["key"] for row in found} == set(wanted), by
            for row in found:
                assert holds(row)
                expected = wanted[row["key"]]
                assert {name: row[name] for name in expected} == expected, (by, row["key"])
        total = fees.charge(connection, "month")["total"]
    assert (total["orders"], total["stamps"]) == (89, 61_900)
    assert total["fee_vnd"] == sum(row["fee_vnd"] for row in batches)
