"""The office's pages of people and of spreadsheets, as people use them: in a browser."""

import pytest
from playwright.sync_api import Browser, Page, expect
from tests.portal.people import DESK, PHONE, SIZES, People, faults_of, must_be_good

HEADINGS = "Mã chủ thể;Tên chủ thể;Loại hình;Xã/phường;Điện thoại\n"
WRONG = HEADINGS + "HT-P790;;hợp tác xã;Xã Không Có;0239 000 0009\nHT-P001;;;;0239 111 2223\n"


def rows_for(number: int) -> str:
    """A new producer of its own, and another telephone number of one on record."""
    new = (
        f"HT-P{number};Hợp tác xã Đồng Lộc {number} (mẫu);hợp tác xã;Phường Hải Ninh;0239 000 0009"
    )
    return f"{HEADINGS}{new}\nHT-P001;;;;0239 111 {number}\n"


def send(page: Page, text: str) -> None:
    """Choose a file with this text on the page of a new spreadsheet, and send it by keyboard."""
    page.goto("/office/imports/new?kind=producer")
    file = {"name": "chủ-thể.csv", "mimeType": "text/csv", "buffer": text.encode()}
    page.set_input_files("#file", files=[file])
    page.get_by_role("button", name="Gửi và xem trước").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("chủ-thể.csv")


@pytest.mark.parametrize("size", SIZES)
def test_each_wrong_cell_is_marked_and_reached_by_keyboard(
    site: People, chromium: Browser, size: str
) -> None:
    """The wrong rows come first, a list of what to mend leads to each cell, and nothing can be
    taken over."""
    page = site.page(chromium, "lan", **SIZES[size])
    page.goto("/office/imports/new")
    must_be_good(page)
    send(page, WRONG)
    must_be_good(page)
    expect(page.locator("table tbody tr")).to_have_count(1)
    link = page.get_by_role("link", name="Dòng 2, cột “Xã/phường”")
    link.focus()
    page.keyboard.press("Enter")
    cell = page.locator("td.bad:focus")
    expect(cell).to_contain_text("Xã Không Có")
    expect(cell).to_be_in_viewport()
    assert page.get_by_role("button", name="Nhận vào").count() == 0
    page.get_by_role("link", name="Tất cả 2").click()
    expect(page.locator("table tbody tr")).to_have_count(2)
    page.get_by_role("button", name="Bỏ bảng tính này").click()
    expect(page.get_by_role("status")).to_contain_text("Không có gì thay đổi")
    must_be_good(page)


@pytest.mark.parametrize(("size", "number"), [("phone", 791), ("desk", 792)])
def test_all_rows_are_taken_over_or_none(
    site: People, chromium: Browser, size: str, number: int
) -> None:
    """What to do with records that differ is asked; then the numbers say what was done."""
    page = site.page(chromium, "lan", **SIZES[size])
    send(page, rows_for(number))
    must_be_good(page)
    taking = page.get_by_role("button", name="Nhận vào")
    taking.click()
    assert page.get_by_role("heading", name="Đã nhận vào lúc").count() == 0  # nothing was chosen
    page.get_by_label("Sửa hồ sơ theo bảng tính").focus()
    page.keyboard.press("Space")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Đã nhận vào lúc")).to_be_visible()
    must_be_good(page)
    producers = site.installation.office()
    assert producers.get(f"/v1/producers/HT-P{number}").json()["name"].endswith("(mẫu)")
    assert producers.get("/v1/producers/HT-P001").json()["phone"] == f"0239 111 {number}"


def test_a_spreadsheet_without_script(site: People, chromium: Browser) -> None:
    """It is sent and taken over with scripts off, and a choice that was left out is asked for."""
    page = site.page(chromium, "lan", java_script_enabled=False, **DESK)
    send(page, rows_for(793))
    page.get_by_label("Giữ nguyên hồ sơ đang có").check()
    page.get_by_role("button", name="Nhận vào").click()
    expect(page.get_by_role("heading", name="Đã nhận vào lúc")).to_be_visible()
    expect(page.get_by_text("được giữ nguyên dù bảng tính khác")).to_be_visible()


def test_what_cannot_be_read_is_told_at_the_form(site: People, chromium: Browser) -> None:
    """A table of another kind, and a file too large, come back with what to do."""
    page = site.page(chromium, "lan", **DESK)
    for content, told in ((b"a;b\n1;2\n", "headings_not_found"), (b";" * 5_300_000, "too_large")):
        page.goto("/office/imports/new?kind=producer")
        file = {"name": "a.csv", "mimeType": "text/csv", "buffer": content}
        page.set_input_files("#file", files=[file])
        page.get_by_role("button", name="Gửi và xem trước").click()
        expect(page.get_by_role("alert")).to_contain_text(told)
        must_be_good(page)


def test_a_template_is_read_as_it_is_made(site: People, chromium: Browser) -> None:
    """It is downloaded from the page; sent without a change, its example row is what to delete."""
    page = site.page(chromium, "lan", color_scheme="dark", **DESK)
    page.goto("/office/imports/new?kind=lot&lang=en")
    with page.expect_download() as download:
        page.get_by_role("link", name="Excel template: Several tables in one workbook").click()
    assert download.value.suggested_filename == "tem-workbook.xlsx"
    page.locator("#kind").select_option("workbook")
    page.set_input_files("#file", download.value.path())
    page.get_by_role("button", name="Send and look at it").click()
    expect(page.get_by_text("This is the example of the template").first).to_be_visible()
    expect(page.locator("table")).to_have_count(6)
    must_be_good(page)


@pytest.mark.parametrize("size", SIZES)
def test_somebody_is_invited_and_kept_out_again(site: People, chromium: Browser, size: str) -> None:
    """The code is shown once; disabling says first what it means, and can be undone."""
    page = site.page(chromium, "lan", **SIZES[size])
    page.goto("/office/accounts/new")
    must_be_good(page)
    page.get_by_label("Họ tên").fill("Phạm Thị Thương (mẫu)")
    page.get_by_label("Tên đăng nhập").fill(f"thuong-{size}")
    page.get_by_label("Cơ sở sản xuất").select_option("HT-P003")
    page.get_by_label("Cơ sở sản xuất").focus()
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_contain_text("Phạm Thị Thương")
    link = page.locator("main a[href*='/invitation#']")
    assert (link.get_attribute("href") or "").startswith(site.address)
    must_be_good(page)
    page.get_by_role("link", name="Về tài khoản").click()
    must_be_good(page)
    page.get_by_role("link", name="Khóa tài khoản").click()
    must_be_good(page)
    page.get_by_role("button", name="Khóa tài khoản").click()
    expect(page.get_by_role("status")).to_have_text("Tài khoản đã bị khóa.")
    page.get_by_role("button", name="Mở lại tài khoản").click()
    page.get_by_role("link", name="Cấp mã mời mới").click()
    must_be_good(page)
    page.get_by_role("button", name="Cấp mã mời mới").click()
    expect(page.locator(".slip .serial")).to_be_visible()
    page.goto("/office/accounts")
    expect(page.get_by_role("link", name="Phạm Thị Thương (mẫu)").first).to_be_visible()
    must_be_good(page)


def test_a_taken_login_is_told_at_its_field(site: People, chromium: Browser) -> None:
    """The form keeps what was typed; above it the fault stands once, with its field's name."""
    page = site.page(chromium, "lan", **PHONE)
    page.goto("/office/accounts/new")
    page.get_by_label("Họ tên").fill("Trần Thị Lan")
    page.get_by_label("Tên đăng nhập").fill("LAN")
    page.get_by_label("Vai trò").select_option("office")
    page.get_by_role("button", name="Tạo mã mời").click()
    expect(page.get_by_role("alert")).to_contain_text("login_taken")
    expect(page.get_by_role("alert").locator("strong")).to_have_text("Có chỗ cần sửa.")
    expect(page.get_by_role("alert").get_by_role("link")).to_have_text(
        "Tên đăng nhập: Tên đăng nhập này đã có người dùng. Hãy chọn tên khác."
    )
    expect(page.get_by_label("Tên đăng nhập")).to_have_attribute("aria-invalid", "true")
    assert page.get_by_label("Họ tên").input_value() == "Trần Thị Lan"
    must_be_good(page)


def test_an_auditor_reads_alone(site: People, chromium: Browser) -> None:
    """People are shown without anything to press; spreadsheets are the office's."""
    page = site.page(chromium, "kiemtoan", color_scheme="dark", **DESK)
    page.goto("/office/accounts?lang=en")
    must_be_good(page)
    assert page.get_by_role("link", name="Invite somebody").count() == 0
    assert page.get_by_role("link", name="Spreadsheets").count() == 0
    page.get_by_role("link", name="Trần Thị Lan (mẫu)").first.click()
    assert page.locator("main button, main .button").count() == 0
    must_be_good(page)
    page.goto("/office/imports")
    expect(page.get_by_role("alert")).to_contain_text("page_not_yours")
    must_be_good(page)
    assert not faults_of(page)
