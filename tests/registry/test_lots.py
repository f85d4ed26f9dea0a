"""Production lots: their dates, whose they are, recalls."""

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import update
from tests.registry.records import OFFICE, Register, product, settings

from tem.databases import published
from tem.errors import Conflict, NotFound, TemError
from tem_registry import publication, verdicts
from tem_registry.lots import lot_answers, lots, recall_acts

NOTICE = {
    "kind": "mandatory",
    "ordered_by": "Chi cục",
    "decision_no": "12/QĐ",
    "reason_public": "nhiễm khuẩn",
}


def refusal(act: Any, *args: Any, **options: Any) -> str:
    with pytest.raises(TemError) as refused:
        act(*args, **options)
    return refused.value.code


def card(register: Register, id: str) -> Any:
    with register.read() as connection:
        return publication.card(connection, "lot", id)


def shown(register: Register, id: str) -> dict[str, Any]:
    with register.read() as connection:
        return lot_answers.shown(connection, lots.find(connection, id), register.clock())


def test_the_date_is_worked_out_from_the_shelf_life(register: Register) -> None:
    """Without a date of its own a lot gets its product's, and the month after."""
    register.lot("L1", production_date="2026-01-31")
    assert shown(register, "L1") == {
        "lot_id": "L1",
        "product_id": "SP1",
        "producer_id": "P1",
        "lot_code": "code-L1",
        "production_date": "2026-01-31",
        "production_date_kind": "production_date",
        "best_before": "2027-01-31",
        "best_before_basis": "computed_from_shelf_life",
        "precision": "day",
        "info_expires_on": "2027-02-28",
        "quantity": 1000,
        "unit": "chai",
        "stamps_activated": 0,
        "units_left": 1000,
        "needs_date_approval": False,
        "recalled": False,
    }


@pytest.mark.parametrize(
    ("label", "best_before", "until"),
    [
        ("2027-02", "2027-02-28", "2027-03-28"),
        ("2028-02", "2028-02-29", "2028-03-29"),
        ("2027-01", "2027-01-31", "2027-02-28"),
        ("2026-12", "2026-12-31", "2027-01-31"),
        ("2026-12-05", "2026-12-05", "2027-01-05"),
    ],
)
def test_a_label_may_name_a_month(
    register: Register, label: str, best_before: str, until: str
) -> None:
    """A month on the label means its last day; that the label gave no day is kept."""
    lot = register.lot("L1", production_date="2026-11-01", best_before=label)
    assert (str(lot.best_before), str(lot.info_expires_on)) == (best_before, until)
    assert lot.precision == ("month" if len(label) == 7 else "day")


def test_a_date_beyond_the_shelf_life_is_for_the_office(register: Register) -> None:
    """Such a lot waits until the office accepts its date, once."""
    register.batch(1)
    register.lot("L1", production_date="2026-10-20", best_before="2027-10-21")
    assert shown(register, "L1")["needs_date_approval"]
    assert refusal(register.activate, "L1", 1, 1, 5) == "best_before_beyond_shelf_life"
    with register.write() as connection:
        lots.approve_date(connection, register.clock(), OFFICE, "L1")
    assert not shown(register, "L1")["needs_date_approval"]
    assert register.activate("L1", 1, 1, 5)["stamps"] == 5

    def again() -> None:
        with register.write() as connection:
            lots.approve_date(connection, register.clock(), OFFICE, "L1")

    assert refusal(again) == "nothing_to_approve"
    assert register.actions().count("lot.date_approved") == 1


@pytest.mark.parametrize(("category", "until"), [("I.1.b", "2027-04-20"), ("V.2", "2028-10-20")])
def test_goods_without_a_date_stay_public_for_their_time(
    register: Register, category: str, until: str
) -> None:
    """Fresh produce six months from production, other undated goods two years."""
    record = product("SP5", "P1", category_code=category, date_kind="none", shelf_life=None)
    register.add("product", record)
    lot = register.lot("L1", product_id="SP5")
    assert (lot.best_before, lot.info_expires_on, str(lot.window_ends_on)) == (None, None, until)
    dated = {"product_id": "SP5", "best_before": "2027-01-01"}
    assert refusal(register.lot, "L2", **dated) == "no_expiry_product"


def test_a_lot_code_is_used_once_for_a_product(register: Register) -> None:
    """The same code may stand on another product's lot, not on this one's."""
    register.lot("L1", lot_code="A1")
    assert refusal(register.lot, "L2", lot_code="A1") == "lot_exists"
    assert refusal(register.lot, "L1", lot_code="B1") == "lot_exists"
    assert register.lot("L3", product_id="SP2", lot_code="A1").lot_code == "A1"


def test_a_producer_records_lots_of_its_own(register: Register) -> None:
    """Another's product is not there for it, and a wrong producer is refused."""

    def add(own: str | None, **fields: Any) -> lots.Lot:
        body = {
            "product_id": "SP3",
            "lot_code": "A",
            "production_date": "2026-11-01",
            "quantity": 5,
        }
        with register.write() as connection:
            return lots.add(
                connection, register.clock(), OFFICE, settings(), {**body, **fields}, own=own
            )

    assert refusal(add, "P1") == "not_found"
    assert refusal(add, None, producer_id="P1") == "not_the_producer"
    lot = add("P2")
    with register.read() as connection:
        assert lots.find(connection, lot.id, "P2") == lot
        with pytest.raises(NotFound):
            lots.find(connection, lot.id, "P1")
        assert lots.page(connection, "", 10, "P1", now=register.clock()) == []
        assert lots.page(connection, "", 10, now=register.clock()) == [lot]


def test_a_recall_is_public_at_once_and_lifted_at_once(register: Register) -> None:
    """The notice goes onto the lot's card; lifting keeps it with the instant it ended."""
    register.lot("L1")
    with register.write() as connection:
        answer = recall_acts.recall(connection, register.clock(), OFFICE, "L1", NOTICE)
    assert answer == {"lot_id": "L1", "recalled": True, "ordered_on": "2026-11-20"}
    notice = {**NOTICE, "ordered_on": "2026-11-20", "lifted_at": None}
    assert card(register, "L1")["recalls"] == [notice]
    register.clock.advance(days=2)
    with register.write() as connection:
        recall_acts.lift(connection, register.clock(), OFFICE, "L1", "đã kiểm nghiệm")
    assert card(register, "L1")["recalls"] == [{**notice, "lifted_at": "2026-11-22T02:00:00Z"}]
    assert not shown(register, "L1")["recalled"]
    with register.write() as connection:
        recall_acts.recall(
            connection, register.clock(), OFFICE, "L1", {**NOTICE, "kind": "voluntary"}
        )
    assert [one["kind"] for one in card(register, "L1")["recalls"]] == ["mandatory", "voluntary"]


def test_a_lot_in_full_tells_its_recalls(register: Register) -> None:
    """Oldest first, with what they said and when they were lifted, and how long it is kept."""
    lot = register.lot("L1")
    for kind in ("voluntary", "mandatory"):
        with register.write() as connection:
            recall_acts.recall(connection, register.clock(), OFFICE, "L1", {**NOTICE, "kind": kind})
        if kind == "voluntary":
            register.clock.advance(days=1)
            with register.write() as connection:
                answer = recall_acts.lift(connection, register.clock(), OFFICE, "L1", "đạt")
            assert answer["lifted_at"] == "2026-11-21T02:00:00Z"
    with register.read() as connection:
        found = lot_answers.shown_in_full(connection, lot, settings(), register.clock())
    told = [(one["kind"], one["ordered_on"], one["lifted_at"]) for one in found["recalls"]]
    assert told == [
        ("voluntary", "2026-11-20", "2026-11-21T02:00:00Z"),
        ("mandatory", "2026-11-21", None),
    ]
    assert found["recalls"][0]["reason_public"] == NOTICE["reason_public"]
    assert (found["recalled"], found["record_ends_on"]) == (True, "2028-10-20")


@pytest.mark.parametrize(
    ("chosen", "ids"),
    [
        ({}, ["L1", "L2", "L3"]),
        ({"product": "SP1"}, ["L1", "L3"]),
        ({"recalled": True}, ["L1"]),
        ({"recalled": False}, ["L2", "L3"]),
        ({"q": "A1"}, ["L1", "L2"]),
        ({"q": "A1-b"}, ["L2"]),
        ({"q": "a1"}, ["L3"]),
        ({"q": "1"}, []),
        ({"q": "A_"}, []),
        ({"q": "%"}, []),
        ({"product": "SP1", "recalled": False, "q": "a"}, ["L3"]),
        ({"producer_id": "P2"}, []),
    ],
)
def test_lots_are_found(register: Register, chosen: dict[str, Any], ids: list[str]) -> None:
    """By product, by recall, by how the code begins, alike on both engines."""
    register.lot("L1", lot_code="A1")
    register.lot("L2", lot_code="A1-b", product_id="SP2")
    register.lot("L3", lot_code="a1")
    with register.write() as connection:
        recall_acts.recall(connection, register.clock(), OFFICE, "L1", NOTICE)
        recall_acts.recall(connection, register.clock(), OFFICE, "L2", NOTICE)
        recall_acts.lift(connection, register.clock(), OFFICE, "L2", None)
    with register.read() as connection:
        found = lots.page(connection, "", 10, now=register.clock(), **chosen)
    assert [lot.id for lot in found] == ids


def test_the_newest_lots_come_first(register: Register) -> None:
    """In the order in which they were recorded, page by page; two of one instant by their ids."""
    for id in ("L2", "L4", "L1", "L3"):
        register.lot(id)
        register.clock.advance(minutes=id != "L2")
    register.lot("L0", product_id="SP2")
    pages, after = [], ""
    while True:
        with register.read() as connection:
            chosen = {"product": "SP1", "order": "newest", "now": register.clock()}
            found = [lot.id for lot in lots.page(connection, after, 3, **chosen)]
        pages.append(found)
        if len(found) < 3:
            break
        after = found[-1]
    assert pages == [["L3", "L1", "L4"], ["L2"]]


def test_a_hole_in_the_publication_is_no_verdict(register: Register) -> None:
    """A stamp whose product has no card is UNAVAILABLE for the command as for the verifier."""
    register.batch(1)
    c = published.card.c
    with register.write() as connection:
        hole = update(published.card).where(c.kind == "product", c.id == "SP1")
        connection.execute(hole.values(id="elsewhere"))
        answer = verdicts.ask(connection, "1", 1, register.clock())
    assert answer["verdict"] == "UNAVAILABLE"


def test_recalls_that_are_refused(register: Register) -> None:
    """None twice, none lifted that is not there, none of an unknown lot."""
    register.lot("L1")

    def recall(id: str) -> None:
        with register.write() as connection:
            recall_acts.recall(connection, register.clock(), OFFICE, id, NOTICE)

    def lift(id: str) -> None:
        with register.write() as connection:
            recall_acts.lift(connection, register.clock(), OFFICE, id, None)

    assert refusal(lift, "L1") == "not_recalled"
    recall("L1")
    assert refusal(recall, "L1") == "already_recalled"
    assert (refusal(recall, "L9"), refusal(lift, "L9")) == ("no_such_lot", "no_such_lot")
    lift("L1")
    assert refusal(lift, "L1") == "not_recalled"
    assert register.actions()[-2:] == ["lot.recalled", "lot.recall_lifted"]


def test_a_recalled_lot_takes_no_stamps(register: Register) -> None:
    """While a recall stands nothing is activated into the lot."""
    register.batch(1)
    register.lot("L1")
    with register.write() as connection:
        recall_acts.recall(connection, register.clock(), OFFICE, "L1", NOTICE)
    assert refusal(register.activate, "L1", 1, 1, 5) == "lot_recalled"
    with register.write() as connection:
        recall_acts.lift(connection, register.clock(), OFFICE, "L1", None)
    assert register.activate("L1", 1, 1, 5)["stamps"] == 5


def imported(register: Register, **dates: Any) -> None:
    """A recall taken over, which an import may date as it was."""
    with register.write() as connection:
        recall_acts.recall(
            connection, register.clock(), OFFICE, "L1", {**NOTICE, **dates}, taken_over=True
        )


def test_a_recall_that_ends_later_is_in_force(register: Register) -> None:
    """Until its end nothing is tied to the lot, no correction hides it, and lifting ends it at
    once; every act reads it as the public does."""
    register.batch(1)
    register.lot("L1")
    register.lot("L2")
    register.activate("L1", 1, 1, 5)
    end = register.clock() + timedelta(hours=15)
    imported(register, ordered_on="2026-11-10", lifted_at=end)
    assert shown(register, "L1")["recalled"]
    with register.read() as connection:
        found = lots.page(connection, "", 10, now=register.clock(), recalled=True)
        assert [lot.id for lot in found] == ["L1"]
        ended = lots.page(connection, "", 10, now=end, recalled=True)
        assert ended == []
    assert refusal(register.activate, "L1", 1, 6, 6) == "lot_recalled"
    with pytest.raises(Conflict) as refused:
        register.correct(1, 1, 5, "L2")
    assert [one["code"] for one in refused.value.extra["ranges"]] == ["lot_recalled"]
    assert refusal(lambda: imported(register)) == "already_recalled"
    with register.write() as connection:
        recall_acts.lift(connection, register.clock(), OFFICE, "L1", "đạt")
    assert card(register, "L1")["recalls"][0]["lifted_at"] == "2026-11-20T02:00:00Z"
    assert not shown(register, "L1")["recalled"]
    assert register.activate("L1", 1, 6, 6)["stamps"] == 1
    assert register.faults() == []


@pytest.mark.parametrize(
    ("day", "code"),
    [
        ("2026-11-20", None),
        ("2026-11-21", "recall_in_future"),
        ("2026-10-20", None),
        ("2026-10-19", "recall_before_production"),
    ],
)
def test_the_day_of_a_recall(register: Register, day: str, code: str | None) -> None:
    """Neither to come nor before the lot was made; an import keeps what it was told."""
    register.lot("L1")

    def recall() -> None:
        with register.write() as connection:
            recall_acts.recall(
                connection, register.clock(), OFFICE, "L1", {**NOTICE, "ordered_on": day}
            )

    if code is None:
        recall()
    else:
        assert refusal(recall) == code
        imported(register, ordered_on=day)
    assert card(register, "L1")["recalls"][0]["ordered_on"] == day
    assert register.faults() == []
