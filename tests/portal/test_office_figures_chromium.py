"""The office looks around in a browser: today, figures, map, stamps to look at, audit trail."""

import csv
import io
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect
from tests.portal.people import DESK, PHONE, SIZES, People, must_be_good
from tests.portal.shoppers import Shoppers
from tests.running import until

TEXT = "Ba gói nước mắm cùng một mã, số sê-ri giống hệt nhau."
MOST_TABS = 80


@dataclass
class Seen:
    """What shoppers looked up and reported."""

    not_activated: str  # serials
    void: str
    often: str
    reports: list[str]  # numbers
    stamps: list[tuple[int, int]]


@pytest.fixture(scope="module")
def seen(site: People) -> Iterator[Seen]:
    """Shoppers looked up a stamp that is not activated, one that is void, one sixty times."""
    shoppers = Shoppers(site.installation)
    stamps = [shoppers.stamp(state) for state in ("delivered", "void", "activated")]
    serials = [shoppers.look_up(stamp, n) for stamp, n in zip(stamps, (5, 2, 60), strict=True)]
    reports = [
        shoppers.report(stamps[2], "repeated", f"{TEXT} ({size})", "Chợ Hà Tĩnh, quầy 12")
        for size in SIZES
    ]
    shoppers.until_noticed(len(stamps))
    yield Seen(serials[0], serials[1], serials[2], reports, stamps)


def tab_to(page: Page, selector: str) -> None:
    """Press Tab until the element has the focus, as somebody without a mouse does."""
    for _ in range(MOST_TABS):
        page.keyboard.press("Tab")
        if page.evaluate("(s) => document.activeElement.matches(s)", selector):
            return
    raise AssertionError(f"{selector} is not reached by the keyboard")


@pytest.mark.parametrize("size", SIZES)
def test_what_needs_the_office_today(
    site: People, chromium: Browser, seen: Seen, size: str
) -> None:
    """Every group says what to do, and each thing is a link to where it is done; stamps that
    shoppers met without activation and their reports stand beside the record's own."""
    page = site.page(chromium, "lan", **SIZES[size])
    page.goto("/office")
    must_be_good(page)
    recall = page.get_by_role("region", name="Lô đang bị thu hồi sản phẩm")
    expect(recall.get_by_role("link", name="Ruốc kem Biển Chiều (mẫu)")).to_have_attribute(
        "href", "/office/lots/HT-L0065"
    )
    expect(page.get_by_role("region", name="Giấy chứng nhận hết hạn trong 60 ngày")).to_be_visible()
    expect(page.get_by_role("region", name="Tem chưa kích hoạt mà đã có")).to_contain_text(
        seen.not_activated
    )
    expect(page.get_by_role("region", name="Phản ánh của người mua")).to_contain_text("Ba gói")
    expect(page.get_by_role("region", name="Tình hình")).to_contain_text("lượt tra cứu hôm qua")
    page.get_by_role("link", name=re.compile("Xem tất cả.*Phản ánh")).click()
    page.wait_for_url("**/office/suspicious/reports")


@pytest.mark.parametrize("size", SIZES)
def test_the_figures_are_chosen_by_a_plain_form(site: People, chromium: Browser, size: str) -> None:
    """A period and a grouping by the keyboard alone; each chart has its table and its CSV."""
    page = site.page(chromium, "lan", **SIZES[size])
    page.goto("/office/figures")
    must_be_good(page)
    tab_to(page, "[name=by]")
    page.keyboard.type("Tu")
    tab_to(page, "form.filters button")
    page.keyboard.press("Enter")
    page.wait_for_url("**by=week**")
    tab_to(page, "a[href*='group=producer']")
    page.keyboard.press("Enter")
    page.wait_for_url("**group=producer**")
    expect(page.get_by_role("heading", name="chia theo cơ sở")).to_be_visible()
    box = page.get_by_role("region", name="Tem phát hành trong kỳ, chia theo cơ sở")
    box.locator("summary").click()
    expect(box.get_by_role("table")).to_contain_text("Cộng")
    must_be_good(page)
    with page.expect_download() as download:
        box.get_by_role("link", name="Tải CSV").click()
    rows = list(csv.reader(io.StringIO(Path(download.value.path()).read_text("utf-8-sig"))))
    assert "producer_name" in rows[0][1] and len(rows) > 2
    shown = box.locator("tbody tr").count()
    assert shown == len(rows) - 1


def test_every_table_can_be_taken_away(site: People, chromium: Browser, seen: Seen) -> None:
    """Each CSV of figures and map answers, with rows."""
    page = site.page(chromium, "kiemtoan", **DESK)
    for name in ("series", "groups", "now", "fees", "lookups", "communes", "points-of-sale"):
        answer = page.request.get(f"/office/figures/{name}.csv?by=month")
        assert answer.status == 200 and answer.headers["content-type"].startswith("text/csv"), name
        assert len(answer.text().splitlines()) > 3, name
    looked_up = page.request.get("/office/figures/lookups.csv?by=day").text().splitlines()
    assert int(looked_up[-1].partition(",")[2]) >= 67


def test_a_period_that_cannot_be_told_is_said_in_the_form(site: People, chromium: Browser) -> None:
    """Too many days, or an end before its beginning: what to change, and what was typed stays."""
    page = site.page(chromium, "lan", **PHONE)
    page.goto("/office/figures?by=day&from=01/01/2020")
    expect(page.get_by_role("alert")).to_contain_text("Nhiều hơn 400 kỳ")
    assert page.locator("[name=from]").input_value() == "01/01/2020"
    must_be_good(page)
    page.goto("/office/audit?id=HT-L0040&from=31/02/2026")
    expect(page.get_by_role("alert")).to_contain_text("Hãy chọn mã này là của gì")
    must_be_good(page)


@pytest.mark.parametrize("size", SIZES)
def test_the_map_is_drawn_from_our_own_coordinates(
    site: People, chromium: Browser, size: str
) -> None:
    """Communes and points of sale, with their tables; nobody else is asked for a map."""
    page = site.page(chromium, "lan", **SIZES[size])
    page.goto("/office/figures/map?of=quantity")
    must_be_good(page)
    drawn = page.locator("svg[aria-labelledby*=communes]:visible")
    assert drawn.locator("circle").count() > 20
    page.locator("#sellers-heading ~ .beside summary").click()
    expect(page.get_by_role("table")).to_contain_text("Trung tâm giới thiệu sản phẩm OCOP")
    must_be_good(page)


@pytest.mark.parametrize("size", SIZES)
def test_stamps_to_look_at_with_the_evidence(
    site: People, chromium: Browser, seen: Seen, size: str
) -> None:
    """What was seen, what it may mean, what to do; the stamp is judged, not the goods."""
    page = site.page(chromium, "lan", **SIZES[size])
    page.goto("/office/suspicious")
    must_be_good(page)
    card = page.get_by_role("article", name="Tem chưa kích hoạt mà đã có người tra cứu")
    expect(card).to_contain_text("5 lượt tra cứu")
    expect(card).to_contain_text("Gọi cơ sở.")
    expect(card.get_by_role("link", name="Lịch sử con tem")).to_have_attribute(
        "href", f"/office/stamps?serial={seen.not_activated}"
    )
    assert "giả" not in page.locator("main").inner_text()
    page.get_by_label("Loại").select_option("many_scans")
    page.get_by_role("button", name="Lọc").click()
    expect(page.get_by_role("article")).to_have_count(1)
    expect(page.get_by_role("article")).to_contain_text(seen.often)


def test_a_code_that_was_sold_twice_is_looked_into(
    site: People, chromium: Browser, seen: Seen
) -> None:
    """Today's list leads to the evidence in words and to what tills told; a person decides, with
    a reason, and the page counts how many alarms were right. The stamp is judged, not the goods."""
    Shoppers(site.installation).sold(seen.stamps[2], "Mẫu A", "Mẫu B")
    page = site.page(chromium, "lan", **PHONE)
    page.goto("/office")
    today = page.get_by_role("region", name="Mã tem có dấu hiệu bị sao chép")
    today.get_by_role("link", name=seen.often).click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Mã tem này có dấu hiệu bị sao chép")
    expect(page.locator("main")).to_contain_text("bán ở 2 cửa hàng thuộc 2 chuỗi")
    page.locator("details summary").last.click()
    expect(page.locator("main")).to_contain_text("Mẫu B, Mẫu B 1")
    assert "giả" not in page.locator("main").inner_text()
    must_be_good(page)
    page.get_by_label("Vì sao").fill("Hai cửa hàng đều còn gói hàng mang số này (mẫu)")
    page.get_by_role("button", name="Đúng là bị sao chép").click()
    number, index, _ = seen.often.split("-")
    page.wait_for_url(f"**/copies/{number}-{index}?done=suspect_decided")
    expect(page.get_by_role("link", name="Thu hồi con tem")).to_have_attribute(
        "href", f"/office/batches/{number}/revocation?first={index}&last={index}"
    )
    page.get_by_role("link", name="← Dấu hiệu bị sao chép").click()
    expect(page.locator("main")).to_contain_text("Không có con tem nào ở đây.")
    page.get_by_role("link", name="Đúng là bị sao chép").click()
    expect(page.get_by_role("link", name="Xem lại")).to_be_visible()
    expect(page.get_by_role("article", name=seen.often)).to_contain_text("Hai cửa hàng đều còn")
    expect(page.locator(".cards")).to_contain_text("100 % báo động đúng")
    must_be_good(page)


@pytest.mark.parametrize("size", SIZES)
def test_a_shoppers_report_is_handled(
    site: People, chromium: Browser, seen: Seen, size: str
) -> None:
    """Text, place and photo are read, a note is given by the keyboard alone, and it is closed in
    the name of who did it; the audit trail says so in words."""
    id = seen.reports[list(SIZES).index(size)]
    page = site.page(chromium, "lan", **SIZES[size])
    page.goto("/office/suspicious/reports")
    must_be_good(page)
    page.get_by_role("link", name=f"Xử lý phản ánh số {id}").click()
    expect(page.locator("main")).to_contain_text(TEXT)
    photo = page.locator("img.photo")
    photo.scroll_into_view_if_needed()
    # Not wait_for_function: between two looks it evaluates text, which the policy forbids.
    until(lambda: photo.evaluate("image => image.naturalWidth") > 0)
    must_be_good(page)
    tab_to(page, "#note")
    page.keyboard.type("Đã gọi cửa hàng, đang kiểm tra.")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.get_by_role("status")).to_contain_text("đóng phản ánh")
    page.goto(f"/office/suspicious/reports/{id}")
    expect(page.locator("main")).to_contain_text("Đã gọi cửa hàng, đang kiểm tra.")
    page.get_by_role("link", name="Nhật ký của phản ánh này").click()
    row = page.get_by_role("row").nth(1)
    expect(row).to_contain_text("Trần Thị Lan (mẫu) (Văn phòng)")
    expect(row).to_contain_text("Xử lý xong phản ánh của người mua")


@pytest.mark.parametrize("size", SIZES)
def test_the_trail_of_anything_can_be_read(site: People, chromium: Browser, size: str) -> None:
    """A lot's whole history in sentences, details behind a button, to be taken away as a file."""
    page = site.page(chromium, "kiemtoan", **SIZES[size])
    page.goto("/office/audit")
    must_be_good(page)
    page.locator("[name=kind]").select_option("lot")
    page.get_by_label("Mã hoặc số").fill("HT-L0040")
    page.get_by_role("button", name="Lọc").click()
    expect(page.get_by_role("row")).to_have_count(4)
    expect(page.get_by_role("row").nth(1)).to_contain_text("Thông báo thu hồi sản phẩm của lô")
    expect(page.get_by_role("row").nth(2)).to_contain_text(re.compile("Kích hoạt tem số 1–"))
    page.locator("tbody summary").first.click()
    expect(page.get_by_text("lot.recalled")).to_be_visible()
    must_be_good(page)
    with page.expect_download() as download:
        page.get_by_role("link", name="Tải bảng CSV").click()
    rows = list(csv.DictReader(io.StringIO(Path(download.value.path()).read_text("utf-8-sig"))))
    assert [one["action"] for one in rows] == ["lot.recalled", "stamps.activated", "lot.added"]
    kept = page.request.get("/office/audit/entries.json?object=lot:HT-L0040").json()["items"]
    assert [one["hash"] for one in kept] == [one["hash"] for one in rows]
    note = page.request.get("/office/audit/checkpoint.txt")
    assert note.text().startswith("tem/registry/audit\n")


def test_english_in_dark_colours(site: People, chromium: Browser, seen: Seen) -> None:
    """The same pages in the other language and the other scheme."""
    page = site.page(chromium, "minh", color_scheme="dark", **DESK)
    wanted = {
        "/office?lang=en": "What needs me today",
        "/office/figures": "Figures of stamps",
        "/office/figures/map": "Map of stamps and points of sale",
        "/office/suspicious": "Stamps to look at",
        "/office/suspicious/copies?state=confirmed": "Signs of being copied",
        "/office/suspicious/reports?state=closed": "Shoppers' reports",
        "/office/audit?actor=import": "Audit trail",
    }
    for path, heading in wanted.items():
        page.goto(path)
        expect(page.get_by_role("heading", level=1)).to_have_text(heading)
        must_be_good(page)


def test_without_script_nothing_is_missing(site: People, chromium: Browser, seen: Seen) -> None:
    """Charts, tables, filters and what a report says are all there."""
    context = site.context(chromium, "lan", java_script_enabled=False, **PHONE)
    page = context.new_page()
    page.goto("/office/figures")
    page.get_by_label("Xem theo").select_option("week")
    page.get_by_role("button", name="Xem", exact=True).click()
    page.wait_for_url("**by=week**")
    page.locator("#time-heading ~ .beside summary").click()
    expect(page.get_by_role("table")).to_contain_text("Tuần")
    page.goto("/office/audit?kind=lot")
    page.locator("tbody summary").first.click()
    expect(page.get_by_text("Mã băm").first).to_be_visible()


def test_what_is_not_known_is_not_none(site: People, chromium: Browser) -> None:
    """Without the verifier's answer the record's work and figures are there, and what is missing
    is said beside them; no count of zero."""
    key = site.installation.data / "keys" / "verifier-registry.key"
    away = key.rename(key.with_suffix(".away"))
    try:
        page = site.page(chromium, "lan", **DESK)
        page.goto("/office")
        expect(page.get_by_role("region", name="Lô đang bị thu hồi")).to_be_visible()
        expect(page.get_by_role("region", name="Phản ánh của người mua")).to_contain_text(
            "Chưa biết có hay không"
        )
        must_be_good(page)
        page.goto("/office/figures")
        expect(page.get_by_role("region", name="Lượt tra cứu tem mỗi ngày")).to_contain_text(
            "Chưa biết số lượt tra cứu"
        )
        page.goto("/office/suspicious")
        expect(page.locator(".note")).to_contain_text("Chưa biết có tem nào đáng chú ý")
        must_be_good(page)
    finally:
        away.rename(key)


def test_the_auditor_reads_and_is_not_shown_what_is_not_for_it(
    site: People, chromium: Browser
) -> None:
    """Figures and trail are open to the auditor; shoppers' reports, which hold people's words and
    photos, are the office's alone."""
    page = site.page(chromium, "kiemtoan", **DESK)
    page.goto("/office")
    expect(page.get_by_role("region", name="Phản ánh của người mua")).to_have_count(0)
    page.goto("/office/suspicious")
    expect(page.get_by_role("link", name="Phản ánh của người mua")).to_have_count(0)
    page.goto("/office/suspicious/reports")
    expect(page.get_by_role("alert")).to_contain_text("không dành cho tài khoản của bạn")
