"""Dates as labels write them: every reading is given, none is chosen for anybody."""

import unicodedata
from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.registry.records import ONE_ENGINE, Register
from tests.registry.signed_in import api_over, problem

from tem.dates import FIRST_DATE, LAST_DATE
from tem.errors import Invalid
from tem_registry.lots import label_dates, label_readings
from tem_registry.lots.label_readings import Known

TODAY = date(2026, 11, 20)
MADE = date(2026, 4, 2)
DAYS = st.dates(FIRST_DATE, LAST_DATE)
DMY, YMD, MY = "day_month_year", "year_month_day", "month_year"
FROM, BACK = "term_from_production", "term_before_expiry"


def read(text: str, **known: Any) -> list[tuple[str, str]]:
    """What is sent of each reading, and its form."""
    given = {"today": TODAY, "produced": MADE, **known}
    return [(one.value, one.form) for one in label_dates.read(text, Known(**given))]


def code(text: str, **known: Any) -> str:
    with pytest.raises(Invalid) as refused:
        read(text, **known)
    return refused.value.code


@pytest.mark.parametrize(
    ("text", "readings"),
    [
        # Decree 37/2026 Annex III: the forms it names.
        ("HSD: 021028", [("2028-10-02", DMY), ("2002-10-28", YMD)]),
        ("02 10 28", [("2028-10-02", DMY), ("2002-10-28", YMD)]),
        ("02102028", [("2028-10-02", DMY)]),
        ("02/10/28", [("2028-10-02", DMY)]),
        ("HSD: 30 tháng kể từ NSX", [("2028-10-02", FROM)]),
        ("NSX 30 tháng trước HSD", [("2028-10-02", BACK)]),
        ("260402 (năm/tháng/ngày)", [("2026-04-02", YMD)]),
        # Other separators, prefixes, orders.
        ("2-10-2028", [("2028-10-02", DMY)]),
        ("02.10.2028.", [("2028-10-02", DMY)]),
        ("2 10 28", [("2028-10-02", DMY)]),
        ("HD 31 / 12 / 26", [("2026-12-31", DMY)]),
        ("Hạn sử dụng: 02/10/2028", [("2028-10-02", DMY)]),
        ("EXP 02 OCT 28", [("2028-10-02", DMY)]),
        ("Best before end: October 2028", [("2028-10", MY)]),
        ("BBE 12/2026", [("2026-12", MY)]),
        ("2028-10-02", [("2028-10-02", YMD)]),
        ("20281002", [("2028-10-02", YMD)]),
        ("02/10/28 (năm/tháng/ngày)", [("2002-10-28", YMD)]),
        ("10/02/2028 mm/dd/yyyy", [("2028-10-02", "month_day_year")]),
        ("12/2026", [("2026-12", MY)]),
        ("T12/2026", [("2026-12", MY)]),
        ("tháng 2/2028", [("2028-02", MY)]),
        ("2028-02", [("2028-02", "year_month")]),
        ("ngày 2 tháng 10 năm 2028", [("2028-10-02", DMY)]),
        # Six digits of which one reading is no date, or both are the same.
        ("020432", [("2032-04-02", DMY)]),
        ("320402", [("2032-04-02", YMD)]),
        ("311226", [("2026-12-31", DMY), ("2031-12-26", YMD)]),
        ("101010", [("2010-10-10", DMY)]),
        # The window of two digits: 49 years back, 50 ahead.
        ("01/01/76", [("2076-01-01", DMY)]),
        ("01/01/77", [("1977-01-01", DMY)]),
        # Periods.
        ("18 tháng", [("2027-10-02", FROM)]),
        ("540 ngày", [("2027-09-24", FROM)]),
        ("2 năm từ ngày sản xuất", [("2028-04-02", FROM)]),
        ("12 months from the production date", [("2027-04-02", FROM)]),
    ],
)  # fmt: skip
@pytest.mark.parametrize("form", ["NFC", "NFD"])
def test_every_reading_that_a_text_allows(
    form: Any, text: str, readings: list[tuple[str, str]]
) -> None:
    """The usual one on a Vietnamese label first; accents may be composed, decomposed or capital."""
    assert read(unicodedata.normalize(form, text)) == readings
    assert read(unicodedata.normalize(form, text.upper())) == readings


@pytest.mark.parametrize(
    ("text", "refused"),
    [
        ("31/02/2027", "no_such_day"),
        ("29/02/2027", "no_such_day"),
        ("00/10/2028", "no_such_day"),
        ("02/13/2028", "no_such_month"),
        ("122026", "no_such_month"),
        ("999999", "no_such_month"),
        ("02/10/0028", "year_out_of_range"),
        ("02/10/2200", "year_out_of_range"),
        ("02/10/8", "year_unclear"),
        ("02/10/028", "year_unclear"),
        ("12/26", "year_unclear"),
        ("０２１０２８", "digits_not_plain"),
        ("02/10/２０28", "digits_not_plain"),
        ("②/10/2028", "digits_not_plain"),
        ("NSX: 02/10/2026", "other_kind_of_date"),
        ("NSX 02/04/26 HSD 02/10/28", "other_kind_of_date"),
        ("NSX 18 tháng", "other_kind_of_date"),
        ("02/10/28 (ngày/ngày/năm)", "order_unclear"),
        ("12/2026 (ngày/tháng/năm)", "label_date_unreadable"),
        ("HSD 02/10/28 và 03/10/28", "label_date_unreadable"),
        ("02/10-28", "label_date_unreadable"),
        ("02102", "label_date_unreadable"),
        ("0 tháng", "label_date_unreadable"),
        ("99999 tháng", "label_date_unreadable"),
        ("5 tháng từ NSX trước HSD", "label_date_unreadable"),
        ("mai", "label_date_unreadable"),
        ("   ", "label_date_unreadable"),
        ("2" * 101, "label_date_unreadable"),
        ("5000 năm", "label_date_unreadable"),
        ("36000 tháng", "year_out_of_range"),
    ],
)  # fmt: skip
def test_what_is_no_date(text: str, refused: str) -> None:
    """Each has its own code, which says what to write instead."""
    assert code(text) == refused


def test_a_period_is_counted_from_what_is_known() -> None:
    """Back from the expiry for a production date; without the other date there is no answer."""
    assert code("18 tháng", produced=None) == "production_date_needed"
    assert code("NSX 30 tháng trước HSD", kind="production") == "expiry_date_needed"
    back = {"kind": "production", "expires": date(2028, 8, 31)}
    assert read("NSX 30 tháng trước HSD", **back) == [("2026-02-28", BACK)]
    assert read("NSX 10 ngày trước HSD", **back) == [("2028-08-21", BACK)]
    assert code("18 tháng", kind="production") == "other_kind_of_date"


def test_a_month_back_may_come_from_several_days() -> None:
    """Thirty months before each of the last days of August is the last of February; none ends in
    a month too short for the day."""
    made = date(2026, 2, 28)
    days = [("2028-08-28", BACK), ("2028-08-29", BACK), ("2028-08-30", BACK), ("2028-08-31", BACK)]
    assert read("30 tháng trước HSD", produced=made) == days
    assert code("6 tháng trước HSD", produced=date(2026, 8, 31)) == "no_such_expiry"


def test_a_production_date_has_a_day() -> None:
    """A lot is made on a day, whatever its label says."""
    assert read("NSX 20/11/26", kind="production") == [("2026-11-20", DMY)]
    assert code("11/2026", kind="production") == "day_missing"
    assert code("HSD 20/11/26", kind="production") == "other_kind_of_date"


@pytest.mark.parametrize(
    ("day", "kind", "doubts"),
    [
        (TODAY, "production", []),
        (TODAY + timedelta(1), "production", ["production_date_in_future"]),
        (TODAY, "expiry", []),
        (TODAY - timedelta(1), "expiry", ["past_date"]),
        (MADE, "expiry", ["past_date"]),
        (MADE - timedelta(1), "expiry", ["past_date", "before_production"]),
    ],
)
def test_what_makes_a_reading_unlikely(day: date, kind: str, doubts: list[str]) -> None:
    """Both ends count: made today, good until today, made and dated on one day."""
    assert label_readings.doubts(day, Known(TODAY, kind, MADE)) == doubts


@given(day=DAYS, form=st.sampled_from(["NFC", "NFD"]), month=st.booleans())
def test_words_read_back(day: date, form: Any, month: bool) -> None:
    """What a person is shown of any date, in either language, means that date and no other."""
    text = f"{day:%m/%Y}" if month else f"{day:%d/%m/%Y}"
    (one,) = label_dates.read(text, Known(TODAY))
    for shown in (*one.words.values(), one.shown, one.value):
        (again,) = label_dates.read(unicodedata.normalize(form, shown), Known(TODAY))
        assert (again.date, again.precision) == (one.date, one.precision)
    assert month or one.date == day


@given(day=st.dates(date(1977, 1, 1), date(2076, 12, 31)))
def test_six_digits_hold_what_was_printed(day: date) -> None:
    """In whichever of the two orders a label was printed, its date is among the readings."""
    for printed in (f"{day:%d%m%y}", f"{day:%y%m%d}", f"{day:%d %m %y}"):
        assert day in {one.date for one in label_dates.read(printed, Known(TODAY))}


@given(text=st.text(max_size=110))
def test_no_text_breaks_it(text: str) -> None:
    """Whatever is typed has a reading or a refusal."""
    try:
        assert label_dates.read(text, Known(TODAY, produced=MADE))
    except Invalid:
        pass


@ONE_ENGINE
def test_label_dates_over_http(register: Register) -> None:
    """The readings with words, what to send, doubts and the window of two digits."""
    api = api_over(register)
    answer = api.get("/v1/label-dates?text=HSD: 021028&produced=2026-04-02", "P1").json
    assert answer["ambiguous"] is True
    assert answer["two_digit_years"] == {"first": 1977, "last": 2076}
    assert answer["readings"] == [
        {
            "date": "2028-10-02",
            "precision": "day",
            "value": "2028-10-02",
            "shown": "02/10/2028",
            "form": "day_month_year",
            "words": {"vi": "ngày 2 tháng 10 năm 2028", "en": "2 October 2028"},
            "doubts": [],
        },
        {
            "date": "2002-10-28",
            "precision": "day",
            "value": "2002-10-28",
            "shown": "28/10/2002",
            "form": "year_month_day",
            "words": {"vi": "ngày 28 tháng 10 năm 2002", "en": "28 October 2002"},
            "doubts": ["past_date", "before_production"],
        },
    ]
    month = api.get("/v1/label-dates?text=T12/2026", "P1").json
    assert (month["readings"][0]["date"], month["ambiguous"]) == ("2026-12-31", False)
    assert problem(api.get("/v1/label-dates?text=31/02/2027", "P1"), 422) == "no_such_day"
    assert problem(api.get("/v1/label-dates?kind=expiry", "P1"), 422) == "validation_failed"
