"""The life of a stamp over HTTP: what each call answers, and bad input that changes nothing."""

from typing import Any

import pytest
from tests.registry.records import ONE_ENGINE, Register
from tests.registry.signed_in import Api, api_over, problem


@pytest.fixture
def api(register: Register) -> Api:
    """The app over a register with a batch at the office and two lots of its product."""
    register.batch(1, 100, delivered=False)
    register.lot("L1")
    register.lot("L2")
    return api_over(register)


def done(response: Any, status: int = 201) -> Any:
    assert response.status_code == status, response.text
    return response.json


def test_a_batch_lives_its_life(api: Api) -> None:
    """Printed, handed over, counted, activated, corrected, returned, reported, reconciled."""
    run = {"printed": 98, "spoiled": [{"first": 1, "last": 2}], "printer": "Nhà in A"}
    printed = done(api.send("/v1/batches/1/print-run", run), 200)
    assert printed == {
        "number": 1,
        "batch_id": "DH-1",
        "product_id": "SP1",
        "producer_id": "P1",
        "quantity": 100,
        "issued_on": "2026-11-20",
        "printed_on": "2026-11-20",
        "printed_quantity": 98,
        "delivered_on": None,
        "delivered_quantity": None,
        "received_on": None,
        "received_quantity": None,
        "printer": "Nhà in A",
    }
    assert api.get("/v1/orders/DH-1").json["state"] == "printed"
    done(api.send("/v1/batches/1/delivery", {"receipt": "BB-1"}), 200)
    count = {"quantity": 98, "note": "thùng ướt"}
    received = done(api.send("/v1/batches/1/receipt", count, "P1"), 200)
    shown = api.get("/v1/batches/1").json
    assert (shown["printer"], shown["receipt_note"]) == ("Nhà in A", "thùng ướt")
    assert (received["received_on"], received["receipt"]) == ("2026-11-20", "BB-1")
    done(api.send("/v1/lots/L1/activations", {"batch": 1, "first": 3, "last": 20}, "P1"))
    wrong = {"first": 11, "last": 20, "lot_id": "L2", "reason": "nhầm lô"}
    corrected = done(api.send("/v1/batches/1/corrections", wrong))
    assert corrected["corrected"] == [{"first": 11, "last": 20, "lot_id": "L1"}]
    back = {"first": 91, "last": 100, "reason": "thừa"}
    assert done(api.send("/v1/batches/1/returns", back))["state"] == "issued"
    told = {"first": 19, "last": 21, "kind": "damaged", "reason": "rách"}
    report = done(api.send("/v1/batches/1/void-reports", told, "P1"))
    path = f"/v1/void-reports/{report['report_id']}"
    assert api.get(path, "P1").json == report
    told = api.get(path, "auditor").json
    assert told.pop("reported_by").startswith("producer:Hợp tác xã P1#")
    assert told == report
    assert problem(api.get(path, "P2"), 404) == "no_such_report"
    assert [one["state"] for one in api.get("/v1/void-reports?state=open").json["items"]] == [
        "open"
    ]
    assert done(api.send(f"{path}/confirmation", {}), 200)["state"] == "confirmed"
    assert api.get(path).json["decided_by"].startswith("office:Lan#")
    for found in (api.get(path, "P1").json, *api.get("/v1/void-reports", "P1").json["items"]):
        assert "Lan" not in str(found)
    assert api.get("/v1/void-reports?state=open").json["items"] == []
    assert api.get("/v1/void-reports", "P2").json["items"] == []
    shown = api.get("/v1/batches/1").json["ranges"]
    assert [(one["first"], one["last"], one["state"]) for one in shown] == [
        (1, 2, "void"),
        (3, 10, "activated"),
        (11, 18, "activated"),
        (19, 20, "void"),
        (21, 21, "void"),
        (22, 90, "delivered"),
        (91, 100, "issued"),
    ]
    counts = api.get("/v1/batches/1/reconciliation", "P1").json
    assert (counts["activated"], counts["usable"], counts["void"], counts["missing"]) == (
        16,
        79,
        5,
        0,
    )
    assert problem(api.get("/v1/batches/1/reconciliation", "P2"), 404) == "no_such_batch"
    assert api.register.faults() == []


def test_a_void_says_what_became_of_them(api: Api) -> None:
    """``kind`` is optional, told in the answer and in the audit trail."""
    void = {"first": 1, "last": 5, "reason": "cướp", "kind": "stolen"}
    assert done(api.send("/v1/batches/1/voids", void))["kind"] == "stolen"
    plain = {"first": 6, "last": 6, "reason": "rách"}
    assert "kind" not in done(api.send("/v1/batches/1/voids", plain))
    entries = [e for e in api.get("/v1/audit?limit=500").json["items"] if e["object"] == "batch:1"]
    assert [e["details"].get("kind") for e in entries] == ["stolen", None]


def test_batches_are_filtered_over_http(api: Api) -> None:
    """The filters of the list combine; another producer's id finds nothing."""
    api.register.batch(2)
    api.register.batch(3, 10, "SP3")

    def numbers(query: str, who: str = "office") -> list[int]:
        return [one["number"] for one in api.get(f"/v1/batches?{query}", who).json["items"]]

    assert numbers("undelivered=true") == [1]
    assert numbers("producer_id=P2") == [3]
    assert numbers("producer_id=P2", "P1") == []
    assert numbers("product_id=SP1&state=delivered") == [2]
    assert numbers("usable=true&limit=2") == [1, 2]
    for query in ("state=lost", "usable=maybe", "colour=red", "limit=0"):
        assert problem(api.get(f"/v1/batches?{query}"), 422)


BAD = [
    ("/v1/batches/1/returns", {"first": 5, "last": 4, "reason": "x"}),
    ("/v1/batches/1/returns", {"first": 1, "last": 4}),
    ("/v1/batches/1/corrections", {"first": 1, "last": 4, "reason": "x"}),
    ("/v1/batches/1/corrections", {"first": 1, "last": 4, "lot_id": "", "reason": "x"}),
    ("/v1/batches/1/corrections", {"first": 1, "last": 4, "lot_id": None, "reason": " "}),
    ("/v1/batches/1/print-run", {}),
    ("/v1/batches/1/print-run", {"printed": -1}),
    ("/v1/batches/1/print-run", {"printed": 99, "spoiled": [{"first": 1}]}),
    ("/v1/batches/1/print-run", {"printed": 100, "printed_on": "2026-11-31"}),
    ("/v1/batches/1/print-run", {"printed": 100, "printed_on": "2026-11-21"}),
    ("/v1/batches/1/receipt", {"quantity": 1.5}),
    ("/v1/batches/1/receipt", {"quantity": True}),
    ("/v1/batches/1/voids", {"first": 1, "last": 2, "reason": "x", "kind": "eaten"}),
    ("/v1/void-reports/VR-1/dismissal", {}),
]


@ONE_ENGINE
@pytest.mark.parametrize(("path", "body"), BAD)
def test_bad_input_changes_nothing(api: Api, path: str, body: Any) -> None:
    """Missing, blank, impossible or unknown fields are told so; nothing is written down."""
    before = api.register.everything()
    problem(api.send(path, body), 422)
    assert api.register.everything() == before


def test_a_report_is_the_producers(api: Api) -> None:
    """Only a producer reports, with a kind, on stamps of its own."""
    body = {"first": 1, "last": 1, "kind": "lost", "reason": "mất"}
    path = "/v1/batches/1/void-reports"
    assert problem(api.send(path, body), 403) == "role_not_allowed"
    assert problem(api.send(path, body, "P2"), 404) == "no_such_batch"
    assert problem(api.send(path, {**body, "kind": "eaten"}, "P1"), 422)
    assert problem(api.send(path, body, "P1"), 409) == "range_refused", "it lies at the office"
