"""The catalogue: records are added, changed, found by those who may, and published in part."""

import json
from typing import Any

import pytest
from tests.registry.records import (
    Register,
    certificate,
    contract,
    point_of_sale,
    producer,
    product,
)

from tem.databases import published
from tem.errors import Conflict, Invalid, NotFound, TemError
from tem.trail.audit import entry_table
from tem_registry import publication, tables
from tem_registry.catalogue import catalogue

KINDS = catalogue.KINDS


def card(register: Register, kind: str, id: str) -> Any:
    with register.read() as connection:
        return publication.card(connection, kind, id)


def found(register: Register, kind: str, id: str, own: str | None = None) -> Any:
    with register.read() as connection:
        return catalogue.find(connection, KINDS[kind], id, own)


def refusal(act: Any, *args: Any, **options: Any) -> str:
    with pytest.raises(TemError) as refused:
        act(*args, **options)
    return refused.value.code


def shop(register: Register) -> None:
    register.add("point_of_sale", point_of_sale("DB1"))
    register.add("contract", contract("HD1", "DB1", "P1", "SP1", "SP2"))


def test_a_record_comes_back_as_it_was_added(register: Register) -> None:
    """Every kind of record is kept whole."""
    shop(register)
    named = {"commune": "Phường Hải Ninh", "province_code": "42", "province": "Tỉnh Hà Tĩnh"}
    added = producer("P1")
    added["address"] |= named  # what follows from the code of its commune
    added |= {"status": "active", "status_since": "2026-11-20"}  # registered on this day
    assert found(register, "producer", "P1") == added
    assert found(register, "product", "SP1") == product("SP1", "P1")
    assert found(register, "certificate", "CN-SP1") == certificate("CN-SP1", "SP1")
    assert found(register, "point_of_sale", "DB1") == point_of_sale("DB1")
    assert found(register, "contract", "HD1") == contract("HD1", "DB1", "P1", "SP1", "SP2")


def test_a_record_without_an_id_gets_one(bare: Register) -> None:
    """Ids are made up where none is given, and never twice the same."""
    record = producer("x")
    del record["producer_id"]
    first, second = bare.add("producer", record), bare.add("producer", record)
    assert first["producer_id"] != second["producer_id"]
    assert found(bare, "producer", first["producer_id"]) == first


def test_an_id_is_used_once(register: Register) -> None:
    """A record with an id that is taken is refused and changes nothing."""
    before = register.everything()
    assert refusal(register.add, "producer", producer("P1", name="Khác")) == "id_taken"
    assert register.everything() == before


@pytest.mark.parametrize(
    ("kind", "record"),
    [
        ("product", product("SP9", "P9")),
        ("certificate", certificate("CN9", "SP9")),
        ("contract", contract("HD9", "DB1", "P9", "SP1")),
        ("contract", contract("HD9", "DB9", "P1", "SP1")),
        ("contract", contract("HD9", "DB1", "P1", "SP1", "SP9")),
    ],
)
def test_a_record_names_only_what_is_there(register: Register, kind: str, record: Any) -> None:
    """A reference to something unknown is refused before anything is stored."""
    shop(register)
    before = register.everything()
    assert refusal(register.add, kind, record) == "unknown_reference"
    assert register.everything() == before


def test_some_fields_change_and_the_rest_stays(register: Register) -> None:
    """A change replaces what it names, and says in the audit trail which fields those were."""
    changed = register.change("product", "SP1", name="Nước mắm mới", gtin=None)
    assert changed == {**product("SP1", "P1"), "name": "Nước mắm mới", "gtin": None}
    assert found(register, "product", "SP1") == changed
    entry = register.rows(entry_table)[-1]
    assert (entry["action"], json.loads(entry["details"])) == (
        "product.changed",
        {"before": {"name": "Nước mắm SP1"}, "after": {"name": "Nước mắm mới"}},
    )


@pytest.mark.parametrize(
    ("kind", "id", "fields", "code"),
    [
        ("product", "SP1", {"producer_id": "P2"}, "field_fixed"),
        ("product", "SP1", {"product_id": "SP9"}, "field_fixed"),
        ("certificate", "CN-SP1", {"product_id": "SP2"}, "field_fixed"),
        ("certificate", "CN-SP1", {"valid_until": "2023-01-01"}, "validation_failed"),
        ("producer", "P1", {"address": {"line": "Thôn 1"}}, "validation_failed"),
        ("producer", "P9", {"name": "Không có"}, "not_found"),
    ],
)
def test_changes_that_are_refused(
    register: Register, kind: str, id: str, fields: Any, code: str
) -> None:
    """Whose a record is stays fixed, and no change may leave a record that is wrong."""
    before = register.everything()
    assert refusal(register.change, kind, id, **fields) == code
    assert register.everything() == before


def test_a_list_goes_page_by_page(register: Register) -> None:
    """Records come in order of their ids, each once, a given number at a time."""
    for number in range(5):
        register.add("product", product(f"SX{number}", "P2"))
    seen: list[str] = []
    with register.read() as connection:
        while page := catalogue.page(connection, KINDS["product"], seen[-1] if seen else "", 3):
            assert len(page) <= 3
            seen += [record["product_id"] for record in page]
    assert seen == ["SP1", "SP2", "SP3", "SX0", "SX1", "SX2", "SX3", "SX4"]


def test_a_producer_sees_its_own(register: Register) -> None:
    """Another's producer, products, certificates and contracts are not there for it."""
    shop(register)
    for kind, own, other in (
        ("producer", "P1", "P2"),
        ("product", "SP1", "SP3"),
        ("certificate", "CN-SP1", "CN-SP3"),
    ):
        assert found(register, kind, own, "P1")
        with pytest.raises(NotFound):
            found(register, kind, other, "P1")
        with register.read() as connection:
            listed = catalogue.page(connection, KINDS[kind], "", 100, "P1")
        assert other not in [record[KINDS[kind].id_field] for record in listed]
        assert own in [record[KINDS[kind].id_field] for record in listed]
    assert found(register, "contract", "HD1", "P1")
    with pytest.raises(NotFound):
        found(register, "contract", "HD1", "P2")
    assert found(register, "point_of_sale", "DB1", "P2"), "points of sale are everybody's"


def statuses(register: Register, id: str = "P1") -> list[tuple[str, str]]:
    with register.read() as connection:
        kept = catalogue.statuses_of(connection, id)
    shown = card(register, "producer", id)["statuses"]
    assert shown == [{"status": str(s), "since": day.isoformat()} for s, day in kept]
    return [(str(status), day.isoformat()) for status, day in kept]


def test_the_history_of_a_producers_status(register: Register) -> None:
    """Each turn is kept with its day, the first is that of registration, and the record names
    the newest."""
    assert statuses(register) == [("active", "2026-11-20")]
    register.change("producer", "P1", status="suspended", status_since="2026-03-01")
    register.change("producer", "P1", status="active")
    assert statuses(register) == [("suspended", "2026-03-01"), ("active", "2026-11-20")]
    assert found(register, "producer", "P1")["status_since"] == "2026-11-20"
    register.change("producer", "P1", status="ceased", status_since="2026-11-20")
    assert statuses(register) == [("suspended", "2026-03-01"), ("ceased", "2026-11-20")]
    register.change("producer", "P1", name="Tên mới")
    assert len(statuses(register)) == 2, "another field is no turn"


def test_a_status_without_a_day_counts_from_today(bare: Register) -> None:
    """A record added with a status alone is in that status from today, and says so."""
    record = bare.add("producer", producer("P1", status="suspended"))
    assert record["status_since"] == "2026-11-20"
    assert statuses(bare) == [("suspended", "2026-11-20")]


def test_a_day_of_a_status_is_corrected(register: Register) -> None:
    """A day that was wrong is moved, and the audit trail tells both ways it was."""
    register.change("producer", "P1", status="suspended", status_since="2026-11-01")
    register.change("producer", "P1", status_since="2026-11-10")
    assert statuses(register) == [("suspended", "2026-11-10")]
    entry = json.loads(register.rows(entry_table)[-1]["details"])
    assert entry["before"]["statuses"] == [{"status": "suspended", "since": "2026-11-01"}]
    assert entry["after"]["statuses"] == [{"status": "suspended", "since": "2026-11-10"}]
    assert register.faults() == []


def test_what_lies_ahead_is_called_off(register: Register) -> None:
    """A statement that a producer is active takes a suspension of tomorrow off the card."""
    register.change("producer", "P1", status="suspended", status_since="2026-11-21")
    assert statuses(register)[-1] == ("suspended", "2026-11-21")
    refused = refusal(register.change, "producer", "P1", status_since="2026-11-22")
    assert refused == "status_day_ambiguous"
    register.change("producer", "P1", status="active")
    assert statuses(register) == [("active", "2026-11-20")]
    assert found(register, "producer", "P1")["status"] == "active"


def test_the_kind_of_date_stays_while_lots_rest_on_it(register: Register) -> None:
    """What lots' dates mean cannot be turned round; once their records are gone it can."""
    register.change("product", "SP1", date_kind="use_by")
    register.lot("L1")
    before = register.everything()
    assert refusal(register.change, "product", "SP1", date_kind="best_before") == "product_has_lots"
    assert register.everything() == before
    register.change("product", "SP1", date_kind="use_by", gs1_date_ai="17", name="Mới")
    register.change("product", "SP2", date_kind="none", shelf_life=None)
    with register.write() as connection:
        connection.execute(tables.lot.update().values(purged_at=register.clock()))
    register.change("product", "SP1", date_kind="best_before", gs1_date_ai="15")


@pytest.mark.parametrize("kind", ["producer", "point_of_sale"])
def test_an_address_in_full_is_made_of_its_parts(bare: Register, kind: str) -> None:
    """Line, commune and province are the whole address where nobody wrote it out."""
    record = producer("X") if kind == "producer" else point_of_sale("X")
    record["address"] = {"line": "Thôn 1", "commune_code": "18781"}
    full = "Thôn 1, Phường Hải Ninh, Tỉnh Hà Tĩnh"
    assert bare.add(kind, record)["address"]["full"] == full
    shown = card(bare, "pos" if kind == "point_of_sale" else kind, "X")["address"]
    assert full in (shown, shown["full"] if isinstance(shown, dict) else "")
    elsewhere = {"commune_code": "00004", "province_code": "01"}
    assert refusal(bare.change, kind, "X", address=elsewhere) == "address_incomplete"
    elsewhere |= {"commune": "Phường Ba Đình", "province": "Hà Nội"}
    changed = bare.change(kind, "X", address=elsewhere)
    assert changed["address"]["full"] == "Phường Ba Đình, Hà Nội"
    assert bare.faults() == []


PRIVATE = ["Lê Thị Kín", "representative", "3000000001", "tax_code"]
CONTACT = ["0239 000 0001", "P1@example.example"]


@pytest.mark.parametrize(
    ("kind", "hidden"),
    [("household", PRIVATE + CONTACT), ("cooperative", PRIVATE), ("company", PRIVATE)],
)
def test_no_personal_data_is_published(register: Register, kind: str, hidden: list[str]) -> None:
    """No representative anywhere, and no phone or e-mail of a household, in any published row."""
    register.change("producer", "P1", producer_type=kind)
    register.add("product", product("SP7", "P1"))
    register.batch(7, 10, "SP7")
    text = json.dumps(
        [
            register.rows(table)
            for table in published.metadata.sorted_tables
            if table.name != "published_fingerprints"
        ],
        default=str,
        ensure_ascii=False,
    )
    assert [word for word in hidden if word in text] == []
    assert "Hợp tác xã P1" in text, "what may be seen is there"
    assert (CONTACT[0] in json.dumps(card(register, "producer", "P1"))) is (kind != "household")


def test_a_card_shows_exactly_these_fields(register: Register) -> None:
    """A published card grows only when somebody means it to."""
    register.change(
        "producer",
        "P1",
        website="https://a.example",
        gps={"lat": 18.1, "lon": 106.3, "datum": "WGS84", "source": "bản đồ"},
        address_before_2025_07_01={"full": "xã cũ", "district": "huyện cũ"},
    )
    assert card(register, "producer", "P1") == {
        "producer_id": "P1",
        "name": "Hợp tác xã P1",
        "producer_type": "cooperative",
        "address": {"full": "Thôn P1, Tỉnh Hà Tĩnh", "before_2025_07_01": "xã cũ"},
        "website": "https://a.example",
        "phone": "0239 000 0001",
        "email": "P1@example.example",
        "gps": {"lat": 18.1, "lon": 106.3},
        "statuses": [{"status": "active", "since": "2026-11-20"}],
    }
    register.change("certificate", "CN-SP1", revocation_reason="nội bộ", score=77.5)
    assert card(register, "product", "SP1") == {
        "product_id": "SP1",
        "producer_id": "P1",
        "name": "Nước mắm SP1",
        "unit": "chai",
        "category_code": "I.4.a",
        "date_kind": "best_before",
        "certificates": [
            {
                "certificate_id": "CN-SP1",
                "stars": 4,
                "decision_no": "CN-SP1/QĐ-UBND",
                "decision_date": "2024-12-31",
                "issuing_authority": "UBND tỉnh Hà Tĩnh",
                "valid_from": "2024-12-31",
                "valid_until": "2027-12-31",
                "revoked_on": None,
                "revocation_decision_no": None,
            }
        ],
        "points_of_sale": [],
    }


def sellers(register: Register, id: str) -> list[str]:
    return [sale["pos_id"] for sale in card(register, "product", id)["points_of_sale"]]


def test_a_contract_shows_on_the_products_it_names(register: Register) -> None:
    """A product that a contract no longer names loses the shop at once, a new one gains it."""
    shop(register)
    assert (sellers(register, "SP1"), sellers(register, "SP2")) == (["DB1"], ["DB1"])
    register.add("product", product("SP4", "P1"))
    register.change("contract", "HD1", product_ids=["SP2", "SP4"])
    assert [sellers(register, id) for id in ("SP1", "SP2", "SP4")] == [[], ["DB1"], ["DB1"]]


def test_only_what_changed_for_the_public_is_published(register: Register) -> None:
    """A change of a private field leaves the card, and its change number, as they were."""
    before = register.rows(published.card)
    register.change("producer", "P1", representative="Trần Văn Khác")
    assert register.rows(published.card) == before
    register.change("producer", "P1", name="Tên mới")
    assert register.rows(published.card) != before


def test_a_refused_record_is_told_apart(register: Register) -> None:
    """The two ways to be refused have their own kinds of error."""
    with pytest.raises(Conflict):
        register.add("product", product("SP1", "P1"))
    with pytest.raises(Invalid):
        register.add("product", product("SP9", "P9"))
    assert len(register.rows(tables.product)) == 3


@pytest.mark.parametrize(
    ("table", "values", "said"),
    [
        (tables.producer, {"commune_code": "18073"}, "lies in another commune"),
        (tables.product, {"producer_id": "P2"}, "says another producer_id"),
        (tables.contract, {"producer_id": "P2"}, "is no product of P2"),
    ],
)
def test_fsck_sees_a_record_that_contradicts_its_row(
    register: Register, table: Any, values: Any, said: str
) -> None:
    """A column changed behind the register's back is told."""
    shop(register)
    assert register.faults() == []
    with register.write() as connection:
        first = min(row["id"] for row in connection.execute(table.select()).mappings())
        connection.execute(table.update().where(table.c.id == first).values(**values))
    assert [one for one in register.faults() if said in one]


def test_a_service_on_record_as_stampable_is_not(register: Register) -> None:
    """Rules see no product of group VI as stampable, whatever an older record says."""
    record = json.dumps(product("SP1", "P1", category_code="VI", stampable=True))
    with register.write() as connection:
        row = tables.product.update().where(tables.product.c.id == "SP1")
        connection.execute(row.values(record=record))
        assert catalogue.product_for_rules(connection, "SP1").stampable is False
        assert catalogue.product_for_rules(connection, "SP2").stampable is True
