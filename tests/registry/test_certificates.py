"""Recognitions through the API: filled in, refused, withdrawn with what follows, renewed."""

from functools import partial
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event
from tests.registry.installed import opened, put, rows, run, small_folder
from tests.registry.records import OFFICE, ONE_ENGINE, Register, certificate
from tests.registry.signed_in import Api, api_over, problem
from tests.registry.test_registry_races import together

from tem import up
from tem.databases import published
from tem.databases.database import reading
from tem.installation import Installation
from tem_registry import tables, verdicts
from tem_registry.catalogue import catalogue
from tem_registry.certificates import certificates
from tem_registry.lots import recall_acts

PAPER = {"product_id": "SP1", "decision_no": "77/QĐ-UBND", "decision_date": "2026-11-10"}
DECISION = {"decision_no": "3763/QĐ-UBND", "reason": "quy trình"}


@pytest.fixture(name="api")
def ready_api(register: Register) -> Api:
    """Two batches of SP1 with every state in them, one of SP3; a lot of each product."""
    register.batch(1, 100)
    register.batch(2, 50, delivered=False)
    register.batch(3, 100, "SP3")
    register.lot("L1")
    register.lot("L3", product_id="SP3")
    register.activate("L1", 1, 11, 30)
    register.void(1, 41, 45)
    return api_over(register)


def verdict(register: Register, batch: int, index: int) -> tuple[str, list[str]]:
    with register.read() as connection:
        answer = verdicts.ask(connection, str(batch), index, register.clock())
    return answer["verdict"], answer["notes"]


# --- adding ---


@ONE_ENGINE
@pytest.mark.parametrize(
    ("given", "wanted"),
    [
        (
            {"score": 72.9},
            {
                "stars": 4,
                "issuing_authority": "UBND tỉnh Hà Tĩnh",
                "authority_still_exists": True,
                "legal_basis": "QĐ 148/QĐ-TTg sửa đổi bởi QĐ 1489/QĐ-TTg",
                "valid_from": "2026-11-10",
                "valid_until": "2029-11-10",
            },
        ),
        (
            {"stars": 3, "decision_date": "2024-02-29"},
            {
                "issuing_authority": "UBND huyện Hương Sơn",
                "authority_still_exists": False,
                "legal_basis": "QĐ 148/QĐ-TTg",
                "valid_until": "2027-02-28",
            },
        ),
        ({"stars": 5}, {"issuing_authority": "Bộ Nông nghiệp và Môi trường"}),
        (
            {"stars": 4, "issuing_authority": "UBND TỈNH", "legal_basis": "như in"},
            {"issuing_authority": "UBND TỈNH", "legal_basis": "như in"},
        ),
        ({"stars": 4, "valid_until": "2027-01-01"}, {"valid_until": "2027-01-01"}),
    ],
)
def test_what_a_certificate_leaves_out(
    api: Api, given: dict[str, Any], wanted: dict[str, Any]
) -> None:
    """It follows from the rules of the decision's date; what is printed is kept."""
    api.register.change(
        "producer", "P1", address_before_2025_07_01={"full": "cũ", "district": "huyện Hương Sơn"}
    )
    response = api.send("/v1/certificates", {**PAPER, **given})
    assert response.status_code == 201, response.text
    assert {name: response.json[name] for name in wanted} == wanted
    shown = api.get(f"/v1/certificates/{response.json['certificate_id']}").json
    assert {name: shown[name] for name in wanted} == wanted
    assert api.register.faults() == []


REFUSED = [
    ({"stars": 4, "score": 69.9}, "stars_not_of_score"),
    ({"score": 49.9}, "too_few_stars"),
    ({}, "stars_or_score_needed"),
    ({"stars": 3, "decision_date": "2024-05-01"}, "authority_needed"),
    ({"stars": 4, "valid_until": "2029-11-11"}, "term_too_long"),
    ({"stars": 4, "valid_from": "2026-11-09"}, "valid_before_decision"),
    ({"stars": 4, "decision_date": "2026-11-21"}, "decision_in_future"),
    ({"stars": 4, "revoked_on": "2026-11-21"}, "revocation_in_future"),
    ({"stars": 4, "product_id": "SP9"}, "unknown_reference"),
    ({"stars": 3, "product_id": "SP9", "decision_date": "2024-05-01"}, "unknown_reference"),
]  # fmt: skip


@ONE_ENGINE
@pytest.mark.parametrize(("given", "code"), REFUSED)
def test_a_certificate_that_contradicts_itself(api: Api, given: Any, code: str) -> None:
    """It is refused with the rule it breaks, and nothing is stored."""
    before = api.register.everything()
    assert problem(api.send("/v1/certificates", {**PAPER, **given}), 422) == code
    assert api.register.everything() == before


@ONE_ENGINE
@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"score": 90}, "stars_not_of_score"),
        ({"stars": 3, "score": 70}, "stars_not_of_score"),
        ({"valid_until": "2028-01-01"}, "term_too_long"),
        ({"decision_date": "2025-01-01"}, "valid_before_decision"),
        ({"revoked_on": "2026-11-21"}, "revocation_in_future"),
        ({"revoked_on": "2024-12-30"}, "revoked_before_decision"),
        ({"product_id": "SP2"}, "field_fixed"),
        ({"valid_until": "2024-12-30"}, "validation_failed"),
    ],
)
def test_a_change_that_contradicts(api: Api, fields: Any, code: str) -> None:
    """A change is measured by the same rules, and stamps stay as they were."""
    before = api.register.everything()
    response = api.send("/v1/certificates/CN-SP1", fields, method="PATCH")
    assert problem(response, 422) == code
    assert api.register.everything() == before


def test_a_paper_taken_over_may_be_added_to(api: Api) -> None:
    """Fields the rules do not speak of can be changed beside an odd term."""
    api.register.add("certificate", certificate("OLD", "SP2", valid_until="2030-01-01"))
    path = "/v1/certificates/OLD"
    assert api.send(path, {"lab_report": "KN-1"}, method="PATCH").json["lab_report"] == "KN-1"
    assert problem(api.send(path, {"score": 75}, method="PATCH"), 422) == "term_too_long"


# --- withdrawal ---


def withdraw(api: Api, way: str, id: str = "CN-SP1", day: str | None = None) -> Any:
    """Withdraw by the call of its own, or by setting the day."""
    if way == "withdrawal":
        body = {**DECISION, **({"revoked_on": day} if day else {})}
        return api.send(f"/v1/certificates/{id}/withdrawal", body)
    fields = {
        "revoked_on": day or "2026-11-20",
        "revocation_decision_no": DECISION["decision_no"],
    }
    return api.send(f"/v1/certificates/{id}", fields, method="PATCH")


WAYS = pytest.mark.parametrize("way", ["withdrawal", "PATCH"])


@WAYS
def test_a_withdrawal_takes_unused_stamps_along(api: Api, way: str) -> None:
    """Issued and delivered ones are revoked at once, in public too; the others stay."""
    register = api.register
    assert verdict(register, 1, 1) == ("NOT_ACTIVATED", [])
    assert verdict(register, 1, 11) == ("OK", [])
    done = withdraw(api, way, day="2026-11-15")
    assert done.status_code in (200, 201), done.text
    assert register.ranges(1) == [
        (1, 10, "revoked", None),
        (11, 30, "activated", "L1"),
        (31, 40, "revoked", None),
        (41, 45, "void", None),
        (46, 100, "revoked", None),
    ]
    assert register.ranges(2) == [(1, 50, "revoked", None)]
    assert register.ranges(3) == [(1, 100, "delivered", None)]
    assert verdict(register, 1, 1) == ("STAMP_REVOKED", [])
    assert verdict(register, 1, 11) == ("OK", ["CERT_REVOKED"])
    assert verdict(register, 1, 41) == ("VOID", [])
    revoked = [r for r in register.rows(tables.stamp_interval) if r["state"] == "revoked"]
    assert {str(row["revoked_on"]) for row in revoked} == {"2026-11-15"}
    assert all(DECISION["decision_no"] in row["reason"] for row in revoked)
    assert register.faults() == []


def test_a_withdrawal_says_what_it_did(api: Api) -> None:
    """The answer counts the stamps; certificate and batches are in the audit trail together."""
    done = withdraw(api, "withdrawal").json
    assert done["stamps_revoked"] == 10 + 10 + 55 + 50
    assert done["still_recognised"] is False
    assert done["ranges"][0] == {"batch": 1, "first": 1, "last": 10}
    assert (done["revoked_on"], done["product_id"]) == ("2026-11-20", "SP1")
    shown = api.get("/v1/certificates/CN-SP1").json
    assert shown["revocation_decision_no"] == DECISION["decision_no"]
    assert shown["revocation_reason"] == DECISION["reason"]
    entries = api.get("/v1/audit?limit=500").json["items"]
    request = entries[-1]["request_id"]
    told = [(e["action"], e["object"]) for e in entries if e["request_id"] == request]
    assert told == [
        ("certificate.changed", "certificate:CN-SP1"),
        *[("stamps.revoked", "batch:1")] * 3,
        ("stamps.revoked", "batch:2"),
        ("certificate.withdrawn", "certificate:CN-SP1"),
    ]


def test_a_certificate_is_withdrawn_once(api: Api) -> None:
    """A second withdrawal is refused; the same request again gives the first answer."""
    path = "/v1/certificates/CN-SP1/withdrawal"
    first = api.send(path, DECISION, key="k")
    again = api.send(path, DECISION, key="k")
    assert (again.status_code, again.json) == (201, first.json)
    assert problem(api.send(path, DECISION), 409) == "already_withdrawn"
    assert problem(api.send("/v1/certificates/NO/withdrawal", DECISION), 404) == "not_found"
    tomorrow = {**DECISION, "revoked_on": "2026-11-21"}
    path = "/v1/certificates/CN-SP3/withdrawal"
    assert problem(api.send(path, tomorrow), 422) == "revocation_in_future"


@WAYS
def test_a_product_recognised_anew_keeps_its_stamps(api: Api, way: str) -> None:
    """Another certificate in force today is enough."""
    api.send("/v1/certificates", {**PAPER, "stars": 4, "decision_date": "2026-11-18"})
    before = api.register.ranges(1)
    assert withdraw(api, way, day="2026-11-15").status_code in (200, 201)
    assert api.register.ranges(1) == before
    assert verdict(api.register, 1, 11) == ("OK", [])


@WAYS
def test_a_recognition_that_ended_since_does_not_count(api: Api, way: str) -> None:
    """Recognised on the day of a withdrawal dated back, lapsed today: revoked all the same."""
    paper = {**PAPER, "stars": 4, "decision_date": "2026-01-01", "valid_until": "2026-11-16"}
    api.send("/v1/certificates", paper)
    assert withdraw(api, way, day="2026-11-15").status_code in (200, 201)
    assert api.register.ranges(2) == [(1, 50, "revoked", None)]
    assert api.get("/v1/certificates/held").json == {"items": []}
    assert api.register.faults() == []


@WAYS
def test_a_withdrawal_dated_anew_dates_its_stamps(api: Api, way: str) -> None:
    """What it revoked follows, in public too; what was revoked for another reason does not."""
    register = api.register
    register.revoke(2, 1, 5)
    withdraw(api, way, day="2026-11-15")
    change = partial(api.send, "/v1/certificates/CN-SP1", method="PATCH")
    assert change({"revoked_on": "2026-11-17"}).status_code == 200
    days = {(row["batch"], row["first"]): str(row["revoked_on"]) for row in revoked(register)}
    assert days == {
        (1, 1): "2026-11-17",
        (1, 31): "2026-11-17",
        (1, 46): "2026-11-17",
        (2, 1): "2026-11-20",
        (2, 6): "2026-11-17",
    }
    assert register.actions()[-3:] == ["stamps.redated"] * 2 + ["certificate.withdrawn"]
    assert register.faults() == []
    assert change({"revoked_on": None}).status_code == 200
    assert days == {(r["batch"], r["first"]): str(r["revoked_on"]) for r in revoked(register)}
    assert change({"revoked_on": "2026-11-16"}).status_code == 200
    assert {str(row["revoked_on"]) for row in revoked(register)} == {"2026-11-16", "2026-11-20"}
    assert register.faults() == []


def revoked(register: Register) -> list[dict[str, Any]]:
    return [r for r in register.rows(tables.stamp_interval) if r["state"] == "revoked"]


def test_a_decision_or_a_reason(api: Api) -> None:
    """One of them is enough for a withdrawal; neither is refused."""
    path = "/v1/certificates/CN-{}/withdrawal"
    by_reason = api.send(path.format("SP1"), {"reason": "quy trình"})
    assert by_reason.status_code == 201, by_reason.text
    assert by_reason.json["revocation_decision_no"] is None
    by_decision = api.send(path.format("SP2"), {"decision_no": "9/QĐ-UBND"})
    assert by_decision.status_code == 201, by_decision.text
    assert by_decision.json["revocation_reason"] is None
    assert problem(api.send(path.format("SP3"), {}), 422) == "validation_failed"
    shown = api.get("/v1/certificates/CN-SP1").json
    assert (shown["revocation_reason"], "revocation_decision_no" in shown) == ("quy trình", False)


@pytest.mark.parametrize("id", ["held", "lapsing"])
def test_an_id_that_is_a_list_is_refused(api: Api, id: str) -> None:
    """A certificate under such an id could not be read."""
    paper = {**PAPER, "stars": 4, "certificate_id": id}
    assert problem(api.send("/v1/certificates", paper), 422) == "id_reserved"


@pytest.mark.parametrize(
    "query", ["held?after=+1", "held?limit=1_0", "lapsing?days= 6", "lapsing?limit=٣"]
)
def test_numbers_in_queries_are_digits(api: Api, query: str) -> None:
    """Signs, spaces, underscores and other digits are refused."""
    assert problem(api.get(f"/v1/certificates/{query}"), 422) == "validation_failed"


def test_a_lapsed_recognition_can_be_withdrawn(api: Api) -> None:
    """What was held back after a lapse is revoked by the decision."""
    api.send("/v1/certificates/CN-SP1", {"valid_until": "2026-11-01"}, method="PATCH")
    assert withdraw(api, "withdrawal").json["stamps_revoked"] == 125


def test_a_certificate_added_as_withdrawn_has_the_effects(api: Api) -> None:
    """A paper entered after its withdrawal does not leave stamps behind."""
    api.send("/v1/certificates/CN-SP1", {"valid_until": "2026-11-01"}, method="PATCH")
    paper = {**PAPER, "stars": 4, "revoked_on": "2026-11-12"}
    assert api.send("/v1/certificates", paper).status_code == 201
    assert verdict(api.register, 2, 1) == ("STAMP_REVOKED", [])
    assert api.register.faults() == []


def test_a_withdrawal_is_whole_or_not_at_all(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    """If the last entry cannot be written, certificate and stamps are as they were."""
    before = api.register.everything()

    def fail(*_: object) -> None:
        raise RuntimeError("power cut")

    monkeypatch.setattr(certificates, "_reason", fail)
    with pytest.raises(RuntimeError), api.register.write() as connection:
        certificates.withdraw(connection, api.register.clock(), "x", "CN-SP1", **DECISION)
    assert api.register.everything() == before


# --- lapse and re-evaluation ---


def test_a_lapse_revokes_nothing_and_holds_back(api: Api) -> None:
    """No new order, no activation of a lot made later; a lot made before may still have it."""
    register = api.register
    before = register.ranges(1)
    response = api.send("/v1/certificates/CN-SP1", {"valid_until": "2026-11-10"}, method="PATCH")
    assert response.status_code == 200
    assert register.ranges(1) == before
    assert verdict(register, 1, 11) == ("OK", ["CERT_EXPIRED_AFTER_PRODUCTION"])
    order = api.send("/v1/orders", {"product_id": "SP1", "quantity": 5}, "P1")
    assert problem(order, 409) == "certificate_not_in_force"
    register.lot("LATE", production_date="2026-11-11")
    late = api.send("/v1/lots/LATE/activations", {"batch": 1, "first": 50, "last": 50}, "P1")
    assert problem(late, 409) == "no_certificate_at_production"
    early = api.send("/v1/lots/L1/activations", {"batch": 1, "first": 50, "last": 50}, "P1")
    assert early.status_code == 201
    assert register.faults() == []


def test_the_office_sees_what_is_held_back(api: Api) -> None:
    """Per batch: since when, how many, and the lots that may still be activated."""
    assert api.get("/v1/certificates/held").json == {"items": []}
    api.send("/v1/certificates/CN-SP1", {"valid_until": "2026-11-10"}, method="PATCH")
    api.register.lot("LATE", production_date="2026-11-11")
    api.register.lot("FULL", quantity=1)
    api.register.activate("FULL", 1, 50, 50)
    items = api.get("/v1/certificates/held").json["items"]
    assert items == api.get("/v1/certificates/held", "P1").json["items"]
    assert [(one["batch"], one["usable"]) for one in items] == [(1, 74), (2, 50)]
    assert items[0] == {
        "batch": 1,
        "product_id": "SP1",
        "producer_id": "P1",
        "usable": 74,
        "certificate_id": "CN-SP1",
        "held_since": "2026-11-11",
        "lots": [
            {
                "lot_id": "L1",
                "lot_code": "code-L1",
                "production_date": "2026-10-20",
                "best_before": "2027-10-20",
                "units_left": 980,
            }
        ],
    }
    assert api.get("/v1/certificates/held", "P2").json["items"] == []
    first = api.get("/v1/certificates/held?limit=1").json
    assert (first["next"], len(first["items"])) == ("1", 1)
    rest = api.get(f"/v1/certificates/held?after={first['next']}").json
    assert [one["batch"] for one in rest["items"]] == [2]


def test_certificates_with_equal_dates_are_told_apart(api: Api) -> None:
    """Two that ended on one day: the last id is named, every time."""
    register = api.register
    for id in ("CN-A", "CN-Z"):
        register.add("certificate", certificate(id, "SP1"))
    for id in ("CN-A", "CN-SP1", "CN-Z"):
        register.change("certificate", id, valid_until="2026-11-10")
    items = api.get("/v1/certificates/held").json["items"]
    assert {one["certificate_id"] for one in items} == {"CN-Z"}


def test_a_new_certificate_makes_held_stamps_usable(api: Api) -> None:
    """After a re-evaluation the product may order and activate again, and both are shown."""
    register = api.register
    api.send("/v1/certificates/CN-SP1", {"valid_until": "2026-11-10"}, method="PATCH")
    paper = {**PAPER, "score": 91, "decision_date": "2026-11-12", "decision_no": "NEW"}
    assert api.send("/v1/certificates", paper).status_code == 201
    assert api.get("/v1/certificates/held").json["items"] == []
    register.lot("LATE", production_date="2026-11-12")
    tied = api.send("/v1/lots/LATE/activations", {"batch": 1, "first": 50, "last": 50}, "P1")
    assert tied.status_code == 201
    assert api.send("/v1/orders", {"product_id": "SP1", "quantity": 5}, "P1").status_code == 201
    with register.read() as connection:
        old = verdicts.ask(connection, "1", 11, register.clock())
        new = verdicts.ask(connection, "1", 50, register.clock())
    assert (old["verdict"], old["notes"]) == ("OK", [])
    assert old["certificate"]["decision_no"] == "CN-SP1/QĐ-UBND"
    assert "stars" not in old["certificate"]
    assert old["certificate"]["current"]["decision_no"] == "NEW"
    assert old["certificate"]["current"]["stars"] == 5
    assert new["certificate"]["stars"] == 5


def test_certificates_that_end_soon(api: Api) -> None:
    """Those in force, without one to follow, within the days asked for; a producer's own."""
    path = "/v1/certificates/lapsing"
    assert api.get(path).json == {"items": []}
    for id, until in (("SP1", "2026-11-20"), ("SP2", "2027-01-19"), ("SP3", "2027-01-20")):
        api.send(f"/v1/certificates/CN-{id}", {"valid_until": until}, method="PATCH")
    items = api.get(path).json["items"]
    assert [(one["certificate_id"], one["days_left"]) for one in items] == [
        ("CN-SP1", 0),
        ("CN-SP2", 60),
    ]
    assert len(api.get(f"{path}?days=61").json["items"]) == 3
    assert [one["product_id"] for one in api.get(f"{path}?days=61", "P2").json["items"]] == ["SP3"]
    paged = api.get(f"{path}?limit=1").json
    assert paged["next"] == "CN-SP1"
    api.send("/v1/certificates", {**PAPER, "stars": 4})
    assert [one["certificate_id"] for one in api.get(path).json["items"]] == ["CN-SP2"]
    assert problem(api.get(f"{path}?days=-1"), 422) == "validation_failed"


# --- at the same instant ---


def test_no_activation_slips_through_a_withdrawal(register: Register) -> None:
    """Whatever is first: afterwards no stamp of the product is left unused."""
    register.lot("L1", 100_000)
    register.change("certificate", "CN-SP1", valid_until="2026-11-19")
    for number in range(1, 13):
        id = f"R{number}"
        register.add("certificate", certificate(id, "SP1"))
        register.batch(number, 40)

        def withdraw(id: str = id) -> None:
            with register.write() as connection:
                certificates.withdraw(connection, register.clock(), "x", id, **DECISION)

        def tie(part: int, number: int = number) -> None:
            register.activate("L1", number, 10 * part + 1, 10 * part + 10)

        damage = partial(register.void, number, 31, 35)
        outcomes = together(withdraw, damage, *(partial(tie, part) for part in range(4)))
        assert outcomes[0] == "done"
        assert set(outcomes[1:]) <= {"done", "range_refused"}
        left = {state for *_, state, _ in register.ranges(number)}
        assert left <= {"activated", "void", "revoked"}
    assert register.faults() == []


def test_withdrawals_orders_and_new_certificates_at_once(register: Register) -> None:
    """They wait for each other and none for ever; the outcome is one of an order of them."""
    register.batch(1, 40)
    for turn in range(8):
        id = f"T{turn}"
        register.add("certificate", certificate(id, "SP1"))

        def withdraw(id: str = id) -> None:
            with register.write() as connection:
                certificates.withdraw(connection, register.clock(), "x", id, **DECISION)

        def renew(turn: int = turn) -> None:
            paper = {**PAPER, "certificate_id": f"N{turn}", "stars": 4}
            with register.write() as connection:
                kind = certificates.KIND
                certificates.add(connection, register.clock(), "x", kind, dict(paper))

        def rename(turn: int = turn) -> None:
            register.change("product", "SP1", name=f"Mắm {turn}")

        assert together(withdraw, renew, rename) == ["done"] * 3
    assert register.faults() == []


def test_a_batch_issued_during_a_withdrawal_goes_the_same_way(register: Register) -> None:
    """A batch recorded after the withdrawal is revoked; after a mere lapse it is held."""
    for number, fields in ((1, {"valid_until": "2026-11-10"}), (2, {"revoked_on": "2026-11-10"})):
        register.change("certificate", "CN-SP1", **fields)
        register.batch(number, 10, delivered=False)
        with register.write() as connection:
            certificates.revoke_late_batch(connection, register.clock(), "x", number, "SP1")
    assert register.ranges(1) == [(1, 10, "issued", None)]
    assert register.ranges(2) == [(1, 10, "revoked", None)]
    assert register.faults() == []


def test_the_change_is_published_with_the_withdrawal(api: Api) -> None:
    """Certificate and stamps reach the verifiers under numbers of one transaction."""
    with api.register.read() as connection:
        before = published.position(connection)
    withdraw(api, "withdrawal")
    assert before is not None
    newer = [r for r in api.register.rows(published.interval) if r["change"] > before[1]]
    assert {row["batch"] for row in newer} == {1, 2}
    cards = [r for r in api.register.rows(published.card) if r["change"] > before[1]]
    assert [(row["kind"], row["id"]) for row in cards] == [("product", "SP1")]
    assert DECISION["reason"] not in cards[0]["body"]


# --- import ---


def test_an_import_judges_no_paper(tmp_path: Path) -> None:
    """What a file leaves out follows from the rules; what it gives is taken as it is printed."""
    folder = small_folder(tmp_path / "folder", {"HT-T0001"})
    given = rows(folder, "certificate")[0]
    del given["issuing_authority"], given["valid_until"], given["legal_basis"]
    odd = {**given, "certificate_id": "ODD", "stars": 3, "score": 95, "revoked_on": "2026-01-01"}
    put(folder, "certificate", [given, {**odd, "valid_until": "2099-01-01"}])
    put(folder, "stamp_batch", [])
    put(folder, "lot", [])
    up.first_start(Installation(tmp_path / "data"))
    report = run(tmp_path / "data", folder, "http://127.0.0.1:9")
    assert report.problems == []
    with opened(tmp_path / "data") as engine, reading(engine) as connection:
        found = {
            id: catalogue.find(connection, certificates.KIND, id)
            for id in (given["certificate_id"], "ODD")
        }
    completed = found[given["certificate_id"]]
    assert completed["issuing_authority"] == "UBND tỉnh Hà Tĩnh"
    assert completed["valid_until"] == "2027-10-15"
    assert (found["ODD"]["stars"], found["ODD"]["valid_until"]) == (3, "2099-01-01")


def test_held_lots_are_those_an_activation_takes(api: Api) -> None:
    """A void stamp gives its unit back: the lot is named with what is left, and takes it; a recall
    takes the lot out. However many lots there are, the database is asked as often."""
    register = api.register
    register.lot("TORN", quantity=1)
    register.activate("TORN", 1, 50, 50)
    api.send("/v1/certificates/CN-SP1", {"valid_until": "2026-11-10"}, method="PATCH")

    def named() -> dict[str, int]:
        items = api.get("/v1/certificates/held").json["items"]
        return {lot["lot_id"]: lot["units_left"] for lot in items[0]["lots"]}

    def asked() -> int:
        statements: list[str] = []

        def note(connection: Any, cursor: Any, statement: str, *rest: Any) -> None:
            statements.append(statement)

        event.listen(register.engine, "before_cursor_execute", note)
        named()
        event.remove(register.engine, "before_cursor_execute", note)
        return len(statements)

    assert "TORN" not in named()
    register.void(1, 50, 50)
    assert named()["TORN"] == 1
    before = asked()
    for n in range(5):
        register.lot(f"MORE{n}")
    assert asked() == before
    register.activate("TORN", 1, 51, 51)
    assert "TORN" not in named()
    notice = {"kind": "voluntary", "ordered_by": "P1", "reason_public": "sai nhãn"}
    with register.write() as connection:
        recall_acts.recall(connection, register.clock(), OFFICE, "MORE3", notice)
    assert "MORE3" not in named() and "MORE4" in named()
