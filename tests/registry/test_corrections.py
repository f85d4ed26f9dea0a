"""Corrections: stamps activated by mistake go to the right lot, or back to delivered."""

import contextlib
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from typing import Any

import pytest
from tests.registry.records import OFFICE, Register, certificate

from tem.databases import published
from tem.errors import Conflict, Gone, Invalid, NotFound, TemError
from tem.vocabulary import StampState
from tem_registry import tables
from tem_registry.activation.correction_rules import Part, Terms, correction_refusals, parts_of
from tem_registry.certificates import certificates
from tem_registry.intervals import Interval
from tem_registry.lots import lots, recall_acts
from tem_registry.stamps.bindings import Binding
from tem_registry.stamps.moves import RangeRefusal

NOTICE = {"kind": "voluntary", "ordered_by": "P1", "reason_public": "sai nhãn"}
TODAY = date(2026, 11, 20)
LONG = "x" * 20
ISSUED, DELIVERED, ACTIVATED, VOID, REVOKED = StampState


def refusal(act: Any, *args: Any, **options: Any) -> TemError:
    with pytest.raises(TemError) as refused:
        act(*args, **options)
    return refused.value


def recall(register: Register, lot_id: str) -> None:
    with register.write() as connection:
        recall_acts.recall(connection, register.clock(), OFFICE, lot_id, NOTICE)


@pytest.fixture
def ready(register: Register) -> Register:
    """Stamps 1 to 50 of a batch are tied to L1; L2 is of the same product."""
    register.batch(1, 100)
    register.lot("L1")
    register.lot("L2")
    register.activate("L1", 1, 1, 50)
    return register


@pytest.mark.parametrize(
    ("state", "lot", "bound_on", "terms", "wanted"),
    [
        (ACTIVATED, "L1", date(2026, 11, 20), {}, None),
        (ACTIVATED, "L1", date(2026, 11, 13), {}, None),
        (ACTIVATED, "L1", date(2026, 11, 12), {}, "reason_too_short"),
        (ACTIVATED, "L1", date(2026, 11, 12), {"reason": LONG[1:]}, "reason_too_short"),
        (ACTIVATED, "L1", date(2026, 11, 12), {"reason": LONG}, None),
        (ACTIVATED, "L1", date(2026, 11, 12), {"days": 8}, None),
        (ACTIVATED, "L1", date(2026, 11, 19), {"days": 0}, "reason_too_short"),
        (ACTIVATED, "L1", None, {}, "reason_too_short"),
        (ACTIVATED, "L1", TODAY, {"lot_id": None}, None),
        (ACTIVATED, "L1", TODAY, {"recalled": {"L1"}}, "lot_recalled"),
        (ACTIVATED, "L1", TODAY, {"recalled": {"L1"}, "lot_id": None}, "lot_recalled"),
        (ACTIVATED, "L1", TODAY, {"recalled": {"L2"}}, None),
        (ACTIVATED, "L1", TODAY, {"purged": {"L1"}}, "lot_purged"),
        (ACTIVATED, "L2", TODAY, {}, "same_lot"),
        (ISSUED, None, None, {}, "not_activated"),
        (DELIVERED, None, None, {"lot_id": None}, "not_activated"),
        (VOID, "L1", TODAY, {"reason": LONG}, "void"),
        (REVOKED, "L1", TODAY, {"reason": LONG}, "revoked"),
    ],
)
def test_what_may_be_corrected(
    state: StampState, lot: str | None, bound_on: date | None, terms: Any, wanted: str | None
) -> None:
    """Each condition at its very edge: state, recall, purge, target, days and length of reason."""
    given = {"lot_id": "L2", "reason": "nhầm", "day": TODAY, "days": 7, **terms}
    found = correction_refusals([Part(Interval(3, 9, state, lot), bound_on)], Terms(**given))
    assert found == ([] if wanted is None else [RangeRefusal(3, 9, state, wanted)])


def test_a_range_is_cut_where_its_past_differs() -> None:
    """Parts are alike in state, lot and day of binding; what was never tied has no day."""
    stamps = [Interval(1, 4, DELIVERED), Interval(5, 20, ACTIVATED, "L1"), Interval(21, 22, VOID)]
    at = [date(2026, 11, day) for day in (1, 2, 3)]
    bound = [
        (Binding(2, 3, None, None), at[0]),  # type: ignore[arg-type]
        (Binding(5, 10, "L1", None), at[1]),  # type: ignore[arg-type]
        (Binding(11, 20, "L1", None), at[2]),  # type: ignore[arg-type]
    ]
    cut = [(p.stamps.first, p.stamps.last, p.bound_on) for p in parts_of(stamps, bound)]
    assert cut == [(1, 4, None), (5, 10, at[1]), (11, 20, at[2]), (21, 22, None)]


def test_stamps_go_to_the_right_lot(ready: Register) -> None:
    """Record, published rows, both cards, the log and the audit trail change in one step."""
    answer = ready.correct(1, 11, 20, "L2")
    assert answer == {
        "batch": 1,
        "first": 11,
        "last": 20,
        "state": "activated",
        "stamps": 10,
        "reason": "nhầm lô",
        "lot_id": "L2",
        "corrected": [{"first": 11, "last": 20, "lot_id": "L1"}],
        "corrected_at": "2026-11-20T02:00:00Z",
    }
    wanted = [
        (1, 10, "activated", "L1"),
        (11, 20, "activated", "L2"),
        (21, 50, "activated", "L1"),
        (51, 100, "delivered", None),
    ]
    assert ready.ranges(1) == wanted
    public = ready.rows(published.interval)
    assert [(r["first"], r["last"], r["state"], r["lot_id"]) for r in public] == wanted
    assert "L2" in [row["id"] for row in ready.rows(published.card) if row["kind"] == "lot"]
    assert ready.actions()[-1] == "stamps.corrected"
    log = [(row["lot_id"], row["reason"]) for row in ready.rows(tables.activation)]
    assert log == [("L1", None), ("L2", "nhầm lô")], "the mistake stays on record"
    assert ready.faults() == []


def test_stamps_go_back_to_delivered(ready: Register) -> None:
    """Tied to nothing again, they may be activated anew."""
    answer = ready.correct(1, 1, 50, None)
    assert (answer["state"], answer["lot_id"]) == ("delivered", None)
    assert ready.ranges(1) == [(1, 100, "delivered", None)]
    assert ready.faults() == []
    assert ready.activate("L2", 1, 1, 100)["stamps"] == 100
    assert ready.faults() == []


def test_a_correction_needs_activated_stamps(ready: Register) -> None:
    """Parts in any other state, or of the wanted lot already, are named; nothing is done."""
    ready.void(1, 1, 2)
    ready.revoke(1, 3, 4)
    ready.activate("L2", 1, 51, 55)
    before = ready.everything()
    error = refusal(ready.correct, 1, 1, 60, "L2")
    assert isinstance(error, Conflict)
    assert [(one["first"], one["last"], one["code"]) for one in error.extra["ranges"]] == [
        (1, 2, "void"),
        (3, 4, "revoked"),
        (51, 55, "same_lot"),
        (56, 60, "not_activated"),
    ]
    assert ready.everything() == before


def test_a_correction_never_hides_a_recall(ready: Register) -> None:
    """Stamps of a recalled lot stay with it, and nothing is added to a recalled lot."""
    recall(ready, "L1")
    for target in ("L2", None):
        error = refusal(ready.correct, 1, 5, 9, target, LONG)
        assert [one["code"] for one in error.extra["ranges"]] == ["lot_recalled"]
    ready.activate("L2", 1, 51, 60)
    with ready.write() as connection:
        recall_acts.lift(connection, ready.clock(), OFFICE, "L1", None)
    recall(ready, "L2")
    assert refusal(ready.correct, 1, 5, 9, "L2").code == "lot_recalled"
    assert ready.correct(1, 5, 9, None)["stamps"] == 5


def test_days_count_from_the_latest_binding(ready: Register) -> None:
    """Any reason is enough for seven days, Vietnam days; each part has its own."""
    ready.clock.advance(days=3)
    ready.activate("L1", 1, 51, 60)
    ready.clock.advance(days=4, hours=14, minutes=59)  # 23:59 of the seventh day there
    assert ready.correct(1, 1, 1, None)["stamps"] == 1
    ready.clock.advance(minutes=1)
    error = refusal(ready.correct, 1, 45, 60, None)
    assert [(one["first"], one["last"], one["code"]) for one in error.extra["ranges"]] == [
        (45, 50, "reason_too_short")
    ]
    assert ready.correct(1, 45, 60, "L2", LONG)["stamps"] == 16
    assert ready.correct(1, 45, 60, None)["stamps"] == 16, "bound anew, seven more days"


@pytest.mark.parametrize(
    ("lot", "code"),
    [
        ({"product_id": "SP2"}, "other_product"),
        ({"quantity": 9}, "more_stamps_than_units"),
        ({"production_date": "2026-11-21"}, "production_date_in_future"),
        ({"production_date": "2025-11-19"}, "lot_past_date"),
        ({"production_date": "2023-12-31", "best_before": "2027-01-01"}, "no_certificate_at"),
    ],
)
def test_the_new_lot_meets_every_condition(ready: Register, lot: Any, code: str) -> None:
    """What could not have been activated for a lot cannot be moved to it either."""
    ready.lot("L9", **lot)
    before = ready.everything()
    assert refusal(ready.correct, 1, 1, 10, "L9").code.startswith(code)
    assert ready.everything() == before


def test_the_units_follow_the_stamps(ready: Register) -> None:
    """A correction frees units of the one lot and takes units of the other, to the last."""
    ready.lot("L3", quantity=10)
    ready.activate("L3", 1, 51, 55)
    assert ready.correct(1, 1, 5, "L3")["stamps"] == 5
    assert refusal(ready.correct, 1, 6, 6, "L3").code == "more_stamps_than_units"
    with ready.read() as connection:
        assert (lots.units_taken(connection, "L1"), lots.units_taken(connection, "L3")) == (45, 10)


def test_nothing_goes_back_once_the_recognition_is_withdrawn(ready: Register) -> None:
    """Stamps that went back would be usable again, which the withdrawal has put an end to; with
    another recognition in force they may."""
    withdraw(ready)
    before = ready.everything()
    assert refusal(ready.correct, 1, 1, 5, None).code == "recognition_withdrawn"
    assert ready.everything() == before
    assert ready.correct(1, 6, 10, "L2")["lot_id"] == "L2", "to another lot they may go"
    ready.add("certificate", certificate("CN-new", "SP1", valid_from="2026-11-20"))
    assert ready.correct(1, 1, 5, None)["lot_id"] is None
    assert ready.ranges(1)[0] == (1, 5, "delivered", None)
    assert ready.faults() == []


def withdraw(register: Register) -> None:
    with register.write() as connection:
        certificates.withdraw(
            connection,
            register.clock(),
            OFFICE,
            "CN-SP1",
            decision_no="7/QĐ",
            reason="kiểm tra lại",
        )


def test_a_correction_and_a_withdrawal_at_one_moment(ready: Register) -> None:
    """Whichever comes first, no stamp of the product stays delivered."""
    barrier = threading.Barrier(2)

    def correct() -> None:
        barrier.wait()
        for n in range(5):
            with contextlib.suppress(Conflict):
                ready.correct(1, 10 * n + 1, 10 * n + 10, None)

    def end() -> None:
        barrier.wait()
        withdraw(ready)

    with ThreadPoolExecutor(2) as pool:
        for done in [pool.submit(correct), pool.submit(end)]:
            done.result(timeout=60)
    assert {state for _, _, state, _ in ready.ranges(1)} <= {"activated", "revoked"}
    assert ready.faults() == []


def test_what_is_not_there(ready: Register) -> None:
    """Unknown batch, lot and numbers are said to be unknown; a purged lot is gone."""
    assert isinstance(refusal(ready.correct, 9, 1, 5, "L2"), NotFound)
    assert isinstance(refusal(ready.correct, 1, 1, 5, "L9"), NotFound)
    assert isinstance(refusal(ready.correct, 1, 1, 101, None), Invalid)
    with ready.write() as connection:
        purged = tables.lot.update().values(purged_at=ready.clock())
        connection.execute(purged.where(tables.lot.c.id == "L1"))
    assert isinstance(refusal(ready.correct, 1, 1, 5, "L1"), Gone)
    error = refusal(ready.correct, 1, 1, 5, "L2")
    assert [one["code"] for one in error.extra["ranges"]] == ["lot_purged"]


def test_a_corrected_activation_is_not_confirmed_again(ready: Register) -> None:
    """Sent again, the first activation has its old answer only while nothing has replaced it."""
    first = ready.activate("L1", 1, 61, 70)
    ready.clock.advance(hours=1)
    ready.correct(1, 65, 65, None)
    assert refusal(ready.activate, "L1", 1, 61, 70).code == "range_refused"
    ready.activate("L1", 1, 65, 65)
    assert refusal(ready.activate, "L1", 1, 61, 70).code == "range_refused"
    ready.correct(1, 61, 70, "L2")
    assert refusal(ready.activate, "L1", 1, 61, 70).code == "range_refused"
    ready.correct(1, 61, 70, "L1")
    assert refusal(ready.activate, "L2", 1, 61, 70).code == "range_refused"
    ready.correct(1, 61, 70, None)
    again = ready.activate("L1", 1, 61, 70)
    assert again["activated_at"] > first["activated_at"]
    assert ready.activate("L1", 1, 61, 70) == again


@pytest.mark.parametrize("bare", ["sqlite"], indirect=True)
@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"lot_id": None}, "are not those its activations gave"),
        ({"last": 20}, "are not those its activations gave"),
        ({"reason": None}, "contradict each other"),
        ({"first": 45, "last": 60}, "corrects what was not activated"),
    ],
)
def test_a_changed_log_is_found(ready: Register, change: Any, told: str) -> None:
    """fsck plays the log of bindings: it must give every stamp the lot it has."""
    ready.correct(1, 1, 30, "L2")
    with ready.write() as connection:
        row = tables.activation.update().where(tables.activation.c.lot_id == "L2")
        connection.execute(row.values(**change))
    assert any(told in fault for fault in ready.faults())
