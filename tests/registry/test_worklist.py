"""The list of work: what belongs on it, whose it is, and how little it asks of the database."""

from datetime import date
from typing import Any

import pytest
from sqlalchemy import event
from tests.registry.records import (
    OFFICE,
    ONE_ENGINE,
    Register,
    certificate,
    product,
)
from tests.registry.signed_in import api_over

from tem_registry import tables
from tem_registry.batches import prints
from tem_registry.lots import lots, recall_acts
from tem_registry.reports import worklist
from tem_registry.reports.worklist_rules import Waiting, waits_for
from tem_registry.reports.worklist_words import OFFICE as OFFICE_GROUPS
from tem_registry.reports.worklist_words import PRODUCER as PRODUCER_GROUPS
from tem_registry.stamps import endings

_DAY, _LATER = date(2026, 11, 1), date(2026, 11, 9)


@pytest.mark.parametrize(
    ("batch", "wanted"),
    [
        (Waiting(None, None, None, 100, 0, 0), ["batch_to_print"]),
        (Waiting(_DAY, None, None, 98, 0, 0), ["batch_to_deliver"]),
        (Waiting(_DAY, _DAY, None, 0, 98, 0), ["delivery_to_confirm"]),
        (Waiting(None, _DAY, None, 0, 98, 0), ["delivery_to_confirm"]),
        (Waiting(_DAY, _DAY, _DAY, 0, 98, 0), []),
        (Waiting(_DAY, _DAY, None, 0, 0, 0), []),
        (Waiting(_DAY, _DAY, _DAY, 0, 98, 2), ["stamps_missing"]),
        (
            Waiting(_DAY, _DAY, None, 10, 88, 2),
            [
                "batch_to_deliver",
                "delivery_to_confirm",
                "stamps_missing",
            ],
        ),
        (Waiting(None, _DAY, None, 0, 98, 0, taken_over_on=_DAY), []),
        (Waiting(None, _LATER, None, 0, 98, 0, taken_over_on=_DAY), ["delivery_to_confirm"]),
    ],
)
def test_what_a_batch_waits_for(batch: Waiting, wanted: list[str]) -> None:
    """Printing, then hand-over, then a receipt while stamps lie with the producer."""
    assert waits_for(batch) == wanted


def listed(register: Register, own: str | None = None) -> dict[str, Any]:
    with register.read() as connection:
        now = register.clock()
        if own is None:
            return worklist.of_office(connection, now)
        return worklist.of_producer(connection, now, own)


def ids(found: dict[str, Any]) -> dict[str, list[str]]:
    """The groups that hold something."""
    return {
        group["code"]: [item["id"] for item in group["items"]]
        for group in found["groups"]
        if group["count"]
    }


def asked(register: Register, id: str, state: str, product_id: str, **values: Any) -> None:
    """An order as its table has it."""
    owner = "P2" if product_id == "SP3" else "P1"
    row = {
        "id": id,
        "product_id": product_id,
        "producer_id": owner,
        "quantity": 50,
        "unit_fee_vnd": 200,
        "unit_subsidy_vnd": 30,
        "state": state,
        "requested_at": register.clock(),
        "requested_by": OFFICE,
        **values,
    }
    with register.write() as connection:
        connection.execute(tables.stamp_order.insert().values(**row))


def busy(register: Register) -> None:
    """Something in every group."""
    now = register.clock()
    asked(register, "O-1", "requested", "SP1")
    asked(register, "O-2", "requested", "SP3", quantity=5000)
    asked(register, "O-3", "failed", "SP2", failure="the issuer refused")
    asked(register, "O-0", "failed", "SP1", requested_at=now.replace(month=10))
    register.batch(1, 100, delivered=False)
    register.batch(2, 100, "SP3", delivered=False)
    register.batch(3, 100, "SP3")
    register.batch(4, 100)
    register.lot("LA", best_before="2027-06-01")
    register.lot("LB", 10, "SP3", best_before="2029-01-01")
    register.lot("LC", 10, "SP3")
    register.activate("LC", 3, 1, 5)
    register.change("certificate", "CN-SP3", valid_until="2027-01-10")
    with register.write() as connection:
        connection.execute(tables.approval.insert().values(order_id="O-2", approver="Lan", at=now))
        spoiled = [{"first": 99, "last": 100}]
        prints.report_run(connection, now, OFFICE, 2, printed=98, spoiled=spoiled)
        prints.receive(connection, now, OFFICE, 4, quantity=97)
        notice = {"kind": "voluntary", "ordered_by": "P2", "reason_public": "nhãn sai"}
        recall_acts.recall(connection, now, OFFICE, "LC", notice)
        named = {"batch": 3, "producer_id": "P2", "first": 1, "last": 2, "reason": "rách"}
        connection.execute(
            tables.void_report.insert().values(
                id="VR-1", kind="damaged", state="open", reported_at=now, reported_by="p", **named
            )
        )
        connection.execute(
            tables.correction_request.insert().values(
                id="CR-1", state="open", requested_at=now, requested_by="p", **named
            )
        )
        connection.execute(
            tables.import_draft.insert().values(
                id="ID-1",
                kind="lot",
                title="lô.xlsx",
                content="{}",
                state="open",
                made_at=now,
                made_by=OFFICE,
            )
        )
    register.clock.advance(days=3)


def test_each_thing_that_waits_stands_in_its_group(register: Register) -> None:
    """The office sees all groups in order, each item with days, names and its own number."""
    busy(register)
    found = listed(register)
    assert [group["code"] for group in found["groups"]] == list(OFFICE_GROUPS)
    assert ids(found) == {
        "recall_in_force": ["LC"],
        "stamps_missing": ["4"],
        "void_report_open": ["VR-1"],
        "correction_open": ["CR-1"],
        "order_to_approve": ["O-1"],
        "order_for_second_approval": ["O-2"],
        "order_failed": ["O-3"],  # O-0 was followed by O-1
        "date_to_approve": ["LB"],
        "batch_to_print": ["1"],
        "batch_to_deliver": ["2"],
        "delivery_to_confirm": ["3"],
        "certificate_lapsing": ["CN-SP3"],
        "import_open": ["ID-1"],
    }
    assert found["count"] == 13
    items = {group["code"]: group["items"][0] for group in found["groups"]}
    assert items["order_for_second_approval"] == {
        "id": "O-2",
        "since": "2026-11-20",
        "days": 3,
        "product_id": "SP3",
        "product_name": "Nước mắm SP3",
        "producer_id": "P2",
        "producer_name": "Hợp tác xã P2",
        "quantity": 5000,
        "state": "requested",
        "approved_by": "Lan",
    }
    assert items["stamps_missing"]["stamps"] == 3
    assert items["batch_to_deliver"]["stamps"] == 98
    lapsing = items["certificate_lapsing"]
    assert (lapsing["due"], lapsing["days_left"]) == ("2027-01-10", 48)
    assert (lapsing["producer_id"], lapsing["note"]) == ("P2", "CN-SP3/QĐ-UBND")
    assert items["recall_in_force"]["note"] == "nhãn sai"


def test_a_producer_sees_its_own_list_and_nothing_else(register: Register) -> None:
    """Each item is of the asker, and what only the office can do is not on its list."""
    busy(register)
    mine, theirs = listed(register, "P1"), listed(register, "P2")
    assert [group["code"] for group in mine["groups"]] == list(PRODUCER_GROUPS)
    assert ids(mine) == {
        "lot_without_stamps": ["LA"],
        "order_in_progress": ["DH-1", "O-1"],
        "order_failed": ["O-3"],
    }
    assert ids(theirs) == {
        "recall_in_force": ["LC"],
        "delivery_to_confirm": ["3"],
        "lot_without_stamps": ["LB"],
        "order_in_progress": ["DH-2", "O-2"],
        "certificate_lapsing": ["CN-SP3"],
    }
    for found, owner in ((mine, "P1"), (theirs, "P2")):
        items = [item for group in found["groups"] for item in group["items"]]
        assert {item["producer_id"] for item in items} == {owner}
        assert not any("approved_by" in item for item in items)


def test_what_is_done_leaves_the_list(register: Register) -> None:
    """A receipt, a lifted recall, an accepted date, lost stamps named, a certificate, an order."""
    busy(register)
    now = register.clock()
    with register.write() as connection:
        prints.receive(connection, now, OFFICE, 3, quantity=100)
        recall_acts.lift(connection, now, OFFICE, "LC", None)
        lots.approve_date(connection, now, OFFICE, "LB")
        notice = {"kind": "voluntary", "ordered_by": "P1", "reason_public": "nhãn sai"}
        recall_acts.recall(connection, now, OFFICE, "LA", notice)
        endings.void(connection, now, OFFICE, 4, 1, 3, "rơi trên đường", kind="lost")
    asked(register, "O-9", "approved", "SP2")
    follows = {"decision_date": "2026-11-21", "valid_from": "2026-11-21"}
    register.add("certificate", certificate("CN-9", "SP3", valid_until="2029-11-21", **follows))
    assert ids(listed(register, "P1")) == {
        "recall_in_force": ["LA"],
        "order_in_progress": ["DH-1", "O-1", "O-9"],
    }
    gone = {"delivery_to_confirm", "date_to_approve", "certificate_lapsing", "stamps_missing"}
    found = ids(listed(register))
    assert not {*gone, "order_failed"} & set(found)
    assert found["recall_in_force"] == ["LA"]


@ONE_ENGINE
def test_the_call_is_for_everybody_who_reads(register: Register) -> None:
    """Office and auditor read one list, a producer its own, nobody reads it without a key."""
    busy(register)
    api = api_over(register)
    office = api.get("/v1/worklist").json
    assert api.get("/v1/worklist", "auditor").json == office
    assert office["today"] == "2026-11-23"
    assert office["groups"][0]["title"]["vi"] and office["groups"][0]["to_do"]["en"]
    assert ids(api.get("/v1/worklist", "P1").json) == ids(listed(register, "P1"))
    assert api.get("/v1/worklist", None).status_code == 401


@ONE_ENGINE
def test_many_things_cost_no_more_queries_than_few(register: Register) -> None:
    """A group shows twenty items and counts all; the number of queries does not grow."""
    busy(register)
    asked_for: list[str] = []
    event.listen(
        register.engine, "before_cursor_execute", lambda *given: asked_for.append(given[2])
    )
    listed(register)
    few = len(asked_for)
    for n in range(30):
        asked(register, f"OX-{n}", "requested", "SP3")
        register.lot(f"LX-{n}", 10, "SP3", best_before="2029-01-01")
        register.add("product", product(f"SPX-{n}", "P1"))
        soon = certificate(f"CX-{n}", f"SPX-{n}", valid_until="2026-12-01")
        register.add("certificate", soon)
    asked_for.clear()
    found = {group["code"]: group for group in listed(register)["groups"]}
    assert len(asked_for) == few <= 14
    for code in ("order_to_approve", "date_to_approve", "certificate_lapsing"):
        assert (found[code]["count"], len(found[code]["items"])) == (31, 20)
