"""The rules of the catalogue, each with its table of cases."""

from datetime import date
from typing import Any

import pytest
from marshmallow import ValidationError

from tem import gtin
from tem.errors import Invalid
from tem.vocabulary import ProducerStatus
from tem_registry.catalogue import (
    addresses,
    consents,
    contacts,
    names,
    places,
    product_rules,
    standing,
    turns,
)
from tem_registry.fields import Words

TODAY = date(2026, 11, 20)


@pytest.mark.parametrize(
    ("field", "value", "code"),
    [
        ("phone", "0239 0000 001", None),
        ("phone", "+84 (0)239.385-5555", None),
        ("phone", "1900 1234", None),
        ("phone", "0239 12", "phone_form"),
        ("phone", "0" * 16, "phone_form"),
        ("phone", "0239 3855 P1", "phone_form"),
        ("phone", "٠٢٣٩٠٠٠٠٠٠١", "phone_form"),
        ("email", "lienhe@songlam.example", None),
        ("email", "chị.lam+ocop@thư.example.vn", None),
        ("email", "songlam.example", "email_form"),
        ("email", "a@b", "email_form"),
        ("email", "a@b@c.vn", "email_form"),
        ("email", "a b@c.vn", "email_form"),
        ("email", "<a@c.vn>", "email_form"),
        ("website", "https://songlam.example", None),
        ("website", "http://nước-mắm.vn:8080/đặt-hàng?a=1#b", None),
        ("website", "songlam.example", "website_form"),
        ("website", "javascript:alert(1)//a.vn", "website_form"),
        ("website", "https://office@evil.example", "website_form"),
        ("website", "https://a.vn\\@evil.example", "website_form"),
        ("website", "https://a.vn/two words", "website_form"),
        ("website", "https://[::1", "website_form"),
        ("website", "https://localhost", "website_form"),
        ("website", "https://a.vn:99999", "website_form"),
        ("gln", "9521234900016", None),
        ("gln", "9521234900017", "gln_check_digit"),
        ("gln", "952123490001", "gln_check_digit"),
        ("tax_code", "3000000001", None),
        ("tax_code", "3000000001-001", None),
        ("tax_code", "042085001234", None),
        ("tax_code", "30000", "tax_code_form"),
        ("tax_code", "３000000001", "tax_code_form"),
    ],
)
def test_contacts(field: str, value: str, code: str | None) -> None:
    """A way to reach somebody is plausible or named with its code; an absent one is fine."""
    assert [one.code for one in contacts.faults({field: value})] == ([code] if code else [])
    assert contacts.faults({field: None}) == []


@pytest.mark.parametrize(
    ("number", "form", "sound"),
    [
        ("96385074", True, True),
        ("036000291452", True, True),
        ("4006381333931", True, True),
        ("8934563138165", True, True),
        ("09521234000013", True, True),
        ("09521234000031", True, False),
        ("96385075", True, False),
        ("9638507", False, False),
        ("400638133393X", False, False),
        ("40063813339３1", False, False),
        ("", False, False),
    ],
)
def test_numbers_of_gs1(number: str, form: bool, sound: bool) -> None:
    """8, 12, 13 or 14 ASCII digits, the last of which checks the others."""
    assert gtin.has_form(number) is form
    if form:
        assert gtin.is_sound(number) is sound


PRODUCT = {"category_code": "I.4.a", "date_kind": "best_before", "stampable": True}


@pytest.mark.parametrize(
    ("fields", "stampable", "codes"),
    [
        ({}, True, []),
        ({}, None, ["unknown_category"]),
        ({}, False, ["category_not_stampable"]),
        ({"stampable": False}, False, []),
        ({"gtin": "09521234000013"}, True, []),
        ({"gtin": "09521234000012"}, True, ["gtin_check_digit"]),
        ({"gtin": "0952123400001"}, True, ["gtin_check_digit"]),
        ({"gtin": "952123400001"}, True, ["gtin_check_digit"]),
        ({"gtin": "952 1234"}, True, ["gtin_form"]),
        ({"gs1_date_ai": "15"}, True, []),
        ({"gs1_date_ai": "17"}, True, ["date_ai_mismatch"]),
        ({"date_kind": "use_by", "gs1_date_ai": "17"}, True, []),
        ({"date_kind": "none", "gs1_date_ai": None, "shelf_life": None}, True, []),
        ({"date_kind": "none", "gs1_date_ai": "15"}, True, ["date_ai_mismatch"]),
        ({"date_kind": "none", "shelf_life": {"value": 1}}, True, ["shelf_life_without_date"]),
    ],
)
def test_what_must_agree_in_a_product(
    fields: dict[str, Any], stampable: bool | None, codes: list[str]
) -> None:
    """Category, GTIN and the kind of date contradict nothing, or are named with their code."""
    found = product_rules.faults({**PRODUCT, **fields}, stampable)
    assert [one.code for one in found] == codes


def test_what_a_product_lacks() -> None:
    """Of the ten minimum data those that a product itself can lack are named; a date if it has."""
    assert product_rules.missing(PRODUCT) == [
        "declared_standard",
        "image",
        "process",
        "shelf_life",
    ]
    full = {"declared_standard": "TCCS", "image": "F-1", "process": "ủ", "shelf_life": {}}
    assert product_rules.missing({**PRODUCT, **full}) == []
    assert "shelf_life" not in product_rules.missing({**PRODUCT, "date_kind": "none"})


@pytest.mark.parametrize(
    ("consent", "subject", "wanted"),
    [
        (None, "contact", False),
        ({"contact": True, "representative": False}, "contact", True),
        ({"contact": True, "representative": False}, "representative", False),
        ({"contact": True, "withdrawn_on": None}, "contact", True),
        ({"contact": True, "withdrawn_on": "2026-11-20"}, "contact", False),
    ],
)
def test_a_consent(consent: Any, subject: str, wanted: bool) -> None:
    """None is assumed; each is for its subject alone and ends with its withdrawal."""
    assert consents.given({"consent": consent}, subject) is wanted


@pytest.mark.parametrize(
    ("given_on", "withdrawn_on", "codes"),
    [
        ("2026-11-20", None, []),
        ("2026-11-20", "2026-11-20", []),
        ("2026-11-21", None, ["consent_in_future"]),
        ("2026-01-01", "2026-11-21", ["consent_in_future"]),
        ("2026-11-20", "2026-11-19", ["consent_out_of_order"]),
    ],
)
def test_the_days_of_a_consent(given_on: str, withdrawn_on: str | None, codes: list[str]) -> None:
    """Neither day lies ahead, and nothing is withdrawn before it was given."""
    record = {"consent": {"given_on": given_on, "withdrawn_on": withdrawn_on}}
    assert [one.code for one in consents.faults(record, TODAY)] == codes


@pytest.mark.parametrize(
    ("day", "revoked_on", "wanted"),
    [
        ("2023-12-31", None, "not_yet_valid"),
        ("2024-01-01", None, "valid"),
        ("2026-12-31", None, "valid"),
        ("2027-01-01", None, "expired"),
        ("2026-05-01", "2026-05-02", "valid"),
        ("2026-05-02", "2026-05-02", "revoked"),
        ("2027-01-01", "2026-05-02", "revoked"),
    ],
)
def test_how_a_certificate_stands(day: str, revoked_on: str | None, wanted: str) -> None:
    """Both days of its term count, and a withdrawal counts from its own day."""
    record = {"valid_from": "2024-01-01", "valid_until": "2026-12-31", "revoked_on": revoked_on}
    assert standing.certificate(record, date.fromisoformat(day)) == wanted
    if revoked_on is None:
        contract = {"signed_on": "2024-01-01", "valid_until": "2026-12-31"}
        assert standing.contract(contract, date.fromisoformat(day)) == wanted


def certified(id: str, first: str, last: str, revoked_on: str | None = None) -> dict[str, Any]:
    return {
        "certificate_id": id,
        "valid_from": first,
        "valid_until": last,
        "revoked_on": revoked_on,
    }


OLD = certified("A", "2020-01-01", "2022-12-31")
LAPSED = certified("B", "2023-01-01", "2025-12-31")
NEW = certified("C", "2025-06-01", "2028-05-31")
NEXT = certified("D", "2027-01-01", "2029-12-31")


@pytest.mark.parametrize(
    ("certificates", "wanted"),
    [
        ([], None),
        ([OLD, LAPSED], "B"),
        ([NEW, LAPSED, OLD], "C"),
        ([LAPSED, NEXT], "B"),
        ([NEXT], "D"),
        ([LAPSED, {**NEW, "revoked_on": "2026-01-01"}], "C"),
        ([certified("E", "2026-01-01", "2028-12-31", "2026-02-01"), NEW], "C"),
    ],
)
def test_the_current_certificate(certificates: list[Any], wanted: str | None) -> None:
    """The newest in force; else the newest that has begun; else the one to come."""
    current = standing.current(certificates, TODAY)
    assert (current and current["certificate_id"]) == wanted


COMMUNES = {"18781": "Phường Hải Ninh", "18073": "Phường Thành Sen"}


@pytest.mark.parametrize(
    ("address", "codes"),
    [
        ({}, []),
        ({"commune_code": "18781"}, []),
        ({"commune_code": "18781", "province_code": "42"}, []),
        ({"commune_code": "18781", "commune": "hải ninh"}, []),
        ({"commune_code": "18781", "commune": "Phường Thành Sen"}, ["commune_mismatch"]),
        ({"commune_code": "00001"}, ["unknown_commune"]),
        ({"commune_code": "00001", "province_code": "42"}, ["unknown_commune"]),
        ({"commune_code": "00001", "province_code": "01"}, []),
        ({"commune_code": "18781", "province_code": "01"}, ["unknown_commune"]),
    ],
)
def test_codes_of_communes(address: dict[str, Any], codes: list[str]) -> None:
    """In province 42 a code is one of the list and goes with its name; elsewhere five digits do."""
    assert [one.code for one in addresses.faults(address, COMMUNES)] == codes


def test_names_follow_from_a_code() -> None:
    """Commune and province are named where they were left out, and never written over."""
    filled = addresses.completed({"commune_code": "18781", "commune": "Hải Ninh"}, COMMUNES)
    assert (filled["commune"], filled["province"]) == ("Hải Ninh", "Tỉnh Hà Tĩnh")
    assert filled["province_code"] == "42"
    elsewhere = {"commune_code": "00001", "province_code": "01"}
    assert addresses.completed(elsewhere, COMMUNES) == elsewhere


BEFORE = {
    "address": {"full": "Thôn 1", "valid_from": "2025-07-01"},
    "address_before_2025_07_01": {"full": "xã cũ, huyện cũ", "district": "huyện cũ"},
}


@pytest.mark.parametrize(
    ("address", "begins", "ended"),
    [
        ({"full": "Thôn 2"}, "2026-11-20", "2026-11-19"),
        ({"full": "Thôn 2", "valid_from": "2026-03-01"}, "2026-03-01", "2026-02-28"),
        ({"full": "Thôn 2", "valid_from": "2025-07-01"}, "2025-07-01", None),
        ({"full": "Thôn 1"}, "2025-07-01", None),
        ({"full": "Thôn 1", "valid_from": "2025-08-01"}, "2025-08-01", None),
    ],
)
def test_an_address_changes(address: dict[str, Any], begins: str, ended: str | None) -> None:
    """The old one ends the day before; the same first day or the same words are a correction."""
    moved = addresses.moved(BEFORE, address, TODAY)
    assert moved["address"] == {**address, "valid_from": begins}
    former = [{**BEFORE["address"], "valid_to": ended}] if ended else []
    assert moved.get("former_addresses", []) == former


@pytest.mark.parametrize(
    ("valid_from", "code"),
    [("2026-11-21", "address_in_future"), ("2025-06-30", "address_out_of_order")],
)
def test_addresses_come_in_order(valid_from: str, code: str) -> None:
    """A new address begins neither before the present one nor in the future."""
    with pytest.raises(Invalid) as refused:
        addresses.moved(BEFORE, {"full": "Thôn 2", "valid_from": valid_from}, TODAY)
    assert refused.value.code == code


@pytest.mark.parametrize(
    ("day", "wanted"),
    [
        ("2020-01-01", "xã cũ, huyện cũ"),
        ("2025-06-30", "xã cũ, huyện cũ"),
        ("2025-07-01", "Thôn 1"),
        ("2026-02-28", "Thôn 1"),
        ("2026-03-01", "Thôn 2"),
        ("2030-01-01", "Thôn 2"),
    ],
)
def test_the_address_on_a_day(day: str, wanted: str) -> None:
    """Each address counts from its first day to its last, and reads exactly as it was."""
    later = addresses.moved(BEFORE, {"full": "Thôn 2", "valid_from": "2026-03-01"}, TODAY)
    found = addresses.address_on({**BEFORE, **later}, date.fromisoformat(day))
    assert found is not None and found["full"] == wanted
    assert found.get("district") == ("huyện cũ" if wanted.startswith("xã cũ") else None)


def test_a_day_without_an_address() -> None:
    """Before the first address on record there is none; one without a first day always was."""
    record = {"address": {"full": "Thôn 1", "valid_from": "2025-07-01"}}
    assert addresses.address_on(record, date(2025, 6, 30)) is None
    assert addresses.address_on({"address": {"full": "Thôn 1"}}, date(2000, 1, 1)) is not None


@pytest.mark.parametrize(
    ("former", "wanted"),
    [
        ("Kỳ Lợi", ["18754", "18823", "18832"]),
        ("xã Kỳ Lợi", ["18754", "18823", "18832"]),
        ("ky loi", ["18754", "18823", "18832"]),
        ("phường Kỳ Lợi", []),
        ("Đại Nài", ["18073", "18652"]),
        ("Sơn Kim 1", ["18196"]),
        ("Kỳ", []),
    ],
)
def test_what_became_of_a_former_unit(former: str, wanted: list[str]) -> None:
    """All units that took in a part are given: old to new is not a function."""
    assert [one.code for one in places.successors(former)] == wanted


def test_names_as_people_write_them() -> None:
    """Case, accents, the place of a tone mark and the form of Unicode make no difference."""
    assert names.folded("Xã Yên Hoà") == names.folded("xã  yên hòa") == "xa yen hoa"
    assert names.folded("Đức Thọ") == "duc tho"
    assert names.bare("Thị trấn Phố Châu") == "Phố Châu"


def test_what_the_state_has_laid_down() -> None:
    """There are 69 communes and 38 categories, and group VI alone carries no stamp."""
    assert len(places.communes()) == 69
    assert len(places.categories()) == 38
    assert [c.code for c in places.categories().values() if not c.stampable] == ["VI"]


def written(shown: str) -> tuple[tuple[ProducerStatus, date], ...]:
    """``active 11-01, suspended 11-10`` as turns of 2026."""
    words = [one.split() for one in shown.split(", ") if one]
    return tuple((ProducerStatus(s), date.fromisoformat(f"2026-{day}")) for s, day in words)


@pytest.mark.parametrize(
    ("before", "status", "since", "after"),
    [
        # a day alone moves the turn it is about
        ("suspended 11-01", None, "11-05", "suspended 11-05"),
        ("suspended 11-05", None, "11-01", "suspended 11-01"),
        ("suspended 11-25", None, "11-28", "suspended 11-28"),
        ("active 01-01, suspended 11-05", None, "11-10", "active 01-01, suspended 11-10"),
        ("active 01-01, suspended 11-05", None, "11-30", "active 01-01, suspended 11-30"),
        ("", None, "11-05", "active 11-05"),
        # a status alone counts from today, and calls off what lies ahead
        ("active 01-01", "suspended", None, "active 01-01, suspended 11-20"),
        ("suspended 11-20", "active", None, "active 11-20"),
        ("active 01-01, suspended 11-21", "active", None, "active 01-01"),
        ("suspended 11-21", "active", None, "active 11-20"),
        ("suspended 11-01", "suspended", None, "suspended 11-01"),
        ("active 01-01, ceased 11-21", "suspended", None, "active 01-01, suspended 11-20"),
        # both: the same again is nothing new, or another day of it
        ("active 01-01, suspended 11-21", "active", "01-01", "active 01-01, suspended 11-21"),
        ("active 01-01, suspended 11-01", "suspended", "11-05", "active 01-01, suspended 11-05"),
        ("active 01-01, suspended 11-05", "suspended", "11-01", "active 01-01, suspended 11-01"),
        ("active 01-01, suspended 11-21", "suspended", "11-28", "active 01-01, suspended 11-28"),
        ("suspended 11-01, active 12-01", "suspended", "11-05", "suspended 11-05, active 12-01"),
        # both: a new turn takes away what begins after it
        ("suspended 11-10", "active", "11-01", "active 11-01"),
        ("active 01-01, suspended 11-10", "active", "02-01", "active 01-01"),
        (
            "suspended 01-01, active 02-01, ceased 11-10",
            "active",
            "11-05",
            "suspended 01-01, active 02-01",
        ),
        ("active 01-01, suspended 11-10", "ceased", "11-10", "active 01-01, ceased 11-10"),
        ("active 01-01", "suspended", "11-25", "active 01-01, suspended 11-25"),
        (
            "active 01-01, suspended 11-25",
            "active",
            "12-25",
            "active 01-01, suspended 11-25, active 12-25",
        ),
    ],
)
def test_statements_of_a_status(
    before: str, status: str | None, since: str | None, after: str
) -> None:
    """What is stated is what counts: the day moves, or a turn begins and later ones go."""
    said = ProducerStatus(status) if status else None
    day = date.fromisoformat(f"2026-{since}") if since else None
    found = turns.stated(written(before), said, day, TODAY)
    assert found == written(after)
    if said is not None and (day or TODAY) <= TODAY:
        now = turns.in_force(found, TODAY)
        assert now is not None and now[0] is said


def test_a_day_that_could_mean_two_turns() -> None:
    """With a turn that lies ahead, a day alone is refused: the status must be named."""
    for before in ("suspended 11-01, active 12-01", "suspended 11-25, active 12-01"):
        with pytest.raises(Invalid) as refused:
            turns.stated(written(before), None, date(2026, 11, 5), TODAY)
        assert refused.value.code == "status_day_ambiguous"


@pytest.mark.parametrize(
    ("limit", "text", "fine"),
    [
        (200, "Nước mắm “Sóng Lam” – 4 sao ★", True),
        (200, "Khánh\u0065\u0301", True),
        (200, "👨\u200d👩\u200d👧", True),
        (200, "a\nb", False),
        (200, "a\tb", False),
        (4000, "Bước 1\r\nBước 2\tmuối", True),
        (4000, "a\x0bb", False),
        (4000, "a\x00b", False),
        (4000, "a\u2028b", False),
        (200, "a\x1bb", False),
        (200, "a\x85b", False),
        *((200, f"a{mark}b", False) for mark in "\u061c\u200e\u200f\u202a\u202e\u2066\u2069"),
        (200, "\u200b", False),
        (200, "\u2060\ufeff", False),
        (200, "\u3164", False),
        (200, "\u2800", False),
        (200, "\u0301", False),
        (200, "\U000e0041", False),
        (200, "\u00ad \u200d", False),
    ],
)
def test_text_for_people(limit: int, text: str, fine: bool) -> None:
    """Something to see, and nothing that hides or turns the text around it."""
    try:
        Words(limit).deserialize(text)
    except ValidationError as refused:
        assert not fine, refused
    else:
        assert fine
