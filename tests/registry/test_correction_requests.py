"""Requests for corrections: the producer asks, the office corrects or refuses."""

from typing import Any

import pytest
from sqlalchemy import update
from tests.registry.records import OFFICE, ONE_ENGINE, Register
from tests.registry.signed_in import api_over, problem
from tests.registry.test_registry_races import together

from tem.errors import Conflict, NotFound, TemError
from tem.vocabulary import StampState
from tem_registry import tables
from tem_registry.activation import correction_requests
from tem_registry.activation.correction_request_rules import already_requested
from tem_registry.intervals import Interval
from tem_registry.lots import recall_acts

REASON = "dán nhầm cuộn tem của lô bên cạnh"
NOTICE = {"kind": "voluntary", "ordered_by": "P1", "reason_public": "sai nhãn"}
DAYS = 7


def ask(
    register: Register,
    first: int,
    last: int,
    lot_id: str | None,
    own: str | None = "P1",
    **rest: Any,
) -> Any:
    where = {"first": first, "last": last, "lot_id": lot_id, "reason": REASON, **rest}
    with register.write() as connection:
        now = register.clock()
        return correction_requests.add(connection, now, "producer:P1", DAYS, 1, own, **where)


def accept(register: Register, id: str, note: str | None = None) -> Any:
    with register.write() as connection:
        return correction_requests.accept(connection, register.clock(), OFFICE, DAYS, id, note)


def refuse(register: Register, id: str) -> Any:
    with register.write() as connection:
        return correction_requests.refuse(connection, register.clock(), OFFICE, id, "ảnh không rõ")


def withdraw(register: Register, id: str, own: str = "P1") -> Any:
    with register.write() as connection:
        return correction_requests.withdraw(connection, register.clock(), "producer:P1", id, own)


def refusal(act: Any, *args: Any, **options: Any) -> TemError:
    with pytest.raises(TemError) as refused:
        act(*args, **options)
    return refused.value


@pytest.fixture
def ready(register: Register) -> Register:
    """A delivered batch of P1, its first 50 stamps tied to L1; L2 is of the same product."""
    register.batch(1, 100)
    register.lot("L1")
    register.lot("L2", 30)
    register.activate("L1", 1, 1, 50)
    return register


def test_an_accepted_request_is_the_correction(ready: Register) -> None:
    """It changes no stamp before; accepted, also long after, the stamps are tied anew under the
    producer's reason, and the trail tells both."""
    before = ready.ranges(1)
    made = ask(ready, 1, 10, "L2")
    assert made == {
        "request_id": made["request_id"],
        "batch": 1,
        "producer_id": "P1",
        "first": 1,
        "last": 10,
        "stamps": 10,
        "lot_id": "L2",
        "reason": REASON,
        "state": "open",
        "requested_at": "2026-11-20T02:00:00Z",
    }
    assert ready.ranges(1) == before
    ready.clock.advance(days=DAYS + 1)
    done = accept(ready, made["request_id"], "đã xem")
    assert (done["state"], done["decision_note"]) == ("accepted", "đã xem")
    assert done["decided_by"] == OFFICE
    assert ready.ranges(1)[0] == (1, 10, "activated", "L2")
    assert ready.rows(tables.activation)[-1]["reason"] == REASON
    wanted = ["correction_request.added", "stamps.corrected", "correction_request.accepted"]
    assert ready.actions()[-3:] == wanted
    for act in (accept, refuse, withdraw):
        assert refusal(act, ready, made["request_id"]).code == "request_decided"
    assert ready.faults() == []


def test_stamps_may_be_asked_to_be_delivered_again(ready: Register) -> None:
    """To no lot at all: they may be activated anew."""
    accept(ready, ask(ready, 1, 10, None)["request_id"])
    assert ready.ranges(1)[:2] == [(1, 10, "delivered", None), (11, 50, "activated", "L1")]
    assert ready.faults() == []


def test_requests_that_end_without_a_correction(ready: Register) -> None:
    """Refused with a note that the producer reads, or taken back: no stamp changes, and the same
    may be asked again."""
    before = ready.ranges(1)
    first = ask(ready, 1, 10, "L2")["request_id"]
    assert refuse(ready, first)["decision_note"] == "ảnh không rõ"
    second = ask(ready, 1, 10, "L2")["request_id"]
    assert isinstance(refusal(withdraw, ready, second, "P2"), NotFound)
    assert withdraw(ready, second)["state"] == "withdrawn"
    with ready.read() as connection:
        mine = correction_requests.page(connection, "", 9, own="P1")
        assert {one["state"] for one in mine} == {"refused", "withdrawn"}
        assert not any({"requested_by", "decided_by"} & one.keys() for one in mine)
        assert correction_requests.page(connection, "", 9, own="P2") == []
        (one,) = correction_requests.page(connection, "", 9, state="refused", batch=1)
        assert (one["request_id"], one["requested_by"]) == (first, "producer:P1")
    assert ready.ranges(1) == before
    assert ready.faults() == []


def test_what_cannot_be_asked_for(ready: Register) -> None:
    """What a correction would refuse now, in parts or as a whole; nothing is written down."""
    ask(ready, 1, 5, "L2")
    ready.void(1, 11, 12)
    ready.lot("L3", product_id="SP2")
    ready.lot("L4", product_id="SP3")
    before = ready.everything()
    error = refusal(ask, ready, 3, 52, "L2")
    assert [(one["first"], one["last"], one["code"]) for one in error.extra["ranges"]] == [
        (3, 5, "already_requested"),
        (11, 12, "void"),
        (51, 52, "not_activated"),
    ]
    same = refusal(ask, ready, 13, 20, "L1")
    assert [one["code"] for one in same.extra["ranges"]] == ["same_lot"]
    assert refusal(ask, ready, 13, 50, "L2").code == "more_stamps_than_units"
    assert refusal(ask, ready, 13, 20, "L3").code == "other_product"
    assert refusal(ask, ready, 13, 20, "L4").code == "no_such_lot"
    assert refusal(ask, ready, 13, 20, "L4", None).code == "other_product"
    assert refusal(ask, ready, 13, 20, "L2", "P2").code == "no_such_batch"
    assert refusal(ask, ready, 99, 101, "L2").code == "no_such_stamps"
    short = refusal(ask, ready, 13, 20, "L2", reason="mười chín chữ cái ạ")
    assert short.code == "reason_too_short"
    assert ready.everything() == before


def test_an_acceptance_that_fails_leaves_the_request_open(ready: Register) -> None:
    """What happened meanwhile is told, and nothing is changed."""
    id = ask(ready, 1, 10, "L2")["request_id"]
    with ready.write() as connection:
        recall_acts.recall(connection, ready.clock(), OFFICE, "L2", NOTICE)
    before = ready.everything()
    error = refusal(accept, ready, id)
    assert isinstance(error, Conflict) and error.code == "lot_recalled"
    assert ready.everything() == before


def test_requests_decided_at_one_moment_are_decided_once(ready: Register) -> None:
    """Of acceptance, refusal and withdrawal one takes place; acts beside them are not held up."""
    for first in range(1, 25, 4):
        id = ask(ready, first, first + 3, "L2")["request_id"]
        free = sum(b - a + 1 for a, b, state, _ in ready.ranges(1) if state == "delivered")
        outcomes = together(
            lambda id=id: accept(ready, id),
            lambda id=id: accept(ready, id),
            lambda id=id: refuse(ready, id),
            lambda id=id: withdraw(ready, id),
            lambda at=101 - free: ready.activate("L1", 1, at, at),
        )
        assert outcomes[:4].count("done") == 1
        assert outcomes[4] == "done"
        assert set(outcomes[:4]) <= {"done", "request_decided", "range_refused"}
    assert ready.faults() == []


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ([], []),
        ([(11, 12)], []),
        ([(1, 4)], [(3, 4)]),
        ([(4, 4), (9, 20)], [(4, 4), (9, 10)]),
        ([(1, 20)], [(3, 6), (9, 10)]),
    ],
)
def test_what_is_asked_for_already(
    asked: list[tuple[int, int]], found: list[tuple[int, int]]
) -> None:
    """The parts that open requests name, but for what cannot be corrected anyway."""
    tied, void = StampState.ACTIVATED, StampState.VOID
    parts = [Interval(3, 6, tied), Interval(7, 8, void), Interval(9, 10, tied)]
    refused = already_requested(parts, asked)
    assert [(one.first, one.last) for one in refused] == found
    assert {one.code for one in refused} <= {"already_requested"}


@ONE_ENGINE
@pytest.mark.parametrize(
    ("values", "fault"),
    [
        ({"state": "accepted"}, "is accepted, decided at None"),
        ({"state": "accepted"}, "is accepted, but its stamps were not corrected then"),
        ({"producer_id": "P2"}, "is of P2, its batch of P1"),
    ],
)
def test_fsck_finds_requests_that_lie(ready: Register, values: dict[str, Any], fault: str) -> None:
    """One that is decided without a day, without a correction, or of another producer."""
    ask(ready, 1, 10, "L2")
    with ready.write() as connection:
        connection.execute(update(tables.correction_request).values(**values))
    assert any(fault in told for told in ready.faults())


@ONE_ENGINE
def test_requests_are_listed_newest_first(ready: Register) -> None:
    """On demand the latest day comes first, a page at a time."""
    ids = []
    for first in (1, 2, 3):
        ids.append(ask(ready, first, first, "L2")["request_id"])
        ready.clock.advance(days=1)
    with ready.read() as connection:
        whole = correction_requests.page(connection, "", 9, order="newest")
        rest = correction_requests.page(connection, ids[2], 1, order="newest")
    assert [one["request_id"] for one in whole] == ids[::-1]
    assert [one["request_id"] for one in rest] == [ids[1]]


@ONE_ENGINE
def test_requests_over_http(ready: Register) -> None:
    """From the producer's request to the office's acceptance; sent twice it is one, roles hold."""
    api = api_over(ready)
    body = {"first": 1, "last": 10, "lot_id": "L2", "reason": REASON}
    path = "/v1/batches/1/correction-requests"
    made = api.send(path, body, "P1", key="k1")
    assert made.status_code == 201
    assert api.send(path, body, "P1", key="k1").json == made.json
    one = f"/v1/correction-requests/{made.json['request_id']}"
    assert api.get(one, "P1").json == made.json | {"lot_id": "L2"}
    assert problem(api.get(one, "P2"), 404) == "no_such_request"
    assert api.get("/v1/correction-requests?state=open", "auditor").json["items"] != []
    assert api.get("/v1/correction-requests", "P2").json == {"items": []}
    assert problem(api.send(path, body, "auditor"), 403)
    for call, sent in (("acceptance", {}), ("refusal", {"note": "không"})):
        assert problem(api.send(f"{one}/{call}", sent, "P1"), 403)
    assert problem(api.send(f"{one}/withdrawal", {}), 403)
    assert problem(api.send(f"{one}/withdrawal", {}, "P2"), 404)
    assert problem(api.send(f"{one}/acceptance", {}, key=None), 400) == "idempotency_key_missing"
    done = api.send(f"{one}/acceptance", {"note": "đã xem"})
    assert (done.status_code, done.json["state"]) == (200, "accepted")
    assert problem(api.send(f"{one}/refusal", {"note": "không"}), 409) == "request_decided"
    by_office = api.send(path, {**body, "lot_id": "L1"})
    assert (by_office.status_code, by_office.json["producer_id"]) == (201, "P1")
    again = f"/v1/correction-requests/{by_office.json['request_id']}"
    assert api.send(f"{again}/withdrawal", {}, "P1").json["state"] == "withdrawn"
