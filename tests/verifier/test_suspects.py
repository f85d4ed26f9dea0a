"""The list of stamps that show signs of being copied: sold by the calls that tills use, canaries
shown in every way there is."""

from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Engine, Select, select, text
from sqlalchemy.dialects import sqlite
from tests.registry.signed_in import problem
from tests.verifier.conftest import Site, Verifier
from tests.verifier.mint import Minted
from tests.verifier.retail_tills import Tills, on_sqlite, till_key

from tem.databases.database import reading, writing
from tem.dates import rfc3339, start_of_day
from tem.http import auth
from tem.vocabulary import Role
from tem_verifier.copies import canaries, evidence, suspects
from tem_verifier.copies.canaries import Shown
from tem_verifier.copies.tables import canary_day_table
from tem_verifier.retail.tables import sale_event_table
from tem_verifier.retail.tills import Scope
from tem_verifier.storage import ASKED_AT_ONCE, among
from tem_verifier.traffic import Traffic


class Shop:
    """Tills of two chains, the registry's key, and somebody who reads the list."""

    def __init__(self, site: Site, reader: Verifier, batch: Minted) -> None:
        self.client, self.traffic = site
        self.reader, self.batch = reader, batch
        self.tills = Tills(self.client, reader.store)
        with writing(reader.store) as connection:
            service = auth.create_key(connection, reader.clock(), "t", Role.SERVICE, "registry")
        self.keys = {**self.tills.keys, "registry": service}

    def sell(self, who: str, index: int, hours_ago: float, store: str = "S1") -> None:
        at = rfc3339(self.reader.clock() - timedelta(hours=hours_ago))
        self.tills.sell(who, {"code": self.batch.text(index), "store": store, "sold_at": at})

    def ask(self, who: str, query: str = "") -> Any:
        headers = {"Authorization": f"Bearer {self.keys[who]}"}
        return self.client.get(f"/v1/suspects{query}", headers=headers)

    def listed(self, who: str = "registry", query: str = "") -> list[Any]:
        return list(self.ask(who, query).get_json()["items"])


@pytest.fixture
def shop(site: Callable[..., Site], reader: Verifier, batch: Minted) -> Shop:
    """A verifier with tills that have sold nothing yet."""
    return Shop(site(), reader, batch)


@on_sqlite
def test_a_code_sold_in_two_chains_is_on_the_list(shop: Shop) -> None:
    """With the evidence in words, and all places for the office; each chain reads of its own
    stores, and that there was another; what was sold once or scanned twice is not there."""
    shop.sell("A", 3, 50)
    shop.sell("B", 3, 20, "Chợ Vinh")
    shop.sell("A", 4, 50)
    shop.sell("A", 5, 5)
    shop.sell("A", 5, 4.95)
    (found,) = shop.listed()
    assert (found["batch"], found["index"], found["serial"]) == (1, 3, "1-3-40")
    (sign,) = found["evidence"]
    assert sign["code"] == "sold_in_another_chain"
    assert sign["values"] == {"chains": 2, "stores": 2}
    assert "2 cửa hàng" in sign["words"]["vi"] and "2 stores" in sign["words"]["en"]
    assert [(one["kind"], one["chain"], one["store"]) for one in found["events"]] == [
        ("sale", "A", "S1"),
        ("refused_sale", "B", "Chợ Vinh"),
    ]
    (own,) = shop.listed("A")
    assert [one.get("chain") for one in own["events"]] == ["A", None]
    assert '"B"' not in shop.ask("A").text and "Vinh" not in shop.ask("A").text
    shop.keys["C"] = till_key(shop.reader.store, "C", Scope.SUSPECTS, chain="C")
    assert shop.listed("C") == [], "a chain that had nothing to do with it"
    shop.keys["seller"] = till_key(shop.reader.store, "seller", Scope.SELL, chain="A")
    assert problem(shop.ask("seller"), 403) == "scope_not_allowed"


@on_sqlite
def test_the_list_comes_in_pages(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    """The highest number first, none twice and none left out, also where stamps that are harmless
    lie between and a page ends early."""
    for index in (2, 5, 7):
        shop.sell("A", index, 50)
        shop.sell("B", index, 20)
    for hours in (9, 6):
        shop.sell("A", 6, hours)
    monkeypatch.setattr(suspects, "AT_ONCE", 2)
    for limit, most in ((1, 9), (2, 9), (200, 9), (200, 2)):
        monkeypatch.setattr(suspects, "MOST_EXAMINED", most)
        found, after = [], ""
        while after is not None:
            page = shop.ask("registry", f"?limit={limit}{after and '&after=' + after}").get_json()
            found += [one["index"] for one in page["items"]]
            after = page.get("next")
        assert found == [7, 5, 2], (limit, most)
    assert problem(shop.ask("registry", "?after=x"), 422) == "validation_failed"


@on_sqlite
def test_what_many_scan_changes_no_answer_and_is_no_suspicion(shop: Shop) -> None:
    """A till gets its advice whatever anybody scanned, and the list stays empty."""
    shop.sell("A", 3, 50)
    ask = {"codes": [shop.batch.text(4)]}
    headers = {"Authorization": f"Bearer {shop.keys['A']}"}
    before = shop.client.post("/v1/verifications", json=ask, headers=headers).get_json()
    for n in range(60):
        for index in (3, 4):
            shop.traffic.scans.add(1, index, f"10.0.{n}.1")
    shop.traffic.scans.ship()
    shop.traffic.scans.refresh()
    after = shop.client.post("/v1/verifications", json=ask, headers=headers).get_json()
    assert after["answers"][0]["advice"] == before["answers"][0]["advice"] == "allow"
    assert shop.listed() == []


def show(shop: Shop, code: str) -> dict[str, Callable[[], Any]]:
    """Every way to show a code."""
    read = {"Accept": "application/json"}
    return {
        "single": lambda: shop.client.get(f"/s/{code}", headers=read),
        "page": lambda: shop.client.get(f"/s/{code}", headers={"Accept": "text/html"}),
        "bulk": lambda: shop.client.post("/v1/verifications", json={"codes": [code]}),
        "sale": lambda: shop.tills.post("A", {"sales": [{"code": code, "store": "S1"}]}),
        "beacon": lambda: shop.client.get(f"/s/{code}/seen"),
    }


@on_sqlite
def test_a_canary_shown_anywhere_is_on_the_list(
    shop: Shop, alarms: Callable[[str], float], batch: Minted
) -> None:
    """Alone of all unknown codes; answered as unknown, counted by days, told to the office and to
    no chain, and no code of it is kept."""
    code = batch.text(batch.made.quantity + 1)
    for way, act in show(shop, code).items():
        before = alarms("canary_seen")
        assert act().status_code == 200, way
        assert alarms("canary_seen") == before + 1, way
    shop.client.get(f"/s/{batch.text(5)}")
    shop.traffic.canaries.write()
    shop.traffic.canaries.write()
    (found,) = shop.listed()
    assert (found["index"], found["events"]) == (batch.made.quantity + 1, [])
    (sign,) = found["evidence"]
    assert (sign["code"], sign["values"]) == ("canary_looked_up", {"times": 5})
    assert shop.listed("A") == []
    assert code not in shop.ask("registry").text


def test_both_engines_find_the_same(own_store: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    """Which stamps were more than sold, below one, of a chain or of all; what was told of them,
    the first of it where it is very much."""
    now = datetime(2026, 11, 20, 5, 0, tzinfo=UTC)
    told = [
        (2, 9, "sale", "A"),
        (2, 9, "refused_sale", "B"),
        (1, 5, "sale", "A"),
        (1, 7, "sale", "C"),
    ]
    told += [(1, 7, "return", "C"), (1, 2, "refused_sale", "A")]
    rows = [
        {"id": id, "kind": kind, "batch": batch, "index": index, "chain": chain}
        | {"store": "S", "at": now, "recorded_at": now}
        for id, (batch, index, kind, chain) in enumerate(told, 1)
    ]
    with writing(own_store) as connection:
        connection.execute(sale_event_table.insert(), rows)
        for _ in range(2):
            seen = Counter({(1, 11, now.date()): 2, (3, 1, now.date()): 1})
            canaries.add(connection, now, seen)
    with reading(own_store) as connection:
        every = evidence.candidates(connection, None, 9, None)
        assert every == [(3, 1), (2, 9), (1, 11), (1, 7), (1, 2)]
        assert evidence.candidates(connection, (2, 9), 2, None) == [(1, 11), (1, 7)]
        assert evidence.candidates(connection, None, 9, "A") == [(2, 9), (1, 2)]
        assert evidence.candidates(connection, (2, 9), 9, "A") == [(1, 2)]
        events = evidence.events(connection, every)
        assert [(e.kind, e.chain, e.at) for e in events[2, 9]] == [
            ("sale", "A", now),
            ("refused_sale", "B", now),
        ]
        shown = canaries.looked_up(connection, every)[1, 11]
        assert shown == Shown(4, start_of_day(now.date()), now)
        page = suspects.page(connection, lambda *_: (None, None), None, 9, None)
        assert [(one.batch, one.index) for one in page.items] == [(3, 1), (2, 9), (1, 11)]
        monkeypatch.setattr(evidence, "MOST_EVENTS", 1)
        assert [e.kind for e in evidence.events(connection, every)[2, 9]] == ["sale"]


def test_stamps_are_found_by_an_index(own_store: Engine) -> None:
    """Many stamps of many batches in one question, and on SQLite none walks a table for them."""
    e = sale_event_table.c
    stamps = [(number, index) for number in range(1, ASKED_AT_ONCE // 2 + 1) for index in (1, 2)]
    query = select(e.id).where(among(e.batch, e.index, stamps))
    with reading(own_store) as connection:
        assert connection.execute(query).all() == []
        assert connection.execute(select(e.id).where(among(e.batch, e.index, []))).all() == []
        if connection.dialect.name == "sqlite":
            told = connection.execute(text(f"EXPLAIN QUERY PLAN {compiled(query)}"))
            assert not [row for row in told if str(row[-1]).startswith("SCAN")]


def compiled(query: Select[tuple[int]]) -> str:
    """A query as text, its values in it."""
    return str(query.compile(dialect=sqlite.dialect(), compile_kwargs={"literal_binds": True}))


@on_sqlite
def test_canaries_wait_for_a_database_that_is_away(
    reader: Verifier, site: Callable[..., Site], monkeypatch: pytest.MonkeyPatch
) -> None:
    """What could not be written is written later, once; what waits is bounded."""
    traffic: Traffic = site()[1]
    monkeypatch.setattr(canaries, "MOST_WAITING", 2)
    for index in (101, 102, 103, 101):
        traffic.canaries.seen(1, index)
    with writing(reader.store) as connection:
        connection.exec_driver_sql("ALTER TABLE canary_day RENAME TO away")
    with pytest.raises(Exception, match="canary_day"):
        traffic.canaries.write()
    with writing(reader.store) as connection:
        connection.exec_driver_sql("ALTER TABLE away RENAME TO canary_day")
    traffic.canaries.write()
    with writing(reader.store) as connection:
        found = canaries.looked_up(connection, [(1, index) for index in (101, 102, 103)])
        connection.execute(canary_day_table.update().values(recorded_at=None))
        old = canaries.looked_up(connection, [(1, 101)])[1, 101]
    assert {stamp: one.times for stamp, one in found.items()} == {(1, 101): 2, (1, 102): 1}
    assert old.last_at == old.since, "an older version wrote no time"
