"""The office keeps producers, products, certificates, shops and lots, in a browser."""

import functools
import io
import os
import re
from urllib.parse import urlsplit

import httpx
import pytest
from PIL import Image
from playwright.sync_api import Browser, FilePayload, Locator, Page, expect
from tests.portal.people import DESK, PHONE, SIZES, People, faults_of, must_be_good
from tests.running import until

ONE = "HT-P001"  # a cooperative of the sample
LOT = "HT-L0140"  # of the sample, with 300 stamps of batch 45 from 96 on
STAMP = (45, 96)
# Every page that is there to be read or begun, and at which size it is looked at.
AT_THE_DESK = [
    "/office/producers",
    f"/office/producers/{ONE}",
    "/office/producers/communes?former=Kỳ Lợi",
    "/office/products?q=mắm&stampable=true",
    "/office/products/HT-SP001",
    "/office/certificates?status=revoked",
    "/office/certificates/HT-CN001-1",
    "/office/points-of-sale?status=active",
    "/office/contracts?status=valid",
    "/office/contracts/HT-HD001",
    "/office/lots?recalled=true",
    "/office/products/new?producer=HT-P001",
]
ON_A_PHONE = [
    "/office/producers?q=không có ai tên thế",
    f"/office/producers/{ONE}/address",
    f"/office/producers/{ONE}/consent",
    f"/office/producers/{ONE}/status",
    "/office/products/HT-SP001/picture",
    "/office/products/HT-SP001/reports/1",
    "/office/certificates/HT-CN001-1/edit",
    "/office/points-of-sale/HT-DB01",
    "/office/points-of-sale/HT-DB01/edit",
    "/office/contracts/new",
    "/office/contracts/new?producer=HT-P001&pos=HT-DB01",
    "/office/lots",
    f"/office/lots/{LOT}",
]


def shown(page: Page, name: str) -> None:
    """A page as it must be, and its picture for who wants one (TEM_PICTURES names a folder)."""
    if folder := os.environ.get("TEM_PICTURES"):
        width = page.viewport_size["width"] if page.viewport_size else 0
        page.screenshot(path=f"{folder}/catalogue-{name}-{width}.png", full_page=True)
    must_be_good(page)


def press(page: Page, name: str) -> None:
    """Press the button that begins so."""
    page.get_by_role("button", name=re.compile(f"^{re.escape(name)}")).first.click()


def body(page: Page) -> str:
    """All text of a page, blanks made one."""
    return " ".join(page.locator("main").inner_text().split())


def large_picture() -> bytes:
    """A picture of more bytes than are taken."""
    kept = io.BytesIO()
    Image.effect_noise((2500, 2500), 120).save(kept, "PNG", compress_level=1)
    assert kept.tell() > 5 * 1024 * 1024
    return kept.getvalue()


@pytest.mark.parametrize(
    ("size", "paths", "options"),
    [("desk", AT_THE_DESK, {}), ("phone", ON_A_PHONE, {"color_scheme": "dark"})],
)
def test_every_page_is_fit_to_be_used(
    site: People, chromium: Browser, size: str, paths: list[str], options: dict[str, str]
) -> None:
    """Accessible, no wider than its screen, in light and dark; Vietnamese or English throughout."""
    page = site.page(chromium, "lan", **SIZES[size], **options)
    for number, path in enumerate(paths):
        lang = "en" if number % 2 else "vi"
        answer = page.goto(f"{path}{'&' if '?' in path else '?'}lang={lang}")
        assert answer and answer.status == 200, path
        shown(page, re.sub(r"\W+", "-", path))
    page.context.close()


def test_a_producer_its_product_and_certificate_by_keyboard_and_by_hand(
    site: People, chromium: Browser
) -> None:
    """A producer is added by keyboard alone; a product with its picture, report and certificate
    on a phone follows; what was left out is filled in by the rules."""
    page = site.page(chromium, "lan", **DESK)
    page.goto("/office/producers/new")
    page.locator("#name").focus()
    page.keyboard.type("Hợp tác xã Rượu Can Lộc (mẫu)")
    page.keyboard.press("Tab")
    page.keyboard.press("ArrowDown")
    page.locator("[id='address.line']").focus()
    page.keyboard.type("Thôn Đông")
    page.keyboard.press("Tab")
    page.keyboard.press("ArrowDown")
    page.get_by_role("button", name="Lưu").focus()
    page.keyboard.press("Enter")
    page.wait_for_url("**?done=record_added")
    assert "Loại hình Hợp tác xã" in body(page)
    assert "Thôn Đông, Phường Bắc Hồng Lĩnh, Tỉnh Hà Tĩnh" in body(page)
    path = urlsplit(page.url).path
    page.context.close()
    product_on_a_phone(site.page(chromium, "lan", **PHONE), path.rpartition("/")[2])


def product_on_a_phone(page: Page, producer: str) -> None:
    """The product of a producer, from its first line to its stars."""
    page.goto(f"/office/products/new?producer={producer}")
    page.locator("#name").fill("Rượu nếp Can Lộc (mẫu)")
    page.locator("#category_code").select_option("II.1.a")
    page.locator("#date_kind").select_option("best_before")
    page.locator("[id='shelf_life.value']").fill("24")
    page.locator("[id='shelf_life.unit']").select_option("month")
    page.locator("#gtin").fill("123")
    press(page, "Lưu")
    expect(page.locator("#gtin-fault")).to_contain_text("GTIN")
    shown(page, "product-refused")
    page.locator("#gtin").fill("")
    press(page, "Lưu")
    page.wait_for_url("**?done=record_added")
    assert "24 tháng, tính từ ngày sản xuất" in body(page)
    here = urlsplit(page.url).path
    page.get_by_role("link", name="Ảnh", exact=True).click()
    photo: FilePayload = {"name": "a.heic", "mimeType": "image/heic", "buffer": b"heic"}
    page.locator("#picture").set_input_files(photo)
    press(page, "Lưu ảnh")
    expect(page.locator("#picture-fault")).to_contain_text("JPEG")
    photo = {"name": "a.png", "mimeType": "image/png", "buffer": large_picture()}
    page.locator("#picture").set_input_files(photo)
    press(page, "Lưu ảnh")  # once the script has drawn it smaller
    page.wait_for_url(f"**{here}?done=record_saved")
    assert page.locator("img.photo").evaluate("picture => picture.naturalWidth") == 2400
    page.get_by_role("link", name="Thêm giấy chứng nhận").click()
    page.locator("#decision_no").fill("99/QĐ-UBND (mẫu)")
    page.locator("#decision_date").fill("1/10/2026")
    page.locator("#score").fill("72,9")
    press(page, "Lưu")
    page.wait_for_url("**?done=record_added")
    assert "4 sao" in body(page)
    assert "01/10/2026 – 01/10/2029" in body(page)
    shown(page, "certificate-new")
    page.context.close()


def test_two_people_change_a_record_and_both_versions_are_shown(
    site: People, chromium: Browser
) -> None:
    """Who saves second is told what is on record now, loses nothing typed, and decides."""
    first, second = (site.page(chromium, login, **DESK) for login in ("lan", "minh"))
    for page in (first, second):
        page.goto("/office/points-of-sale/HT-DB02/edit")
    first.locator("#opening_hours").fill("07:00–19:00")
    first.locator("#phone").fill("0239 385 5555")
    press(first, "Lưu")
    first.wait_for_url("**?done=record_saved")
    second.locator("#opening_hours").fill("08:00–20:00")
    press(second, "Lưu")
    found = second.get_by_role("table").inner_text()
    assert "08:00–20:00" in found
    assert "07:00–19:00" in found
    assert second.locator("#opening_hours").input_value() == "08:00–20:00"
    shown(second, "changed-meanwhile")
    press(second, "Lưu")
    second.wait_for_url("**?done=record_saved")
    assert "08:00–20:00" in body(second)
    assert "0239 385 5555" in body(second)  # which the second had not touched
    for page in (first, second):
        page.context.close()


def test_an_address_that_moves_and_a_consent_that_is_given(site: People, chromium: Browser) -> None:
    """The old address stays with its last day; a name is published once its person agreed."""
    page = site.page(chromium, "lan", **PHONE)
    page.goto("/office/producers/HT-P002/address")
    page.locator("[id='address.line']").fill("Thôn Hải Nam")
    page.locator("[id='address.valid_from']").fill("15/11/2026")
    press(page, "Lưu")
    page.wait_for_url("**?done=record_saved")
    assert "Thôn Hải Nam, Xã Thiên Cầm, Tỉnh Hà Tĩnh" in body(page)
    assert "từ 01/07/2025 đến hết 14/11/2026" in body(page)
    page.goto("/office/producers/HT-P002/consent")
    page.get_by_label("Tên người đại diện").check()
    page.locator("[id='consent.given_on']").fill("31/02/2026")
    press(page, "Lưu")
    expect(page.get_by_role("alert")).to_contain_text("không phải ngày có thật")
    page.locator("[id='consent.given_on']").fill("01/11/2026")
    press(page, "Lưu")
    page.wait_for_url("**?done=record_saved")
    assert "Tên người đại diện: được công bố" in body(page)
    page.context.close()


def test_a_withdrawn_recognition_says_first_what_it_does_to_stamps(
    site: People, chromium: Browser
) -> None:
    """The numbers of the page are those of the act; it wants to have been read."""
    page = site.page(chromium, "lan", **DESK)
    page.goto("/office/certificates/HT-CN001-1/withdrawal")
    match = re.search(r"([\d.]+) con tem chưa kích hoạt", body(page))
    assert match is not None
    shown(page, "withdrawal")
    page.locator("#reason").fill("Không duy trì quy trình đã công bố (mẫu)")
    press(page, "Thu hồi quyết định công nhận")
    expect(page.locator("#understood-fault")).to_be_visible()
    page.get_by_label("Tôi đã đọc điều sẽ xảy ra").check()
    press(page, "Thu hồi quyết định công nhận")
    expect(page.get_by_role("heading", level=1)).to_contain_text("Đã thu hồi quyết định công nhận")
    assert f"{match[1]} con tem chưa kích hoạt đã bị thu hồi" in body(page)
    shown(page, "withdrawn")
    page.goto("/office/products/HT-SP001")
    assert "Đã thu hồi công nhận" in body(page)
    page.context.close()


def test_a_date_of_two_meanings_is_asked_about(site: People, chromium: Browser) -> None:
    """021028 is two dates; the person chooses, gives a reason, and approves what is too late."""
    page = site.page(chromium, "lan", **DESK)
    page.goto("/office/lots/HT-L0144/correction")
    page.locator("#best_before").fill("021028")
    page.locator("#reason").fill("Nhầm hạn khi chép từ sổ giấy")
    press(page, "Xem lại trước khi sửa")
    assert "28 tháng 10 năm 2002" in body(page)
    shown(page, "lot-check")
    page.get_by_label("ngày 2 tháng 10 năm 2028").check()
    press(page, "Sửa lô")
    page.wait_for_url("**?done=lot_corrected")
    assert "Hạn của lô chờ Văn phòng duyệt" in body(page)
    shown(page, "lot-to-approve")
    press(page, "Duyệt hạn")
    page.wait_for_url("**?done=lot_date_approved")
    assert "chờ Văn phòng duyệt" not in body(page)
    page.context.close()


@pytest.mark.parametrize("way", ["keyboard", "no script"])
def test_a_recall_is_previewed_as_shoppers_read_it(
    site: People, chromium: Browser, way: str
) -> None:
    """The notice, the preview in both languages, the recall, its end: with the keyboard alone at a
    desk, and on a phone without any script. What was previewed is on the stamp's page, word for
    word."""
    plain = way == "no script"
    more = {**PHONE, "java_script_enabled": False} if plain else DESK
    page = site.page(chromium, "lan", **more)
    page.goto(f"/office/lots/{LOT}/recall")
    page.locator("#kind").select_option("voluntary")
    page.locator("#reason_public").fill(f"Vượt mức histamin ({way}, mẫu).")
    go(page, "Xem trước thông báo", plain)
    expect(page.get_by_role("heading", level=1)).to_contain_text("Xem trước thông báo")
    assert "300 con tem gắn với lô" in body(page)
    notices = page.locator(".notice")
    expect(notices).to_have_count(2)
    promised = [sentences(notices.nth(number)) for number in (0, 1)]
    if not plain:
        shown(page, "recall-preview")
    go(page, "Công bố thu hồi lô", plain)
    page.wait_for_url("**?done=lot_recalled")
    read = site.installation.tem("issuer", "url", *STAMP).strip()
    path = urlsplit(read).path
    for lang, wanted in zip(("vi", "en"), promised, strict=True):
        until(functools.partial(says, site, path, lang, wanted), 10)
    page.goto(f"/office/lots/{LOT}/recall/lift")
    go(page, "Kết thúc thu hồi lô", plain)
    page.wait_for_url("**?done=recall_lifted")
    assert not faults_of(page), faults_of(page)
    page.context.close()


def go(page: Page, name: str, plain: bool) -> None:
    """Press a button by a finger, or by the keyboard."""
    button = page.get_by_role("button", name=re.compile(f"^{name}"))
    if plain:
        button.click()
    else:
        button.focus()
        page.keyboard.press("Enter")


def sentences(notice: Locator) -> list[str]:
    """What a previewed notice says, line by line."""
    return [line.strip() for line in notice.inner_text().splitlines() if line.strip()]


def says(site: People, path: str, lang: str, wanted: list[str]) -> bool:
    """Whether the public page of a stamp has all these lines."""
    url = f"{site.installation.url('verifier')}{path}?lang={lang}"
    page = httpx.get(url, headers={"Accept": "text/html"}).text
    text = " ".join(re.sub(r"<[^>]+>", " ", page).split())
    text = re.sub(r" ([.,])", r"\1", text)
    return all(" ".join(line.split()) in text for line in wanted)


def test_an_auditor_reads_and_changes_nothing(site: People, chromium: Browser) -> None:
    """The same pages without their buttons; a form is another role's."""
    page = site.page(chromium, "kiemtoan", **DESK)
    for path in (f"/office/producers/{ONE}", "/office/products/HT-SP001", f"/office/lots/{LOT}"):
        page.goto(path)
        assert page.locator("main .actions").count() == 0, path
    answer = page.goto(f"/office/lots/{LOT}/recall")
    assert answer and answer.status == 403
    page.context.close()
