"""A lot's record is corrected: freely until stamps are tied to it, then by the office."""

import json
from typing import Any

import pytest
from tests.registry.records import OFFICE, ONE_ENGINE, Register, product, settings
from tests.registry.signed_in import Api, api_over, problem

from tem.databases.database import plumbing
from tem.errors import TemError
from tem_registry import publication
from tem_registry.lots import lot_answers, lot_corrections, lots, recall_acts

NOTICE = {"kind": "mandatory", "ordered_by": "Chi cục", "reason_public": "nhiễm khuẩn"}
REASON = "Nhầm ngày sản xuất khi nhập lô"


def correct(register: Register, own: str | None = None, **fields: Any) -> lots.Lot:
    with register.write() as connection:
        return lot_corrections.correct(
            connection, register.clock(), OFFICE, settings(), "L1", fields, own=own
        )


def refusal(register: Register, **fields: Any) -> str:
    before = register.everything()
    with pytest.raises(TemError) as refused:
        correct(register, **fields)
    assert register.everything() == before
    return refused.value.code


def shown(register: Register) -> dict[str, Any]:
    with register.read() as connection:
        return lot_answers.shown(connection, lots.find(connection, "L1"), register.clock())


def tied(register: Register) -> Register:
    register.batch(1)
    register.lot("L1")  # made on 20/10/2026, dated 20/10/2027
    register.activate("L1", 1, 1, 10)
    return register


@pytest.mark.parametrize(
    ("fields", "wanted"),
    [
        ({"lot_code": "B2"}, {"lot_code": "B2"}),
        ({"quantity": 5, "unit": "hũ"}, {"quantity": 5, "unit": "hũ", "units_left": 5}),
        ({"production_date_kind": "packing_date"}, {"production_date_kind": "packing_date"}),
        (
            {"production_date": "2026-10-01"},
            {"production_date": "2026-10-01", "best_before": "2027-10-20",
             "best_before_basis": "declared", "needs_date_approval": True},
        ),
        (
            {"production_date": "2026-10-01", "best_before": None},
            {"production_date": "2026-10-01", "best_before": "2027-10-01",
             "info_expires_on": "2027-11-01"},
        ),
        (
            {"best_before": "2027-10"},
            {"best_before": "2027-10-31", "precision": "month", "info_expires_on": "2027-11-30",
             "best_before_basis": "declared"},
        ),
        (
            {"best_before": "2027-10-31", "precision": "month"},
            {"best_before": "2027-10-31", "precision": "month", "info_expires_on": "2027-11-30",
             "best_before_basis": "declared"},
        ),
        (
            {"best_before": "2027-10-21"},
            {"best_before": "2027-10-21", "needs_date_approval": True,
             "info_expires_on": "2027-11-21", "best_before_basis": "declared"},
        ),
    ],
)  # fmt: skip
def test_a_producer_mends_its_lot(
    register: Register, fields: dict[str, Any], wanted: dict[str, Any]
) -> None:
    """While no stamp is tied to it no reason is asked for; dates follow the rules of a new lot."""
    register.lot("L1")
    before = shown(register)
    correct(register, own="P1", **fields)
    assert shown(register) == {**before, **wanted}
    assert register.faults() == []


def test_a_producer_mends_its_own_only(register: Register) -> None:
    """Another's lot is not there for it."""
    register.lot("L1")
    assert refusal(register, own="P2", quantity=5) == "no_such_lot"


def test_the_office_corrects_a_lot_with_stamps(register: Register) -> None:
    """Record and card change in one step; the trail names what was changed and why, but none of
    the facts that a purge destroys."""
    tied(register)
    correct(register, lot_code="needle", best_before="2027-09-30", reason=REASON)
    with register.read() as connection:
        card = publication.card(connection, "lot", "L1")
    assert card is not None
    assert (card["code"], card["best_before"]) == ("needle", "2027-09-30")
    assert (card["window_ends_on"], card["info_expires_on"]) == ("2027-10-30", "2027-10-30")
    entry = register.rows(plumbing.tables["audit_entry"])[-1]
    assert (entry["action"], entry["object"]) == ("lot.corrected", "lot:L1")
    details = {"fields": ["best_before", "lot_code"], "reason": REASON}
    assert json.loads(entry["details"]) == details
    assert not shown(register)["needs_date_approval"], "an earlier date asks for nothing"
    assert register.faults() == []


def test_a_later_date_is_accepted_by_the_office(register: Register) -> None:
    """Once stamps are tied no date grows without an approval, even within the shelf life; until
    then nothing more is tied to the lot."""
    tied(register)
    correct(register, best_before="2027-10-01", reason=REASON)
    register.activate("L1", 1, 11, 12)
    correct(register, best_before="2027-10-02", reason=REASON)
    assert shown(register)["needs_date_approval"]
    with pytest.raises(TemError) as refused:
        register.activate("L1", 1, 13, 14)
    assert refused.value.code == "best_before_beyond_shelf_life"
    with register.write() as connection:
        lots.approve_date(connection, register.clock(), OFFICE, "L1")
    register.activate("L1", 1, 13, 14)
    correct(register, quantity=500, reason=REASON)
    assert not shown(register)["needs_date_approval"], "other fields keep the approval"
    assert register.faults() == []


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"quantity": 500}, "reason_too_short"),
        ({"quantity": 500, "reason": "mười chín chữ cái ạ"}, "reason_too_short"),
        ({"quantity": 500, "own": "P1", "reason": REASON}, "stamps_tied"),
        ({"quantity": 9, "reason": REASON}, "fewer_units_than_stamps"),
        ({"lot_code": "A2", "reason": REASON}, "lot_exists"),
        ({"production_date": "2026-11-21", "best_before": None, "reason": REASON},
         "production_date_in_future"),
        ({"production_date": "2024-01-01", "reason": REASON}, "no_certificate_at_production"),
        ({"best_before": "2026-10-19", "reason": REASON}, "best_before_too_early"),
        ({"product_id": "SP2", "reason": REASON}, "field_fixed"),
    ],
)  # fmt: skip
def test_corrections_that_are_refused(
    register: Register, fields: dict[str, Any], code: str
) -> None:
    """Nothing changes without right, reason, room, a free code and dates that agree."""
    tied(register)
    register.lot("L2", lot_code="A2")
    assert refusal(register, **fields) == code


def test_a_lot_under_recall_stays_as_it_is(register: Register) -> None:
    """What a recall speaks of is not changed under it."""
    tied(register)
    with register.write() as connection:
        recall_acts.recall(connection, register.clock(), OFFICE, "L1", NOTICE)
    assert refusal(register, quantity=500, reason=REASON) == "lot_recalled"


def test_nothing_sent_changes_nothing(register: Register) -> None:
    """The same values again need no reason and leave no entry."""
    tied(register)
    before = register.everything()
    correct(register, lot_code="code-L1", best_before="2027-10-20", quantity=1000)
    assert register.everything() == before


def test_an_undated_lot_is_corrected(register: Register) -> None:
    """Its window follows its production date, also on the page; it has no date to give."""
    record = product("SP5", "P1", category_code="I.1.b", date_kind="none", shelf_life=None)
    register.add("product", record)
    register.lot("L1", product_id="SP5")
    correct(register, production_date="2026-09-20")
    with register.read() as connection:
        assert str(lots.find(connection, "L1").window_ends_on) == "2027-03-20"
    assert refusal(register, best_before="2027-01-01") == "no_expiry_product"
    assert register.faults() == []


@pytest.fixture
def api(register: Register) -> Api:
    register.lot("L1")
    return api_over(register)


def test_a_correction_over_http(api: Api) -> None:
    """With the tag of what was read; the record read may be sent back as it is."""
    seen = api.get("/v1/lots/L1", "P1")
    body = {**seen.json, "quantity": 900}
    headers = {**api.headers("P1"), "If-Match": seen.headers["ETag"]}
    done = api.client.patch("/v1/lots/L1", json=body, headers=headers)
    assert (done.status_code, done.json["quantity"]) == (200, 900)
    again = api.get("/v1/lots/L1", "P1")
    assert (again.json, again.headers["ETag"]) == (done.json, done.headers["ETag"])
    late = api.client.patch("/v1/lots/L1", json={"quantity": 800}, headers=headers)
    assert problem(late, 412) == "precondition_failed"
    held = {**api.headers("P1"), "If-None-Match": done.headers["ETag"]}
    assert api.client.get("/v1/lots/L1", headers=held).status_code == 304
    assert problem(api.send("/v1/lots/L1", {"quantity": 1}, "P2", method="PATCH"), 404)
    assert problem(api.send("/v1/lots/L1", {"quantity": 1}, "auditor", method="PATCH"), 403)
    assert problem(api.send("/v1/lots/L1", {"qty": 1}, method="PATCH"), 422)


SAMPLE_ROW = {
    "lot_id": "HT-L0001",
    "product_id": "SP1",
    "producer_id": "P1",
    "lot_code": "L240919-A1",
    "production_date": "2026-09-19",
    "production_date_kind": "production_date",
    "best_before": "2027-09-19",
    "best_before_basis": "computed_from_shelf_life",
    "quantity": 500,
    "unit": "hũ",
    "stamps_activated": 500,
    "activated_at": "2026-09-20T13:12:00+07:00",
    "activated_by": "HT-P001",
    "status": "active",
    "recall": None,
    "edge_case": None,
    "sample": True,
    "expected": {"info_expires_on": "2027-10-19"},
    "stamp_ranges": [],
}


def test_a_row_of_the_sample_and_a_record_of_ours_are_taken(api: Api) -> None:
    """What they hold beside what a lot's maker tells is dropped, not believed."""
    made = api.send("/v1/lots", SAMPLE_ROW)
    assert made.status_code == 201, made.text
    assert (made.json["stamps_activated"], made.json["unit"]) == (0, "hũ")
    month = {
        "lot_id": "LM",
        "lot_code": "M",
        "best_before": "2027-08",
        "production_date": "2026-09-19",
    }
    assert api.send("/v1/lots", {"product_id": "SP1", "quantity": 5, **month}).status_code == 201
    read = api.get("/v1/lots/LM").json
    copy = api.send("/v1/lots", {**read, "lot_id": "LN", "lot_code": "N"})
    assert copy.status_code == 201, copy.text
    assert (copy.json["precision"], copy.json["best_before"]) == ("month", "2027-08-31")
    assert problem(api.send("/v1/lots", {**SAMPLE_ROW, "lot_id": "L9", "qty": 5}), 422)


@ONE_ENGINE
@pytest.mark.parametrize(
    ("fields", "call"),
    [
        ({"stamp_ranges": [{"batch_id": "T1", "from": 1, "to": 5}]}, "activations"),
        ({"recall": NOTICE}, "recall"),
        ({"recalled": True}, "recall"),
    ],
)
def test_what_other_calls_do_is_not_taken(api: Api, fields: dict[str, Any], call: str) -> None:
    """A record that tells of stamps or a recall is refused with the call to send instead."""
    refused = api.send("/v1/lots", {**SAMPLE_ROW, **fields})
    assert problem(refused, 422) == "not_taken_here"
    assert f"/v1/lots/{{id}}/{call}" in refused.json["detail"]


def test_the_notice_of_the_sample_is_taken(api: Api) -> None:
    """`lifted_on` of null says nothing; a day is for the call that lifts."""
    refused = api.send("/v1/lots/L1/recall", {**NOTICE, "lifted_on": "2026-11-20"})
    assert problem(refused, 422)
    assert api.send("/v1/lots/L1/recall", {**NOTICE, "lifted_on": None}).status_code == 201
