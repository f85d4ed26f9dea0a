"""A new lot and the stamps meant for it, foreseen in one call; what a lot tells of its stamps."""

from typing import Any

from tests.registry.records import ONE_ENGINE, Register
from tests.registry.signed_in import api_over

LOT = {"product_id": "SP1", "lot_code": "B1", "production_date": "2026-10-20", "quantity": 20}
PREVIEW = "/v1/lots/preview"


@ONE_ENGINE
def test_a_new_lot_is_foreseen_together_with_its_stamps(register: Register) -> None:
    """What the lot would be and what its stamps would become, refusals by part included; nothing
    is changed, and another producer's stamps are not there."""
    register.batch(1, 100)
    register.lot("L1", 60)
    register.activate("L1", 1, 91, 100)
    api, before = api_over(register), register.everything()

    def foreseen(first: int, last: int) -> tuple[bool, list[str], list[Any]]:
        stamps = {"batch": 1, "first": first, "last": last}
        told = api.send(PREVIEW, LOT | {"stamps": stamps}, "P1", key=None).json["activation"]
        codes = [one["code"] for one in told["refusals"]]
        return told["would"] is not None, codes, told["activatable"]

    assert foreseen(1, 20) == (True, [], [{"first": 1, "last": 20}])
    refused = ["already_activated"]
    assert foreseen(81, 95) == (False, refused, [{"first": 81, "last": 90}])
    assert foreseen(1, 21)[:2] == (False, ["more_stamps_than_units"])
    assert foreseen(9, 8)[1] == ["last_before_first"]
    assert api.send(PREVIEW, LOT, "P1", key=None).json["activation"] is None
    others = LOT | {"stamps": {"batch": 2, "first": 1, "last": 1}}
    assert api.send(PREVIEW, others, "P1", key=None).status_code == 404
    assert register.everything() == before


@ONE_ENGINE
def test_a_lot_tells_which_stamps_are_tied_to_it(register: Register) -> None:
    """By range and state, those voided since included; a record read may be sent as a change."""
    register.batch(1, 100)
    register.lot("L1", 60)
    api = api_over(register)
    found = api.get("/v1/lots/L1", "P1").json
    assert found["stamps_tied"] == []
    assert api.send("/v1/lots/L1", found, "P1", method="PATCH").status_code == 200
    register.activate("L1", 1, 1, 20)
    register.void(1, 20, 20)
    assert api.get("/v1/lots/L1", "P1").json["stamps_tied"] == [
        {"batch": 1, "first": 1, "last": 19, "state": "activated"},
        {"batch": 1, "first": 20, "last": 20, "state": "void"},
    ]
