"""Activation as a producer does it: by camera, by keyboard, without a signal, without script."""

import os
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, Route, expect, sync_playwright
from tests import browsers
from tests.portal.conftest import ARGUMENTS
from tests.portal.people import DESK, PASSWORD, PHONE, PRODUCER, SIZES, People, must_be_good
from tests.registry.seen_stamps import address, seen, write_video
from tests.running import until

from tem.stampcode import serial

ON_CAMERA = 1500  # the stamp that the camera sees
SAID = {
    "waiting": "Chưa gửi được, máy đang giữ và sẽ gửi lại",
    "done": "Đã gửi và đã ghi nhận.",
    "refused": "Bị từ chối, cần sửa:",
    "signed_out": "Cần đăng nhập lại để gửi tiếp",
}
ACTS = {
    "waiting": ["again", "drop"],
    "done": ["see", "reload", "close"],
    "refused": ["mend", "drop"],
    "signed_out": ["sign-in", "drop"],
}
# The paths that the service worker keeps, once it has begun its work.
STORED = """navigator.serviceWorker.ready.then(async () => {
  const stores = await Promise.all((await caches.keys()).map((name) => caches.open(name)));
  const kept = await Promise.all(stores.map((store) => store.keys()));
  return kept.flat().map((request) => new URL(request.url).pathname);
})"""


class Stamps:
    """A batch of the producer's with 2,000 stamps that nobody has activated; who asks the API."""

    def __init__(self, site: People) -> None:
        self.api = site.installation.producer(PRODUCER, "tests of activation")
        found = self.api.get("/v1/batches?usable=true").json()["items"]
        self.batch = next(one["number"] for one in found if one["counts"]["delivered"] == 2000)

    def serial(self, index: int) -> str:
        """As printed."""
        return serial(self.batch, index)

    def query(self, first: int, last: int, lot_code: str) -> str:
        """The query of the last step, for a lot made today."""
        ends = f"first={self.serial(first)}&last={self.serial(last)}&lot=new&lot_code={lot_code}"
        return f"{ends}&production_date=20/11/2026&quantity={last - first + 1}"

    def activations(self, index: int) -> int:
        """How often a stamp was activated, by its history."""
        found = self.api.get(f"/v1/stamps/{self.serial(index)}").json()
        return sum(one["action"] == "stamps.activated" for one in found["history"])

    def lots(self, code: str) -> list[dict[str, Any]]:
        """The lots whose code begins so."""
        found: list[dict[str, Any]] = self.api.get(f"/v1/lots?q={code}").json()["items"]
        return found


@pytest.fixture(scope="module")
def stamps(site: People) -> Stamps:
    """Stamps to activate: each test has numbers of its own."""
    return Stamps(site)


@pytest.fixture(scope="module")
def chromium(stamps: Stamps, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    """Chromium whose camera is a film of one stamp."""
    film = tmp_path_factory.mktemp("camera") / "film.y4m"
    text = address(stamps.batch, ON_CAMERA)
    write_video(film, [seen(text, turned=t, tilted=0.3, blur=1.2) for t in (0.1, 0.13)])
    camera = ["--use-fake-device-for-media-stream", f"--use-file-for-fake-video-capture={film}"]
    path = browsers.chromium(whole=True)
    os.environ.pop("DISPLAY", None)
    with sync_playwright() as playwright:
        arguments = [*ARGUMENTS, *camera]
        browser = playwright.chromium.launch(executable_path=path, args=arguments)
        yield browser
        browser.close()


def confirm(page: Page) -> None:
    """Press the button that activates."""
    page.locator("main form button.main").click()


def bar(page: Page) -> Any:
    """The bar of what the device keeps."""
    return page.locator("#kept")


def must_say(page: Page, state: str) -> None:
    """Wait until the bar shows the sentence of this state, and no other."""
    expect(bar(page).locator("[data-said]:visible")).to_contain_text(SAID[state])
    acts = bar(page).locator("[data-act]:visible")
    until(lambda: acts.evaluate_all("(all) => all.map((one) => one.dataset.act)") == ACTS[state])


def test_six_taps_and_a_lot_number_activate_what_the_camera_sees(
    site: People, chromium: Browser, stamps: Stamps
) -> None:
    """From the home page to done on a telephone, typing only the number on the pack, which is never
    invented; every page on the way is good, and the last says plainly what is on record."""
    page = site.page(chromium, "songlam", permissions=["camera"], **PHONE)
    page.goto("/my")
    must_be_good(page)
    page.locator("main").get_by_role("link", name="Kích hoạt tem").click()
    must_be_good(page)
    page.get_by_role("button", name="Quét tem đầu").click()
    expect(page.locator("#first")).to_have_value(stamps.serial(ON_CAMERA))
    page.get_by_role("button", name="Quét tem cuối").click()
    expect(page.locator("#last")).to_have_value(stamps.serial(ON_CAMERA))
    page.get_by_role("button", name="Tiếp tục").click()
    must_be_good(page)
    expect(page.locator("#lot_code")).to_have_value("")
    expect(page.locator("#production_date-hint")).to_contain_text("Đã điền hôm nay")
    page.locator("#lot_code").fill("L-CHAM")
    page.get_by_role("button", name="Xem trước khi kích hoạt").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Kích hoạt 1 tem?")
    expect(page.locator("dl")).to_contain_text("Sử dụng tốt nhất trước")
    must_be_good(page)
    page.get_by_role("button", name="Kích hoạt 1 tem").click()
    page.wait_for_url("**/my/activate/done?*")
    expect(page.get_by_role("heading", level=1)).to_have_text("Xong: đã kích hoạt 1 tem")
    must_be_good(page)
    assert stamps.activations(ON_CAMERA) == 1
    page.context.close()


def test_the_keyboard_alone_and_a_date_of_two_meanings(
    site: People, chromium: Browser, stamps: Stamps
) -> None:
    """At a desk without a mouse, in English: typed serials in any order and shape, a date that can
    be read in two ways is asked back and never guessed, and the choice is what is recorded."""
    page = site.page(chromium, "songlam", color_scheme="dark", **DESK)
    page.goto("/my/activate?lang=en")
    page.locator("#first").focus()
    page.keyboard.type(stamps.serial(20).replace("-", " "))
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    page.keyboard.type(stamps.serial(11))
    page.keyboard.press("Enter")
    page.locator("#lot_code").fill("L-HAI-NGHIA")
    page.locator("#production_date").fill("011126")
    page.locator("#best_before").focus()
    page.keyboard.type("HSD: 021028")
    page.keyboard.press("Enter")
    expect(page.get_by_role("alert")).to_contain_text("several ways")
    page.get_by_role("radio", name="01/11/2026").check()
    choice = page.get_by_role("radio", name="02/10/2028")
    expect(page.get_by_role("radio", name="28/10/2002")).to_be_visible()
    must_be_good(page)
    choice.focus()
    page.keyboard.press("Space")
    page.keyboard.press("Enter")
    expect(page.locator("dl")).to_contain_text("02/10/2028")
    must_be_good(page)
    page.get_by_role("link", name="Change the lot").click()
    expect(page.locator("#best_before")).to_have_value("02/10/2028")
    expect(page.locator("#production_date")).to_have_value("01/11/2026")
    page.get_by_role("button", name="See what will happen").press("Enter")
    page.get_by_role("button", name="Activate 10 stamps").focus()
    page.keyboard.press("Enter")
    page.wait_for_url("**/my/activate/done?*")
    tied = stamps.api.get(f"/v1/stamps/{stamps.serial(11)}").json()["lot"]
    assert tied["best_before"] == "2028-10-02" and stamps.activations(20) == 1
    page.context.close()


def test_a_refused_range_comes_back_in_parts(
    site: People, chromium: Browser, stamps: Stamps
) -> None:
    """Each part that refuses is named by its serials with the reason; the rest is one tap away."""
    page = site.page(chromium, "songlam", **PHONE)
    page.goto(f"/my/activate/check?{stamps.query(31, 33, 'L-TRUOC')}")
    confirm(page)
    page.wait_for_url("**/my/activate/done?*")
    page.goto(f"/my/activate/check?{stamps.query(30, 40, 'L-SAU')}")
    told = page.get_by_role("alert")
    expect(told).to_contain_text(f"{stamps.serial(31)} → {stamps.serial(33)} (3 tem)")
    expect(told).to_contain_text("L-TRUOC")
    must_be_good(page)
    page.get_by_role("link", name=f"7 tem: {stamps.serial(34)} → {stamps.serial(40)}").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Kích hoạt 7 tem?")
    assert stamps.activations(34) == 0 and stamps.lots("L-SAU") == []
    page.context.close()


@pytest.mark.parametrize("size", SIZES)
def test_without_script_it_is_a_plain_form(
    site: People, chromium: Browser, stamps: Stamps, size: str
) -> None:
    """The same steps by typing; what is mistyped is told; who goes back reads that it was done."""
    first = {"phone": 51, "desk": 61}[size]
    page = site.page(chromium, "songlam", java_script_enabled=False, **SIZES[size])
    page.goto("/my/activate")
    page.locator("#first").fill(stamps.serial(first)[:-1] + "x")
    page.locator("#last").fill(stamps.serial(first + 1))
    page.get_by_role("button", name="Tiếp tục").click()
    expect(page.locator("#first-fault")).to_contain_text("Tem đầu: hãy quét")
    page.locator("#first").fill(stamps.serial(first))
    page.get_by_role("button", name="Tiếp tục").click()
    page.locator("#lot_code").fill(f"L-TAY-{size}")
    page.locator("#quantity").fill("nhiều")
    page.get_by_role("button", name="Xem trước").click()
    expect(page.locator("#quantity-fault")).to_be_visible()
    expect(page.get_by_role("alert")).not_to_contain_text("validation_failed")
    page.locator("#quantity").fill("2")
    page.get_by_role("button", name="Xem trước").click()
    confirm(page)
    expect(page.get_by_role("heading", level=1)).to_have_text("Xong: đã kích hoạt 2 tem")
    page.go_back()
    expect(page.get_by_role("heading", level=1)).to_have_text("Các tem này đã được kích hoạt")
    assert stamps.activations(first) == 1 and len(stamps.lots(f"L-TAY-{size}")) == 1
    page.context.close()


def test_without_a_signal_it_is_kept_and_sent_once(
    site: People, chromium: Browser, stamps: Stamps
) -> None:
    """Kept on the device at the last tap, the page closed; the site opened without a signal shows
    it on a page of ours, and nothing else was kept of any page; with the signal back it is sent,
    once, and the page says so."""
    page = site.page(chromium, "songlam", **PHONE)
    context = page.context
    page.goto(f"/my/activate/check?{stamps.query(71, 80, 'L-MAT-MANG')}")
    until(lambda: any(path.endswith("/scan/scan.js") for path in page.evaluate(STORED)))
    assert {path.split("/")[1] for path in page.evaluate(STORED)} == {"assets", "offline"}
    context.set_offline(True)
    confirm(page)
    must_say(page, "waiting")
    must_be_good(page)
    page.close()
    page = _another(context)
    page.goto("/my")
    expect(page.get_by_role("heading", level=1)).to_have_text("Điện thoại đang không có mạng")
    expect(bar(page)).to_contain_text("Kích hoạt 10 tem cho lô L-MAT-MANG")
    must_be_good(page)
    must_say(page, "waiting")
    assert stamps.lots("L-MAT-MANG") == []
    context.set_offline(False)
    must_say(page, "done")
    assert stamps.activations(71) == 1 and len(stamps.lots("L-MAT-MANG")) == 1
    page.get_by_role("link", name="Xem kết quả").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Xong: đã kích hoạt 10 tem")
    expect(bar(page)).to_be_hidden()
    context.close()


def _another(context: BrowserContext) -> Page:
    """A further page of the same browser."""
    page = context.new_page()
    page.faults = []  # type: ignore[attr-defined]
    return page


def test_an_answer_that_was_lost_does_nothing_twice(
    site: People, chromium: Browser, stamps: Stamps
) -> None:
    """Neither a page in between that says 200 nor a lost answer ends it: it is sent again under the
    same key, and done once."""
    page = site.page(chromium, "songlam", **PHONE)
    page.goto(f"/my/activate/check?{stamps.query(81, 90, 'L-LAC')}")
    lost: list[int] = []

    def lose(route: Route) -> None:
        if not lost:
            lost.append(200)
            route.fulfill(status=200, content_type="text/html", body="<p>Wi-Fi của quán</p>")
        elif len(lost) == 1:
            lost.append(route.fetch().status)
            route.abort("connectionreset")
        else:
            route.continue_()

    page.route("**/my/activate/confirm", lose)
    confirm(page)
    page.wait_for_url("**/my/activate/done?*", timeout=60_000)  # it tries again by itself
    expect(page.get_by_role("heading", level=1)).to_have_text("Xong: đã kích hoạt 10 tem")
    assert lost == [200, 200]
    assert stamps.activations(81) == 1 and len(stamps.lots("L-LAC")) == 1
    page.context.close()


def test_only_an_answer_of_ours_ends_what_is_kept(site: People, chromium: Browser) -> None:
    """Status and body together: what a proxy, a hotspot or a busy server says ends nothing."""
    page = site.page(chromium, None, **DESK)
    page.goto("/sign-in")
    cases: list[tuple[int, dict[str, str], str]] = [
        (200, {"to": "/my"}, "done"),
        (200, {}, "waiting"),
        (401, {"code": "signed_out"}, "signed_out"),
        (401, {}, "waiting"),
        (403, {"code": "form_not_ours"}, "waiting"),
        (403, {"code": "page_not_yours"}, "refused"),
        (409, {"code": "lot_recalled"}, "refused"),
        (422, {"sentence": ""}, "refused"),
        (404, {}, "waiting"),
        (429, {"code": "rate_limited"}, "waiting"),
        (503, {"code": "temporarily_unavailable"}, "waiting"),
    ]
    found = page.evaluate(
        """async (cases) => {
          const bar = document.querySelector("script[src*=kept-bar]").src;
          const { meaning } = await import(bar.replace("kept-bar", "kept"));
          return cases.map(([status, told]) => meaning(status, told));
        }""",
        [case[:2] for case in cases],
    )
    assert found == [case[2] for case in cases]
    page.context.close()


def test_what_is_kept_is_sent_as_nobody_else(
    site: People, chromium: Browser, stamps: Stamps
) -> None:
    """Signed out meanwhile: the bar asks to sign in; another login on the same device neither
    sends it nor reads what it is; its own login sends it."""
    page = site.page(chromium, "songlam", **PHONE)
    context = page.context
    page.goto(f"/my/activate/check?{stamps.query(91, 95, 'L-CUA-LAM')}")
    context.set_offline(True)
    confirm(page)
    must_say(page, "waiting")
    context.clear_cookies()
    context.set_offline(False)
    must_say(page, "signed_out")
    _sign_in(page, "cosohai")
    expect(bar(page)).to_contain_text("1 yêu cầu chưa gửi của tài khoản “songlam”")
    expect(bar(page)).not_to_contain_text("L-CUA-LAM")
    must_be_good(page)
    assert stamps.lots("L-CUA-LAM") == []
    page.get_by_role("button", name="Đăng xuất").click()
    _sign_in(page, "songlam")
    must_say(page, "done")
    assert stamps.activations(91) == 1
    page.get_by_role("link", name="Xem số mới").click()
    expect(page.get_by_role("heading", level=1)).to_be_visible()
    expect(bar(page)).to_be_hidden()
    context.close()


def _sign_in(page: Page, login: str) -> None:
    page.goto("/sign-in")
    page.locator("#login").fill(login)
    page.locator("#password").fill(PASSWORD)
    page.get_by_role("button", name="Đăng nhập", exact=True).click()
    page.wait_for_url("**/my")


def test_what_was_refused_meanwhile_can_be_mended_or_dropped(
    site: People, chromium: Browser, stamps: Stamps
) -> None:
    """A kept request that the rules refuse by then says why, leads back to its step, and is gone
    once its sender drops it; one that still waits is dropped after a question."""
    page = site.page(chromium, "songlam", **DESK)
    page.goto(f"/my/activate/check?{stamps.query(101, 105, 'L-MUON')}")
    page.context.set_offline(True)
    confirm(page)
    must_say(page, "waiting")
    lot = stamps.api.post("/v1/lots", json=_lot("L-NHANH")).json()["lot_id"]
    body = {"batch": stamps.batch, "first": 103, "last": 103}
    path, key = f"/v1/lots/{lot}/activations", {"Idempotency-Key": "meanwhile"}
    assert stamps.api.post(path, json=body, headers=key).status_code == 201
    page.context.set_offline(False)
    must_say(page, "refused")
    expect(bar(page).locator("[data-why]")).to_contain_text(f"{stamps.serial(103)}: Tem")
    assert stamps.lots("L-MUON") == []
    must_be_good(page)
    page.get_by_role("link", name="Sửa", exact=True).click()
    expect(page.get_by_role("alert")).to_contain_text(stamps.serial(103))
    expect(bar(page)).to_be_hidden()
    page.goto(f"/my/activate/check?{stamps.query(106, 107, 'L-BO')}")
    page.context.set_offline(True)
    confirm(page)
    page.once("dialog", lambda dialog: dialog.accept())
    page.get_by_role("button", name="Bỏ yêu cầu").click()
    expect(bar(page)).to_be_hidden()
    page.context.set_offline(False)
    page.goto("/my/lots")
    assert stamps.lots("L-BO") == []
    page.context.close()


def _lot(code: str) -> dict[str, Any]:
    made = {"production_date": "2026-11-20", "quantity": 1}
    return {"product_id": "HT-SP001", "lot_code": code, **made}


def test_a_period_waits_for_the_date_it_counts_from(
    site: People, chromium: Browser, stamps: Stamps
) -> None:
    """While the production date is being asked for, a best-before counted from it is no fault."""
    page = site.page(chromium, "songlam", **PHONE)
    made = stamps.query(131, 132, "L-KY").replace("20/11/2026", "011126")
    page.goto(f"/my/activate/check?{made}&best_before=12 tháng kể từ NSX")
    expect(page.locator(".fault")).to_have_count(1)
    page.get_by_role("radio", name="01/11/2026").check()
    page.get_by_role("button", name="Xem trước").click()
    expect(page.locator("dl")).to_contain_text("01/11/2027")
    page.context.close()


@pytest.mark.parametrize("size", SIZES)
def test_stamps_and_lots_are_told_in_words_and_numbers(
    site: People, chromium: Browser, stamps: Stamps, size: str
) -> None:
    """Lists and single records in both languages and schemes: what is left, what became of it, and
    how often a lot was looked up."""
    page = site.page(chromium, "songlam", color_scheme="dark", **SIZES[size])
    for path, words in {
        "/my?lang=en": "Stamps left, by product",
        "/my/stamps": f"Batch {stamps.batch}",
        f"/my/stamps/{stamps.batch}": "not activated",
        "/my/stamps/1?lang=vi": "Từng dải tem trong đợt",
        "/my/lots?q=L26": "L260106-A1",
        "/my/lots?q=KHONG-CO": "Không có lô nào như vậy",
        "/my/lots/HT-L0049": "Chưa có ai tra cứu",
        "/my/activate?lot=HT-L0049": "Cho lô L260106-A1",
    }.items():
        page.goto(path)
        expect(page.locator("main")).to_contain_text(words)
        must_be_good(page)
    page.context.close()


def test_a_lot_beyond_its_shelf_life_can_wait_for_the_office(
    site: People, chromium: Browser, stamps: Stamps
) -> None:
    """A best-before later than the shelf life is not refused for good: the lot is recorded alone,
    says that it waits, and no stamp is activated."""
    page = site.page(chromium, "songlam", **PHONE)
    page.goto(f"/my/activate/check?{stamps.query(121, 125, 'L-DAI')}&best_before=01/01/2030")
    told = ["L-DAI, 5", "20/11/2026", "01/01/2030", "24 tháng", "20/11/2028"]
    for words in told:
        expect(page.locator("dl")).to_contain_text(words)
    must_be_good(page)
    page.get_by_role("button", name="Ghi lô, chờ Văn phòng duyệt hạn").click()
    page.wait_for_url("**/my/lots/*")
    expect(page.locator("main")).to_contain_text("Chờ Văn phòng duyệt hạn")
    assert stamps.activations(121) == 0 and len(stamps.lots("L-DAI")) == 1
    page.context.close()
