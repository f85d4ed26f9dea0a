"""What is typed into a form of a record, and which members of the record change by it."""

from typing import Any

import pytest

from tem_registry.portal.forms import Form
from tem_registry.portal.office.pages_products import reports_of, reports_with
from tem_registry.portal.office.records import fields, versions
from tem_registry.portal.office.records.fields import Field

FIELDS = (
    Field("name", "Tên", "Name"),
    Field("story", "Chuyện", "Story", "area"),
    Field("stars", "Sao", "Stars", "number_choice"),
    Field("stampable", "Tem", "Stamps", "tick"),
    Field("signed_on", "Ngày", "Day", "date"),
    Field("gps.lat", "Vĩ độ", "Latitude", "decimal"),
    Field("gps.lon", "Kinh độ", "Longitude", "decimal"),
    Field("product_ids", "Sản phẩm", "Products", "several"),
)
RECORD: dict[str, Any] = {
    "name": "Sóng Lam",
    "story": "Một\nHai",
    "stars": 4,
    "signed_on": "2026-10-02",
    "gps": {"lat": 18.5, "lon": 105.25, "datum": "WGS84"},
    "product_ids": ["A", "B"],
}


@pytest.mark.parametrize(
    ("typed", "day"),
    [
        ("02/10/2026", "2026-10-02"),
        ("2-10-2026", "2026-10-02"),
        (" 2.10.2026 ", "2026-10-02"),
        ("2026-10-02", "2026-10-02"),
        ("29/02/2028", "2028-02-29"),
        ("29/02/2026", None),
        ("10/2026", None),
        ("02/10/26", None),
        ("mai", None),
        ("2026-W40-5", None),
        ("٠٢/١٠/٢٠٢٦", None),
    ],
)
def test_a_day_is_read_one_way_or_not_at_all(typed: str, day: str | None) -> None:
    """Day, month, year of four digits; whatever else might be meant is not guessed."""
    assert fields.day_typed(typed) == day


def form(**changed: str | None) -> Form:
    """The form as it shows the record, with some fields typed otherwise; None: not sent."""
    values = {**fields.initial(FIELDS, RECORD), **changed}
    return Form("vi", {name: value for name, value in values.items() if value is not None}, "key")


@pytest.mark.parametrize(
    ("typed", "changed"),
    [
        ({}, {}),
        ({"story": "Một\r\nHai"}, {}),
        ({"name": ""}, {"name": None}),
        ({"stars": "5"}, {"stars": 5}),
        ({"stars": "4,5"}, {"stars": "4,5"}),
        ({"stars": "1.004"}, {"stars": 1004}),
        ({"stampable": "yes"}, {"stampable": True}),
        ({"signed_on": "3/10/2026"}, {"signed_on": "2026-10-03"}),
        ({"gps.lat": "18,75"}, {"gps": {"lat": 18.75, "lon": 105.25, "datum": "WGS84"}}),
        ({"gps.lat": "", "gps.lon": ""}, {"gps": None}),
        ({"product_ids.A": None}, {"product_ids": ["B"]}),
    ],
)
def test_only_what_is_otherwise_is_sent(typed: dict[str, Any], changed: dict[str, Any]) -> None:
    """A form sent as it was shown changes nothing; what it does not ask of a member is kept."""
    sent = form(**typed)
    assert fields.changes(FIELDS, fields.members(FIELDS, sent), RECORD) == changed
    assert not sent.is_refused


def test_a_day_that_does_not_exist_is_marked_in_its_field() -> None:
    """The form says what to write, and nothing of the date is sent."""
    sent = form(signed_on="31/02/2026")
    assert fields.members(FIELDS, sent)["signed_on"] is None
    assert "31/02/2026" in sent.faults["signed_on"]


def test_what_nobody_touched_takes_the_others_version() -> None:
    """A name the other changed is not put back by who changed the stars; both see what differs."""
    sent = form(stars="5", **{"product_ids.A": None})
    sent.values["seen"] = versions.marks(FIELDS, fields.initial(FIELDS, RECORD))
    now = {**RECORD, "name": "Sóng Lam mới", "stars": 3, "story": None}
    found = {one.field.name: one[1:] for one in versions.merge(FIELDS, sent, now, {})}
    assert found == {
        "name": ("Sóng Lam", "Sóng Lam mới", True),
        "story": ("Một\nHai", "", True),
        "stars": ("5", "3", False),
        "product_ids": ("B", "A, B", False),
    }
    assert fields.changes(FIELDS, fields.members(FIELDS, sent), now) == {
        "stars": 5,
        "product_ids": ["B"],
    }
    assert versions.merge(FIELDS, sent, now, {})[0].field.name == "stars"


ONE, TWO, THREE = ({"report_no": str(n)} for n in (1, 2, 3))


@pytest.mark.parametrize(
    ("product", "place", "report", "changed"),
    [
        ({}, None, ONE, {"quality_tests": [ONE]}),
        ({"quality_test": ONE}, None, TWO, {"quality_tests": [TWO]}),
        ({"quality_test": ONE, "quality_tests": [TWO]}, 1, THREE, {"quality_test": THREE}),
        ({"quality_test": ONE, "quality_tests": [TWO]}, 1, None, {"quality_test": None}),
        ({"quality_test": ONE, "quality_tests": [TWO]}, 2, THREE, {"quality_tests": [THREE]}),
        ({"quality_tests": [ONE, TWO]}, 1, None, {"quality_tests": [TWO]}),
        ({"quality_tests": [ONE, TWO]}, 2, THREE, {"quality_tests": [ONE, THREE]}),
    ],
)
def test_test_reports_are_one_list_on_pages(
    product: dict[str, Any], place: int | None, report: Any, changed: dict[str, Any]
) -> None:
    """Whether a record has one report, a list, or both: each is changed where it stands."""
    before = reports_of(product)
    assert reports_with(product, place, report) == changed
    after = reports_of({**product, **changed})
    assert len(after) == len(before) + (1 if place is None else 0 if report else -1)
