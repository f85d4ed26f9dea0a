"""A shopper reports, in a real browser over real HTTP: from the stamp's page to the thanks."""

import io
import re
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from PIL import Image
from playwright.sync_api import Browser, BrowserContext, Page, Response
from sqlalchemy import Row
from tests.running import until
from tests.verifier.conftest import Site, Verifier
from tests.verifier.judging import faults_of
from tests.verifier.mint import Minted
from werkzeug.serving import make_server

from tem.databases.database import reading
from tem_verifier.reports import reports

pytestmark = pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
PHONE, DESK = {"width": 360, "height": 740}, {"width": 1280, "height": 800}
MOST_TABS = 40


@pytest.fixture
def stamp(site: Callable[..., Site], batch: Minted) -> Iterator[str]:
    """The address of an activated stamp on a server of its own."""
    server = make_server("127.0.0.1", 0, site()[0].application, threaded=True)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    yield f"http://127.0.0.1:{server.port}/s/{batch.text(1)}"
    server.shutdown()
    thread.join()
    server.server_close()


Opens = Callable[..., Page]


@pytest.fixture
def opens(browser: Browser) -> Iterator[Opens]:
    """Opens tabs in contexts of their own."""
    opened: list[BrowserContext] = []

    def tab(**options: Any) -> Page:
        context = browser.new_context(**{"viewport": PHONE, "locale": "vi-VN", **options})
        opened.append(context)
        return context.new_page()

    yield tab
    for context in opened:
        context.close()


def kept(reader: Verifier) -> list[tuple[Row[Any], bytes]]:
    """The reports with their photos."""
    with reading(reader.store) as connection:
        rows = reports.page(connection, None, None, 10)
        return [(row, reports.photo_of(connection, row.id)) for row in rows]


def tab_to(page: Page, selector: str) -> None:
    """Press Tab until the element has the focus, as somebody without a mouse does."""
    for _ in range(MOST_TABS):
        page.keyboard.press("Tab")
        if page.evaluate("(s) => document.activeElement.matches(s)", selector):
            return
    raise AssertionError(f"{selector} is not reached by the keyboard")


def test_the_keyboard_alone_reports_and_nothing_leaves_the_host(
    opens: Opens, stamp: str, reader: Verifier
) -> None:
    """Every step can be reached and seen; all bytes but the photo's are few and our own; the
    browser has nothing to complain about."""
    page, complaints = opens(), list[str]()
    answers: list[Response] = []
    page.on("console", lambda message: complaints.append(message.text))
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("response", lambda answer: answers.append(answer))
    page.goto(stamp)
    sizes = [len(one.body()) for one in answers if "/images/" not in one.url]
    assert len(sizes) >= 3 and sum(sizes) < 50_000
    tab_to(page, ".report .button")
    page.keyboard.press("Enter")
    page.wait_for_url("**/report?lang=vi")
    tab_to(page, "[name=kind]")
    page.keyboard.press("ArrowDown")
    tab_to(page, "#text")
    page.keyboard.type("Tem bị dán chồng ở chợ Kỳ Ninh, nghi đã bóc")
    tab_to(page, "#photo")
    photo = io.BytesIO()
    Image.effect_noise((1800, 1200), 80).convert("RGB").save(photo, "JPEG", quality=90)
    sent = {"name": "a.jpg", "mimeType": "image/jpeg", "buffer": photo.getvalue()}
    page.locator("#photo").set_input_files(sent)  # type: ignore[arg-type]
    until(lambda: page.evaluate("photo.files[0].name") == "photo.jpg", 30)  # it was made small
    assert page.evaluate("photo.files[0].size") < len(photo.getvalue())
    tab_to(page, "#send")
    page.keyboard.press("Enter")
    page.wait_for_url("**/report/sent/*")
    ((row, drawn),) = kept(reader)
    assert (row.kind, row.text) == ("tampered", "Tem bị dán chồng ở chợ Kỳ Ninh, nghi đã bóc")
    assert max(Image.open(io.BytesIO(drawn)).size) <= 1600
    assert row.id in page.locator("main").inner_text()
    assert (row.lat, row.lng) == (None, None)
    origin = stamp.partition("/s/")[0]
    assert {one.url.startswith(origin + "/") for one in answers} == {True}
    assert complaints == []


def test_a_place_is_asked_for_only_by_touch_and_rounded(opens: Opens, stamp: str) -> None:
    """Nothing is asked of the phone before; what will be sent is shown, and can be taken back."""
    place = {"latitude": 18.343217, "longitude": 105.905555}
    page = opens(geolocation=place, permissions=["geolocation"])
    page.add_init_script(
        "window.asked = 0; const g = navigator.geolocation, get = g.getCurrentPosition.bind(g);"
        "g.getCurrentPosition = (...all) => { window.asked += 1; get(...all); };"
    )
    page.goto(f"{stamp}/report")
    offer = page.get_by_role("button", name="Gửi kèm vị trí của tôi")
    assert page.evaluate("[window.asked, lat.value]") == [0, ""]
    offer.click()
    page.get_by_text("Vị trí gửi kèm: 18.343, 105.906").wait_for()
    assert page.evaluate("[window.asked, lat.value, lng.value]") == [1, "18.343", "105.906"]
    page.get_by_role("button", name="Bỏ vị trí").click()
    assert page.evaluate("[lat.value, lng.value]") == ["", ""] and offer.is_visible()


@pytest.mark.parametrize("viewport", [PHONE, DESK], ids=["phone", "desk"])
def test_the_form_works_without_script_and_for_everybody(
    opens: Opens, stamp: str, viewport: dict[str, int]
) -> None:
    """With scripts off a fault is shown at its field with what was typed, then the report is
    taken; nothing scrolls sideways, and axe finds nothing on form, faults and thanks."""
    page = opens(viewport=viewport, java_script_enabled=False)
    page.goto(f"{stamp}/report?lang=en")
    pages = [page.content()]
    assert not page.get_by_role("button", name="Add my position").is_visible()
    page.get_by_label("Something else").check()
    page.get_by_label("Where did you buy").fill("Chợ Hà Tĩnh")
    page.get_by_role("button", name="Send the report").click()
    fault = page.get_by_role("alert").get_by_role("link")
    assert fault.inner_text() == "Write a few words about what you saw."
    assert page.locator("#text").get_attribute("aria-invalid") == "true"
    assert page.get_by_label("Where did you buy").input_value() == "Chợ Hà Tĩnh"
    pages.append(page.content())
    page.get_by_label("What did you see?").fill("Lạ")
    page.get_by_role("button", name="Send the report").click()
    page.wait_for_url("**/report/sent/*")
    assert re.search(r"\d{6}-\w{5}", page.locator("main").inner_text())
    pages.append(page.content())
    judge = opens(viewport=viewport)
    judge.goto(f"{stamp}/report")
    for html in pages:
        judge.evaluate("(h) => { document.open(); document.write(h); document.close() }", html)
        until(lambda: judge.evaluate("document.styleSheets.length") == 1, 30)
        assert judge.evaluate("document.documentElement.scrollWidth") <= viewport["width"]
        assert faults_of(judge) == []
