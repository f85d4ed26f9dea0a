"""Reports of damaged, misprinted, lost or stolen stamps: a producer tells, the office decides."""

from typing import Any

import pytest
from tests.registry.records import OFFICE, Register

from tem.errors import Conflict, Invalid, NotFound, TemError
from tem_registry import tables, verdicts
from tem_registry.lots import recall_acts
from tem_registry.stamps import void_reports

NOTICE = {"kind": "voluntary", "ordered_by": "P1", "reason_public": "sai nhãn"}


def refusal(act: Any, *args: Any, **options: Any) -> TemError:
    with pytest.raises(TemError) as refused:
        act(*args, **options)
    return refused.value


def report(register: Register, first: int, last: int, own: str = "P1", **rest: Any) -> Any:
    given = {"first": first, "last": last, "kind": "damaged", "reason": "rách khi dán", **rest}
    with register.write() as connection:
        return void_reports.add(connection, register.clock(), "producer:P1", 1, own, **given)


def decide(register: Register, id: str, note: str | None = None) -> Any:
    with register.write() as connection:
        who = (connection, register.clock(), OFFICE, id)
        return void_reports.confirm(*who) if note is None else void_reports.dismiss(*who, note)


def verdict(register: Register, index: int) -> str:
    with register.read() as connection:
        return str(verdicts.ask(connection, "1", index, register.clock())["verdict"])


@pytest.fixture
def ready(register: Register) -> Register:
    """A delivered batch of P1, its first 50 stamps tied to L1."""
    register.batch(1, 100)
    register.lot("L1")
    register.activate("L1", 1, 1, 50)
    return register


def test_a_report_waits_for_the_office(ready: Register) -> None:
    """It changes no stamp; confirmed, all of its stamps are void for its reason."""
    before = ready.ranges(1)
    made = report(ready, 46, 55)
    assert made == {
        "report_id": made["report_id"],
        "batch": 1,
        "producer_id": "P1",
        "first": 46,
        "last": 55,
        "stamps": 10,
        "kind": "damaged",
        "reason": "rách khi dán",
        "state": "open",
        "reported_at": "2026-11-20T02:00:00Z",
    }
    assert ready.ranges(1) == before
    ready.clock.advance(hours=1)
    done = decide(ready, made["report_id"])
    assert (done["state"], done["decided_at"]) == ("confirmed", "2026-11-20T03:00:00Z")
    assert ready.ranges(1) == [
        (1, 45, "activated", "L1"),
        (46, 50, "void", "L1"),
        (51, 55, "void", None),
        (56, 100, "delivered", None),
    ]
    assert ready.actions()[-3:] == ["void_report.added", "stamps.void", "void_report.confirmed"]
    assert refusal(decide, ready, made["report_id"]).code == "report_decided"
    assert refusal(decide, ready, made["report_id"], "doch").code == "report_decided"
    assert ready.faults() == []


def test_a_dismissed_report_changes_nothing(ready: Register) -> None:
    """The producer reads why; the stamps may be reported again."""
    before = ready.ranges(1)
    id = report(ready, 46, 55)["report_id"]
    done = decide(ready, id, "ảnh không rõ")
    assert (done["state"], done["decision_note"]) == ("dismissed", "ảnh không rõ")
    assert (done["reported_by"], done["decided_by"]) == ("producer:P1", OFFICE)
    with ready.read() as connection:
        (listed,) = void_reports.page(connection, "", 9, own="P1")
        assert listed == void_reports.find(connection, id, "P1")
    assert not {"reported_by", "decided_by"} & listed.keys()
    assert ready.ranges(1) == before
    assert report(ready, 46, 55)["state"] == "open"


def test_what_cannot_be_reported(ready: Register) -> None:
    """Parts at the office, ended or reported already are named; nothing is written down."""
    report(ready, 1, 5)
    ready.void(1, 11, 12)
    ready.revoke(1, 21, 22)
    ready.take_back(1, 91, 100)
    before = ready.everything()
    error = refusal(report, ready, 3, 95)
    assert isinstance(error, Conflict)
    assert [(one["first"], one["last"], one["code"]) for one in error.extra["ranges"]] == [
        (3, 5, "already_reported"),
        (11, 12, "already_void"),
        (21, 22, "revoked"),
        (91, 95, "not_delivered"),
    ]
    assert isinstance(refusal(report, ready, 1, 101), Invalid)
    assert isinstance(refusal(report, ready, 60, 61, "P2"), NotFound)
    assert refusal(report, ready, 60, 61, photo="F-0").code == "no_such_file"
    assert ready.everything() == before


def test_a_photo_is_the_producers_own(ready: Register) -> None:
    """A file it has sent may be named; another's may not."""
    file = {"content_type": "image/png", "size": 1, "content": b"x", "stored_at": ready.clock()}
    with ready.write() as connection:
        for id, sender in (("F-1", "P1"), ("F-2", "P2")):
            connection.execute(tables.stored_file.insert().values(id=id, **file))
            connection.execute(tables.file_sender.insert().values(file_id=id, producer_id=sender))
    assert report(ready, 60, 61, photo="F-1")["photo"] == "F-1"
    assert refusal(report, ready, 70, 71, photo="F-2").code == "no_such_file"


def test_a_report_overtaken_stays_open(ready: Register) -> None:
    """If one of its stamps ended meanwhile the confirmation names it and voids nothing."""
    id = report(ready, 46, 55)["report_id"]
    ready.revoke(1, 50, 50)
    before = ready.everything()
    error = refusal(decide, ready, id)
    assert [(one["first"], one["code"]) for one in error.extra["ranges"]] == [(50, "revoked")]
    assert ready.everything() == before
    assert decide(ready, id, "đã thu hồi")["state"] == "dismissed"


def test_a_void_never_hides_a_recall(ready: Register) -> None:
    """Voided after or before its lot's recall, by report or not, a stamp says RECALLED."""
    before = report(ready, 1, 2)["report_id"]
    decide(ready, before)
    assert verdict(ready, 1) == "VOID"
    with ready.write() as connection:
        recall_acts.recall(connection, ready.clock(), OFFICE, "L1", NOTICE)
    decide(ready, report(ready, 3, 4)["report_id"])
    assert [verdict(ready, i) for i in (1, 2, 3, 4, 5)] == ["RECALLED"] * 5
    assert ready.faults() == []


def test_reports_are_listed(ready: Register) -> None:
    """By state and batch, a producer's own only, the oldest day first or the newest."""
    ids = []
    for first in (60, 70, 80):
        ids.append(report(ready, first, first)["report_id"])
        ready.clock.advance(days=1)
    decide(ready, ids[1], "không")

    def listed(**filters: Any) -> list[str]:
        with ready.read() as connection:
            return [one["report_id"] for one in void_reports.page(connection, "", 9, **filters)]

    assert listed() == ids
    assert listed(state="open") == [ids[0], ids[2]]
    assert listed(state="dismissed", batch=1) == [ids[1]]
    assert listed(batch=2) == listed(own="P2") == []
    assert listed(order="newest") == ids[::-1]
    with ready.read() as connection:
        after = void_reports.page(connection, ids[0], 1)
        assert [one["report_id"] for one in after] == [ids[1]]
        before = void_reports.page(connection, ids[2], 1, order="newest")
        assert [one["report_id"] for one in before] == [ids[1]]
        with pytest.raises(NotFound):
            void_reports.find(connection, ids[0], "P2")


@pytest.mark.parametrize("bare", ["sqlite"], indirect=True)
def test_a_changed_report_is_found(ready: Register) -> None:
    """fsck tells of a confirmation that voided nothing, and of a decision without its time."""
    report(ready, 60, 61)
    with ready.write() as connection:
        decided = tables.void_report.update().values(state="confirmed")
        connection.execute(decided)
    told = ("decided at None", "not all of its stamps are void")
    assert all(any(one in fault for fault in ready.faults()) for one in told)
