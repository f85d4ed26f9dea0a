"""One stamp and all that happened to it, as an inspector asks for it."""

import pytest
from tests.registry.records import OFFICE, Register
from tests.registry.signed_in import Api, api_over, problem

from tem.errors import NotFound
from tem.stampcode import serial
from tem_registry import tables
from tem_registry.lots import recall_acts
from tem_registry.reports import stamp_history


@pytest.fixture
def lived(register: Register) -> Register:
    """Stamp 5 of batch 1: returned, delivered, activated, corrected, void; others otherwise."""
    register.batch(1, 100)
    register.batch(2, 100)
    register.lot("L1")
    register.lot("L2")
    register.take_back(1, 1, 10)
    register.deliver(1, "BB-2")
    register.activate("L1", 1, 1, 50)
    register.activate("L1", 2, 1, 50)
    register.activate("L2", 1, 51, 60)
    register.correct(1, 4, 6, None)
    register.correct(1, 51, 60, "L1")
    register.activate("L2", 1, 5, 5)
    register.void(1, 5, 5, "rách")
    register.revoke(1, 6, 7)
    return register


def test_a_stamp_tells_its_life(lived: Register) -> None:
    """Each act that touched it, in order, with its lot, and none that touched others only."""
    with lived.read() as connection:
        found = stamp_history.of_stamp(connection, lived.clock(), 1, 5)
    history = found.pop("history")
    assert found == {
        "serial": serial(1, 5),
        "batch": 1,
        "index": 5,
        "state": "void",
        "reason": "rách",
        "product_id": "SP1",
        "producer_id": "P1",
        "issued_on": "2026-11-20",
        "lot": {
            "lot_id": "L2",
            "lot_code": "code-L2",
            "production_date": "2026-10-20",
            "best_before": "2027-10-20",
            "recalled": False,
        },
    }
    assert [(one["action"], one.get("lot_id", "-")) for one in history] == [
        ("batch.delivered", "-"),
        ("stamps.returned", "-"),
        ("batch.delivered", "-"),
        ("stamps.activated", "L1"),
        ("stamps.corrected", None),
        ("stamps.activated", "L2"),
        ("stamps.void", "-"),
    ]
    assert history[2] == {
        "at": "2026-11-20T02:00:00Z",
        "action": "batch.delivered",
        "by": OFFICE,
        "receipt": "BB-2",
    }
    assert history[-1]["reason"] == "rách"


def test_a_second_hand_over_is_told_of_those_it_was_of(lived: Register) -> None:
    """Stamps that were never returned were handed over once."""
    with lived.read() as connection:
        found = stamp_history.history(connection, 1, 20, names=True)
    assert [one["action"] for one in found] == ["batch.delivered", "stamps.activated"]


def test_recalled_and_purged_lots_are_told(lived: Register) -> None:
    """A lot under recall says so; of a purged lot the id is left."""
    notice = {"kind": "voluntary", "ordered_by": "P1", "reason_public": "sai nhãn"}
    with lived.write() as connection:
        recall_acts.recall(connection, lived.clock(), OFFICE, "L2", notice)
        gone = dict.fromkeys(("lot_code", "production_date", "best_before"))
        purged = tables.lot.update().where(tables.lot.c.id == "L1")
        connection.execute(purged.values(**gone, purged_at=lived.clock()))
    with lived.read() as connection:
        assert stamp_history.of_stamp(connection, lived.clock(), 1, 5)["lot"]["recalled"] is True
        assert stamp_history.of_stamp(connection, lived.clock(), 1, 55)["lot"] == {
            "lot_id": "L1",
            "lot_code": None,
            "production_date": None,
            "best_before": None,
            "recalled": False,
        }
        for index in (0, 101, 103):
            with pytest.raises(NotFound):
                stamp_history.of_stamp(connection, lived.clock(), 1, index)


@pytest.fixture
def api(lived: Register) -> Api:
    """The app over that register."""
    return api_over(lived)


def test_a_stamp_by_its_serial(api: Api) -> None:
    """The typed serial needs its check digits; numbers do not."""
    by_serial = api.get(f"/v1/stamps/{serial(1, 5)}")
    assert by_serial.status_code == 200
    assert by_serial.json == api.get("/v1/stamps/1/5", "auditor").json
    assert by_serial.json["state"] == "void"
    assert problem(api.get("/v1/stamps/1-5"), 422) == "malformed_serial"
    wrong = f"1-5-{(int(serial(1, 5)[-2:]) + 1) % 100:02d}"
    assert problem(api.get(f"/v1/stamps/{wrong}"), 422) == "serial_check_failed"
    assert problem(api.get(f"/v1/stamps/{serial(1, 101)}"), 404) == "no_such_stamp"
    assert problem(api.get("/v1/stamps/9/1"), 404) == "no_such_batch"
    assert problem(api.get("/v1/stamps/1/5", None), 401) == "key_missing"


def test_a_producer_sees_its_own_stamps(api: Api) -> None:
    """Another's are not there, and people of the office are named by their role only."""
    mine = api.get("/v1/stamps/1/5", "P1").json
    assert {one["by"] for one in mine["history"]} == {"office"}
    assert problem(api.get("/v1/stamps/1/5", "P2"), 404) == "no_such_batch"
    assert problem(api.get(f"/v1/stamps/{serial(1, 5)}", "P2"), 404) == "no_such_batch"
