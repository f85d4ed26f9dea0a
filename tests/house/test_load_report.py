"""What `make load` expects of each answer, and what it tells of a run."""

import json
import re
from collections import Counter
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from loadtests import load_report, load_report_page
from loadtests.load_report_text import headline, text
from loadtests.locust_checks import beacon, is_shed, titles, wrong_answer, wrong_page
from loadtests.locust_samples import OVERLOADED, Samples, bucket, masked, middle
from loadtests.locust_stamps import Lot, Stamp, Stock, popularity
from loadtests.seed_plan import Plan
from tests.running import ROOT

from tem.stampcode import serial
from tem.vocabulary import StampState

TODAY = date(2026, 11, 20)
MADE = TODAY - timedelta(days=30)
PLAN = Plan(3_000, 500)
CODE = "1234567890123" + "9" * 161
SOLD = Stamp(3, 17, StampState.ACTIVATED, Lot(5, MADE))


@pytest.mark.parametrize(
    ("state", "lot", "age", "verdict"),
    [
        (StampState.ACTIVATED, 5, 30, "OK"),
        (StampState.ACTIVATED, 5, 365, "OK"),
        (StampState.ACTIVATED, 5, 366, "PAST_DATE"),
        (StampState.ACTIVATED, 5, 396, "PAST_DATE"),
        (StampState.ACTIVATED, 5, 397, "INFO_EXPIRED"),
        (StampState.ACTIVATED, 100, 400, "RECALLED"),
        (StampState.VOID, 100, 30, "RECALLED"),
        (StampState.VOID, 5, 400, "VOID"),
        (StampState.REVOKED, 5, 30, "STAMP_REVOKED"),
        (StampState.DELIVERED, None, 0, "NOT_ACTIVATED"),
    ],
)
def test_the_verdict_expected_of_a_stamp(
    state: StampState, lot: int | None, age: int, verdict: str
) -> None:
    """It follows from the plan alone: a recall first, then the state, then the lot's dates."""
    of = None if lot is None else Lot(lot, TODAY - timedelta(days=age))
    assert Stamp(1, 1, state, of).verdict(TODAY) == verdict


def test_what_changes_during_a_run_is_nobody_elses() -> None:
    """No shopper holds a stamp of the office's lots, or one that a producer may activate."""
    stock = Stock(PLAN, TODAY, producers=4)
    for verdict, pool in stock.pools.items():
        for batch, one in pool:
            assert one.lot is None or one.lot % 100 != 50
            assert one.lot is not None or not stock.is_producers(batch)
        assert stock.stamp(verdict, 10**6).verdict(TODAY) == verdict
    assert {"OK", "NOT_ACTIVATED", "VOID", "STAMP_REVOKED"} <= set(stock.pools)
    assert all(one.lot is not None and one.lot % 100 == 50 for _, one in stock.office)
    assert all(stock.is_producers(batch) for batch, _ in stock.unused(3))


def test_some_stamps_are_far_more_popular_than_others() -> None:
    """Half the choices fall on the first thousandth of the ranks."""

    class Halfway:
        def random(self) -> float:
            return 0.5

    assert 900 < popularity(Halfway()) < 1000  # type: ignore[arg-type]


def answer(**changes: Any) -> dict[str, Any]:
    told = {"verdict": "OK", "notes": [], "stamp": {"batch": 3, "index": 17}}
    return {**told, "lot": {"code": SOLD.lot.code if SOLD.lot else ""}, **changes}


@pytest.mark.parametrize(
    ("found", "stamp", "verdicts", "told"),
    [
        (answer(), SOLD, {"OK"}, None),
        (answer(notes=["MANY_SCANS"]), SOLD, {"OK"}, None),
        (answer(), SOLD, {"PAST_DATE"}, "wrong verdict OK instead of PAST_DATE"),
        ([], SOLD, {"OK"}, "wrong verdict list"),
        (answer(stamp={"batch": 3, "index": 18}), SOLD, {"OK"}, "answer about another stamp"),
        (answer(lot={"code": "L-1"}), SOLD, {"OK"}, "wrong lot"),
        (answer(notes=["EXPIRES_TODAY"]), SOLD, {"OK"}, "wrong notes"),
        (answer(verdict="VOID"), SOLD, {"VOID"}, "a lot is told"),
        ({"verdict": "UNKNOWN", "notes": []}, None, {"UNKNOWN"}, None),
        (answer(verdict="UNKNOWN"), None, {"UNKNOWN"}, "a stranger's answer"),
    ],
)
def test_an_answer_is_checked(
    found: Any, stamp: Stamp | None, verdicts: set[str], told: str | None
) -> None:
    """Verdict, stamp, lot and notes must be those that the plan demands."""
    wrong = wrong_answer(found, stamp, verdicts, TODAY)
    assert wrong is None if told is None else (wrong or "").startswith(told)


def test_a_page_is_checked() -> None:
    """By its heading, the serial and the lot on it; the beacon must be the stamp's own."""
    texts = json.loads((ROOT / "services/verifier/tem_verifier/texts.json").read_text("utf-8"))
    for lang in ("vi", "en"):
        headings = titles(texts, lang)
        [ok] = [words for words, verdict in headings.items() if verdict == "OK"]
        lot = SOLD.lot.code if SOLD.lot else ""
        page = f'<h1 id="verdict">{ok}</h1>{serial(3, 17)} {lot}<img src="/s/1/seen"></html>\n'
        assert wrong_page(page, headings, SOLD, {"OK"}) is None
        assert beacon(page) == "/s/1/seen"
        for missing in (ok, serial(3, 17), lot, "</html>"):
            assert wrong_page(page.replace(missing, ""), headings, SOLD, {"OK"}) is not None
        assert wrong_page(page, headings, SOLD, {"VOID"}) is not None


@pytest.mark.parametrize("milliseconds", [0.06, 1.0, 7.3, 250.0, 31_000.0])
def test_times_are_kept_to_about_one_percent(milliseconds: float) -> None:
    """The middle of a step is near every time in it."""
    assert middle(bucket(milliseconds)) == pytest.approx(milliseconds, rel=0.011)


def test_percentiles_of_counts() -> None:
    """A percentile is a time that so many of the requests did not exceed."""
    steps = Counter({bucket(1): 500, bucket(10): 480, bucket(100): 15, bucket(1000): 5})
    found = load_report.percentiles(steps)
    expected = {"p50": 1, "p90": 10, "p99": 100, "p999": 1000, "max": 1000}
    assert found == pytest.approx(expected, rel=0.011)


def seen(tmp_path: Path, fault: str | None = None) -> dict[str, Any]:
    """The samples of a process that opened a page, sent its beacon and saw an act."""
    samples = Samples()
    samples.request("consumer: page", "OK", 2.0, fault)
    samples.request("consumer: beacon", "", 1.0, None)
    samples.began("recall")
    samples.began("recall")
    samples.seen("recall", 0.25)
    samples.write(tmp_path / "samples.json", processor_seconds=0.5)
    kept: dict[str, Any] = json.loads((tmp_path / "samples.json").read_text())
    return kept


NO_VIEWS = {"answered": 0, "counted": 0}


def report(*samples: dict[str, Any], **changes: Any) -> dict[str, Any]:
    views = {"answered": len(samples), "counted": len(samples)}
    found = {"samples": list(samples), "missing": 0, "cut_short": False, "processor": {}}
    settings = {"users": 1, "producers": 1, "processes": 2, "ranges": 1}
    about = {"machine": {}, "versions": {}, "settings": settings, "seconds": {}}
    return load_report.report({**found, "views": views, **changes}, about)


def test_the_samples_of_all_processes_are_one_report(tmp_path: Path) -> None:
    """Counts, acts and views are added up; a run without a fault is a good one."""
    found = report(seen(tmp_path), seen(tmp_path))
    assert found["ok"] and headline(found) == "All 4 answers were right."
    counts = {one["name"]: one["count"] for one in found["requests"]}
    assert counts == {"consumer: page": 2, "consumer: beacon": 2}
    [recall] = found["acts"]
    assert (recall["count"], recall["max"], recall["not_seen_before_the_end"]) == (2, 0.25, 2)


@pytest.mark.parametrize(
    "changes",
    [
        {"views": {"answered": 2, "counted": 1}},
        {"missing": 1},
        {"cut_short": True},
        {"samples": []},
    ],
)
def test_a_run_that_proves_nothing_is_not_good(tmp_path: Path, changes: dict[str, Any]) -> None:
    """Neither a view that was not counted, nor a process without samples, nor a run cut short."""
    assert not report(seen(tmp_path), **changes)["ok"]


@pytest.mark.parametrize(("shed", "good"), [(0, True), (5, True), (6, False)])
def test_what_was_shed_is_not_wrong_but_not_much_may_be(
    tmp_path: Path, shed: int, good: bool
) -> None:
    """A refusal because of overload is no verdict; one request in twenty may meet it."""
    samples = Samples()
    for number in range(100):
        samples.request("consumer: home", "", 1.0, OVERLOADED if number < shed else None)
    samples.write(tmp_path / "samples.json", processor_seconds=1)
    found = report(json.loads((tmp_path / "samples.json").read_text()), views=NO_VIEWS)
    assert (found["ok"], found["total"]["shed"], found["wrong"]) == (good, shed, [])
    assert headline(found).startswith(f"All {100 - shed} answers" if good else "Too much")


@pytest.mark.parametrize(
    ("status", "retry_after", "code", "shed"),
    [
        (503, "1", "overloaded", True),
        (503, None, "overloaded", False),
        (503, "1", "temporarily_unavailable", False),
        (500, "1", "overloaded", False),
    ],
)
def test_a_refusal_because_of_overload(
    status: int, retry_after: str | None, code: str, shed: bool
) -> None:
    """It is one only if it says so and when to ask again; anything else is a fault."""
    assert is_shed(status, retry_after, json.dumps({"code": code})) is shed
    assert not is_shed(status, retry_after, "<html>")


def test_a_fault_is_told_without_the_whole_code(tmp_path: Path) -> None:
    """Twelve digits of a code at most reach the report, and its example is no markup."""
    found = report(seen(tmp_path, f"wrong page: <script> {CODE}"), seen(tmp_path))
    assert not found["ok"]
    assert found["wrong"][0]["count"] == 1
    page = load_report_page.page(found)
    assert "&lt;script&gt; 123456789012…" in page and "<script" not in page
    assert not re.search(r"\d{13}", page.replace(masked(CODE), "") + text(found))


def test_the_page_asks_nobody_for_anything(tmp_path: Path) -> None:
    """One file: no address in it, and a policy that forbids fetching."""
    page = load_report_page.page(report(seen(tmp_path)))
    assert "default-src 'none'" in page
    assert not re.search(r"https?://|src=|href=|url\(", page)
