"""Orders of stamps: who may ask, who approves, and what is refused."""

from typing import Any

import pytest
from tests.registry.records import OFFICE, Register, certificate, product

from tem.errors import Conflict, Invalid, NotFound, TemError
from tem_registry import orders, tables

THRESHOLD = 1000


def order(register: Register, product_id: str = "SP1", quantity: int = 500, **options: Any) -> str:
    with register.write() as connection:
        return orders.request(
            connection,
            register.clock(),
            OFFICE,
            product_id=product_id,
            quantity=quantity,
            unit_fee_vnd=options.pop("unit_fee_vnd", 200),
            **options,
        ).id


def approve(register: Register, id: str, person: str = "Lan", key: str = "1") -> orders.Order:
    with register.write() as connection:
        return orders.approve(
            connection, register.clock(), f"office:{person}#{key}", id, THRESHOLD, person=person
        )


def shown(register: Register, id: str) -> dict[str, Any]:
    with register.read() as connection:
        return orders.shown(connection, orders.find(connection, id), THRESHOLD)


def refusal(act: Any, *args: Any, **options: Any) -> TemError:
    with pytest.raises(TemError) as refused:
        act(*args, **options)
    return refused.value


def test_an_order_keeps_its_days_fee(register: Register) -> None:
    """Fee and quantity stay as they were when it was placed."""
    id = order(register, quantity=500, unit_fee_vnd=200)
    order(register, unit_fee_vnd=300)
    assert shown(register, id) == {
        "order_id": id,
        "state": "requested",
        "batch": None,
        "product_id": "SP1",
        "producer_id": "P1",
        "quantity": 500,
        "unit_fee_vnd": 200,
        "fee_vnd": 100_000,
        "requested_at": "2026-11-20T02:00:00Z",
        "approvals_required": 1,
        "approvals": [],
    }


def test_one_approval_is_enough_for_a_small_order(register: Register) -> None:
    """Up to the threshold one person approves, and once."""
    id = order(register, quantity=THRESHOLD)
    assert approve(register, id).state == "approved"
    assert refusal(approve, register, id, "Minh").code == "not_awaiting_approval"
    assert shown(register, id)["approvals"] == [{"by": "Lan", "at": "2026-11-20T02:00:00Z"}]


def test_a_large_order_needs_two_people(register: Register) -> None:
    """Above the threshold the same person counts once, whichever key is used."""
    id = order(register, quantity=THRESHOLD + 1)
    assert approve(register, id, "Lan", "1").state == "requested"
    assert refusal(approve, register, id, "Lan", "1").code == "approved_by_you"
    assert refusal(approve, register, id, "Lan", "2").code == "approved_by_you"
    assert shown(register, id)["state"] == "requested"
    assert approve(register, id, "Minh", "3").state == "approved"
    assert [one["by"] for one in shown(register, id)["approvals"]] == ["Lan", "Minh"]
    assert register.actions()[-2:] == ["order.approved"] * 2


def test_what_has_changed_since_the_order_is_seen_at_approval(register: Register) -> None:
    """An order of a product whose certificate is gone by now is not approved."""
    id = order(register)
    register.change("certificate", "CN-SP1", revoked_on="2026-11-20")
    assert refusal(approve, register, id).code == "certificate_not_in_force"
    assert shown(register, id)["approvals"] == []


def test_all_reasons_against_an_order_are_named(register: Register) -> None:
    """The first reason gives the code, the others are listed with it."""
    register.change("product", "SP1", stampable=False)
    register.change("certificate", "CN-SP1", valid_until="2026-11-19")
    register.change("producer", "P1", status="suspended")
    error = refusal(order, register)
    assert isinstance(error, Conflict)
    assert error.code == "product_not_stampable"
    assert [one["code"] for one in error.extra["reasons"]] == [
        "product_not_stampable",
        "certificate_not_in_force",
        "producer_not_active",
    ]
    assert register.rows(tables.stamp_order) == []


def test_days_are_vietnams(register: Register) -> None:
    """A certificate that ends on the 31st is in force until midnight in Vietnam."""
    register.change("certificate", "CN-SP1", valid_until="2026-11-20")
    register.clock.advance(hours=14, minutes=59)
    order(register)
    register.clock.advance(minutes=1)
    assert refusal(order, register).code == "certificate_not_in_force"


def test_a_producer_orders_for_its_own_products(register: Register) -> None:
    """Another's product is not there for a producer; a wrong producer is refused to all."""
    assert order(register, "SP1", own="P1")
    assert isinstance(refusal(order, register, "SP3", own="P1"), NotFound)
    assert isinstance(refusal(order, register, "SP9"), NotFound)
    assert isinstance(refusal(order, register, "SP3", producer_id="P1"), Invalid)


def test_orders_are_seen_by_their_owner(register: Register) -> None:
    """A producer finds and lists its own orders, the office all."""
    mine, other = order(register, "SP1"), order(register, "SP3")
    with register.read() as connection:
        assert orders.find(connection, mine, "P1").id == mine
        with pytest.raises(NotFound):
            orders.find(connection, other, "P1")
        assert [one.id for one in orders.page(connection, "", 10, "P1")] == [mine]
        everything = orders.page(connection, "", 10)
        assert [one.id for one in everything] == sorted([mine, other])
        assert orders.page(connection, everything[0].id, 1) == everything[1:]


def test_an_id_is_used_once(register: Register) -> None:
    """A second order under one id is refused."""
    order(register, id="HT-T1")
    assert refusal(order, register, id="HT-T1").code == "id_taken"


def test_open_orders_are_those_the_issuer_owes(register: Register) -> None:
    """Approved and issuing orders are open, in the order they were asked for."""
    register.add("product", product("SP8", "P2"))
    register.add("certificate", certificate("CN-SP8", "SP8"))
    ids = []
    for name in "dcba":
        ids.append(order(register, "SP8", id=name))
        register.clock.advance(seconds=1)
    for id in ids[:3]:
        approve(register, id)
    with register.write() as connection:
        assert orders.set_state(connection, "c", "approved", "issuing", batch=5)
        assert not orders.set_state(connection, "b", "issuing", "failed"), "it is elsewhere"
    with register.read() as connection:
        assert [one.id for one in orders.open_orders(connection)] == ["d", "c", "b"]
        assert orders.find(connection, "c").batch == 5
