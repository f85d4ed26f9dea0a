"""Print runs, receipts and what a batch comes to: counts agree, or the difference is shown."""

from typing import Any

import pytest
from tests.registry.records import OFFICE, Register

from tem.errors import Conflict, Invalid, NotFound, TemError
from tem_registry import tables
from tem_registry.batches import prints, reconciliation
from tem_registry.stamps import endings


def refusal(act: Any, *args: Any, **options: Any) -> TemError:
    with pytest.raises(TemError) as refused:
        act(*args, **options)
    return refused.value


def report(register: Register, batch: int, printed: int, *spoiled: Any, **rest: Any) -> Any:
    ranges = [{"first": first, "last": last} for first, last in spoiled]
    with register.write() as connection:
        now = register.clock()
        run = {"printed": printed, "spoiled": ranges, **rest}
        return prints.report_run(connection, now, OFFICE, batch, **run)


def receive(register: Register, batch: int, quantity: int, own: str | None = "P1") -> Any:
    with register.write() as connection:
        now = register.clock()
        return prints.receive(connection, now, "producer:P1", batch, quantity=quantity, own=own)


def counts(register: Register, batch: int = 1) -> dict[str, Any]:
    with register.read() as connection:
        return reconciliation.of_batch(connection, batch)


def test_a_print_run_is_taken_down(register: Register) -> None:
    """Good stamps and misprints are the batch; misprints are void in the same step."""
    register.batch(1, 100, delivered=False)
    batch = report(register, 1, 94, (3, 5), (98, 100), printer="Nhà in A")
    assert (str(batch.printed_on), batch.printed_quantity) == ("2026-11-20", 94)
    assert [(f, last, s) for f, last, s, _ in register.ranges(1)] == [
        (1, 2, "issued"),
        (3, 5, "void"),
        (6, 97, "issued"),
        (98, 100, "void"),
    ]
    assert register.rows(tables.stamp_order)[0]["state"] == "printed"
    assert register.actions()[-3:] == ["stamps.void", "stamps.void", "batch.printed"]
    assert refusal(report, register, 1, 100).code == "already_printed"
    register.deliver(1)
    assert register.rows(tables.stamp_order)[0]["state"] == "delivered"
    assert register.faults() == []


@pytest.mark.parametrize(
    ("printed", "spoiled", "difference"),
    [(100, [(1, 1)], 1), (99, [], -1), (0, [], -100), (100, [(1, 100)], 100)],
)
def test_counts_that_disagree(
    register: Register, printed: int, spoiled: list[Any], difference: int
) -> None:
    """The refusal tells by how many; nothing is done."""
    register.batch(1, 100, delivered=False)
    before = register.everything()
    error = refusal(report, register, 1, printed, *spoiled)
    assert isinstance(error, Conflict)
    assert (error.code, error.extra["difference"]) == ("print_counts_disagree", difference)
    assert register.everything() == before


def test_spoiled_stamps_that_cannot_be_voided(register: Register) -> None:
    """A stamp named twice, void already or outside the batch undoes the whole report."""
    register.batch(1, 100, delivered=False)
    register.void(1, 50, 50)
    before = register.everything()
    assert refusal(report, register, 1, 96, (1, 2), (2, 3)).code == "range_refused"
    assert refusal(report, register, 1, 98, (49, 50)).code == "range_refused"
    assert refusal(report, register, 1, 98, (100, 101)).code == "no_such_stamps"
    assert isinstance(refusal(report, register, 9, 100), NotFound)
    assert register.everything() == before


def test_spoiled_stamps_have_not_left_the_office(register: Register) -> None:
    """Delivered and activated ones are named with their codes; others may be told late."""
    register.batch(1, 100)
    register.lot("L1")
    register.activate("L1", 1, 11, 20)
    register.take_back(1, 91, 100)
    before = register.everything()
    error = refusal(report, register, 1, 83, (5, 14), (90, 91), (96, 100))
    assert error.code == "range_refused"
    assert [(one["first"], one["last"], one["code"]) for one in error.extra["ranges"]] == [
        (5, 10, "already_delivered"),
        (11, 14, "already_activated"),
        (90, 90, "already_delivered"),
    ]
    assert register.everything() == before
    assert report(register, 1, 98, (99, 100)).printed_quantity == 98
    assert register.faults() == []


@pytest.mark.parametrize("kind", ["misprinted", "damaged"])
def test_misprints_voided_before_belong_to_the_run(register: Register, kind: str) -> None:
    """quantity = printed + spoiled + what was voided as misprinted before, and nothing else."""
    register.batch(1, 100, delivered=False)
    with register.write() as connection:
        now = register.clock()
        endings.void(connection, now, OFFICE, 1, 51, 54, "mờ", kind=kind)
    whole, less = (100, 96) if kind == "damaged" else (96, 100)
    error = refusal(report, register, 1, less - 2, (1, 2))
    assert error.code == "print_counts_disagree"
    assert report(register, 1, whole - 2, (1, 2)).printed_quantity == whole - 2
    assert counts(register)["spoiled"] == 102 - whole
    assert register.faults() == []


def test_the_day_of_printing(register: Register) -> None:
    """Not before the issue and not in the future; ends included."""
    register.batch(1, 10)
    register.clock.advance(days=2)
    for day in ("2026-11-19", "2026-11-23"):
        assert isinstance(refusal(report, register, 1, 10, printed_on=day), Invalid)
    assert str(report(register, 1, 10, printed_on="2026-11-20").printed_on) == "2026-11-20"
    assert register.rows(tables.stamp_order)[0]["state"] == "delivered", "told late, it stays"


def test_its_producer_counts_what_arrived(register: Register) -> None:
    """Once by the producer, of its own batch; the office may mend the count."""
    register.batch(1, 100, delivered=False)
    assert refusal(receive, register, 1, 100).code == "not_delivered"
    register.deliver(1)
    assert isinstance(refusal(receive, register, 1, 100, "P2"), NotFound)
    assert refusal(receive, register, 1, 101).code == "more_than_delivered"
    batch = receive(register, 1, 90)
    assert (str(batch.received_on), batch.received_quantity) == ("2026-11-20", 90)
    assert refusal(receive, register, 1, 100).code == "already_received"
    assert counts(register)["missing"] == 10
    assert receive(register, 1, 100, None).received_quantity == 100
    assert counts(register)["missing"] == 0
    assert register.rows(tables.stamp_order)[0]["state"] == "delivered"
    assert register.faults() == []


def test_another_hand_over_is_counted_anew(register: Register) -> None:
    """A receipt tells of the latest hand-over only."""
    register.batch(1, 100)
    receive(register, 1, 100)
    register.take_back(1, 1, 30)
    batch = register.deliver(1)
    assert (batch.delivered_quantity, batch.received_on, batch.received_quantity) == (
        30,
        None,
        None,
    )
    assert receive(register, 1, 29).received_quantity == 29
    assert counts(register)["received_short"] == 1


def test_a_batch_is_reconciled(register: Register) -> None:
    """Ordered = printed + spoiled = activated + usable + void + revoked + missing of each kind."""
    register.batch(1, 100, delivered=False)
    untold = counts(register)
    assert [untold[n] for n in ("printed", "spoiled", "delivered", "received")] == [None] * 4
    assert (untold["usable"], untold["missing"]) == (100, 0)
    report(register, 1, 96, (97, 100))
    register.deliver(1)
    receive(register, 1, 95)
    register.lot("L1")
    register.activate("L1", 1, 1, 40)
    register.void(1, 1, 2)
    register.void(1, 50, 50)
    register.revoke(1, 60, 61)
    register.take_back(1, 70, 75)
    assert counts(register) == {
        "batch": 1,
        "ordered": 100,
        "printed": 96,
        "spoiled": 4,
        "delivered": 96,
        "received": 95,
        "activated": 38,
        "usable": 53,
        "void": 7,
        "revoked": 2,
        "unaccounted": 0,
        "received_short": 1,
        "missing": 1,
        "usable_ranges": [
            {"first": 41, "last": 49},
            {"first": 51, "last": 59},
            {"first": 62, "last": 96},
        ],
    }
    with register.read() as connection, pytest.raises(NotFound):
        reconciliation.of_batch(connection, 1, "P2")


SHORT: list[tuple[str, list[Any], int]] = [
    ("never short", [("receive", 200)], 0),
    ("short", [("receive", 190)], 10),
    ("carried over a return", [("receive", 190), ("back", 1, 50), ("deliver",)], 10),
    (
        "short twice",
        [("receive", 190), ("back", 1, 50), ("deliver",), ("receive", 47)],
        13,
    ),
    ("named as lost", [("receive", 190), ("lost", 191, 200)], 0),
    ("some of them named", [("receive", 190), ("lost", 191, 194)], 6),
    ("more lost than came short", [("receive", 190), ("lost", 181, 200)], 0),
    ("stolen", [("receive", 190), ("stolen", 191, 200)], 0),
    ("damage explains nothing", [("receive", 190), ("damaged", 191, 200)], 10),
    ("lost on the way, counted after", [("lost", 191, 200), ("receive", 190)], 0),
    (
        "carried, then named",
        [("receive", 190), ("back", 1, 50), ("deliver",), ("lost", 191, 198), ("receive", 49)],
        3,
    ),
    (
        "lost before explains nothing of a later hand-over",
        [("receive", 200), ("lost", 1, 5), ("back", 11, 30), ("deliver",), ("receive", 15)],
        5,
    ),
    ("all came back", [("receive", 190), ("back", 1, 200), ("deliver",)], 0),
    ("lost at the office", [("receive", 190), ("back", 1, 5), ("lost", 1, 5)], 10),
    ("mended", [("receive", 190), ("lost", 191, 195), ("receive", 195)], 0),
]


@pytest.mark.parametrize(("case", "acts", "missing"), SHORT)
def test_what_came_short_is_missing_until_it_is_named(
    register: Register, case: str, acts: list[Any], missing: int
) -> None:
    """Over all hand-overs, without what was said to be lost or stolen; all identities hold."""
    register.batch(1, 200)
    for act, *given in acts:
        if act == "receive":
            receive(register, 1, *given, None)
        elif act == "back":
            register.take_back(1, *given)
        elif act == "deliver":
            register.deliver(1)
        else:
            with register.write() as connection:
                now = register.clock()
                endings.void(connection, now, OFFICE, 1, *given, reason="biên bản", kind=act)
    found = counts(register)
    assert (found["missing"], found["received_short"]) == (missing, missing), case
    assert found["unaccounted"] == 0
    ended = found["void"] + found["revoked"]
    assert found["ordered"] == 200 == found["activated"] + found["usable"] + ended
    assert register.faults() == []


@pytest.mark.parametrize("bare", ["sqlite"], indirect=True)
@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"printed_quantity": 95}, "95 of 100 stamps are printed, 4 are void"),
        ({"printed_quantity": 101}, "101 of 100 stamps are printed"),
        ({"printed_quantity": None}, "was printed on 2026-11-20, None stamps"),
        ({"delivered_quantity": None}, "was delivered on 2026-11-20, None stamps"),
        ({"received_quantity": 97}, "97 stamps arrived of 96"),
    ],
)
def test_changed_counts_are_found(register: Register, change: Any, told: str) -> None:
    """fsck holds what was printed, handed over and received against each other."""
    register.batch(1, 100, delivered=False)
    report(register, 1, 96, (97, 100))
    register.deliver(1)
    receive(register, 1, 96)
    assert register.faults() == []
    with register.write() as connection:
        connection.execute(tables.stamp_batch.update().values(**change))
    assert any(told in fault for fault in register.faults())
