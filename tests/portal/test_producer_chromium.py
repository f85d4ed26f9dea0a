"""The producer's other errands as people do them: orders, receipts, reports, corrections."""

import io
import random
from pathlib import Path

import httpx
import pytest
from PIL import Image
from playwright.sync_api import Browser, Page, expect
from tests.portal.people import DESK, OTHER_PRODUCER, PHONE, PRODUCER, SIZES, People, must_be_good

from tem.stampcode import serial

PRODUCT = "HT-SP001"
WAY_DONE = ".way .done"


@pytest.fixture(scope="module", name="producer")
def producer_key(site: People) -> httpx.Client:
    """The producer's own calls, to look up what a page has done."""
    return site.installation.producer(PRODUCER, "tests of pages")


@pytest.fixture(scope="module", name="office")
def office_key(site: People) -> httpx.Client:
    """The office, to answer what a page has asked."""
    return site.installation.office()


def ordered(page: Page, quantity: str) -> str:
    """Order stamps by the pages; the order's id."""
    page.goto("/my/orders")
    page.get_by_role("link", name="Đặt tem mới").click()
    page.get_by_label("Sản phẩm").select_option(PRODUCT)
    page.get_by_label("Số tem").fill(quantity)
    page.get_by_role("button", name="Xem chi phí rồi gửi").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Kiểm tra rồi gửi đơn")
    must_be_good(page)
    page.get_by_role("button", name="Gửi đơn đặt").click()
    page.wait_for_url("**/my/orders/DH-*")
    return page.url.split("/")[-1].split("?")[0]


@pytest.mark.parametrize("size", SIZES)
def test_an_order_is_made_and_followed(
    site: People, chromium: Browser, office: httpx.Client, size: str
) -> None:
    """The fee is told before; after the approval the page itself goes on to the issued batch."""
    page = site.page(chromium, "songlam", **SIZES[size])
    page.goto("/my/orders/new")
    must_be_good(page)
    page.goto(f"/my/orders/new?product={PRODUCT}&quantity=ba")
    page.get_by_role("button", name="Xem chi phí rồi gửi").click()
    expect(page.get_by_role("alert")).to_contain_text("Hãy ghi một số nguyên")
    id = ordered(page, "1.200")
    expect(page.get_by_role("status").first).to_have_text("Đã gửi đơn đặt tem. Văn phòng sẽ duyệt.")
    expect(page.locator("main")).to_contain_text("240.000 đồng")
    expect(page.locator(WAY_DONE)).to_have_count(1)
    must_be_good(page)
    approved = office.post(f"/v1/orders/{id}/approvals", json={})
    assert approved.status_code == 201, approved.text
    page.reload()  # people may wait 20 s for it
    expect(page.locator("#state")).to_contain_text("Đã phát hành, chờ in", timeout=60_000)
    expect(page.locator(WAY_DONE)).to_have_count(3)
    expect(page.locator("#follow")).to_contain_text("đợt tem")
    must_be_good(page)
    page.goto("/my/orders")
    expect(page.locator(".cards > li").first).to_contain_text("1.200 tem")
    must_be_good(page)


def test_an_order_by_keyboard_alone_and_taken_back(
    site: People, chromium: Browser, producer: httpx.Client
) -> None:
    """Every step of it needs no mouse; what is not approved yet can be taken back, and told why."""
    page = site.page(chromium, "songlam", **DESK)
    page.goto(f"/my/orders/new?product={PRODUCT}")
    page.get_by_label("Số tem").focus()
    page.keyboard.type("300")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("Kiểm tra rồi gửi đơn")
    page.get_by_role("button", name="Gửi đơn đặt").focus()
    page.keyboard.press("Enter")
    page.wait_for_url("**/my/orders/DH-*")
    page.get_by_role("link", name="Hủy đơn này…").focus()
    page.keyboard.press("Enter")
    expect(page.locator("main")).to_contain_text("300 tem")
    must_be_good(page)
    page.get_by_label("Lý do").focus()
    page.keyboard.type("đặt nhầm")
    page.keyboard.press("Enter")
    expect(page.get_by_role("status").first).to_have_text("Đã hủy đơn.")
    expect(page.locator("main")).to_contain_text("đặt nhầm")
    must_be_good(page)
    id = page.url.split("/")[-1].split("?")[0]
    assert producer.get(f"/v1/orders/{id}").json()["state"] == "cancelled"


def test_what_cannot_be_ordered_says_why(
    site: People, chromium: Browser, office: httpx.Client
) -> None:
    """Beyond the declared output is told before it is sent; a revoked certificate refuses it."""
    output = {"declared_output": {"quantity": 1000}}
    assert office.patch("/v1/products/HT-SP003", json=output).status_code == 200
    page = site.page(chromium, "songlam", **PHONE)
    page.goto("/my/orders/new?product=HT-SP003&quantity=5000")
    page.get_by_role("button", name="Xem chi phí rồi gửi").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Kiểm tra rồi gửi đơn")
    expect(page.locator(".note")).to_contain_text("khai báo 1.000 một năm")
    must_be_good(page)
    day = {"revoked_on": "2026-11-21", "reason": "thử"}
    withdrawn = office.post(
        "/v1/certificates/HT-CN003-1/withdrawal", json=day, headers={"Idempotency-Key": "p-cert"}
    )
    assert withdrawn.status_code == 201, withdrawn.text
    page.goto("/my/orders/new?product=HT-SP003&quantity=10")
    page.get_by_role("button", name="Xem chi phí rồi gửi").click()
    expect(page.get_by_role("alert")).to_contain_text("không có giấy chứng nhận OCOP còn hiệu lực")
    assert page.get_by_label("Số tem").input_value() == "10"
    must_be_good(page)
    page.goto("/my/products/HT-SP003")
    expect(page.locator("main")).to_contain_text("Đã thu hồi công nhận")
    must_be_good(page)


def test_a_delivery_is_confirmed(site: People, chromium: Browser, producer: httpx.Client) -> None:
    """All of it, or fewer with the number counted; more than were handed over is refused."""
    page = site.page(chromium, "songlam", **PHONE)
    page.goto("/my/receipts/86")
    must_be_good(page)
    page.get_by_label("Thiếu tem").check()
    page.get_by_label("Số tem đếm được").fill("401")
    page.get_by_role("button", name="Xác nhận").click()
    expect(page.get_by_role("alert")).to_contain_text("Văn phòng chỉ giao 400 tem.")
    must_be_good(page)
    page.get_by_label("Số tem đếm được").fill("390")
    page.get_by_label("Ghi chú").fill("thùng bị rách")
    page.get_by_role("button", name="Xác nhận").click()
    expect(page.locator(".note")).to_contain_text("Thiếu 10 tem")
    must_be_good(page)
    assert producer.get("/v1/batches/86").json()["received_quantity"] == 390
    page.goto("/my/receipts/39")
    page.get_by_label("Đủ 400 tem").check()
    page.get_by_role("button", name="Xác nhận").click()
    expect(page.get_by_role("status").first).to_have_text("Đã xác nhận nhận đủ tem.")
    assert producer.get("/v1/batches/39").json()["received_quantity"] == 400


@pytest.fixture(scope="module", name="photo")
def large_photo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A photo as telephones take them: more than the 5 MiB that are accepted."""
    noise = Image.frombytes("RGB", (1400, 1800), random.Random(6).randbytes(1400 * 1800 * 3))
    written = io.BytesIO()
    noise.save(written, "PNG")
    path = tmp_path_factory.mktemp("photo") / "IMG_0001.png"
    path.write_bytes(written.getvalue())
    assert path.stat().st_size > 5 * 1024 * 1024
    return path


def filled(page: Page, first: int, last: int) -> None:
    """A report, but for its photo, of stamps of the batch that nobody has activated."""
    page.goto(f"/my/reports/new?batch=87&first={first}&last={last}")
    page.get_by_label("Hỏng, rách").check()
    page.get_by_label("Chuyện gì đã xảy ra").fill("cuộn tem bị ướt trong kho")


def test_damaged_stamps_are_reported_with_a_photo(
    site: People, chromium: Browser, producer: httpx.Client, office: httpx.Client, photo: Path
) -> None:
    """The photo is made smaller before it is sent; what will happen is told; the office's answer
    is read on the report's page, and stamps reported twice are refused by their serials."""
    page = site.page(chromium, "songlam", **PHONE)
    filled(page, 1901, 1912)
    must_be_good(page)
    page.locator("#photo").set_input_files(photo)
    expect(page.get_by_text("Ảnh đã được thu nhỏ")).to_be_visible()
    page.get_by_role("button", name="Tiếp tục").click()
    expect(page.locator(".note")).to_contain_text("12 tem này bị hủy")
    must_be_good(page)
    page.get_by_role("button", name="Sửa lại").click()
    expect(page.locator(".kept-photo")).to_be_visible()
    page.get_by_role("button", name="Tiếp tục").click()
    page.get_by_role("button", name="Gửi báo cáo").click()
    page.wait_for_url("**/my/reports/VR-*")
    shown = page.locator(".report-photo")
    expect(shown).to_be_visible()
    assert shown.evaluate("image => image.naturalWidth") > 0
    must_be_good(page)
    id = page.url.split("/")[-1].split("?")[0]
    report = producer.get(f"/v1/void-reports/{id}").json()
    assert (report["batch"], report["first"], report["last"]) == (87, 1901, 1912)
    filled(page, 1912, 1920)
    page.get_by_role("button", name="Tiếp tục").click()
    page.get_by_role("button", name="Gửi báo cáo").click()
    expect(page.get_by_role("alert")).to_contain_text("Tem này đã báo rồi")
    must_be_good(page)
    path, key = f"/v1/void-reports/{id}/dismissal", {"Idempotency-Key": "p-dismiss"}
    told = office.post(path, json={"note": "tem còn dùng được"}, headers=key)
    assert told.status_code == 200, told.text
    page.goto(f"/my/reports/{id}")
    expect(page.locator(".note")).to_contain_text("tem còn dùng được")
    page.goto("/my/reports")
    expect(page.locator(".cards")).to_contain_text("Văn phòng không chấp nhận")
    must_be_good(page)


def test_without_script_a_photo_too_large_is_refused_in_words(
    site: People, chromium: Browser, producer: httpx.Client, photo: Path
) -> None:
    """Nothing is lost but the photo; one stamp is named once, and the report goes without it."""
    page = site.page(chromium, "songlam", java_script_enabled=False, **PHONE)
    page.goto("/my/reports/new")
    page.get_by_label("Mất").check()
    page.get_by_label("Tem đầu").fill(serial(87, 1930).replace("-", " "))
    page.get_by_label("Chuyện gì đã xảy ra").fill("rơi mất khi dán")
    page.locator("#photo").set_input_files(photo)
    page.get_by_role("button", name="Tiếp tục").click()
    expect(page.get_by_role("alert")).to_contain_text("ảnh không quá 5 MB")
    assert page.get_by_label("Chuyện gì đã xảy ra").input_value() == "rơi mất khi dán"
    page.get_by_role("button", name="Tiếp tục").click()
    page.get_by_role("button", name="Gửi báo cáo").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Mất: 1 tem")
    newest = producer.get("/v1/void-reports?order=newest").json()["items"]
    assert [one for one in newest if one["first"] == one["last"] == 1930]


@pytest.mark.parametrize("size", SIZES)
def test_a_wrong_activation_is_asked_to_be_corrected(
    site: People, chromium: Browser, producer: httpx.Client, office: httpx.Client, size: str
) -> None:
    """From the lot's page; a reason too short is refused; it is taken back, or answered."""
    lot = {
        "product_id": PRODUCT,
        "lot_code": f"L261120-{size}",
        "production_date": "2026-11-20",
        "quantity": 50,
    }
    right = producer.post("/v1/lots", json=lot).json()["lot_id"]
    page = site.page(chromium, "songlam", **SIZES[size])
    page.goto("/my/lots/HT-L0116")
    page.get_by_role("link", name="Đề nghị đính chính").first.click()
    first = page.get_by_label("Tem đầu bị nhầm").input_value()
    page.get_by_label("Tem cuối bị nhầm").fill(first)
    page.get_by_label("Gỡ khỏi lô").check()
    page.get_by_label("Nhầm ở đâu, vì sao").evaluate("area => area.removeAttribute('minlength')")
    page.get_by_label("Nhầm ở đâu, vì sao").fill("nhầm")
    page.get_by_role("button", name="Gửi đề nghị").click()
    expect(page.get_by_role("alert")).to_contain_text("ít nhất 20 ký tự")
    must_be_good(page)
    page.get_by_label("Nhầm ở đâu, vì sao").fill("dán nhầm cuộn tem của lô làm hôm trước")
    page.get_by_label("Chuyển sang lô đúng").check()
    page.get_by_label("Lô đúng", exact=True).select_option(right)
    page.get_by_role("button", name="Gửi đề nghị").click()
    page.wait_for_url("**/my/corrections/CR-*")
    id = page.url.split("/")[-1].split("?")[0]
    assert producer.get(f"/v1/correction-requests/{id}").json()["lot_id"] == right
    must_be_good(page)
    if size == "phone":
        page.get_by_role("button", name="Rút lại đề nghị").click()
        expect(page.locator("main")).to_contain_text("Bạn đã rút lại")
    else:
        path, key = f"/v1/correction-requests/{id}/refusal", {"Idempotency-Key": "p-refuse"}
        assert office.post(path, json={"note": "lô đúng"}, headers=key).status_code == 200
        page.reload()
        expect(page.locator(".note")).to_contain_text("lô đúng")
    page.goto("/my/corrections")
    expect(page.locator(".cards > li").first).to_contain_text("1 tem")
    must_be_good(page)


def test_products_say_how_long_their_certificate_lasts(site: People, chromium: Browser) -> None:
    """In days; what is missing for tracing is named; in English and dark as well."""
    page = site.page(chromium, "songlam", **PHONE)
    page.goto("/my/products")
    expect(page.locator(".product").first).to_contain_text("Còn hiệu lực đến hết 15/10/2027")
    expect(page.locator(".product").first).to_contain_text("Còn thiếu: ảnh sản phẩm")
    must_be_good(page)
    page.get_by_role("link", name="Nước mắm cốt cá cơm").click()
    must_be_good(page)
    dark = site.page(chromium, "songlam", color_scheme="dark", **DESK)
    dark.goto("/my/products/HT-SP002?lang=en")
    expect(dark.locator("main")).to_contain_text("Lapsed on 21/11/2025")
    must_be_good(dark)
    dark.goto("/my/orders/HT-T0001")
    expect(dark.locator(".way")).to_contain_text("You confirm the receipt")
    must_be_good(dark)


def test_nobody_sees_what_is_anothers(site: People, chromium: Browser) -> None:
    """Another producer's order, report, batch and product are not there."""
    page = site.page(chromium, "cosohai", **PHONE)
    assert OTHER_PRODUCER != PRODUCER
    for path in ("orders/HT-T0001", "receipts/87", "products/HT-SP001"):
        answer = page.goto(f"/my/{path}")
        assert answer is not None and answer.status == 404, path
    must_be_good(page)
