"""Sold once: what tills are told, what is recorded, and that the first sale wins."""

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from tests.conftest import SetClock
from tests.registry.records import Register
from tests.verifier.conftest import Site, Verifier
from tests.verifier.mint import Mint, Minted, publish
from tests.verifier.retail_tills import Tills, on_sqlite, till_key

from tem.databases.database import reading, writing
from tem.dates import rfc3339
from tem.trail import audit
from tem_verifier.rates import Rate
from tem_verifier.retail import answers, faults
from tem_verifier.retail.tables import sale_event_table, sale_table

UNREADABLE: list[tuple[str, dict[str, Any], int, str]] = [
    ("A", {"code": "1"}, 422, "store_missing"),
    ("A1", {"code": "1", "store": "S2"}, 403, "store_not_allowed"),
    ("A1", {}, 422, "validation_failed"),
    ("A1", {"sales": []}, 422, "validation_failed"),
    ("A1", {"sales": [{"code": "1"}] * 1001}, 422, "validation_failed"),
    ("A1", {"sales": [{"code": "1"}], "code": "1"}, 422, "validation_failed"),
    ("A1", {"code": "1", "sold_at": "2026-11-20T09:00:00"}, 422, "validation_failed"),
    ("A1", {"code": "1", "sold_at": 5}, 422, "validation_failed"),
    ("A1", {"code": "1", "store": "a/b"}, 422, "validation_failed"),
    ("A1", {"code": "1", "reference": "\ud800"}, 422, "validation_failed"),
    ("A1", {"code": "1", "buyer": "Lan"}, 422, "validation_failed"),
]


@pytest.fixture
def tills(site: Callable[..., Site], reader: Verifier) -> Tills:
    """Their calls go to one app; ten stamps of batch 1 are activated, ninety are not."""
    return Tills(site()[0], reader.store)


def test_the_second_sale_is_told_when_and_the_own_chain_where(
    tills: Tills, batch: Minted, clock: SetClock
) -> None:
    """The first sale of a stamp wins; a rival learns its time, the same chain its store too."""
    sale = {"code": batch.text(1), "store": "S1"}
    (first,) = tills.sell("A", {**sale, "reference": "bill 7"})
    assert (first["outcome"], first["verdict"], first["advice"]) == ("sold", "OK", "allow")
    assert (first["reference"], first["checked"][-1]) == ("bill 7", "sold")
    assert first["stamp"] == {"batch": 1, "index": 1}
    sold_at = rfc3339(clock())
    clock.advance(minutes=3)
    (rival,) = tills.sell("B", {**sale, "store": "B9"})
    assert (rival["outcome"], rival["sold_at"], rival["advice"]) == (
        *("already_sold", sold_at),
        "stop",
    )
    assert rival["reasons"] == [rival["reason"], "already_sold"]
    assert rival["verdict"] == "OK"
    assert "store" not in rival and "S1" not in str(rival)
    (own,) = tills.sell("A1", {"code": batch.text(1)})
    assert (own["outcome"], own["sold_at"], own["store"]) == ("already_sold", sold_at, "S1")
    assert tills.kept() == ([(1, 1, "A", "S1")], ["sale", "refused_sale", "refused_sale"])


@on_sqlite
def test_a_stamp_and_its_copy_in_one_basket_are_told_apart(
    tills: Tills, batch: Minted, clock: SetClock
) -> None:
    """All of a basket has one time and one store: of the same words the second is late, in one
    call and in two; that the earlier sale is its own the till reads in the answer. What came back
    is sold again, in the same words too."""
    sale = {"code": batch.text(1), "store": "S1", "sold_at": rfc3339(clock())}
    told = tills.sell("A", sale, sale) + tills.sell("A", sale)
    assert [one["outcome"] for one in told] == ["sold", "already_sold", "already_sold"]
    assert {(one["sold_at"], one["store"]) for one in told} == {(sale["sold_at"], "S1")}
    assert tills.kept() == ([(1, 1, "A", "S1")], ["sale", "refused_sale"])
    clock.advance(hours=1)
    assert tills.outcomes("A", {"code": batch.text(1), "store": "S1"}) == ["returned"]
    assert tills.sell("A", sale)[0]["outcome"] == "sold"
    assert tills.kept() == ([(1, 1, "A", "S1")], ["sale", "refused_sale", "return", "sale"])


@on_sqlite
def test_one_item_stops_no_other(tills: Tills, batch: Minted, clock: SetClock) -> None:
    """Answers are in order; what is no stamp of ours, or of no time that counts, is refused with
    a stable code; a stamp that should not be sold is sold, for it was."""
    other = batch.text(3)
    odd = other[:-1] + ("1" if other[-1] != "1" else "2")
    late = rfc3339(clock() - timedelta(days=31, seconds=1))
    ahead = rfc3339(clock() + timedelta(minutes=5, seconds=1))
    items: list[dict[str, Any]] = [
        {"code": "12345"},
        {"code": batch.text(1)},
        {"code": "\ud800"},
        {"code": odd},
        {"code": batch.text(50)},
        {"code": batch.text(101)},  # a canary
        {"code": batch.text(2), "sold_at": late},
        {"code": batch.text(2), "sold_at": ahead},
        {"code": batch.text(1), "sold_at": rfc3339(clock() - timedelta(days=31))},
    ]
    told = tills.sell("A1", *items)
    assert [one.get("code", one["outcome"]) for one in told] == [
        *("malformed", "sold", "malformed", "unknown", "sold", "unknown"),
        *("too_long_ago", "too_far_ahead", "already_sold"),
    ]
    assert (told[4]["verdict"], told[4]["advice"]) == ("NOT_ACTIVATED", "ask")
    assert [one["detail"] != "" for one in told if one["outcome"] == "refused"] == [True] * 6
    assert tills.kept()[0] == [(1, 1, "A", "S1"), (1, 50, "A", "S1")]


@on_sqlite
def test_nothing_secret_and_nobodys_receipt_is_kept(tills: Tills, batch: Minted) -> None:
    """A call leaves one entry in the trail, with numbers; no code and no reference is anywhere."""
    tills.sell("A1", {"code": batch.text(1), "reference": "Bà Lan"}, {"code": batch.text(2)})
    with reading(tills.store) as connection:
        (entry,) = [e for e in audit.entries(connection) if e.action == "sales.recorded"]
        dump = "\n".join(connection.connection.iterdump())  # type: ignore[attr-defined]
    assert (entry.object, entry.details) == ("chain:A", {"sold": 2, "already_sold": 0})
    assert entry.actor.startswith("retailer:A1#")
    assert "sale_event" in dump and "Bà Lan" not in dump and batch.text(1) not in dump


@on_sqlite
def test_the_same_call_has_the_same_answer(
    tills: Tills, batch: Minted, register: Register, clock: SetClock
) -> None:
    """An Idempotency-Key is the chain's: its other keys may send the call again, a rival's own
    call with that name is another one, another body is refused."""
    body = {"sales": [{"code": batch.text(1), "store": "S1", "reference": "7"}]}
    first = tills.post("A", body, key="k")
    clock.advance(minutes=1)
    assert tills.post("A1", body, key="k").json == first.json
    assert tills.post("B", body, key="k").json["sales"][0]["outcome"] == "already_sold"
    again = tills.post("A", {"sales": [{"code": batch.text(2), "store": "S1"}]}, key="k")
    assert (again.status_code, again.json["code"]) == (422, "idempotency_key_reused")
    headers = {"Authorization": f"Bearer {tills.keys['A']}"}
    bare = tills.client.post("/v1/sales", json=body, headers=headers)
    assert (bare.status_code, bare.json["code"]) == (400, "idempotency_key_missing")


@on_sqlite
@pytest.mark.parametrize("path", ["sales", "returns"])
def test_another_stores_same_words_are_another_call(tills: Tills, batch: Minted, path: str) -> None:
    """Keys of two stores name none, and the Idempotency-Key is the chain's: the second store is
    not told what became of the first one's item. A key of the chain may send that again."""
    tills.keys["A2"] = till_key(tills.store, "A2", chain="A", store="S2")
    body = {path: [{"code": batch.text(1)}]}
    first = tills.post("A1", body, path, key="k")
    other = tills.post("A2", body, path, key="k")
    assert (other.status_code, other.json["code"]) == (422, "idempotency_key_reused")
    named = {path: [{"code": batch.text(1), "store": "S1"}]}
    assert tills.post("A", named, path, key="k").json == first.json


@on_sqlite
def test_one_sale_may_be_sent_alone(tills: Tills, batch: Minted) -> None:
    """A single item in place of the list is answered by a list of one."""
    one = {"code": batch.text(1)}
    assert tills.post("A1", one).json["sales"][0]["outcome"] == "sold"
    back = tills.post("A1", one, "returns")
    assert back.json["returns"][0]["outcome"] == "returned"


@on_sqlite
def test_a_call_that_cannot_be_read_changes_nothing(tills: Tills, batch: Minted) -> None:
    """What is wrong with a call as a whole is a problem, and none of its items is recorded."""
    for who, body, status, code in UNREADABLE:
        if body.get("sales"):
            body = {**body, "sales": [{"code": batch.text(1)}, *body["sales"][1:]]}
        answer = tills.post(who, body)
        assert (answer.status_code, answer.json["code"]) == (status, code), body
    assert tills.kept() == ([], [])


@on_sqlite
def test_an_item_costs_a_look_up(
    site: Callable[..., Site], reader: Verifier, batch: Minted
) -> None:
    """The answer says what is left of the key's limit; beyond it nothing is recorded, and the
    till is told when to come again."""
    tills = Tills(site(retailer_rate=Rate(3, 60))[0], reader.store)
    two = {"sales": [{"code": batch.text(1)}, {"code": batch.text(2)}]}
    left = [tills.post("A1", two).headers["RateLimit"] for _ in range(2)]
    assert left == ['"look-ups";r=1;t=40', '"look-ups";r=0;t=80']
    refused = tills.post("A1", {"code": batch.text(3)})
    assert (refused.status_code, refused.json["code"]) == (429, "rate_limited")
    assert refused.headers["Retry-After"] == "40"
    assert len(tills.kept()[0]) == 2


@on_sqlite
def test_no_sale_is_told_while_nothing_can_be_looked_up(
    tills: Tills, reader: Verifier, register: Register, mint: Mint, clock: SetClock
) -> None:
    """Where no item could be answered the call is 503, and its Idempotency-Key is still free."""
    new = mint.sign(2)
    record = Path(str(register.engine.url.database))
    away = record.rename(record.with_suffix(".away"))
    clock.advance(minutes=1)
    answer = tills.post("A1", {"code": new.text(1)}, key="k")
    assert (answer.status_code, answer.json["code"]) == (503, "stamps_unavailable")
    assert "Retry-After" in answer.headers and tills.kept() == ([], [])
    away.rename(record)
    publish(register, new)
    reader.index.catch_up()
    answer = tills.post("A1", {"code": new.text(1)}, key="k")
    assert answer.json["sales"][0]["outcome"] == "sold"


@on_sqlite
def test_fsck_names_a_sale_that_no_till_told(tills: Tills, batch: Minted) -> None:
    """Sales that stand and what tills told must agree, and the events' numbers have no gap."""
    tills.sell("A1", {"code": batch.text(1)}, {"code": batch.text(2)})
    e, s = sale_event_table.c, sale_table.c
    with writing(tills.store) as connection:
        connection.execute(sale_event_table.delete().where(e.index == 1))
        connection.execute(sale_table.delete().where(s.index == 2))
    with reading(tills.store) as connection:
        assert list(faults.faults(connection)) == [
            "stamp 1-1 is sold, but no till told that sale",
            "what tills told leaves stamp 1-2 sold 1 times",
            "there are 1 events of sales, but the last one has the number 2",
        ]


@on_sqlite
def test_answers_are_forgotten_and_sales_are_not(
    tills: Tills, batch: Minted, clock: SetClock
) -> None:
    """Eight days later a call told again is looked at anew, and finds its own sale."""
    body = {"code": batch.text(1), "sold_at": rfc3339(clock())}
    tills.post("A1", body, key="k")
    for days, forgotten in ((8, 0), (1, 1)):
        clock.advance(days=days)
        with writing(tills.store) as connection:
            assert answers.forget(connection, clock()) == forgotten
    (told,) = tills.post("A1", body, key="k").json["sales"]
    assert (told["outcome"], told["sold_at"]) == ("already_sold", body["sold_at"])
    assert tills.kept() == ([(1, 1, "A", "S1")], ["sale", "refused_sale"])
