"""What the office does at its pages, step by step: from an order to stamps that are handed over."""

import os
import re
from pathlib import Path

from playwright.sync_api import Page, expect
from tests.portal.people import must_be_good

REFUSED = ("Chưa làm được", "This did not work")  # the heading of an act that was not done


def shown(page: Page, name: str) -> None:
    """A page as it must be, and its picture for who wants one (TEM_PICTURES names a folder)."""
    if folder := os.environ.get("TEM_PICTURES"):
        width = page.viewport_size["width"] if page.viewport_size else 0
        page.screenshot(path=f"{folder}/office-{name}-{width}.png", full_page=True)
    assert page.get_by_role("heading", level=1).inner_text() not in REFUSED, body(page)
    must_be_good(page)


def press(page: Page, name: str) -> None:
    """Press the button that begins so."""
    page.get_by_role("button", name=re.compile(f"^{re.escape(name)}")).first.click()


def body(page: Page) -> str:
    """All text of a page, blanks made one."""
    return " ".join(page.locator("main").inner_text().split())


def order_and_approve(page: Page) -> int:
    """The number of the batch that comes of it."""
    page.goto("/office/orders/new")
    page.get_by_label("Sản phẩm").select_option("HT-SP001")
    page.get_by_label("Số tem").fill("40")
    shown(page, "order-new")
    press(page, "Đặt tem")
    expect(page.get_by_role("status")).to_contain_text("chờ duyệt")
    assert "8.000 đồng" in body(page)
    shown(page, "order-requested")
    press(page, "Duyệt 40 tem")
    expect(page.get_by_role("link", name="In đợt tem")).to_be_visible()  # the script looked on
    shown(page, "order-issued")
    page.get_by_role("link", name="In đợt tem").click()
    return int(page.url.rstrip("/").split("/")[-2])


def download(page: Page, number: int, key: str, folder: Path) -> None:
    """A wrong key is told; the right one brings the file, and stays in no page."""
    shown(page, "print")
    page.get_by_label("Khóa phát hành", exact=True).fill("tem_sai")
    press(page, "Tải tem-")
    expect(page.locator("#issuer_key-fault")).to_contain_text("Khóa phát hành không được chấp nhận")
    assert page.locator("#issuer_key").input_value() == ""
    shown(page, "print-refused")
    page.get_by_label("Khóa phát hành", exact=True).fill(key)
    with page.expect_download() as coming:
        press(page, "Tải tem-")
    coming.value.save_as(folder / "codes.csv")
    expect(page.locator("#refusal")).to_be_hidden()
    expect(page.locator("form [data-downloading]")).to_contain_text("Đang tải, xem thư mục")
    expect(page.locator("form [data-downloading]")).to_be_visible()
    shown(page, "print-downloading")
    rows = (folder / "codes.csv").read_text("ascii").splitlines()
    assert (len(rows), rows[0]) == (41, "sequence,serial,url,batch")
    assert coming.value.suggested_filename == f"tem-{number}.csv"
    assert key not in page.url and key not in page.content()
    page.goto(f"/office/batches/{number}/print")
    page.get_by_label("Khóa phát hành", exact=True).fill(key)
    page.get_by_label("Từ tem").fill("3")
    page.get_by_label("Đến tem").fill("4")
    with page.expect_download() as coming:
        press(page, "Tải PDF dải này")
    assert coming.value.suggested_filename == f"tem-{number}-3-4.pdf"
    assert Path(coming.value.path()).read_bytes().startswith(b"%PDF")


def report_run(page: Page, number: int) -> None:
    """Counts that disagree are refused with what was typed; the right ones are taken."""
    page.goto(f"/office/batches/{number}/print-run")
    page.get_by_label("Số tem tốt").fill("39")
    page.get_by_label("Tem in hỏng").fill("39-40")
    press(page, "Ghi nhận kết quả in")
    expect(page.get_by_role("alert")).to_be_focused()
    assert page.get_by_label("Tem in hỏng").input_value() == "39-40"
    shown(page, "print-run-refused")
    page.get_by_label("Số tem tốt").fill("38")
    press(page, "Ghi nhận kết quả in")
    expect(page.get_by_role("status")).to_contain_text("Kết quả in đã được ghi nhận")


def confirm_print(page: Page, number: int, key: str) -> None:
    """The number is typed once more; afterwards nobody can print again, and is told so."""
    late = page.context.new_page()
    late.goto(f"/office/batches/{number}/print")
    page.get_by_role("link", name="Xác nhận in xong").click()
    page.get_by_label("Khóa phát hành", exact=True).fill(key)
    page.get_by_label("Gõ lại số đợt").fill("1")
    press(page, "Xác nhận in xong")
    expect(page.locator("#typed-fault")).to_contain_text(str(number))
    shown(page, "print-confirmation")
    page.get_by_label("Khóa phát hành", exact=True).fill(key)
    page.get_by_label("Gõ lại số đợt").fill(str(number))
    press(page, "Xác nhận in xong")
    expect(page.get_by_role("status")).to_contain_text("bị hủy vĩnh viễn")
    assert "Không ai in lại được nữa" in body(page)
    shown(page, "print-destroyed")
    late.get_by_label("Khóa phát hành", exact=True).fill(key)
    press(late, "Tải tem-")
    expect(late.get_by_role("alert")).to_contain_text("codes_destroyed")


def hand_over(page: Page, number: int) -> None:
    """All that lies at the office goes out; what came short shows as missing."""
    page.goto(f"/office/batches/{number}/delivery")
    assert "38 tem đang ở Văn phòng" in body(page)
    page.get_by_label("Số biên bản giao nhận").fill("BB-12/2026")
    shown(page, "delivery")
    press(page, "Ghi nhận đã giao 38 tem")
    page.get_by_role("link", name="Ghi số tem cơ sở nhận").click()
    page.get_by_label("Số tem cơ sở đếm được").fill("37")
    shown(page, "receipt")
    press(page, "Ghi nhận")
    expect(page.locator(".note").first).to_contain_text("Thiếu 1 tem")
    shown(page, "batch-missing")
