"""What tills are told: in the act's own transaction, numbered without gaps, nothing private."""

import json
from typing import Any

import pytest
from tests.registry.records import OFFICE, Register, settings

from tem.databases import published
from tem.errors import Conflict
from tem_registry.forgetting import forgetting
from tem_registry.lots import lot_corrections, recall_acts

NOTICE = {"kind": "mandatory", "ordered_by": "Sở Y tế", "reason_public": "vượt mức histamin"}


def events(register: Register) -> list[dict[str, Any]]:
    found = register.rows(published.event)
    return [{**row, "body": json.loads(row["body"])} for row in found]


def recall(register: Register, id: str = "L1") -> None:
    with register.write() as connection:
        recall_acts.recall(connection, register.clock(), OFFICE, id, NOTICE)


def lift(register: Register, id: str = "L1") -> None:
    with register.write() as connection:
        recall_acts.lift(connection, register.clock(), OFFICE, id, "đạt, chỉ nội bộ biết")


@pytest.fixture
def ready(register: Register) -> Register:
    """Lot L1 with the stamps 1 to 20 of batch 1, tied by two acts."""
    register.batch(1, 100)
    register.lot("L1")
    register.activate("L1", 1, 1, 10)
    register.activate("L1", 1, 11, 20)
    return register


def test_each_act_is_told_once_and_in_order(ready: Register) -> None:
    """A recall, its end, a correction, a void and a revocation: all stamps concerned, what is
    public of the lot, and no reason of the office's own; other acts tell nothing."""
    recall(ready)
    lift(ready)
    with ready.write() as connection:
        fields = {"quantity": 900, "reason": "đếm lại ở trong kho của xã"}
        lot_corrections.correct(connection, ready.clock(), OFFICE, settings(), "L1", fields)
    ready.void(1, 15, 16, "rách khi dán")
    ready.revoke(1, 90, 95, "quyết định nội bộ")
    found = events(ready)
    assert [(one["seq"], one["type"]) for one in found] == [
        (1, "lot.recalled"),
        (2, "lot.recall_lifted"),
        (3, "lot.corrected"),
        (4, "stamps.voided"),
        (5, "stamps.revoked"),
    ]
    recalled, lifted, corrected, voided, revoked = (one["body"] for one in found)
    ranges = [{"batch": 1, "first": 1, "last": 20}]
    told = ("lot_id", "product_id", "code", "best_before", "ranges")
    assert [recalled[name] for name in told] == ["L1", "SP1", "code-L1", "2027-10-20", ranges]
    assert recalled["recall"]["reason_public"] == NOTICE["reason_public"]
    assert (recalled["recall"]["lifted_at"], "recall" in corrected) == (None, False)
    assert lifted["recall"]["lifted_at"] == "2026-11-20T02:00:00Z"
    assert voided == {"ranges": [{"batch": 1, "first": 15, "last": 16}]}
    assert revoked == {"ranges": [{"batch": 1, "first": 90, "last": 95}]}
    said = json.dumps([one["body"] for one in found], ensure_ascii=False)
    assert not any(word in said for word in ("nội bộ", "rách", "trong kho", "Lan"))
    position = ready.rows(published.state)[0]["change"]
    assert found[-1]["change"] == position and ready.faults() == []


def test_an_act_that_fails_leaves_no_gap(ready: Register) -> None:
    """A number belongs to an act that was committed: a refused one takes none."""
    ready.void(1, 30, 30)
    with pytest.raises(Conflict):
        ready.void(1, 30, 31)
    with pytest.raises(ZeroDivisionError), ready.write() as connection:
        recall_acts.recall(connection, ready.clock(), OFFICE, "L1", NOTICE)
        raise ZeroDivisionError
    recall(ready)
    assert [one["seq"] for one in events(ready)] == [1, 2]


def test_what_is_forgotten_of_a_lot_leaves_the_log(ready: Register) -> None:
    """When the window has closed and no recall is in force, an event tells which stamps it was
    about and nothing more; until the recall is lifted it stays."""
    recall(ready)
    ready.clock.advance(days=800)
    forgetting.sweep(ready.engine, ready.clock())
    assert events(ready)[0]["body"]["code"] == "code-L1"
    lift(ready)
    left = {
        "closed": True,
        "lot_id": "L1",
        "ranges": [{"batch": 1, "first": 1, "last": 20}],
    }
    assert [one["body"] for one in events(ready)] == [left, left]
    assert ready.faults() == []


def test_a_sweep_forgets_what_was_over(ready: Register) -> None:
    """The events of a lot go with its card, those of others stay; the pages are written anew."""
    ready.lot("L2", best_before="2027-10-20")
    ready.activate("L2", 1, 40, 50)
    for id in ("L1", "L2"):
        recall(ready, id)
    lift(ready)
    ready.clock.advance(days=800)
    assert forgetting.sweep(ready.engine, ready.clock()) == 1
    assert forgetting.scrub(ready.engine)
    assert ["closed" in one["body"] for one in events(ready)] == [True, False, True]
