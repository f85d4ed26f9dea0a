"""What councils deliver: checked whole, taken over all or none, certificates made of it."""

import copy
import json
import os
import re
from collections.abc import Callable
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from tests.registry.installed import SAMPLE, rows
from tests.registry.records import OFFICE, ONE_ENGINE, Register, certificate
from tests.registry.signed_in import Api, api_over, problem
from tests.registry.test_registry_races import together

from tem.cli import main
from tem.errors import Invalid
from tem_registry import tables
from tem_registry.certificates import certificates
from tem_registry.council import council, council_commands, council_rules

Body = dict[str, Any]
TODAY = date(2026, 11, 20)
BODY: Body = {
    "council": {
        "name": "Hội đồng OCOP tỉnh",
        "session_date": "2026-10-28",
        "decision_no": "2394/QĐ-UBND",
        "decision_date": "2026-11-10",
    },
    "results": [
        {"product_id": "SP1", "members": 3, "scores": [70, 72.5, 71], "mean": 71.17, "stars": 4},
        {"product_id": "SP2", "members": 3, "scores": [50, 50, 50], "mean": 50, "stars": 3},
        {"product_id": "SP3", "members": 3, "scores": [49, 49.5, 50], "mean": 49.5, "stars": 2},
    ],
}


def body(**changes: Any) -> Body:
    """BODY with some fields of its first row changed."""
    made = copy.deepcopy(BODY)
    made["results"][0].update(changes)
    return made


# --- the rules ---


@pytest.mark.parametrize(
    ("scores", "mean", "stars", "wanted"),
    [
        ([70, 72.5, 71], 71.17, 4, []),
        ([70, 72.5, 71], 71.1666666, 4, []),
        ([70, 72.5, 71], 71.16, 4, ["mean_not_of_scores"]),
        ([70, 72.5, 71], 71.18, 4, ["mean_not_of_scores"]),
        ([70, 70, 69.99], 70.00, 4, []),  # 69.9967 is published as 70.00
        ([70, 70, 69.99], 70.00, 3, ["stars_not_of_mean"]),
        ([70, 70, 69.97], 69.99, 3, []),
        ([69.995, 69.995, 69.995], 70, 4, []),
        ([50, 50, 50], 50, 3, []),
        ([49.99, 49.99, 49.99], 49.99, 3, ["stars_not_of_mean"]),
        ([0.1, 0.2, 0.3], 0.2, 1, []),
        ([100, 100, 100], 100, 5, []),
        ([80, 80], 80, 4, ["too_few_members"]),
    ],
)
def test_mean_and_stars_follow_from_the_scores(
    scores: list[float], mean: float, stars: int, wanted: list[str]
) -> None:
    """The mean agrees to half a hundredth; rounded half up to two decimals it gives the stars."""
    row = {"members": len(scores), "scores": scores, "mean": mean, "stars": stars}
    assert [fault.code for fault in council_rules.result_faults(0, row)] == wanted


def test_the_mean_is_that_of_decimals() -> None:
    """Scores are decimals, so halves are halves."""
    assert council_rules.score_of([69.99, 70.0]) == Decimal("70.00")
    assert council_rules.exact_mean([0.1, 0.2, 0.3]) == Decimal("0.2")


# --- taking over ---


@pytest.fixture(name="api")
def ready_api(register: Register) -> Api:
    """The app over the small register."""
    return api_over(register)


PATH = "/v1/council-results"


def test_results_become_certificates(api: Api) -> None:
    """Three stars and more make a certificate by the rules of the decision's date."""
    taken = api.send(PATH, BODY)
    assert taken.status_code == 201, taken.text
    assert (taken.json["recorded"], taken.json["certificates"]) == (3, 2)
    by_product = {one["product_id"]: one for one in taken.json["results"]}
    assert by_product["SP3"]["certificate_id"] is None
    made = api.get(f"/v1/certificates/{by_product['SP1']['certificate_id']}").json
    assert {
        "product_id": "SP1",
        "stars": 4,
        "score": 71.17,
        "decision_no": "2394/QĐ-UBND",
        "decision_date": "2026-11-10",
        "issuing_authority": "UBND tỉnh Hà Tĩnh",
        "legal_basis": "QĐ 148/QĐ-TTg sửa đổi bởi QĐ 1489/QĐ-TTg",
        "valid_from": "2026-11-10",
        "valid_until": "2029-11-10",
    }.items() <= made.items()
    assert api.register.faults() == []
    assert api.register.actions().count("council_result.recorded") == 3


def test_results_sent_again_change_nothing(api: Api) -> None:
    """Known by decision and product; further rows may come with them."""
    first = api.send(PATH, {**BODY, "results": BODY["results"][:2]}).json
    before = api.register.everything()
    again = api.send(PATH, {**BODY, "results": BODY["results"][:2]}, key=None)
    assert (again.status_code, again.json["recorded"], again.json["unchanged"]) == (201, 0, 2)
    ids = [[one["certificate_id"] for one in made["results"]] for made in (first, again.json)]
    assert ids[0] == ids[1]
    assert api.register.everything() == before
    more = api.send(PATH, BODY)
    assert [one["outcome"] for one in more.json["results"]] == ["unchanged"] * 2 + ["recorded"]
    for changed in (body(scores=[70, 72.5, 71.01]), body(lab_report={"report_no": "KN-9"})):
        refused = api.send(PATH, changed)
        assert problem(refused, 422) == "council_results_refused"
        assert [(e["pointer"], e["code"]) for e in refused.json["errors"]] == [
            ("/results/0", "result_changed")
        ]


def test_the_same_ids_on_every_machine() -> None:
    """The id of a result depends on decision and product alone."""
    assert council.id_of("2394/QĐ-UBND", "SP1") == "KQ-2d3dde7c639c2420d618"


def twice(made: Body) -> None:
    made["results"].append(copy.deepcopy(made["results"][0]))


def of_a_district(made: Body) -> None:
    made["council"].update(decision_date="2024-05-01", session_date="2024-04-01")
    made["results"] = [made["results"][1]]


def row(place: int, **changes: Any) -> Callable[[Body], Any]:
    return lambda made: made["results"][place].update(changes)


def head(**changes: Any) -> Callable[[Body], Any]:
    return lambda made: made["council"].update(changes)


def lab(day: str) -> Callable[[Body], Any]:
    return row(0, lab_report={"report_no": "KN-1", "tested_on": day})


REFUSED: list[tuple[Callable[[Body], Any], str, str]] = [
    (row(1, product_id="NO"), "/results/1/product_id", "unknown_product"),
    (row(2, members=4), "/results/2/members", "members_not_of_scores"),
    (row(0, mean=71), "/results/0/mean", "mean_not_of_scores"),
    (row(0, stars=5), "/results/0/stars", "stars_not_of_mean"),
    (row(2, certificate_id="X"), "/results/2/certificate_id", "too_few_stars"),
    (head(decision_date="2026-11-21"), "/council/decision_date", "decision_in_future"),
    (head(session_date="2026-11-11"), "/council/session_date", "session_after_decision"),
    (twice, "/results/3/product_id", "stands_twice"),
    (row(0, certificate_id="CN-SP2"), "/results/0/certificate_id", "id_taken"),
    (head(decision_no="CN-SP1/QĐ-UBND"), "/results/0", "certificate_exists"),
    (row(0, certificate_id="held"), "/results/0/certificate_id", "id_reserved"),
    (lab("2026-11-21"), "/results/0/lab_report/tested_on", "tested_in_future"),
    (lab("2026-10-29"), "/results/0/lab_report/tested_on", "tested_after_session"),
    (of_a_district, "/council/issuing_authority", "authority_needed"),
]


@ONE_ENGINE
@pytest.mark.parametrize(("break_it", "pointer", "code"), REFUSED)
def test_all_rows_or_none(
    register: Register, break_it: Callable[[Body], Any], pointer: str, code: str
) -> None:
    """One fault anywhere, and nothing is recorded; where it stands and why is told."""
    made = copy.deepcopy(BODY)
    break_it(made)
    before = register.everything()
    with pytest.raises(Invalid) as refused, register.write() as connection:
        council.take_over(connection, register.clock(), OFFICE, made)
    assert refused.value.code == "council_results_refused"
    told = [(one["pointer"], one["code"]) for one in refused.value.extra["errors"]]
    assert told == [(pointer, code)]
    assert register.everything() == before


def test_every_fault_is_told_at_once(api: Api) -> None:
    """The report names the faults of all rows, over HTTP as a problem document."""
    made = body(mean=1, stars=1)
    made["results"][1]["product_id"] = "NO"
    refused = api.send(PATH, made)
    assert problem(refused, 422) == "council_results_refused"
    assert [(e["pointer"], e["code"]) for e in refused.json["errors"]] == [
        ("/results/0/mean", "mean_not_of_scores"),
        ("/results/0/stars", "stars_not_of_mean"),
        ("/results/1/product_id", "unknown_product"),
    ]
    for wrong in (
        {"scores": [101, 1, 1]},
        {"scores": ["70", 72.5, 71]},
        {"scores": [True, 72.5, 71]},
        {"mean": "71.17"},
        {"members": "3"},
        {"stars": 0},
        {"scores": []},
    ):
        assert problem(api.send(PATH, body(**wrong)), 422) == "validation_failed"
    tested_that_day = body(lab_report={"report_no": "KN-1", "tested_on": "2026-10-28"})
    assert api.send(PATH, tested_that_day).status_code == 201


def test_who_reads_results(api: Api) -> None:
    """Office and auditor all, a producer its own products'; by product; page by page."""
    api.send(PATH, BODY)
    everything = api.get(PATH).json["items"]
    assert {one["product_id"] for one in everything} == {"SP1", "SP2", "SP3"}
    assert api.get(PATH, "auditor").json["items"] == everything
    assert {one["product_id"] for one in api.get(PATH, "P2").json["items"]} == {"SP3"}
    (one,) = api.get(f"{PATH}?product=SP1").json["items"]
    assert one == {
        **BODY["results"][0],
        "council": BODY["council"],
        "council_result_id": council.id_of("2394/QĐ-UBND", "SP1"),
        "certificate_id": one["certificate_id"],
    }
    path = f"{PATH}/{one['council_result_id']}"
    assert api.get(path, "P1").json == one
    assert problem(api.get(path, "P2"), 404) == "not_found"
    page = api.get(f"{PATH}?limit=2").json
    rest = api.get(f"{PATH}?limit=2&after={page['next']}").json
    assert page["items"] + rest["items"] == everything


def test_a_result_is_a_re_evaluation(api: Api) -> None:
    """A product whose certificate lapsed is recognised again by the council's decision."""
    api.register.batch(1, 10)
    api.send("/v1/certificates/CN-SP1", {"valid_until": "2026-11-01"}, method="PATCH")
    assert len(api.get("/v1/certificates/held").json["items"]) == 1
    api.send(PATH, BODY)
    assert api.get("/v1/certificates/held").json["items"] == []


def test_deliveries_at_once_are_recorded_once(register: Register) -> None:
    """The same results in another order at the same moment: one records, the others see it."""

    def deliver(made: Body) -> None:
        with register.write() as connection:
            council.take_over(connection, register.clock(), OFFICE, made)

    backwards = {**BODY, "results": BODY["results"][::-1]}
    outcomes = together(*(lambda b=b: deliver(b) for b in (BODY, backwards, BODY, backwards)))
    assert outcomes == ["done"] * 4
    assert len(register.rows(tables.council_result)) == 3
    assert len(register.rows(tables.certificate)) == 3 + 2
    assert register.faults() == []


def test_a_certificate_entered_by_hand_meanwhile(register: Register) -> None:
    """The row is refused and the record stays as the office entered it."""
    paper = certificate("BY-HAND", "SP1", decision_no="2394/QĐ-UBND")
    with register.write() as connection:
        kind = certificates.KIND
        certificates.add(connection, register.clock(), OFFICE, kind, paper)
    with pytest.raises(Invalid) as refused, register.write() as connection:
        council.take_over(connection, register.clock(), OFFICE, BODY)
    assert refused.value.extra["errors"][0]["code"] == "certificate_exists"
    assert register.rows(tables.council_result) == []


# --- the document and the command ---

DOCUMENT = Path(__file__).parents[2] / "docs" / "council-results.md"


def example() -> str:
    (found,) = re.findall(r"```json\n(.*?)```", DOCUMENT.read_text("utf-8"), re.S)
    return str(found)


def test_the_document_s_example_is_taken_over(bare: Register) -> None:
    """The file shown in the document does what the document says."""
    for kind in ("producer", "product", "certificate"):
        for row in rows(SAMPLE, kind):
            derived = ("status_at_as_of", "certificate_status", "current_certificate_id")
            bare.add(kind, {k: v for k, v in row.items() if k not in derived})
    made = council_commands.read(example().encode())
    with bare.write() as connection:
        taken = council.take_over(connection, bare.clock(), OFFICE, made)
    assert [one["stars"] for one in taken["results"]] == [4, 3, 2]
    assert [bool(one["certificate_id"]) for one in taken["results"]] == [True, True, False]
    assert taken["results"][1]["certificate_id"] == "HT-CN002-3"
    assert bare.faults() == []


def test_the_document_names_every_code() -> None:
    """Whatever a row may be refused with is explained."""
    codes = {code for *_, code in REFUSED} | {"too_few_members", "result_changed"}
    text = DOCUMENT.read_text("utf-8")
    assert [code for code in sorted(codes) if f"`{code}`" not in text] == []


def run(data: Path, file: Path, *more: str) -> Result:
    """The command, without settings of ours that point elsewhere."""
    command = [*("registry", "council-results"), str(file), *("--data", str(data)), *more]
    ours = {name: None for name in os.environ if name.startswith("TEM_")}
    return CliRunner().invoke(main, command, env=ours)


def test_the_command(sample: Path, tmp_path: Path) -> None:
    """Dry runs and refusals change nothing; a file of the wrong form is told field by field."""
    file = tmp_path / "results.json"
    file.write_text(example(), "utf-8")
    for _ in range(2):
        tried = run(sample, file, "--dry-run")
        assert tried.exit_code == 0, tried.stderr
        assert "would be recorded: 3 (2 certificates); unchanged: 0" in tried.stdout
    made = json.loads(example())
    made["results"][0]["stars"] = 5
    made["results"][1]["product_id"] = "NO"
    file.write_text(json.dumps(made), "utf-8")
    refused = run(sample, file)
    assert refused.exit_code == 1
    assert "/results/0/stars" in refused.stderr and "[stars_not_of_mean]" in refused.stderr
    assert "/results/1/product_id" in refused.stderr
    made["results"][2] = {"product_id": 7}
    file.write_text(json.dumps(made), "utf-8")
    assert "/results/2/scores: Missing data" in run(sample, file).stderr
    file.write_text("{", "utf-8")
    assert "[bad_json]" in run(sample, file).stderr
    assert "no_installation" in run(tmp_path / "typo", file).stderr
