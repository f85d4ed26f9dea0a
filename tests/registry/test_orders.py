"""Orders of stamps: who may ask, who approves, and what is refused."""

import json
from datetime import date
from typing import Any

import pytest
from tests.registry.records import OFFICE, Register, certificate, product
from tests.registry.test_registry_races import together

from tem.databases.database import plumbing
from tem.errors import Conflict, Forbidden, Invalid, NotFound, TemError
from tem_registry import tables
from tem_registry.orders import order_answers, order_decisions, orders

THRESHOLD = 1000


def order(register: Register, product_id: str = "SP1", quantity: int = 500, **options: Any) -> str:
    with register.write() as connection:
        return orders.request(
            connection,
            register.clock(),
            OFFICE,
            product_id=product_id,
            quantity=quantity,
            **{"unit_fee_vnd": 200, "unit_subsidy_vnd": 150, **options},
        ).id


def approve(
    register: Register, id: str, person: str = "Lan", key: str = "1", **options: Any
) -> orders.Order:
    with register.write() as connection:
        actor = f"office:{person}#{key}"
        return order_decisions.approve(
            connection, register.clock(), actor, id, THRESHOLD, person=person, **options
        )


def reject(register: Register, id: str, reason: str = "chưa có căn cứ") -> orders.Order:
    with register.write() as connection:
        return order_decisions.reject(connection, register.clock(), OFFICE, id, reason)


def cancel(register: Register, id: str, own: str | None = None) -> orders.Order:
    with register.write() as connection:
        return order_decisions.cancel(
            connection, register.clock(), f"producer:{own}#2", id, "đặt nhầm", own
        )


def shown(register: Register, id: str) -> dict[str, Any]:
    with register.read() as connection:
        order = orders.find(connection, id)
        return order_answers.shown(connection, register.clock(), order, THRESHOLD)


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
        "unit_subsidy_vnd": 150,
        "subsidy_vnd": 75_000,
        "requested_at": "2026-11-20T02:00:00Z",
        "approvals_required": 1,
        "approvals": [],
        "printed_on": None,
        "delivered_on": None,
        "receipt": None,
        "received_on": None,
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


def test_orders_are_found_by_state_producer_and_product(register: Register) -> None:
    """Filters narrow a list, and never beyond what a producer may see."""
    one, two, three = order(register, "SP1"), order(register, "SP2"), order(register, "SP3")
    reject(register, two)

    def ids(own: str | None = None, **wanted: str) -> set[str]:
        with register.read() as connection:
            return {found.id for found in orders.page(connection, "", 10, own, **wanted)}

    assert ids(state="requested") == {one, three}
    assert ids(state="rejected", producer_id="P1") == {two}
    assert ids(product_id="SP3") == {three}
    assert ids("P1", producer_id="P2") == set()
    assert ids("P1", product_id="SP3") == set()


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


# --- rejected, cancelled ---


def test_the_office_rejects_what_the_issuer_has_not_heard_of(register: Register) -> None:
    """A requested or approved order ends with its reason; once sent it is too late."""
    asked, agreed, sent = (order(register) for _ in range(3))
    approve(register, agreed), approve(register, sent)
    with register.write() as connection:
        assert orders.send(connection, sent)
    for id in (asked, agreed):
        assert (reject(register, id).state, shown(register, id)["reason"]) == (
            "rejected",
            "chưa có căn cứ",
        )
        assert refusal(reject, register, id).code == "not_rejectable"
        assert refusal(approve, register, id, "Minh").code == "not_awaiting_approval"
        with register.write() as connection:
            assert not orders.send(connection, id), "the issuer is never asked for it"
    assert refusal(reject, register, sent).code == "not_rejectable"
    assert shown(register, sent)["state"] == "approved"
    assert isinstance(refusal(reject, register, "DH-none"), NotFound)
    assert register.actions().count("order.rejected") == 2
    assert register.faults() == []


def test_an_order_that_the_issuer_put_off_can_be_rejected(register: Register) -> None:
    """A refusal for today leaves nothing at the issuer, so the order is the office's again."""
    id = order(register)
    approve(register, id)
    with register.write() as connection:
        orders.send(connection, id)
        orders.send_later(connection, id)
    assert reject(register, id).state == "rejected"


def test_a_producer_takes_its_own_order_back(register: Register) -> None:
    """While it is requested, and never another's; the office may too."""
    id, other, approved = order(register), order(register, "SP3"), order(register)
    approve(register, approved)
    assert cancel(register, id, "P1").state == "cancelled"
    assert shown(register, id)["reason"] == "đặt nhầm"
    assert isinstance(refusal(cancel, register, other, "P1"), NotFound)
    assert refusal(cancel, register, id, "P1").code == "not_cancellable"
    assert refusal(cancel, register, approved, "P1").code == "not_cancellable"
    assert cancel(register, other).state == "cancelled"
    assert register.actions().count("order.cancelled") == 2
    assert register.faults() == []


def test_approval_and_rejection_at_once_have_one_outcome(register: Register) -> None:
    """Of cancellation and approval in one moment only one takes place, at either engine."""
    for _ in range(10):
        id = order(register, quantity=1)
        outcomes = together(lambda id=id: approve(register, id), lambda id=id: cancel(register, id))
        state = shown(register, id)["state"]
        if state == "approved":
            assert outcomes == ["done", "not_cancellable"]
        else:
            assert (state, outcomes) == ("cancelled", ["not_awaiting_approval", "done"])


def test_the_follower_and_a_rejection_at_once_have_one_winner(register: Register) -> None:
    """Either the order is sent and not rejected, or rejected and never sent."""
    for _ in range(10):
        id, sent = order(register, quantity=1), []
        approve(register, id)

        def follow(id: str = id, sent: list[bool] = sent) -> None:
            with register.write() as connection:
                sent.append(orders.send(connection, id))

        outcomes = together(follow, lambda id=id: reject(register, id))
        wanted = ("approved", "not_rejectable") if sent == [True] else ("rejected", "done")
        assert (shown(register, id)["state"], outcomes[1]) == wanted


# --- beyond the declared output ---


@pytest.fixture
def modest(register: Register) -> Register:
    """SP9 of P1, of which 1,000 are made in a year."""
    output = {"quantity": 1000}
    register.add("product", product("SP9", "P1", declared_output=output))
    register.add("certificate", certificate("CN-SP9", "SP9"))
    return register


def told(register: Register) -> dict[str, Any]:
    entry = register.rows(plumbing.tables["audit_entry"])[-1]
    return {"actor": entry["actor"], **json.loads(entry["details"])}


def test_the_office_needs_a_reason_beyond_the_declared_output(modest: Register) -> None:
    """Up to the output nothing is asked; beyond it the refusal tells the numbers."""
    order(modest, "SP9", 600)
    order(modest, "SP9", 400)
    before = modest.everything()
    error = refusal(order, modest, "SP9", 1)
    assert (type(error), error.code) == (Conflict, "beyond_declared_output")
    assert error.extra == {"declared_output": 1000, "ordered": 1000, "quantity": 1}
    assert "1000" in error.detail
    assert modest.everything() == before
    id = order(modest, "SP9", 1, override_reason="thêm xưởng")
    assert shown(modest, id)["override_reason"] == "thêm xưởng"
    assert told(modest)["override_reason"] == "thêm xưởng"
    assert told(modest)["beyond_declared_output"] == error.extra
    assert approve(modest, id).state == "approved"


def test_a_producers_order_beyond_the_output_waits_for_a_reason(modest: Register) -> None:
    """It is accepted and shows the numbers; the office approves it with a reason, or not."""
    id = order(modest, "SP9", 1001, own="P1")
    numbers = {"declared_output": 1000, "ordered": 0, "quantity": 1001}
    assert shown(modest, id)["beyond_declared_output"] == numbers
    error = refusal(approve, modest, id)
    assert (error.code, error.extra) == ("beyond_declared_output", numbers)
    assert shown(modest, id)["approvals"] == []
    assert approve(modest, id, override_reason="vụ mùa lớn").state == "requested"
    assert told(modest)["actor"] == "office:Lan#1"
    assert told(modest)["override_reason"] == "vụ mùa lớn"
    assert approve(modest, id, "Minh", "2").state == "approved", "the reason stands on the order"
    assert shown(modest, id)["override_reason"] == "vụ mùa lớn"
    assert "beyond_declared_output" not in shown(modest, id)
    assert modest.faults() == []


def test_a_producer_gives_no_override(modest: Register) -> None:
    """The reason is the office's to give, needed or not."""
    error = refusal(order, modest, "SP9", 1, own="P1", override_reason="vì tôi muốn")
    assert (type(error), error.code) == (Forbidden, "override_is_the_offices")
    assert modest.rows(tables.stamp_order) == []


def test_a_reason_that_was_not_needed_is_not_kept(modest: Register) -> None:
    """It would otherwise stand for a judgement that nobody made."""
    id = order(modest, "SP9", 10, override_reason="phòng xa")
    approve(modest, id, override_reason="phòng xa")
    assert "override_reason" not in shown(modest, id)


def test_what_counts_towards_the_declared_output(modest: Register) -> None:
    """Orders of the last twelve months that stand, without stamps that have to be replaced."""
    modest.batch(1, 500, "SP9")
    modest.lot("L9", product_id="SP9")
    modest.activate("L9", 1, 1, 100)
    modest.void(1, 91, 120)
    modest.revoke(1, 81, 90)
    modest.revoke(1, 121, 130)
    for end in (reject, cancel):
        end(modest, order(modest, "SP9", 500))
    error = refusal(order, modest, "SP9", 541)
    assert error.extra["ordered"] == 500 - 30 - 10, "revoked stamps on goods stay counted"
    modest.clock.advance(days=364)
    assert refusal(order, modest, "SP9", 541).code == "beyond_declared_output"
    modest.clock.advance(days=1)
    assert order(modest, "SP9", 1000)


def test_an_earlier_order_is_not_held_up_by_a_later_one(modest: Register) -> None:
    """What was asked for first is measured without what came after, until that is approved."""
    first = order(modest, "SP9", 600, own="P1")
    modest.clock.advance(seconds=1)
    second = order(modest, "SP9", 600, own="P1")
    assert "beyond_declared_output" not in shown(modest, first)
    assert shown(modest, second)["beyond_declared_output"]["ordered"] == 600
    approve(modest, second, override_reason="ưu tiên")
    assert shown(modest, first)["beyond_declared_output"]["ordered"] == 600
    assert refusal(approve, modest, first).code == "beyond_declared_output"


def test_two_orders_at_once_do_not_both_slip_under(modest: Register) -> None:
    """Of eight that fit once, one is accepted; of approvals the one that was asked for first."""
    acts = [lambda: order(modest, "SP9", 900) for _ in range(8)]
    assert sorted(together(*acts)) == ["beyond_declared_output"] * 7 + ["done"]
    reject(modest, modest.rows(tables.stamp_order)[0]["id"])
    ids = []
    for _ in range(3):
        ids.append(order(modest, "SP9", 900, own="P1"))
        modest.clock.advance(seconds=1)
    outcomes = together(*(lambda id=id: approve(modest, id) for id in ids))
    assert outcomes == ["done"] + ["beyond_declared_output"] * 2


# --- what became of it ---


def test_an_order_shows_what_became_of_its_batch(register: Register) -> None:
    """Days of printing, delivery and receipt are those of its batch."""
    register.batch(7, 100)
    with register.write() as connection:
        connection.execute(
            tables.stamp_batch.update().values(
                printed_on=date(2026, 11, 19), received_on=date(2026, 11, 21)
            )
        )
    found = shown(register, "DH-7")
    assert (found["printed_on"], found["delivered_on"]) == ("2026-11-19", "2026-11-20")
    assert (found["receipt"], found["received_on"]) == ("BB-1", "2026-11-21")
