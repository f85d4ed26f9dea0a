"""The office and its stamps, in a browser: from an order to what is delivered, and how they end."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from playwright.sync_api import Browser, Page, expect
from tests.portal.office_steps import (
    body,
    confirm_print,
    download,
    hand_over,
    order_and_approve,
    press,
    report_run,
    shown,
)
from tests.portal.people import DESK, PHONE, SIZES, People, faults_of

SERIAL = "12-1-89"  # of the sample's batch 12, tied to a lot
TO_ACT = "581"  # the first of its stamps that are delivered and not activated


@pytest.fixture(scope="module")
def maker(site: People) -> httpx.Client:
    """The producer of batch 12, by an API key."""
    return site.installation.producer("HT-P013", "HT-P013")


@pytest.fixture
def lan(site: People, chromium: Browser) -> Iterator[Page]:
    """Lan of the office at her desk; she closes the browser at the end."""
    page = site.page(chromium, "lan", **DESK)
    yield page
    assert not faults_of(page), faults_of(page)
    page.context.close()


@pytest.mark.parametrize("size", SIZES)
def test_from_an_order_to_stamps_in_the_producers_hands(
    site: People, chromium: Browser, size: str, tmp_path: Path
) -> None:
    """Ordered, approved, signed while one looks on, downloaded with a person's own key, counted,
    destroyed at the issuer, handed over, received short: each page says in numbers what it does."""
    page = site.page(chromium, "lan", **SIZES[size])
    number = order_and_approve(page)
    key = (site.installation.data / "keys" / "issuer-office.key").read_text().strip()
    download(page, number, key, tmp_path)
    report_run(page, number)
    confirm_print(page, number, key)
    hand_over(page, number)
    assert not faults_of(page), faults_of(page)
    page.context.close()


def test_a_large_order_needs_two_people(site: People, chromium: Browser, lan: Page) -> None:
    """Who approved is told another one must; nobody approves twice; a refusal has a reason."""
    lan.goto("/office/orders/new?product=HT-SP001")
    lan.get_by_label("Số tem").fill("100.001")
    press(lan, "Đặt tem")
    address = lan.url.partition("?")[0]
    press(lan, "Duyệt 100.001 tem")
    expect(lan.get_by_role("status")).to_contain_text("Cần thêm một người khác duyệt")
    assert "Bạn đã duyệt đơn này" in body(lan)
    lan.goto(f"{address}/approval")
    assert lan.get_by_role("button", name="Duyệt").count() == 0
    minh = site.page(chromium, "minh", **DESK)
    minh.goto(address)
    assert "lan đã duyệt" in body(minh)
    shown(minh, "order-second")
    minh.get_by_role("link", name="Từ chối đơn").click()
    shown(minh, "order-rejection")
    minh.get_by_label("Lý do").fill("Số lượng chưa có căn cứ")
    press(minh, "Từ chối đơn")
    assert "Số lượng chưa có căn cứ" in body(minh)
    minh.context.close()


def test_stamps_are_voided_by_keyboard_alone(lan: Page) -> None:
    """What will happen is said first in words and numbers; stamps that stand in the way are listed,
    and nothing has happened until it is confirmed."""
    lan.goto("/office/batches/12/void")
    lan.get_by_label("Từ tem").focus()
    lan.keyboard.type("690")
    lan.keyboard.press("Tab")
    lan.keyboard.type("700")
    lan.keyboard.press("Tab")
    lan.keyboard.type("M")  # Mất
    lan.keyboard.press("Tab")
    lan.keyboard.type("rơi khi vận chuyển")
    lan.keyboard.press("Tab")
    lan.keyboard.press("Enter")
    expect(lan.locator(".note")).to_contain_text("Tem 696–700 (đã hủy tem)")
    shown(lan, "void-refused")
    lan.get_by_label("Từ tem").fill(TO_ACT)
    lan.get_by_label("Đến tem").fill("590")
    press(lan, "Xem trước")
    told = body(lan)
    assert "10 tem, từ số 581 (12-581-95) đến số 590" in told and "hủy vĩnh viễn" in told
    shown(lan, "void-foreseen")
    lan.get_by_role("button", name="Hủy vĩnh viễn 10 tem").focus()
    lan.keyboard.press("Enter")
    expect(lan.get_by_role("status")).to_contain_text("Các tem này đã bị hủy.")


def test_revoked_returned_and_corrected(lan: Page) -> None:
    """Each act says what it means; a correction takes serials and names the lot it goes to."""
    lan.goto("/office/batches/12/return?first=591&last=595&reason=thừa")
    press(lan, "Xem trước")
    assert "về lại kho Văn phòng" in body(lan)
    shown(lan, "return-foreseen")
    press(lan, "Ghi nhận đã nhận lại 5 tem")
    lan.goto("/office/batches/12/revocation?first=596&last=600")
    lan.get_by_label("Số quyết định và lý do").fill("QĐ 12/QĐ-VP")
    press(lan, "Xem trước")
    assert "không phải kết luận về chất lượng sản phẩm" in body(lan)
    press(lan, "Thu hồi 5 tem")
    expect(lan.get_by_role("status")).to_contain_text("đã bị thu hồi")
    lan.goto("/office/batches/12/correction")
    lan.get_by_label("Từ tem").fill(SERIAL)
    lan.get_by_label("Lô đúng").select_option("-")
    lan.get_by_label("Lý do").fill("Dán nhầm cuộn tem của lô bên cạnh")
    press(lan, "Xem trước")
    assert "không gắn với lô nào" in body(lan) and "lô L250425-B2" in body(lan)
    shown(lan, "correction-foreseen")
    press(lan, "Đính chính 1 tem")
    expect(lan.get_by_role("status")).to_contain_text("đã được đính chính")
    shown(lan, "batch")


def test_what_producers_report_and_ask_for_is_decided(lan: Page, maker: httpx.Client) -> None:
    """A report is confirmed once its consequence is read; a request is refused with a reason."""
    told = {"first": 601, "last": 603, "kind": "damaged", "reason": "ướt, rách"}
    report = sent(maker, "/v1/batches/12/void-reports", told)["report_id"]
    lan.goto("/office/void-reports?state=open")
    shown(lan, "void-reports")
    lan.goto(f"/office/void-reports/{report}")
    assert "3 tem, từ số 601" in body(lan)
    shown(lan, "void-report")
    press(lan, "Xác nhận, hủy 3 tem")
    expect(lan.get_by_role("status")).to_contain_text("các tem này đã bị hủy")
    wrong = {"first": 81, "last": 90, "lot_id": None, "reason": "Kích hoạt nhầm cuộn tem khác"}
    asked = sent(maker, "/v1/batches/12/correction-requests", wrong)["request_id"]
    lan.goto("/office/correction-requests?state=open")
    shown(lan, "correction-requests")
    lan.goto(f"/office/correction-requests/{asked}")
    shown(lan, "correction-request")
    lan.get_by_role("link", name="Từ chối").click()
    lan.get_by_label("Vì sao từ chối").fill("Tem đã bán ra thị trường")
    shown(lan, "correction-refusal")
    press(lan, "Từ chối đề nghị")
    assert "Tem đã bán ra thị trường" in body(lan)


def sent(client: httpx.Client, path: str, told: dict[str, Any]) -> dict[str, str]:
    """What a producer's telephone sends."""
    answer = client.post(path, json=told, headers={"Idempotency-Key": path})
    assert answer.status_code == 201, answer.text
    found: dict[str, str] = answer.json()
    return found


def test_one_stamp_by_its_serial(lan: Page) -> None:
    """Its history, and what the public is told of it; a wrong check digit is told."""
    lan.goto("/office/stamps")
    shown(lan, "stamp-empty")
    lan.get_by_label("Số sê-ri in trên tem").fill("12–100–00")
    press(lan, "Tra")
    expect(lan.get_by_role("alert")).to_be_visible()
    lan.get_by_label("Số sê-ri in trên tem").fill("12 - 81 - 43")
    press(lan, "Tra")
    expect(lan.get_by_role("heading", level=1)).to_contain_text("12-81-43")
    assert "Kích hoạt: lô L250630-A1" in body(lan) and "đã kích hoạt" in body(lan)
    shown(lan, "stamp")


@pytest.mark.parametrize("size", SIZES)
def test_lists_in_english_and_dark(site: People, chromium: Browser, size: str) -> None:
    """Filters stand in the address and leave what fits; dark colours are as legible."""
    page = site.page(chromium, "minh", color_scheme="dark", **SIZES[size])
    page.goto("/office/orders?lang=en")
    page.get_by_label("State").select_option("issued")
    press(page, "Show")
    expect(page).to_have_url(re.compile("state=issued"))
    expect(page.locator("tbody tr").first).to_contain_text("to be printed")
    shown(page, "orders")
    page.goto("/office/batches?state=revoked")
    shown(page, "batches")
    page.goto("/office/batches?state=issued&product_id=HT-SP001&producer_id=HT-P002")
    assert "There is no such batch" in body(page)
    page.goto("/office/batches/12")
    shown(page, "batch-dark")
    page.context.close()


def test_an_auditor_reads_and_changes_nothing(site: People, chromium: Browser) -> None:
    """No act is offered to an auditor, and none is done by address; scripts off, pages stand."""
    page = site.page(chromium, "kiemtoan", java_script_enabled=False, **PHONE)
    for path in ("/office/orders", "/office/batches/12", f"/office/stamps?serial={SERIAL}"):
        page.goto(path)
        assert page.get_by_role("link", name=re.compile("Hủy|Thu hồi|Đặt tem thay")).count() == 0
    answer = page.goto("/office/batches/12/void")
    assert answer is not None and answer.status == 403
    page.context.close()


def test_who_has_no_script_sees_how_far_an_order_is(site: People, chromium: Browser) -> None:
    """The page says it without a script, and what would happen is foreseen without one too."""
    page = site.page(chromium, "lan", java_script_enabled=False, **PHONE)
    page.goto("/office/orders/new?product=HT-SP001")
    page.get_by_label("Số tem").fill("5")
    press(page, "Đặt tem")
    press(page, "Duyệt 5 tem")
    expect(page.locator(".steps")).to_be_visible()
    page.goto("/office/batches/12/void?first=604&kind=damaged&reason=rách")
    press(page, "Xem trước")
    assert "1 tem, số 604" in body(page)
    page.context.close()
