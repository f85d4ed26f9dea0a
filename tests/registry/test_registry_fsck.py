"""The registry's fsck: a sound register has no fault, and tampering with any state is told."""

from typing import Any

import pytest
from sqlalchemy import event, text, update
from tests.registry.records import (
    OFFICE,
    TRUST,
    Register,
    certificate,
    contract,
    point_of_sale,
)

from tem.databases import published
from tem.http import auth
from tem.vocabulary import Role
from tem_registry import tables
from tem_registry.certificates import certificates
from tem_registry.fsck import fsck, fsck_pages
from tem_registry.lots import recall_acts
from tem_registry.orders import orders

NOTICE = {"kind": "voluntary", "ordered_by": "P1", "reason_public": "sai nhãn"}


def live(register: Register) -> Register:
    """A register in which everything has happened once."""
    register.add("point_of_sale", point_of_sale("DB1"))
    register.add("contract", contract("HD1", "DB1", "P1", "SP1"))
    register.change("producer", "P2", status="suspended")
    register.batch(1, 100)
    register.batch(2, 100, delivered=False)
    for id, quantity in (("L1", 60), ("L2", 100)):
        register.lot(id, quantity)
    register.lot("L3", product_id="SP3")
    register.activate("L1", 1, 1, 40)
    register.activate("L2", 1, 51, 60)
    register.void(1, 5, 9)
    register.revoke(1, 90, 100)
    with register.write() as connection:
        order = {"product_id": "SP1", "quantity": 10, "unit_fee_vnd": 200, "unit_subsidy_vnd": 30}
        orders.request(connection, register.clock(), OFFICE, id="DH-9", **order)
        recall_acts.recall(connection, register.clock(), OFFICE, "L3", NOTICE)
        auth.create_key(connection, register.clock(), "test", Role.PRODUCER, "HTX", "P1")
    return register


def test_a_sound_register_has_no_fault(register: Register) -> None:
    """After one act of each kind nothing is found on either engine."""
    assert live(register).faults() == []


TAMPERINGS = [
    ("UPDATE stamp_interval SET last = last - 1 WHERE first = 1 AND batch = 2", "do not reach"),
    ("DELETE FROM stamp_interval WHERE first = 41", "a gap or an overlap"),
    ("UPDATE stamp_interval SET first = 35 WHERE first = 41", "a gap or an overlap"),
    ("UPDATE stamp_interval SET lot_id = NULL WHERE first = 1", "their lot is None"),
    ("UPDATE stamp_interval SET lot_id = 'L2' WHERE first = 41", "are delivered, but their lot"),
    ("UPDATE stamp_interval SET lot_id = 'L3' WHERE first = 51", "a lot of another product"),
    ("UPDATE stamp_interval SET lot_id = 'L2' WHERE first = 1", "are not those its activations"),
    ("UPDATE stamp_interval SET state = 'void' WHERE first = 41", "published ranges of batch 1"),
    ("UPDATE stamp_interval SET revoked_on = NULL WHERE first = 90", "were revoked on None"),
    ("UPDATE stamp_interval SET state = 'delivered' WHERE batch = 2", "was delivered on None"),
    ("DELETE FROM activation WHERE first = 51", "are not those its activations gave"),
    ("UPDATE activation SET last = 55 WHERE first = 51", "are not those its activations gave"),
    ("UPDATE published_interval SET state = 'activated' WHERE first = 5", "published ranges"),
    ("UPDATE published_interval SET revoked_on = '2020-01-01' WHERE first = 90", "published ran"),
    ("DELETE FROM published_interval WHERE batch = 2", "published ranges of batch 2"),
    ("UPDATE published_interval SET batch = 9 WHERE batch = 2", "batch 9 is published, but not"),
    ("DELETE FROM published_batch WHERE number = 2", "batch 2 is not published"),
    ("UPDATE published_batch SET number = 9 WHERE number = 2", "batch 9 is published, but not"),
    ("UPDATE published_batch SET producer_id = 'P2'", "published otherwise"),
    ("UPDATE published_batch SET manifest = manifest || ' '", "published otherwise"),
    ("UPDATE stamp_batch SET manifest = manifest || ' '", "is refused"),
    ("UPDATE stamp_batch SET quantity = 99 WHERE number = 2", "describes another one"),
    ("UPDATE published_fingerprints SET content = zeroblob(8)", "fingerprints of batch 1"),
    ("DELETE FROM published_fingerprints WHERE batch = 2", "fingerprints of batch 2"),
    ("DELETE FROM published_event WHERE seq = 1", "has 2 entries, but the last one is 3"),
    ("UPDATE published_event SET change = 999 WHERE seq = 1", "published_event holds change 999"),
    ("UPDATE lot SET quantity = 34 WHERE id = 'L1'", "35 stamps for 34 units"),
    ("UPDATE lot SET info_expires_on = '2030-01-01' WHERE id = 'L1'", "does not end a month"),
    ("UPDATE lot SET window_ends_on = '2030-01-01' WHERE id = 'L1'", "does not end a month"),
    ("UPDATE lot SET best_before = '2030-01-01' WHERE id = 'L1'", "card of lot L1 is out of date"),
    ("UPDATE recall SET reason_public = 'không'", "card of lot L3 is out of date"),
    ("UPDATE recall SET lifted_at = '2026-01-01'", "card of lot L3 is out of date"),
    ("DELETE FROM recall", "card of lot L3 is"),
    ("UPDATE product SET record = replace(record, 'Nước', 'Dầu')", "card of product SP1 is out"),
    ("UPDATE producer SET record = replace(record, 'Hợp tác', 'X')", "card of producer P1 is out"),
    ("UPDATE certificate SET record = replace(record, '2027', '2029')", "card of product SP1"),
    ("UPDATE contract SET record = replace(record, '2027', '2029')", "card of product SP1"),
    ("UPDATE point_of_sale SET record = replace(record, 'hàng', '')", "card of pos DB1 is out"),
    ("UPDATE producer_status SET since = '2020-01-01'", "card of producer P2 is out of date"),
    ("UPDATE published_card SET body = '{}' WHERE id = 'SP2'", "card of product SP2 is out"),
    ("DELETE FROM published_card WHERE id = 'L1'", "card of lot L1 is missing"),
    ("DELETE FROM published_card WHERE id = 'SP2'", "card of product SP2 is missing"),
    ("UPDATE published_card SET id = 'P9' WHERE id = 'P1'", "producer P9 is of nothing on record"),
    ("UPDATE published_state SET change = 3", "but the last one is 3"),
    ("UPDATE stamp_order SET quantity = 7 WHERE id = 'DH-1'", "order DH-1 is delivered, but no"),
    ("UPDATE stamp_order SET state = 'approved' WHERE id = 'DH-1'", "but its batch is on record"),
    (
        "UPDATE stamp_order SET unit_fee_vnd = 1 WHERE id = 'DH-9'",
        "DH-9 has unit_fee_vnd 1, but it",
    ),
    ("UPDATE stamp_order SET unit_subsidy_vnd = 0 WHERE id = 'DH-9'", "it was 30 when"),
    ("UPDATE stamp_order SET quantity = 11 WHERE id = 'DH-9'", "DH-9 has quantity 11, but it was"),
    ("DELETE FROM approval WHERE order_id = 'DH-1'", "but nobody has approved it"),
    ("UPDATE lot SET producer_id = 'P2' WHERE id = 'L1'", "lot L1 is not of its product's"),
    ("UPDATE stamp_order SET producer_id = 'P2' WHERE id = 'DH-2'", "order DH-2 is not of its"),
    ("UPDATE stamp_batch SET producer_id = 'P2' WHERE number = 2", "batch 2 is not of its"),
    ("UPDATE approval SET at = '2026-12-24 00:00:00.0'", "after its batch was signed"),
    ("UPDATE api_key SET producer_id = 'P8'", "is for producer P8, who is not on record"),
    ("UPDATE audit_entry SET actor = 'nobody' WHERE seq = 3", "audit entry 3"),
    ("DELETE FROM audit_entry WHERE seq = 4", "audit entry 5"),
    ("DELETE FROM audit_entry WHERE seq = (SELECT max(seq) FROM audit_entry)", "audit chain ends"),
]


@pytest.mark.parametrize("bare", ["sqlite"], indirect=True)
def test_every_tampering_is_told(register: Register) -> None:
    """Each kind of stored state, changed behind the registry's back, is named in words."""
    live(register)
    for statement, told in TAMPERINGS:
        with register.engine.connect() as connection, connection.begin() as undone:
            connection.execute(text("PRAGMA defer_foreign_keys = ON"))
            assert connection.execute(text(statement)).rowcount > 0, statement
            found = list(fsck.faults(connection, TRUST, register.clock()))
            undone.rollback()
        assert any(told in fault for fault in found), (statement, found)
    assert register.faults() == [], "every tampering was undone"


def withdraw(register: Register, id: str) -> None:
    with register.write() as connection:
        certificates.withdraw(
            connection, register.clock(), OFFICE, id, decision_no="9/QĐ", reason="quy trình"
        )


def usable_again(register: Register) -> None:
    """Behind the registry's back: a revoked range is delivered once more, and published so."""
    values = {"state": "delivered", "revoked_on": None}
    with register.write() as connection:
        for table in (tables.stamp_interval, published.interval):
            of_batch = table.c.batch == 4
            connection.execute(update(table).where(of_batch).values(values))


def test_usable_stamps_of_a_withdrawn_recognition_are_told(register: Register) -> None:
    """A withdrawal took them along: such stamps came back behind the registry's back."""
    register.batch(4, 100)
    withdraw(register, "CN-SP1")
    assert register.faults() == []
    usable_again(register)
    (fault,) = register.faults()
    assert fault == (
        "stamps 1..100 of batch 4 are delivered, but certificate CN-SP1 of SP1 is withdrawn"
    )


def test_stamps_that_may_be_held_are_no_fault(register: Register) -> None:
    """Another recognition stood on that day and lapsed since, or the batch was taken over."""
    register.batch(4, 100)
    older = {"decision_date": "2024-01-01", "valid_from": "2024-01-01"}
    register.add("certificate", certificate("CN-OLD", "SP1", valid_until="2026-12-31", **older))
    withdraw(register, "CN-SP1")
    register.clock.advance(days=60)
    assert register.ranges(4) == [(1, 100, "delivered", None)]
    assert register.faults() == []
    withdraw(register, "CN-SP2")
    register.clock.advance(days=-60)
    register.batch(5, 10, "SP2")
    assert any("batch 5" in fault for fault in register.faults())
    taken_over = {"kind": "stamp_batch", "id": "DH-5", "digest": "", "at": register.clock()}
    with register.write() as connection:
        connection.execute(tables.import_ledger.insert().values(taken_over))
    assert register.faults() == []


def test_a_check_asks_no_more_for_more(register: Register) -> None:
    """Batches, ranges and lots are read in pages: how many there are hardly changes how often the
    database is asked."""

    def asked() -> int:
        statements: list[str] = []

        def note(connection: Any, cursor: Any, statement: str, *rest: Any) -> None:
            statements.append(statement)

        event.listen(register.engine, "before_cursor_execute", note)
        assert register.faults() == []
        event.remove(register.engine, "before_cursor_execute", note)
        return sum("fingerprints" not in one for one in statements)  # once a batch: they are large

    def grow(numbers: range) -> None:
        for number in numbers:
            register.batch(number, 30)
            register.lot(f"L{number}")
            for first in (1, 11, 21):
                register.activate(f"L{number}", number, first, first + 4)

    grow(range(1, 3))
    before = asked()
    grow(range(3, 15))
    assert asked() == before


def test_faults_are_told_of_the_right_page(
    register: Register, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where pages end makes no difference to what is found."""
    monkeypatch.setattr(fsck_pages, "BATCHES", 2)
    monkeypatch.setattr(fsck_pages, "LOTS", 2)
    monkeypatch.setattr(fsck_pages, "AT_ONCE", 2)
    for number in range(1, 8):
        register.batch(number, 30)
        register.lot(f"L{number}")
        register.activate(f"L{number}", number, 11, 20)
    assert register.faults() == []
    i, card = tables.stamp_interval.c, published.card.c
    with register.write() as connection:
        connection.execute(update(tables.stamp_interval).where(i.batch == 4).values(lot_id=None))
        connection.execute(update(published.card).where(card.id == "L5").values(body="{}"))
    found = register.faults()
    assert [fault for fault in found if "batch 4" in fault] == found[:-1] != []
    assert found[-1] == "the published card of lot L5 is out of date"
