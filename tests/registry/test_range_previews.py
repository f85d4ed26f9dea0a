"""What an act on a range would do is told before it is done, and what the public is told now."""

from typing import Any

import pytest
from tests.registry.records import ONE_ENGINE, Register
from tests.registry.signed_in import Api, api_over, problem

from tem.stampcode import serial

pytestmark = ONE_ENGINE


@pytest.fixture
def api(register: Register) -> Api:
    """Batch 1: 1-10 tied to L1, 11-20 void, 21-30 revoked, the rest delivered; batch 2 issued."""
    register.batch(1, 100)
    register.batch(2, 10, delivered=False)
    register.lot("L1")
    register.lot("L2", quantity=5)
    register.activate("L1", 1, 1, 10)
    register.void(1, 11, 20)
    register.revoke(1, 21, 30)
    return api_over(register)


def told(api: Api, act: str, first: int, last: int, **more: Any) -> Any:
    path = f"/v1/batches/1/{act}/preview"
    answer = api.send(path, {"first": first, "last": last, **more}, key=None)
    assert answer.status_code == 200, answer.text
    return answer.json


@pytest.mark.parametrize(
    ("act", "first", "last", "to", "refused"),
    [
        ("voids", 1, 10, "void", []),
        ("voids", 5, 35, "void", [(11, 20, "already_void"), (21, 30, "revoked")]),
        ("revocations", 15, 40, "revoked", [(15, 20, "void"), (21, 30, "already_revoked")]),
        ("returns", 31, 100, "issued", []),
        ("returns", 10, 40, "issued", [(10, 10, "already_activated"), (11, 20, "void")]),
    ],
)
def test_what_an_act_would_find(
    api: Api, act: str, first: int, last: int, to: str, refused: list[tuple[int, int, str]]
) -> None:
    """Every part that refuses is named with its code, and the act itself refuses the very same."""
    before = api.register.everything()
    found = told(api, act, first, last)
    named = [(one["first"], one["last"], one["code"]) for one in found["refusals"]]
    assert (found["to"], found["stamps"]) == (to, last - first + 1)
    assert named[: len(refused)] == refused and bool(named) == bool(refused)
    assert sum(part["stamps"] for part in found["parts"]) == found["stamps"]
    assert (found["first_serial"], found["last_serial"]) == (serial(1, first), serial(1, last))
    assert api.register.everything() == before
    done = api.send(f"/v1/batches/1/{act}", {"first": first, "last": last, "reason": "thử"})
    assert done.status_code == (409 if refused else 201)
    if refused:
        assert [one["code"] for one in done.json["ranges"]] == [one[2] for one in named]


def test_parts_name_their_lots(api: Api) -> None:
    """A void keeps the lot, so the preview says which lots are concerned."""
    parts = told(api, "voids", 9, 12)["parts"]
    assert parts[0]["lot"] == {"lot_id": "L1", "lot_code": "code-L1"}
    assert "lot" not in parts[1]


def test_what_a_correction_would_find(api: Api) -> None:
    """Parts that refuse and the lot that cannot take them are told together; none is right too."""
    nowhere = told(api, "corrections", 1, 10, lot_id=None, reason="nhầm")
    assert (nowhere["to"], nowhere["refusals"]) == ("delivered", [])
    full = told(api, "corrections", 1, 11, lot_id="L2", reason="nhầm")
    codes = [one["code"] for one in full["refusals"]]
    assert codes[0] == "void" and len(codes) > 1
    assert told(api, "corrections", 1, 2, lot_id="L9", reason="nhầm")["refusals"][0]["code"] == (
        "no_such_lot"
    )


def test_previews_are_the_offices(api: Api) -> None:
    """A producer and an auditor are refused; numbers outside the batch are 422."""
    body = {"first": 1, "last": 2}
    for who in ("P1", "auditor"):
        answer = api.send("/v1/batches/1/voids/preview", body, who)
        assert problem(answer, 403) == "role_not_allowed"
    beyond = api.send("/v1/batches/1/voids/preview", {"first": 1, "last": 101})
    assert problem(beyond, 422) == "no_such_stamps"


@pytest.mark.parametrize(
    ("index", "verdict"),
    [(1, "OK"), (11, "VOID"), (21, "STAMP_REVOKED"), (31, "NOT_ACTIVATED")],
)
def test_what_a_scan_says(api: Api, index: int, verdict: str) -> None:
    """The verdict of a stamp by its serial, for its own producer too and for nobody else's."""
    path = f"/v1/stamps/{serial(1, index)}/verdict"
    found = api.get(path, "P1").json
    assert (found["verdict"], found["serial"]) == (verdict, serial(1, index))
    assert api.get(path, "auditor").json["verdict"] == verdict
    assert problem(api.get(path, "P2"), 404) == "no_such_batch"


def test_a_mistyped_serial_has_no_verdict(api: Api) -> None:
    """Check digits that do not fit are told."""
    assert problem(api.get("/v1/stamps/1-1-00/verdict"), 422) == "serial_check_failed"


def test_the_newest_first(api: Api) -> None:
    """Batches and orders from the newest down, page by page, each once."""
    ids = [one["number"] for one in api.get("/v1/batches?order=newest&limit=1").json["items"]]
    rest = api.get("/v1/batches?order=newest&after=2").json["items"]
    assert ids + [one["number"] for one in rest] == [2, 1]
    api.send("/v1/orders", {"product_id": "SP1", "quantity": 3}, "P1")
    named, after = [], ""
    for _ in range(3):
        page = api.get(f"/v1/orders?order=newest&limit=1&after={after}").json
        named += [one["order_id"] for one in page["items"]]
        after = page["next"]
    everything = api.get("/v1/orders").json["items"]
    wanted = sorted(everything, key=lambda one: (one["requested_at"], one["order_id"]))
    assert named == [one["order_id"] for one in reversed(wanted)]


def test_progress_of_an_order(api: Api) -> None:
    """Before a batch there is nothing to ask; a silent issuer is 503, and no count of zero."""
    asked = api.send("/v1/orders", {"product_id": "SP1", "quantity": 3}, "P1").json["order_id"]
    found = api.get(f"/v1/orders/{asked}/progress", "P1").json
    assert (found["state"], found["signed"], found["codes"]) == ("requested", 0, "none")
    assert problem(api.get(f"/v1/orders/{asked}/progress", "P2"), 404) == "no_such_order"
    assert api.get("/v1/orders/DH-1/progress").status_code == 503
