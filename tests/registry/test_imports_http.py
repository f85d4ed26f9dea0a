"""Imports of spreadsheets over HTTP: shown with their faults, taken over by the ordinary acts."""

import json
import re
from collections.abc import Iterable
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from tests.registry import sheets
from tests.registry.records import ONE_ENGINE, Register
from tests.registry.signed_in import Api, api_over, problem
from tests.running import SAMPLE
from werkzeug.test import TestResponse

from tem_registry import tables
from tem_registry.importing import table_locks
from tem_registry.importing.sheet_kinds import KINDS
from tem_registry.importing.spreadsheets import CSV, XLSX

PRODUCERS = "Mã chủ thể;Tên chủ thể;Loại hình;Xã/phường;Điện thoại\n"
NEW = "HT-P1;Hợp tác xã Sóng Lam;hợp tác xã;Phường Hải Ninh;0239 000 0009\n"
KNOWN = "P1;Hợp tác xã P1;;;0239 000 0001\n"
MOVED = "P1;;;;0239 111 2223\n"
TAKE, KEEP = {"accept_changes": True}, {"accept_changes": False}


@pytest.fixture(name="api")
def ready_api(register: Register) -> Api:
    """The app over a small register."""
    return api_over(register)


def send(
    api: Api,
    content: bytes | str,
    kind: str = "producer",
    media_type: str = CSV,
    who: str | None = "office",
    **headers: str,
) -> TestResponse:
    """POST /v1/imports."""
    return api.client.post(
        f"/v1/imports?kind={kind}&title=danh-s%C3%A1ch",
        data=content.encode() if isinstance(content, str) else content,
        content_type=media_type,
        headers={**api.headers(who), **headers},
    )


def drafted(api: Api, content: bytes | str, kind: str = "producer", media_type: str = CSV) -> Any:
    """An import as it is shown after it was sent."""
    sent = send(api, content, kind, media_type)
    assert sent.status_code == 201, sent.text
    found = api.get(f"/v1/imports/{sent.json['import_id']}")
    assert found.status_code == 200
    return found.json


def outcomes(shown: Any) -> list[str]:
    return [row["outcome"] for row in shown["rows"]]


def row_code(row: Any) -> str:
    """The code of the first fault of a row as a whole."""
    return str(row["faults"][0]["code"]) if row["faults"] else ""


def faults(row: Any) -> dict[int | None, str]:
    """The codes of a row's faults by column, those of the row under None."""
    of_cells = {one["column"]: one["fault"]["code"] for one in row["cells"] if one["fault"]}
    return of_cells | dict.fromkeys([None] if row["faults"] else [], row_code(row))


def take(api: Api, shown: Any, body: Any = TAKE, **options: Any) -> TestResponse:
    """POST …/application."""
    return api.send(f"/v1/imports/{shown['import_id']}/application", body, **options)


def records(api: Api, kind: str) -> dict[str, Any]:
    """The records of a kind as they are kept."""
    table = tables.metadata.tables[kind]
    return {row["id"]: json.loads(row["record"]) for row in api.register.rows(table)}


def test_a_file_is_shown_before_anything_is_done(api: Api) -> None:
    """New, the same and changed rows, with what would change; no record is touched."""
    before = records(api, "producer"), api.register.actions()
    shown = drafted(api, PRODUCERS + NEW + "P2;Hợp tác xã P2;;;\n" + MOVED)
    assert outcomes(shown) == ["new", "same", "changed"]
    assert shown["rows"][2]["changes"] == [
        {"field": "phone", "before": "0239 000 0001", "after": "0239 111 2223"}
    ]
    assert [row["id"] for row in shown["rows"]] == [None, "P2", "P1"]
    counts = {"rows": 3, "new": 1, "changed": 1, "same": 1, "faulty": 0, "sheet_faults": 0}
    assert (shown["state"], shown["counts"], shown["taken_over"]) == ("open", counts, None)
    assert (records(api, "producer"), api.register.actions()) == (
        before[0],
        [*before[1], "import.read"],
    )


def test_rows_are_taken_over_by_the_ordinary_acts(api: Api) -> None:
    """Each leaves the audit entry of its act; a second application gives the same answer."""
    shown = drafted(api, PRODUCERS + NEW + MOVED)
    done = take(api, shown)
    assert done.status_code == 201
    assert done.json["taken_over"] == {"new": 1, "changed": 1, "same": 0, "left": 0}
    found = records(api, "producer")
    assert found["HT-P1"]["address"]["commune_code"] == "18781"
    assert found["P1"]["phone"] == "0239 111 2223"
    assert api.register.actions()[-3:] == ["producer.added", "producer.changed", "import.applied"]
    assert take(api, shown, KEEP).json == done.json
    assert api.register.actions()[-1] == "import.applied"
    assert api.register.actions().count("producer.added") == 3
    ended = api.get(f"/v1/imports/{shown['import_id']}").json
    assert (ended["state"], ended["rows"], ended["sheets"]) == ("applied", [], [])
    kept = api.register.rows(tables.import_draft)
    assert [row["content"] for row in kept] == ["{}"]
    assert outcomes(drafted(api, PRODUCERS + NEW + MOVED)) == ["same", "same"]
    assert api.register.faults() == []


def test_changes_that_are_not_accepted_are_left(api: Api) -> None:
    """Only what is new is added; the record that would change stays as it is."""
    done = take(api, drafted(api, PRODUCERS + MOVED + NEW), KEEP)
    assert done.json["taken_over"] == {"new": 1, "changed": 0, "same": 0, "left": 1}
    found = records(api, "producer")
    assert (found["P1"]["phone"], "HT-P1" in found) == ("0239 000 0001", True)


def test_each_wrong_cell_is_marked(api: Api) -> None:
    """By the reader, the schema and the rules alike; one fault keeps all rows from coming in."""
    bad = "HT-P2;;htx x;Trần Phú;239000001\n" + "HT-P3;Tên;công ty;Hải Ninh;0239\n" + "HT-P4;;;;\n"
    shown = drafted(api, PRODUCERS + NEW + bad)
    assert outcomes(shown) == ["new", "faulty", "faulty", "faulty"]
    assert [faults(row) for row in shown["rows"][1:]] == [
        {1: "required", 2: "choice_form", 3: "commune_ambiguous", 4: "leading_zero_lost"},
        {4: "phone_form"},
        {1: "required", 2: "required", 3: "required"},
    ]
    told = [one["fault"] for row in shown["rows"] for one in row["cells"] if one["fault"]]
    assert all(one["detail"] and one["detail_vi"] for one in told)
    before = records(api, "producer")
    assert problem(take(api, shown), 409) == "import_has_faults"
    assert records(api, "producer") == before


def test_a_missing_or_unknown_column_is_told(api: Api) -> None:
    """A new record without a column it needs; a column that no field is called."""
    shown = drafted(api, "Mã chủ thể;Màu\nHT-P5;đỏ\n")
    (row,) = shown["rows"]
    assert [one["code"] for one in row["faults"]] == ["column_needed"] * 3
    assert shown["sheets"][0]["columns"][1]["fault"]["code"] == "column_unknown"
    assert shown["counts"]["sheet_faults"] == 1
    assert problem(take(api, drafted(api, "Mã chủ thể;Màu\nP1;đỏ\n")), 409) == "import_has_faults"


def test_rows_mean_the_record_that_people_know_by_it(api: Api) -> None:
    """Without an id a name is enough; one that several have, or a row said twice, is told."""
    shown = drafted(api, "Tên chủ thể;Điện thoại\nhợp tác xã p1;0239 111 2223\nHợp tác xã P1;\n")
    assert outcomes(shown) == ["changed", "faulty"]
    assert faults(shown["rows"][1]) == {None: "row_twice"}
    api.register.change("producer", "P2", name="Hợp tác xã P1")
    shown = drafted(api, "Tên chủ thể;Điện thoại\nHợp tác xã P1;0239 111 2223\n")
    assert faults(shown["rows"][0]) == {None: "several_match"}


def test_a_workbook_may_name_what_it_brings(api: Api) -> None:
    """A contract names a point of sale of the same file; what is nowhere is told at its cell."""
    content = sheets.workbook(
        Hợp_đồng=[
            ["Số hợp đồng", "Mã điểm bán", "Mã chủ thể", "Mã sản phẩm", "Ngày ký", "Hiệu lực đến"],
            ["1/HĐ", "DB9", "P1", "SP1, SP2", "01/01/2026", "31/12/2026"],
            ["2/HĐ", "DB7", "P1", "SP3", "01/01/2026", "31/12/2026"],
        ],
        Điểm_bán=[
            ["Mã điểm bán", "Tên điểm bán", "Địa chỉ", "Số chứng nhận", "Ngày chứng nhận"],
            ["DB9", "Cửa hàng (mẫu)", "Phường Thành Sen", "9/2026", "01/01/2026"],
        ],
    )
    shown = drafted(api, content, "workbook", XLSX)
    assert outcomes(shown) == ["new", "new", "faulty"]
    assert faults(shown["rows"][2]) == {1: "unknown_reference"}
    page = api.get(f"/v1/imports/{shown['import_id']}?sheet=1&outcome=new&limit=1").json
    assert [(row["place"], row["sheet"]) for row in page["rows"]] == [(2, 1)]
    assert page["next"] == 2


def test_certificates_and_lots_go_by_their_own_rules(api: Api) -> None:
    """What follows from a decision is filled in; a lot has its dates worked out, and its faults."""
    certificates = (
        "Mã sản phẩm;Số quyết định;Ngày quyết định;Số sao;Điểm\n"
        "SP1;9/QĐ-UBND;01/11/2026;4;75,5\nSP1;8/QĐ-UBND;01/11/2026;5;75,5\n"
    )
    shown = drafted(api, certificates, "certificate")
    assert [faults(row) for row in shown["rows"]] == [{}, {3: "stars_not_of_score"}]
    first = "\n".join(certificates.splitlines()[:2])
    assert take(api, drafted(api, first, "certificate")).status_code == 201
    api.register.lot("L1", lot_code="A1")
    lots = (
        "Mã sản phẩm;Số lô;Ngày sản xuất;HSD;Số lượng;Lý do sửa\n"
        "SP1;A2;01/11/2026;12/2027;100;\nSP1;A1;20/10/2026;;900;\n"
        "SP1;A3;01/11/2026;01/10/2026;5;\nSPX;A4;01/11/2026;;5;\n"
    )
    shown = drafted(api, lots, "lot")
    assert outcomes(shown) == ["new", "changed", "faulty", "faulty"]
    assert [faults(row) for row in shown["rows"][2:]] == [
        {3: "best_before_too_early"},
        {0: "unknown_reference"},
    ]
    good = "\n".join(lots.splitlines()[:3])
    done = take(api, drafted(api, good, "lot"))
    assert done.json["taken_over"] == {"new": 1, "changed": 1, "same": 0, "left": 0}
    assert api.get("/v1/lots/L1").json["quantity"] == 900
    assert outcomes(drafted(api, good, "lot")) == ["same", "same"]


def test_a_draft_made_stale_by_others_is_told(api: Api) -> None:
    """What would now come to something else undoes everything; checked anew it can come in."""
    shown = drafted(api, PRODUCERS + NEW + MOVED)
    api.register.change("producer", "P1", phone="0239 555 5555")
    before = records(api, "producer")
    refused = take(api, shown)
    assert problem(refused, 409) == "import_stale"
    assert refused.json["rows"] == [{"sheet": 0, "row": 3}]
    assert records(api, "producer") == before
    assert api.send(f"/v1/imports/{shown['import_id']}/check", {}).status_code == 200
    again = api.get(f"/v1/imports/{shown['import_id']}").json
    assert again["rows"][1]["changes"][0]["before"] == "0239 555 5555"
    assert take(api, shown).status_code == 201


def test_a_draft_is_dropped_once(api: Api) -> None:
    """Its cells are forgotten, it cannot be taken over, and what was taken over is not dropped."""
    first, second = drafted(api, PRODUCERS + NEW), drafted(api, PRODUCERS + MOVED)
    path = f"/v1/imports/{first['import_id']}/dropping"
    assert api.send(path, {}).json["state"] == "dropped"
    assert api.send(path, {}).json["state"] == "dropped"
    assert api.register.actions().count("import.dropped") == 1
    assert problem(take(api, first), 409) == "import_dropped"
    assert take(api, second).status_code == 201
    assert problem(api.send(f"/v1/imports/{second['import_id']}/dropping", {}), 409) == (
        "import_applied"
    )
    listed = api.get("/v1/imports?state=dropped").json["items"]
    assert [one["import_id"] for one in listed] == [first["import_id"]]


def test_drafts_that_nobody_came_back_to_are_forgotten(api: Api) -> None:
    """After 30 days the next file drops them, with what they say of people; the trail has it."""
    old = drafted(api, PRODUCERS + NEW)
    api.register.clock.now += timedelta(days=31)
    drafted(api, PRODUCERS + MOVED)
    assert api.get(f"/v1/imports/{old['import_id']}").json["state"] == "dropped"
    kept = {row["id"]: row["content"] for row in api.register.rows(tables.import_draft)}
    assert kept[old["import_id"]] == "{}"
    trail = api.get(f"/v1/audit?object=import:{old['import_id']}&order=desc").json["items"]
    assert [one["action"] for one in trail] == ["import.dropped", "import.read"]
    assert (trail[0]["actor"], trail[0]["details"]) == ("sweep", {"after_days": 30})


def test_sent_twice_under_one_key_is_one_draft(api: Api) -> None:
    """The same file and key give the same draft; another file under the key is refused."""
    key = {"Idempotency-Key": "i1"}
    first = send(api, PRODUCERS + NEW, **key)
    assert send(api, PRODUCERS + NEW, **key).json == first.json
    assert problem(send(api, PRODUCERS + MOVED, **key), 422) == "idempotency_key_reused"
    shown = drafted(api, PRODUCERS + NEW)
    assert problem(take(api, shown, key=None), 400) == "idempotency_key_missing"


@pytest.mark.parametrize("bare", ["postgresql"], indirect=True)
def test_a_busy_registry_is_left_alone(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    """Somebody's act that is under way is never ended for an import: it gives way, and says so."""
    monkeypatch.setattr(table_locks, "TRIES", 1)
    monkeypatch.setattr(table_locks, "GIVE_WAY_MS", 50)
    with api.register.write() as connection:
        connection.execute(tables.product.update().values(producer_id=tables.product.c.producer_id))
        assert problem(send(api, PRODUCERS + NEW), 503) == "registry_busy"
    assert send(api, PRODUCERS + NEW).status_code == 201


@ONE_ENGINE
def test_who_may_import_and_what_is_no_import(api: Api) -> None:
    """The office alone; another media type, kind or query, nothing or an empty table is refused."""
    assert problem(send(api, PRODUCERS, who="P1"), 403) == "role_not_allowed"
    assert problem(send(api, PRODUCERS, who="auditor"), 403) == "role_not_allowed"
    assert problem(api.get("/v1/imports", "P1"), 403) == "role_not_allowed"
    assert problem(send(api, PRODUCERS, media_type="application/json"), 415)
    assert problem(send(api, PRODUCERS, "stamp_batch"), 422) == "validation_failed"
    assert problem(send(api, ""), 422) == "file_empty"
    assert problem(send(api, PRODUCERS), 422) == "no_rows"
    assert problem(send(api, b"x" * (5 * 1024 * 1024 + 1)), 413)
    assert problem(api.get("/v1/imports/NK-x"), 404) == "no_such_import"
    assert problem(api.get("/v1/imports/template?kind=x"), 422)
    assert problem(api.get("/v1/imports/template?kind=workbook&format=csv"), 422)


@ONE_ENGINE
def test_templates_run_nothing(api: Api) -> None:
    """They come as attachments, and no cell of the CSV begins as a formula."""
    for format, media_type in (("csv", CSV), ("xlsx", XLSX)):
        got = api.get(f"/v1/imports/template?kind=product&format={format}")
        assert (got.status_code, got.mimetype) == (200, media_type)
        assert got.headers["Content-Disposition"] == f'attachment; filename="tem-product.{format}"'
        assert got.headers["X-Content-Type-Options"] == "nosniff"
    cells = api.get("/v1/imports/template?kind=product&format=csv").text.split(",")
    assert not any(cell.strip('"\ufeff')[:1] in ("=", "+", "-", "@") for cell in cells)


@ONE_ENGINE
def test_the_sample_comes_in_as_a_workbook(bare: Register) -> None:
    """Records typed into sheets: all are new, then all the same, and kept as they were typed."""
    tables_typed = {kind: sample_sheet(kind) for kind in FILES}
    content = sheets.workbook(
        **{KINDS[kind].vi.replace(" ", "_"): t for kind, t in tables_typed.items()}
    )
    api = api_over(bare)
    shown = drafted(api, content, "workbook", XLSX)
    assert {json.dumps(list(faults(row).values())) for row in shown["rows"]} == {"[]"}
    rows = sum(len(table) - 1 for table in tables_typed.values())
    assert take(api, shown).json["taken_over"] == {"new": rows, "changed": 0, "same": 0, "left": 0}
    assert drafted(api, content, "workbook", XLSX)["counts"]["same"] == rows
    assert {kind: sample_sheet(kind, records(api, kind).values()) for kind in FILES} == tables_typed
    assert [one for one in bare.faults() if not one.startswith("key ")] == []  # of no producer here


FILES = {
    "producer": "producers",
    "product": "products",
    "certificate": "certificates",
    "point_of_sale": "points_of_sale",
    "contract": "pos_contracts",
}


def sample_sheet(kind: str, kept: Iterable[dict[str, Any]] | None = None) -> list[list[str]]:
    """Records of the sample, or others, as a table that somebody typed: days as dd/mm/yyyy."""
    if kept is None:
        file = json.loads((Path(SAMPLE) / f"{FILES[kind]}.json").read_text())
        kept = [one for one in file[FILES[kind]] if not one.get("revoked_on")]
    columns = KINDS[kind].columns
    table = [[typed(member(one, column.pointer)) for column in columns] for one in kept]
    return [[column.vi for column in columns], *sorted(table)]


def member(record: dict[str, Any], pointer: str) -> Any:
    found: Any = record
    for name in pointer[1:].split("/"):
        found = (found or {}).get(name)
    return found


def typed(value: Any) -> str:
    if isinstance(value, bool):
        return "có" if value else "không"
    if isinstance(value, list):
        return ", ".join(value)
    if isinstance(value, str) and re.fullmatch(r"\d{4}-\d\d-\d\d", value):
        return date.fromisoformat(value).strftime("%d/%m/%Y")
    return "" if value is None else str(value)


@ONE_ENGINE
def test_imports_are_listed_either_way(api: Api) -> None:
    """In the order in which they were made, or the newest first, a page at a time."""
    made = []
    for _ in range(3):
        made.append(drafted(api, PRODUCERS + NEW)["import_id"])
        api.register.clock.advance(seconds=1)
    for order, wanted in (("id", made), ("newest", made[::-1])):
        first = api.get(f"/v1/imports?order={order}&limit=2").json
        rest = api.get(f"/v1/imports?order={order}&after={first['next']}").json
        found = [one["import_id"] for one in (*first["items"], *rest["items"])]
        assert found == wanted, order
