"""The export as EPCIS 2.0: every act an event, valid, the same again, a producer's own only."""

import json
import subprocess
import sys
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from tests.registry import epcis_schema
from tests.registry.installed import SAMPLE, copied, opened, rows, without_our_variables
from tests.registry.records import OFFICE, ONE_ENGINE, Register, product
from tests.registry.signed_in import Api, api_over, problem

from tem.dates import parse_instant
from tem.errors import Invalid
from tem.trail import audit
from tem_registry import tables
from tem_registry.activation import corrections
from tem_registry.batches import delivery
from tem_registry.epcis import epcis, epcis_acts
from tem_registry.epcis.epcis_trail import Wanted
from tem_registry.forgetting import purging
from tem_registry.lots import recall_acts
from tem_registry.stamps import endings, stamps
from tem_registry.uris import Producer, Product, Uris, configured, is_gln, is_gtin

GTIN, GLN = "09521234000013", "9521234900016"
URIS = Uris()
Event = dict[str, Any]


def exported(register: Register, instances: bool = False, **wanted: Any) -> list[Event]:
    """All events, read page by page, in a document that is valid."""
    found: list[Event] = []
    after: int | None = 0
    while after is not None:
        with register.read() as connection:
            page = epcis_acts.page(connection, after, 3, Wanted(**wanted), instances=instances)
        found += [e for act in page.acts for e in epcis.events(act, URIS, instances=instances)]
        after = page.next
    document = epcis.document(found, register.clock(), URIS)
    assert list(epcis_schema.faults(document)) == []
    return found


def issued(register: Register, number: int, quantity: int = 100, product_id: str = "SP1") -> None:
    """A batch on record, with the entry that issuing makes."""
    register.batch(number, quantity, product_id, delivered=False)
    with register.write() as connection:
        details = {"order": f"DH-{number}", "quantity": quantity}
        audit.record(
            *(connection, register.clock(), "follower", "batch.issued"), f"batch:{number}", details
        )


def delivered(
    register: Register, number: int, quantity: int = 100, product_id: str = "SP1"
) -> None:
    """The same, handed over."""
    issued(register, number, quantity, product_id)
    with register.write() as connection:
        delivery.deliver(connection, register.clock(), OFFICE, number, "BB-1")


def actions(events: list[Event]) -> list[str]:
    return [event["ocop:action"] for event in events]


@pytest.fixture
def lived(register: Register) -> Register:
    """A register in which each act has happened to stamps of a product with a GTIN."""
    register.change("producer", "P1", gln=GLN)
    register.add("product", product("SPG", "P1", gtin=GTIN))
    register.add("certificate", {**certificate_of("SPG")})
    delivered(register, 12, 100, "SPG")
    register.lot("L1", 500, "SPG", lot_code="L260106-A1")
    register.lot("L2", 500, "SPG", lot_code="Lô 2/A")
    register.activate("L1", 12, 1, 50)
    with register.write() as c:
        now = register.clock()
        delivery.take_back(c, now, OFFICE, 12, 91, 100, "left over")
        corrections.correct(
            c, now, OFFICE, 7, 12, first=1, last=50, lot_id="L2", reason="wrong lot was typed"
        )
        corrections.correct(
            c, now, OFFICE, 7, 12, first=11, last=20, lot_id=None, reason="were never stuck"
        )
        recall_acts.recall(c, now, OFFICE, "L2", NOTICE)
        recall_acts.lift(c, now, OFFICE, "L2", "found safe")
    register.void(12, 1, 5)
    register.revoke(12, 60, 70)
    return register


NOTICE = {"kind": "voluntary", "ordered_by": "HTX P1", "reason_public": "Nhãn sai"}


def certificate_of(product_id: str) -> dict[str, Any]:
    return {
        "certificate_id": f"CN-{product_id}",
        "product_id": product_id,
        "stars": 3,
        "decision_no": "9/QĐ-UBND",
        "decision_date": "2024-01-01",
        "issuing_authority": "UBND tỉnh Hà Tĩnh",
        "valid_from": "2024-01-01",
        "valid_until": "2026-12-31",
    }


# --- what is told ---


def test_each_act_is_an_event(lived: Register) -> None:
    """Issue, delivery, lots, activation, return, correction, recall, lift, void, revocation."""
    assert actions(exported(lived)) == [
        *("issue", "deliver", "add_lot", "add_lot", "activate", "return"),
        *("activate", "correct", "activate", "correct"),  # each declares an activation wrong
        *("recall_lot", "lift_recall", "void", "revoke"),
    ]


def test_a_range_is_one_event_of_a_class_and_a_quantity(lived: Register) -> None:
    """An activation names lot (LGTIN), quantity, batch, first and last; its date is the lot's."""
    event = exported(lived)[4]
    assert (event["action"], event["bizStep"]) == ("ADD", "commissioning")
    assert event["quantityList"] == [
        {"epcClass": f"https://id.gs1.org/01/{GTIN}/10/L260106-A1", "quantity": 50}
    ]
    assert (event["ocop:batchNumber"], event["ocop:serialFrom"], event["ocop:serialTo"]) == (
        *(12, 1, 50),
    )
    assert event["ilmd"] == {
        "cbvmda:lotNumber": "L260106-A1",
        "cbvmda:productionDate": "2026-10-20",
        "cbvmda:bestBeforeDate": "2027-10-20",
    }
    assert event["bizLocation"] == {"id": f"https://id.gs1.org/414/{GLN}"}
    assert event["eventTime"] == "2026-11-20T09:00:00+07:00"


def test_a_wrong_activation_is_declared_wrong_under_its_own_id(lived: Register) -> None:
    """The declaration repeats the event, id included, and names the corrective one."""
    events = exported(lived)
    wrong, declared, right = events[4], events[6], events[7]
    assert declared == {**wrong, "errorDeclaration": declared["errorDeclaration"]}
    assert declared["errorDeclaration"]["correctiveEventIDs"] == [right["eventID"]]
    assert right["ocop:lotId"] == "L2"
    assert right["action"] == "ADD"


def test_a_part_that_was_wrong_is_declared_as_a_part(lived: Register) -> None:
    """Ten of fifty stamps: an id of its own, and the event of which they are a part."""
    events = exported(lived)
    declared, right = events[8], events[9]
    assert declared["ocop:partOf"] == events[7]["eventID"]
    assert declared["eventID"] not in {event["eventID"] for event in events[:8]}
    assert (declared["ocop:serialFrom"], declared["ocop:serialTo"]) == (11, 20)
    assert declared["ocop:lotId"] == "L2"
    assert declared["errorDeclaration"]["correctiveEventIDs"] == [right["eventID"]]
    assert (right["action"], right["disposition"]) == ("OBSERVE", "encoded")
    assert "ocop:lotId" not in right


def test_an_activation_joined_from_two_is_undone_in_two(register: Register) -> None:
    """Stamps of two activations corrected at once: each activation is declared wrong."""
    delivered(register, 1)
    register.lot("L1")
    register.activate("L1", 1, 1, 10)
    register.activate("L1", 1, 11, 30)
    with register.write() as c:
        corrections.correct(
            c, register.clock(), OFFICE, 7, 1, first=6, last=30, lot_id=None, reason="mixed up"
        )
    declared = [event for event in exported(register) if "errorDeclaration" in event]
    parts = sorted((e["ocop:serialFrom"], e["ocop:serialTo"], "ocop:partOf" in e) for e in declared)
    assert parts == [(6, 10, True), (11, 30, False)]


def test_a_recall_stays_until_it_is_lifted(lived: Register) -> None:
    """Recall sets the persistent disposition of the lot, lifting unsets it."""
    recall, lift = exported(lived)[10:12]
    assert recall["persistentDisposition"] == {"set": ["recalled"]}
    assert recall["ocop:reasonPublic"] == "Nhãn sai"
    assert lift["persistentDisposition"] == {"unset": ["recalled"]}
    assert lift["ocop:reason"] == "found safe"
    assert recall["quantityList"] == lift["quantityList"]


def test_an_export_made_again_is_the_same(lived: Register) -> None:
    """Every event has the id it had, whatever the pages, and no two events share one."""
    first = exported(lived)
    assert exported(lived) == first
    assert {e["eventID"] for e in exported(lived, instances=True)} == {e["eventID"] for e in first}
    own = [event["eventID"] for event in first if "errorDeclaration" not in event]
    assert len(set(own)) == len(own)


def test_stamps_are_named_one_by_one_if_asked(lived: Register) -> None:
    """Each by GTIN and AI 235, its printed serial; a longer range stays a quantity."""
    event = exported(lived, instances=True)[4]
    assert len(event["epcList"]) == 50
    assert event["epcList"][0] == f"https://id.gs1.org/01/{GTIN}/235/12-1-{check(12, 1)}"
    assert "quantityList" not in event
    delivered(lived, 13, 1001, "SPG")
    long = exported(lived, instances=True, batch=13)
    assert [event["quantityList"][0]["quantity"] for event in long] == [1001, 1001]


def check(batch: int, index: int) -> str:
    return f"{98 - int(f'{batch:010d}{index:08d}00') % 97:02d}"


def test_a_page_names_at_most_a_thousand_stamps(register: Register) -> None:
    """The page ends before the act with which it would name more; nothing is left out."""
    for number in (1, 2, 3):
        issued(register, number, 600)
    seen, after, pages = [], 0, 0
    while after is not None:
        with register.read() as c:
            page = epcis_acts.page(c, after, 500, Wanted(), instances=True)
        assert sum(act.stamps for act in page.acts) <= 1000
        seen, after, pages = [*seen, *(act.batch for act in page.acts)], page.next, pages + 1
    assert (seen, pages) == ([1, 2, 3], 3)


def test_a_lot_whose_record_has_ended_is_still_told(lived: Register) -> None:
    """Without code, dates, quantity and notice: the event stays, with what is left."""
    nothing = dict.fromkeys(purging.FACTS)
    before = exported(lived)
    with lived.write() as c:
        c.execute(
            tables.lot.update()
            .where(tables.lot.c.id == "L2")
            .values(**nothing, purged_at=lived.clock())
        )
    after = exported(lived)
    assert [e["eventID"] for e in after] == [e["eventID"] for e in before]
    told = json.dumps([e for e in after if e.get("ocop:lotId") == "L2"], ensure_ascii=False)
    assert "urn:tem:product/SPG/lot/L2" in told
    for word in ("Lô 2", "Nhãn sai", "2026-10-20", "HTX P1"):
        assert word not in told


# --- which are told ---


def test_filters(lived: Register) -> None:
    """By batch, by lot, by day in Vietnam and by producer: what is asked for and nothing else."""
    delivered(lived, 7, 10, "SP3")
    everything = exported(lived)
    assert actions(exported(lived, batch=7)) == ["issue", "deliver"]
    assert exported(lived, batch=1) == []
    assert {e["ocop:batchNumber"] for e in exported(lived, batch=12)} == {12}
    assert actions(exported(lived, lot_id="L1")) == ["add_lot", "activate", "activate", "correct"]
    assert actions(exported(lived, lot_id="L2")) == [
        *("add_lot", "activate", "correct", "activate", "correct", "recall_lot", "lift_recall"),
    ]
    assert exported(lived, lot_id="L%") == []
    mine, theirs = exported(lived, producer_id="P1"), exported(lived, producer_id="P2")
    assert actions(theirs) == ["issue", "deliver"]
    assert mine + theirs == everything
    today, made = date(2026, 11, 20), date(2026, 10, 20)
    assert actions(exported(lived, last_day=made)) == ["add_lot", "add_lot"]
    assert len(exported(lived, first_day=today)) == len(everything) - 2
    assert exported(lived, first_day=date(2026, 11, 21)) == []
    assert exported(lived, first_day=date(2026, 10, 21), last_day=date(2026, 11, 19)) == []


def test_an_act_taken_over_has_the_day_of_its_record(register: Register) -> None:
    """Issue and revocation of an imported batch: the day that the file gave, at 00:00."""
    issued(register, 1, 10)
    with register.write() as c:
        stamps.set_issued_on(c, 1, date(2025, 3, 1))
        endings.revoke(c, register.clock(), OFFICE, 1, 1, 10, "old", date(2025, 4, 2))
    times = [event["eventTime"] for event in exported(register)]
    assert times == ["2025-03-01T00:00:00+07:00", "2025-04-02T00:00:00+07:00"]
    assert len(exported(register, last_day=date(2025, 3, 31))) == 1


# --- over HTTP ---


@pytest.fixture
def api(lived: Register) -> Api:
    """The app over a register with a life behind it."""
    return api_over(lived)


def test_pages_follow_the_link(api: Api) -> None:
    """Each page is a document of its own and links to the next until there is none."""
    path, found = "/v1/epcis?limit=4&from=2026-01-01&instances=false", []
    while path:
        answer = api.get(path)
        assert (answer.status_code, answer.content_type) == (200, "application/ld+json")
        assert list(epcis_schema.faults(answer.json)) == []
        found += answer.json["epcisBody"]["eventList"]
        link = answer.headers.get("Link")
        assert link is None or link.endswith('>; rel="next"')
        path = link[1 : link.index(">")] if link else None
    assert found == exported(api.register)


def test_nothing_is_lost_on_the_wire(api: Api) -> None:
    """The schema of the answer has every member that an event has."""
    whole = api.get("/v1/epcis?limit=500").json["epcisBody"]["eventList"]
    assert whole == exported(api.register)


def test_who_may_export(api: Api) -> None:
    """Office and auditor all, a producer its own, nobody else anything."""
    assert len(api.get("/v1/epcis", "auditor").json["epcisBody"]["eventList"]) == 14
    assert len(api.get("/v1/epcis", "P1").json["epcisBody"]["eventList"]) == 14
    assert api.get("/v1/epcis", "P2").json["epcisBody"]["eventList"] == []
    assert problem(api.get("/v1/epcis", None), 401) == "key_missing"


@ONE_ENGINE
@pytest.mark.parametrize(
    "query",
    [
        *("after=-1", "after=x", "limit=0", "limit=501", "batch=0", "batch=4294967296", "lot="),
        *("from=2026-02-30", "from=2026-02-02&until=2026-02-01", "instances=1", "what=ever"),
    ],
)
def test_a_query_that_means_nothing_is_refused(api: Api, query: str) -> None:
    """422 with the field at fault."""
    assert problem(api.get(f"/v1/epcis?{query}"), 422) == "validation_failed"


# --- how things are named ---

NAMES = [
    (Product("SP1", GTIN), "L1", "https://id.gs1.org/01/09521234000013/10/L1"),
    (Product("SP1", "95200002"), "L1", "https://id.gs1.org/01/00000095200002/10/L1"),
    (Product("SP1", GTIN), "a/b c", "urn:tem:product/SP1/lot/ID"),
    (Product("SP1", GTIN), "a/b", "https://id.gs1.org/01/09521234000013/10/a%2Fb"),
    (Product("SP1", GTIN), "Lô 1", "urn:tem:product/SP1/lot/ID"),
    (Product("SP1", GTIN), "L" * 21, "urn:tem:product/SP1/lot/ID"),
    (Product("SP1", GTIN), None, "urn:tem:product/SP1/lot/ID"),
    (Product("SP1", "09521234000014"), "L1", "urn:tem:product/SP1/lot/ID"),
    (Product("S:1"), "L1", "urn:tem:product/S%3A1/lot/ID"),
]


@pytest.mark.parametrize(("made", "code", "uri"), NAMES)
def test_names_of_lots(made: Product, code: str | None, uri: str) -> None:
    """LGTIN where GTIN and code allow it, else our own URI by the lot's id."""
    assert URIS.lot(made, "ID", code) == uri


def test_names_of_places_and_stamps() -> None:
    """By GLN where there is one, else ours; a serial is at most 28 characters long (AI 235)."""
    assert URIS.location(Producer("P1", GLN)) == f"https://id.gs1.org/414/{GLN}"
    assert URIS.party(Producer("P1", "1234567890123")) == "urn:tem:party/P1"
    assert URIS.party(None) == "urn:tem:party/office"
    office = Uris("https://tem.example/id/", GLN)
    assert office.location(None) == f"https://id.gs1.org/414/{GLN}"
    assert office.party(Producer("P1")) == "https://tem.example/id/party/P1"
    assert URIS.stamp(Product("S"), "1-2-33") == "urn:tem:product/S/stamp/1-2-33"
    assert len(f"{2**32 - 1}-{2**24 - 1}-99") <= 28
    assert (is_gtin(GTIN), is_gtin("123"), is_gln(GLN), is_gln(GTIN)) == (True, False, True, False)


@pytest.mark.parametrize(
    ("base", "gln"),
    [
        *(("http://a.example/", None), ("https://a.example", None), ("https://a b/", None)),
        *(("urn:", None), ("https://a.example/?x=/", None), (None, "123"), (None, GTIN)),
    ],
)
def test_settings_that_name_nothing_are_refused(base: str | None, gln: str | None) -> None:
    """A base must end where our names begin, a GLN must check."""
    with pytest.raises(Invalid) as refused:
        configured(base, gln)
    assert refused.value.code == "setting_invalid"


# --- the sample, by the command ---


def test_the_whole_sample_is_exported(sample: Path, tmp_path: Path) -> None:
    """Every batch, delivery, lot, activation, void, recall and revocation of it, all valid."""
    out, data = tmp_path / "out.json", copied(sample, tmp_path / "data")
    command = [sys.executable, "-m", "tem", "registry", "epcis", "--data", data, "--out", out]
    made = subprocess.run(
        command, env=without_our_variables(), capture_output=True, text=True, check=False
    )
    assert made.returncode == 0, made.stderr
    document = json.loads(out.read_text("utf-8"))
    assert list(epcis_schema.faults(document)) == []
    events = document["epcisBody"]["eventList"]
    batches, lots_ = rows(SAMPLE, "stamp_batch"), rows(SAMPLE, "lot")
    wanted = {
        "issue": len(batches),
        "deliver": sum(row["delivered_on"] is not None for row in batches),
        "add_lot": len(lots_),
        "activate": sum(len(row["stamp_ranges"]) for row in lots_),
        "void": sum(len(row["void_ranges"]) for row in batches),
        "recall_lot": sum(row["recall"] is not None for row in lots_),
        "revoke": sum(row["status"] == "revoked" for row in batches),
    }
    found = actions(events)
    assert {name: found.count(name) for name in wanted} == wanted
    assert sum(wanted.values()) == len(events)
    assert made.stderr.startswith(f"{len(events)} events")
    activated = {row["lot_id"]: row["activated_at"] for row in lots_}
    for event in events:
        if event["ocop:action"] == "activate":
            at = parse_instant(activated[event["ocop:lotId"]])
            assert parse_instant(event["eventTime"]) == at
    with opened(data) as engine, engine.connect() as connection:
        page = epcis_acts.page(connection, 0, 500, Wanted())
    assert len(page.acts) == 500
    assert [p.name for p in tmp_path.iterdir() if p.name.startswith(".")] == []
