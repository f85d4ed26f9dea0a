"""The catalogue over HTTP: derived members, versions, filters, reference lists, consent."""

import json
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any

import pytest
from sqlalchemy import event
from tests.registry.records import (
    ONE_ENGINE,
    Register,
    certificate,
    contract,
    point_of_sale,
    producer,
    product,
)
from tests.registry.signed_in import Api, api_over, problem

from tem.databases import published
from tem.http.idempotency import idempotency_table
from tem.trail.audit import entry_table
from tem_registry import tables
from tem_registry.catalogue import answers
from tem_registry.forgetting.forgetting import HourlySweep
from tem_registry.months import Months


@pytest.fixture(name="api")
def ready_api(register: Register) -> Api:
    """Two producers with three certified products, and a shop that sells for one of them."""
    register.add("point_of_sale", point_of_sale("DB1"))
    register.add("contract", contract("HD1", "DB1", "P1", "SP1", "SP2"))
    return api_over(register)


def patch(api: Api, path: str, body: Any, **headers: str) -> Any:
    sent = {**api.headers("office"), **headers}
    return api.client.patch(path, json=body, headers=sent)


RECORDS = [
    ("producers", producer("PX", status="active", consent=None)),
    ("products", product("SPX", "P1", brand="Sóng", quality_tests=[{"report_no": "1"}])),
    ("certificates", certificate("CX", "SP1", valid_from="2025-01-01")),
    ("points-of-sale", point_of_sale("DX", certified_until="2027-01-01")),
    ("contracts", contract("HX", "DB1", "P1", "SP1")),
]


@pytest.mark.parametrize(("path", "record"), RECORDS)
def test_what_was_read_can_be_sent_back(api: Api, path: str, record: dict[str, Any]) -> None:
    """A record as shown, sent back as a change, changes nothing: derived members are left out."""
    added = api.send(f"/v1/{path}", record)
    assert added.status_code == 201, added.text
    one = f"/v1/{path}/{next(iter(record.values()))}"
    shown = api.get(one)
    assert shown.json == added.json
    assert {k: shown.json[k] for k in record if k != "address"} == {
        k: v for k, v in record.items() if k != "address"
    }
    again = patch(api, one, shown.json, **{"If-Match": shown.headers["ETag"]})
    assert again.status_code == 200, again.text
    assert (again.json, again.headers["ETag"]) == (shown.json, shown.headers["ETag"])
    assert shown.json in api.get(f"/v1/{path}?limit=500").json["items"]


@pytest.mark.parametrize(("path", "record"), RECORDS)
def test_derived_members_cannot_be_set(api: Api, path: str, record: dict[str, Any]) -> None:
    """What the registry works out is ignored when it is sent, and never stored."""
    left = [{"full": "x", "valid_to": "2020-01-01"}]
    derived = {
        "producers": {"statuses": [], "former_addresses": left},
        "products": {"stars": 5, "current_certificate_id": "x", "missing": []},
        "certificates": {"status_at_as_of": "revoked"},
        "points-of-sale": {"former_addresses": left},
        "contracts": {"status_at_as_of": "expired"},
    }[path]
    plain = api.send(f"/v1/{path}", {**record, **derived})
    assert plain.status_code == 201, plain.text
    id = next(iter(record.values()))
    changed = patch(api, f"/v1/{path}/{id}", derived)
    assert (changed.status_code, changed.json) == (200, plain.json)
    kept = {row["id"]: row for row in api.register.rows(_table(path))}[id]
    assert not set(derived) & set(json.loads(kept["record"]))


def _table(path: str) -> Any:
    from tem_registry.catalogue.kinds import KINDS

    return next(kind.table for kind in KINDS.values() if kind.path == path)


def test_a_change_of_what_has_changed_is_refused(api: Api) -> None:
    """If-Match names the version the caller saw: another one is 412 and changes nothing."""
    path = "/v1/products/SP1"
    seen = api.get(path).headers["ETag"]
    assert patch(api, path, {"name": "Một"}, **{"If-Match": seen}).status_code == 200
    before = api.register.everything()
    late = patch(api, path, {"name": "Hai"}, **{"If-Match": seen})
    assert problem(late, 412) == "precondition_failed"
    assert api.register.everything() == before
    assert patch(api, path, {"name": "Hai"}, **{"If-Match": "*"}).status_code == 200
    assert patch(api, path, {"name": "Ba"}).json["name"] == "Ba"
    assert problem(patch(api, "/v1/products/SP9", {}, **{"If-Match": "*"}), 404)


@pytest.mark.parametrize("path", ["/v1/products/SP1", "/v1/certificates/CN-SP1"])
def test_of_two_changes_at_once_one_is_refused(api: Api, path: str) -> None:
    """Eight people change what all of them saw: one does, the others are told to look again."""
    seen = api.get(path).headers["ETag"]
    field = "story" if "products" in path else "lab_report"
    barrier = Barrier(8)

    def send(number: int) -> int:
        barrier.wait(10)
        headers = {**api.headers("office"), "If-Match": seen}
        client = api.client.application.test_client()
        return client.patch(path, json={field: f"số {number}"}, headers=headers).status_code

    with ThreadPoolExecutor(8) as pool:
        answers = sorted(pool.map(send, range(8)))
    assert answers == [200] + [412] * 7


def test_what_is_held_is_not_sent_again(api: Api) -> None:
    """If-None-Match answers 304 without a body until the record changes."""
    path = "/v1/producers/P1"
    tag = api.get(path).headers["ETag"]
    asked = {**api.headers("office"), "If-None-Match": f"W/{tag}"}
    held = api.client.get(path, headers=asked)
    assert (held.status_code, held.data, held.headers["ETag"]) == (304, b"", tag)
    patch(api, path, {"name": "Tên mới"})
    fresh = api.client.get(path, headers=asked)
    assert (fresh.status_code, fresh.json["name"]) == (200, "Tên mới")
    assert problem(api.client.get(path, headers={"If-None-Match": tag}), 401) == "key_missing"


def ids(api: Api, path: str, who: str = "office") -> list[str]:
    answer = api.get(f"/v1/{path}", who)
    assert answer.status_code == 200, answer.text
    return [next(v for k, v in item.items() if k.endswith("_id")) for item in answer.json["items"]]


@pytest.fixture(name="full")
def full_api(api: Api) -> Api:
    """Something of every standing."""
    register = api.register
    register.add("producer", producer("P3", name="Hộ Đặng Thị Huệ", status="suspended"))
    register.change("producer", "P2", address={"full": "Phường Thành Sen", "commune_code": "18073"})
    register.add("product", product("SP4", "P2", category_code="VI", stampable=False))
    register.add("certificate", certificate("C-old", "SP1", valid_until="2025-01-01"))
    register.add("certificate", certificate("C-off", "SP2", revoked_on="2026-01-01"))
    register.add(
        "point_of_sale",
        point_of_sale("DB2", status="closed", address={"full": "x", "commune_code": "18781"}),
    )
    register.add("contract", contract("HD2", "DB2", "P2", "SP3", valid_until="2026-11-19"))
    return api


@pytest.mark.parametrize(
    ("path", "wanted"),
    [
        ("producers?commune=18781", ["P1", "P3"]),
        ("producers?commune=18073", ["P2"]),
        ("producers?commune=18100", []),
        ("producers?status=suspended", ["P3"]),
        ("producers?status=active", ["P1", "P2"]),
        ("producers?q=dang%20thi", ["P3"]),
        ("producers?q=HỢP", ["P1", "P2"]),
        ("producers?q=h%E1%BB%A3p&commune=18073", ["P2"]),
        ("products?producer=P2", ["SP3", "SP4"]),
        ("products?category=VI", ["SP4"]),
        ("products?category=I.4", ["SP1", "SP2", "SP3"]),
        ("products?category=I.4.a&producer=P1", ["SP1", "SP2"]),
        ("products?category=I.4.", []),
        ("products?stampable=false", ["SP4"]),
        ("products?stampable=true&limit=2&after=SP1", ["SP2", "SP3"]),
        ("certificates?product=SP1", ["C-old", "CN-SP1"]),
        ("certificates?status=valid", ["CN-SP1", "CN-SP2", "CN-SP3"]),
        ("certificates?status=lapsed", ["C-old"]),
        ("certificates?status=expired&product=SP2", []),
        ("certificates?status=revoked", ["C-off"]),
        ("contracts?pos=DB1", ["HD1"]),
        ("contracts?producer=P2", ["HD2"]),
        ("contracts?status=expired", ["HD2"]),
        ("points-of-sale?status=active", ["DB1"]),
        ("points-of-sale?commune=18781", ["DB2"]),
    ],
)
def test_filters(full: Api, path: str, wanted: list[str]) -> None:
    """A list holds exactly what its query picks."""
    assert ids(full, path) == wanted


def test_a_filter_never_shows_what_is_anothers(full: Api) -> None:
    """A producer that asks for another's things finds none."""
    assert ids(full, "products?producer=P2", "P1") == []
    assert ids(full, "certificates?product=SP3", "P1") == []
    assert ids(full, "producers?q=h", "P1") == ["P1"]
    assert ids(full, "contracts?pos=DB2", "P1") == []


def test_a_filtered_list_goes_page_by_page(full: Api) -> None:
    """Pages of what a query picks follow each other, each record once."""
    seen, after = [], ""
    while True:
        page = full.get(f"/v1/certificates?status=valid&limit=1&after={after}").json
        seen += [item["certificate_id"] for item in page["items"]]
        if "next" not in page:
            break
        after = page["next"]
    assert seen == ["CN-SP1", "CN-SP2", "CN-SP3"]


@ONE_ENGINE
@pytest.mark.parametrize(
    "query",
    [
        "producers?status=asleep",
        "producers?commune=1878１",
        "producers?commune=187",
        "producers?q=",
        "producers?q=%20",
        "producers?colour=red",
        "products?stampable=1",
        "products?category=%00",
        "products?producer=a%20b",
        "certificates?status=good",
        "contracts?pos=%00",
        "points-of-sale?status=shut",
        "producers?limit=%2B5",
        "producers?limit=%207%20",
        "producers?limit=1_0",
        "producers?limit=٣",
        "producers?limit=1e1",
        "communes?limit=0",
        "communes?former=",
        "categories?former=x",
    ],
)
def test_queries_that_are_refused(api: Api, query: str) -> None:
    """A query that is misspelt, or a number written otherwise than in digits, is told so."""
    assert problem(api.get(f"/v1/{query}"), 422) == "validation_failed"


@ONE_ENGINE
def test_reference_lists(api: Api) -> None:
    """Communes with all that became of a former unit, and categories, for everybody signed in."""
    found = api.get("/v1/communes?former=K%E1%BB%B3%20L%E1%BB%A3i", "P1").json["items"]
    assert [one["name"] for one in found] == [
        "Phường Sông Trí",
        "Phường Vũng Áng",
        "Phường Hoành Sơn",
    ]
    assert all("Xã Kỳ Lợi" in one["former_units"] for one in found)
    page = api.get("/v1/communes?limit=68").json
    assert len(page["items"]) == 68
    assert len(api.get(f"/v1/communes?after={page['next']}").json["items"]) == 1
    assert [c["name"] for c in api.get("/v1/communes?q=thanh%20sen").json["items"]] == [
        "Phường Thành Sen"
    ]
    categories = api.get("/v1/categories", "auditor").json["items"]
    assert len(categories) == 38
    assert [c["code"] for c in categories if not c["stampable"]] == ["VI"]
    assert problem(api.get("/v1/communes", None), 401) == "key_missing"


REFUSED: list[tuple[str, dict[str, Any], str, str]] = [
    ("producers", producer("PX", phone="12"), "phone_form", "/phone"),
    ("producers", producer("PX", website="javascript:x"), "website_form", "/website"),
    ("producers", producer("PX", gln="9521234900017"), "gln_check_digit", "/gln"),
    (
        "producers",
        producer("PX", address={"full": "x", "commune_code": "00001"}),
        "unknown_commune",
        "/address/commune_code",
    ),
    ("products", product("SPX", "P1", gtin="09521234000012"), "gtin_check_digit", "/gtin"),
    ("products", product("SPX", "P1", category_code="IX"), "unknown_category", "/category_code"),
    ("products", product("SPX", "P1", category_code="VI"), "category_not_stampable", "/stampable"),
    ("products", product("SPX", "P1", date_kind="none"), "shelf_life_without_date", "/shelf_life"),
    (
        "contracts",
        contract("HX", "DB1", "P1", "SP1", "SP3"),
        "contract_other_producer",
        "/product_ids",
    ),
    (
        "contracts",
        contract("HX", "DB1", "P1", "SP1", valid_until="2024-12-31"),
        "ends_before_it_begins",
        "/valid_until",
    ),
    (
        "points-of-sale",
        point_of_sale("DX", certified_until="2024-12-31"),
        "ends_before_it_begins",
        "/certified_until",
    ),
]


@ONE_ENGINE
@pytest.mark.parametrize(("path", "record", "code", "pointer"), REFUSED)
def test_records_that_are_refused(
    api: Api, path: str, record: dict[str, Any], code: str, pointer: str
) -> None:
    """A fault has a code of its own and a pointer to its place, and nothing is stored."""
    before = api.register.everything()
    response = api.send(f"/v1/{path}", record)
    assert problem(response, 422) == code
    assert [e["pointer"] for e in response.json["errors"]] == [pointer]
    assert api.register.everything() == before


@ONE_ENGINE
def test_a_gtin_is_of_one_product(api: Api) -> None:
    """Another product cannot have it, with more zeros before it or fewer; its own may say it
    again. Of two that shared one before this was refused, the rest can be changed."""
    assert api.send("/v1/products", product("SPX", "P1", gtin="9521234000013")).status_code == 201
    taken = api.send("/v1/products", product("SPY", "P1", gtin="09521234000013"))
    assert problem(taken, 422) == "gtin_taken"
    assert "SPX" in taken.json["detail"]
    assert problem(patch(api, "/v1/products/SP1", {"gtin": "9521234000013"}), 422) == "gtin_taken"
    assert patch(api, "/v1/products/SPX", {"gtin": "09521234000013"}).status_code == 200
    with api.register.write() as connection:
        text = json.dumps(product("SP1", "P1", gtin="9521234000013"))
        same = tables.product.update().where(tables.product.c.id == "SP1")
        connection.execute(same.values(record=text))
    again = {"gtin": "09521234000013", "name": "Ruốc"}
    assert patch(api, "/v1/products/SP1", again).status_code == 200
    assert patch(api, "/v1/products/SP1", {"gtin": None}).status_code == 200
    assert problem(patch(api, "/v1/products/SP1", {"gtin": "9521234000013"}), 422) == "gtin_taken"


@ONE_ENGINE
def test_a_change_is_checked_like_a_record(api: Api) -> None:
    """A change that would leave a record at odds with itself is refused the same way."""
    before = api.register.everything()
    for path, body, code in (
        ("products/SP1", {"date_kind": "none"}, "shelf_life_without_date"),
        ("products/SP1", {"category_code": "VI"}, "category_not_stampable"),
        ("contracts/HD1", {"product_ids": ["SP3"]}, "contract_other_producer"),
        ("producers/P1", {"email": "x"}, "email_form"),
        ("producers/P1", {"consent": {"contact": True}}, "validation_failed"),
    ):
        assert problem(patch(api, f"/v1/{path}", body), 422) == code, (path, body)
    assert api.register.everything() == before


def errors(response: Any, code: str = "validation_failed") -> list[tuple[str, str]]:
    assert problem(response, 422) == code
    return [(one["pointer"], one["code"]) for one in response.json["errors"]]


@ONE_ENGINE
def test_faults_are_told_alike_everywhere(api: Api) -> None:
    """A change, and a record with several faults, get the shape that a body's fields get."""
    changed = patch(api, "/v1/producers/P1", {"consent": {"contact": True}})
    assert set(errors(changed)) == {
        ("/consent/representative", "invalid"),
        ("/consent/given_on", "invalid"),
    }
    api.register.change("certificate", "CN-SP1", valid_from="2025-01-01")
    late = patch(api, "/v1/certificates/CN-SP1", {"valid_until": "2024-01-01"})
    assert errors(late) == [("/valid_until", "invalid")]
    assert late.json["detail"] == "/valid_until: It ends before it begins."
    both = api.send("/v1/producers", producer("PX", email="x", phone="1"))
    assert errors(both) == [("/phone", "phone_form"), ("/email", "email_form")]
    assert both.json["detail"].startswith("/phone: Write 8 to 15 digits")
    nested = api.send("/v1/products", product("SX", "P1", declared_output=5, image="x"))
    assert set(errors(nested)) == {("/image", "invalid"), ("/declared_output", "invalid")}
    assert "a file_id from POST /v1/files (F-…)" in nested.text


def test_a_page_of_products_takes_a_bounded_number_of_queries(api: Api) -> None:
    """However many products a page shows, their certificates are read at once."""
    asked: list[str] = []
    for number in range(30):
        api.register.add("product", product(f"SN{number}", "P1"))
        api.register.add("certificate", certificate(f"CN{number}", f"SN{number}"))

    def noted(_: Any, __: Any, statement: str, *___: Any) -> None:
        asked.append(statement)

    event.listen(api.register.engine, "before_cursor_execute", noted)
    try:
        assert len(api.get("/v1/products?limit=500").json["items"]) == 33
        most = len(asked)
        assert len(api.get("/v1/products?limit=2").json["items"]) == 2
    finally:
        event.remove(api.register.engine, "before_cursor_execute", noted)
    assert most == len(asked) - most <= 10, asked


def test_a_service_carries_no_stamp(api: Api) -> None:
    """A product of group VI is not stampable, asked or not, and none can be ordered for it."""
    record = product("SPX", "P1", category_code="VI")
    del record["stampable"]
    assert api.send("/v1/products", record).json["stampable"] is False
    api.register.add("certificate", certificate("CN-SPX", "SPX"))
    refused = api.send("/v1/orders", {"product_id": "SPX", "quantity": 5})
    assert problem(refused, 409) == "product_not_stampable"


def test_members_worked_out_for_today(api: Api) -> None:
    """Stars, certificate, standing and what is missing follow the clock without any act."""
    shown = api.get("/v1/products/SP1").json
    assert (shown["stars"], shown["current_certificate_id"]) == (4, "CN-SP1")
    assert (shown["certificate_status"], shown["missing"]) == (
        "valid",
        ["declared_standard", "image", "process"],
    )
    assert api.get("/v1/contracts/HD1").json["status_at_as_of"] == "valid"
    api.register.clock.advance(days=450)
    assert api.get("/v1/products/SP1").json["certificate_status"] == "expired"
    assert api.get("/v1/certificates/CN-SP1").json["status_at_as_of"] == "expired"
    assert api.get("/v1/contracts/HD1").json["status_at_as_of"] == "expired"
    bare = api.send("/v1/products", product("SPX", "P1")).json
    assert (bare["stars"], bare["certificate_status"]) == (None, None)


def test_a_producers_status_is_that_of_today(api: Api) -> None:
    """A turn that lies ahead is listed, and shown as the status once its day has come."""
    path = "/v1/producers/P1"
    assert api.get(path).json["status"] == "active"
    patch(api, path, {"status": "ceased", "status_since": "2026-11-25"})
    shown = api.get(path).json
    assert (shown["status"], shown["statuses"]) == (
        "active",
        [
            {"status": "active", "since": "2026-11-20"},
            {"status": "ceased", "since": "2026-11-25"},
        ],
    )
    api.register.clock.advance(days=5)
    shown = api.get(path).json
    assert (shown["status"], shown["status_since"]) == ("ceased", "2026-11-25")


def test_an_old_address_stays_readable(api: Api) -> None:
    """A move keeps the address that was; the one with a district is the first of them."""
    former = {"full": "xã Kỳ Ninh, thị xã Kỳ Anh", "district": "thị xã Kỳ Anh"}
    api.register.change("producer", "P1", address_before_2025_07_01=former)
    path = "/v1/producers/P1"
    old = api.get(path).json["address"]
    assert (old["commune"], old["province_code"]) == ("Phường Hải Ninh", "42")
    moved = patch(api, path, {"address": {"full": "Thành Sen", "commune_code": "18073"}})
    assert moved.json["address"]["valid_from"] == "2026-11-20"
    assert moved.json["address"]["commune"] == "Phường Thành Sen"
    assert moved.json["former_addresses"] == [
        {**former, "valid_to": "2025-06-30"},
        {**old, "valid_to": "2026-11-19"},
    ]
    assert ids(api, "producers?commune=18073") == ["P1"]
    assert api.register.faults() == []


def test_answers_that_tell_of_people_are_forgotten(api: Api) -> None:
    """After 30 days stored answers about records go with the hourly sweep; those of acts stay."""
    api.send("/v1/producers", producer("PX"))
    api.send("/v1/producers/P1", {"phone": "0239 111 2222"}, method="PATCH")
    api.send("/v1/orders", {"product_id": "SP1", "quantity": 5})
    api.register.clock.advance(days=29)
    assert answers.forget(api.register.engine, api.register.clock()) == 0
    api.register.clock.advance(days=2)
    HourlySweep(api.register.engine, api.register.clock, Months({"": 24})).if_due()
    kept = [row["operation"] for row in api.register.rows(idempotency_table)]
    assert kept == ["POST /v1/orders"]
    assert api.register.faults() == []


PERSON = {"producer_type": "household", "gps": {"lat": 18.1, "lon": 106.3}}
CONSENT = {
    "representative": True,
    "contact": True,
    "given_on": "2026-11-01",
    "evidence": "phiếu số 7",
}


def card(api: Api) -> dict[str, Any]:
    rows = api.register.rows(published.card)
    body = next(r["body"] for r in rows if (r["kind"], r["id"]) == ("producer", "P1"))
    found: dict[str, Any] = json.loads(body)
    return found


def test_a_person_is_shown_with_consent_only(api: Api) -> None:
    """Name, contact and place of a household appear with consent and leave with it."""
    path = "/v1/producers/P1"
    patch(api, path, PERSON)
    assert not {"representative", "phone", "email", "gps"} & set(card(api))
    patch(api, path, {"consent": CONSENT})
    assert card(api)["representative"] == "Lê Thị Kín"
    assert (card(api)["phone"], card(api)["gps"]) == ("0239 000 0001", PERSON["gps"])
    patch(api, path, {"consent": {**CONSENT, "contact": False}})
    assert "representative" in card(api) and not {"phone", "gps"} & set(card(api))
    assert (
        patch(api, path, {"consent": {**CONSENT, "withdrawn_on": "2026-11-20"}}).status_code == 200
    )
    assert not {"representative", "phone", "email", "gps", "consent"} & set(card(api))
    everything = json.dumps(api.register.rows(published.card), default=str, ensure_ascii=False)
    assert "Lê Thị Kín" not in everything and "phiếu số 7" not in everything
    assert api.register.faults() == []


def test_the_audit_trail_tells_no_persons_data(api: Api) -> None:
    """A change is told with before and after, but personal fields are named only."""
    path = "/v1/producers/P1"
    patch(api, path, PERSON)
    patch(api, path, {"consent": CONSENT})
    body = {
        "name": "Tên mới",
        "representative": "Trần Thị Ẩn",
        "phone": "0239 999 9999",
        "email": "an@example.example",
        "tax_code": "3000000099",
        "gps": {"lat": 17.5, "lon": 106.5},
        "consent": {**CONSENT, "evidence": "phiếu số 8", "contact": False},
    }
    assert patch(api, path, body).status_code == 200
    entry = json.loads(api.register.rows(entry_table)[-1]["details"])
    assert (entry["before"]["name"], entry["after"]["name"]) == ("Hợp tác xã P1", "Tên mới")
    assert entry["after"]["consent"]["contact"] is False
    assert entry["withheld"] == [
        "consent.evidence",
        "email",
        "gps",
        "phone",
        "representative",
        "tax_code",
    ]
    text = json.dumps(api.register.rows(entry_table), default=str, ensure_ascii=False)
    hidden = ("Trần Thị Ẩn", "Lê Thị Kín", "999 9999", "an@", "3000000099", "phiếu", "17.5")
    assert [word for word in hidden if word in text] == []
