"""The public pages in a real browser: a small phone, a strict policy, a screen reader's view."""

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib.resources import files
from typing import Any

import pytest
from playwright.sync_api import Browser, Page
from tests.registry.pictures import picture
from tests.running import until
from tests.verifier.judging import faults_of

from tem.language import LANGUAGES
from tem.vocabulary import Verdict
from tem_verifier.developers.developer_page import DeveloperPage, Limits, downloads
from tem_verifier.digital_link.product_pages import NO_SIGNATURE, NOT_ON_RECORD, ProductPages
from tem_verifier.heads import PAGE_POLICY
from tem_verifier.pages import Pages
from tem_verifier.rates import Rate

PRODUCTS = (f"/{NO_SIGNATURE}", f"/{NOT_ON_RECORD}")
TONES = {
    "OK": "positive",
    "PAST_DATE": "warning",
    "NOT_ACTIVATED": "attention",
    "RECALLED": "danger",
    "UNAVAILABLE": "neutral",
}
LONG = "Mắmtôm" * 60
PHOTO = picture(size=(1200, 900))
ADDRESS = "/s/" + "1" * 174

ANSWER: dict[str, Any] = {
    "notes": ["EXPIRES_TODAY", "MANY_SCANS"],
    "reason": "any",
    "as_of": "2026-11-20T02:00:00Z",
    "stamp": {"batch": 4026531841, "index": 16777215},
    "product": {
        "name": "Nước mắm " + LONG,
        "brand": LONG,
        "packaging": LONG,
        "story": LONG,
        "gtin": "9" * 14,
        "quality_tests": [{"report_no": LONG}, {"report_no": "KN-2", "lab": LONG}],
        "image": {"url": "/images/" + "a" * 64, "width": 1200, "height": 900},
    },
    "producer": {
        "name": "Hợp tác xã " + LONG,
        "producer_type": "cooperative",
        "address": {"full": LONG, "before_2025_07_01": LONG},
        "website": "https://songlam.example/" + "a" * 300,
        "email": "a" * 100 + "@songlam.example",
        "phone": "0239 0000 001",
        "gps": {"lat": 18.118582, "lon": 106.322166},
    },
    "lot": {
        "code": "L" * 80,
        "production_date": "2024-11-20",
        "production_date_kind": "packing_date",
        "best_before": "2026-11-20",
        "info_expires_on": "2026-12-20",
    },
    "certificate": {"stars": 4, "decision_no": "9" * 90, "decision_date": "2024-10-15"},
    "points_of_sale": [
        {
            "name": LONG,
            "address": LONG,
            "phone": "0239 0001 001",
            "gps": {"lat": 18.326693, "lon": 105.919011},
        }
    ]
    * 5,
    "recall": {
        "kind": "mandatory",
        "ordered_on": "2026-03-16",
        "ordered_by": "Cơ quan A",
        "decision_no": None,
        "reason_public": LONG,
    },
}


@pytest.fixture(scope="module")
def origin() -> Iterator[str]:
    """A loopback server for the rendered pages under the policy of the real one."""
    pages = Pages()
    host = "tem.hatinh.example"
    served = {"/home": pages.home("vi", host), "/gone": pages.not_found("en")}
    served |= {"/about": pages.about("en", host), "/limited": pages.limited("vi")}
    served["/sandbox"] = Pages(is_sandbox=True).home("en", host)
    limits = Limits(1000, 100_000, 384 * 1024, 20, Rate(6000, 60), None)
    served["/developers"] = DeveloperPage(limits, downloads(), f"https://{host}").render("vi")
    products = ProductPages()
    for case in (NO_SIGNATURE, NOT_ON_RECORD):
        served[f"/{case}"] = products.product(ANSWER, "vi", case, "/01/09521234000013")
    for verdict in Verdict:
        asked = ANSWER | {"verdict": str(verdict)}
        served |= {f"/{lang}/{verdict}": pages.render(asked, lang, ADDRESS) for lang in LANGUAGES}
    server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(served))
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


def _handler(served: dict[str, str]) -> type[BaseHTTPRequestHandler]:
    """A request handler for the given pages and the files in ``static``."""
    static = files("tem_verifier").joinpath("static")

    class Handler(BaseHTTPRequestHandler):
        """Answers GET for a page by its path, or a static file by its name."""

        def do_GET(self) -> None:
            """200 with the policy, or 404."""
            path = self.path.partition("?")[0]
            kind = {"css": "text/css", "svg": "image/svg+xml"}.get(path.rpartition(".")[2])
            if path.startswith("/images/") or path == f"{ADDRESS}/seen":
                kind, body = "image/jpeg", PHOTO
            elif kind is not None:
                body = static.joinpath(path.removeprefix("/static/")).read_bytes()
            else:
                body = served.get(path, "").encode()
            self.send_response(200 if body else 404)
            self.send_header("Content-Type", kind or "text/html; charset=utf-8")
            self.send_header("Content-Length", str(len(body)))
            self.send_header("Content-Security-Policy", PAGE_POLICY)
            self.send_header("X-Content-Type-Options", "nosniff")
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:
            """Keeps the test output quiet."""

    return Handler


@pytest.fixture
def phone(browser: Browser) -> Iterator[Page]:
    """A tab as small as the smallest phone still in use."""
    context = browser.new_context(viewport={"width": 320, "height": 568})
    yield context.new_page()
    context.close()


ADDRESSES = [f"/{lang}/{verdict}" for lang in ("vi", "en") for verdict in (*TONES, "UNKNOWN")]


def test_pages_fit_a_small_phone_and_keep_the_policy(phone: Page, origin: str) -> None:
    """No sideways scrolling even with endless words, no complaint, no request elsewhere."""
    complaints: list[str] = []
    asked: list[str] = []
    phone.on("console", lambda message: complaints.append(message.text))
    phone.on("pageerror", lambda error: complaints.append(str(error)))
    phone.on("requestfailed", lambda request: complaints.append(request.url))
    phone.on("request", lambda request: asked.append(request.url))
    for address in (*ADDRESSES, "/home", "/gone", "/about", "/developers", *PRODUCTS):
        phone.goto(origin + address)
        phone.evaluate("document.querySelectorAll('details').forEach((d) => { d.open = true })")
        assert phone.evaluate("document.documentElement.scrollWidth") <= 320, address
        assert phone.locator("h1").inner_text().strip()
        assert phone.evaluate("document.styleSheets[0].cssRules.length") > 20
        assert phone.evaluate("parseFloat(getComputedStyle(document.body).fontSize)") >= 17
    assert complaints == []
    assert {url.startswith(origin + "/") for url in asked} == {True}


def test_a_picture_fits_and_keeps_its_shape(phone: Page, origin: str) -> None:
    """It is loaded, no wider than its card, and as high as its width asks."""
    phone.goto(origin + "/vi/NOT_ACTIVATED")
    photo = phone.get_by_role("img", name="Ảnh sản phẩm")
    photo.scroll_into_view_if_needed()
    until(lambda: phone.locator(".photo").evaluate("image => image.naturalWidth") == 1200)
    box = photo.bounding_box()
    assert box is not None
    assert box["x"] >= 0 and box["x"] + box["width"] <= 320
    assert abs(box["width"] / box["height"] - 4 / 3) < 0.05


def test_a_map_is_asked_only_when_touched(phone: Page, origin: str) -> None:
    """Reading the page to its end asks no map; the link is there to be touched."""
    asked: list[str] = []
    phone.on("request", lambda request: asked.append(request.url))
    phone.goto(origin + "/en/OK")
    phone.mouse.wheel(0, 20_000)
    link = phone.get_by_role("link", name="Open a map").first
    assert str(link.get_attribute("href")).startswith("https://www.openstreetmap.org/?mlat=18.1")
    assert asked and all(url.startswith(origin) for url in asked)


def test_the_policy_is_really_in_force(phone: Page, origin: str) -> None:
    """A style that the policy forbids is complained about, so silence above means something."""
    phone.goto(origin + "/vi/OK")
    coloured = '<p style="color:red">x</p>'
    with phone.expect_console_message(timeout=5_000) as complaint:
        phone.evaluate("(html) => document.body.insertAdjacentHTML('beforeend', html)", coloured)
    assert "Content Security Policy" in complaint.value.text


def test_a_screen_reader_finds_the_verdict(phone: Page, origin: str) -> None:
    """The accessibility tree has the landmarks, the verdict as heading, and stars in words."""
    phone.goto(origin + "/vi/OK")
    tree = phone.locator("body").aria_snapshot()
    assert "- main:" in tree
    assert "- banner:" in tree
    assert "- contentinfo:" in tree
    assert 'heading "Tem có trong hệ thống và đã kích hoạt" [level=1]' in tree
    assert 'heading "Lô sản xuất và ngày" [level=2]' in tree
    assert 'img "4 sao"' in tree
    assert 'link "English"' in tree


def test_the_verdict_is_on_the_first_screen(phone: Page, origin: str) -> None:
    """Nobody has to scroll to learn the answer."""
    for verdict in TONES:
        phone.goto(f"{origin}/vi/{verdict}")
        box = phone.locator("h1").bounding_box()
        assert box is not None
        assert box["y"] + box["height"] < 568 / 2


def test_without_script_the_other_points_of_sale_unfold(browser: Browser, origin: str) -> None:
    """The page needs no script: with scripting off, touching the summary shows the rest."""
    context = browser.new_context(java_script_enabled=False)
    tab = context.new_page()
    tab.goto(origin + "/vi/OK")
    hidden = tab.locator("#pos ~ details li").first
    assert not hidden.is_visible()
    tab.locator("#pos ~ details summary").click()
    assert hidden.is_visible()
    context.close()


def test_a_view_is_counted_without_script_and_unseen(browser: Browser, origin: str) -> None:
    """Whoever opens a stamp's page fetches its count once, though it has no script and is not
    scrolled; nobody sees it or hears of it, and the page is no longer for it."""
    context = browser.new_context(viewport={"width": 320, "height": 568}, java_script_enabled=False)
    tab = context.new_page()
    asked: list[str] = []
    tab.on("request", lambda request: asked.append(request.url))
    for address in ADDRESSES:
        asked.clear()
        tab.goto(origin + address)
        known = "UNKNOWN" not in address
        counted = [url for url in asked if url.endswith("/seen")]
        assert counted == [f"{origin}{ADDRESS}/seen"] * known, address
    tab.goto(origin + "/vi/OK")
    seen = tab.locator(".seen")
    box, height = seen.bounding_box(), "document.documentElement.scrollHeight"
    assert box is not None
    assert (box["width"], box["height"]) == (1, 1)
    assert seen.evaluate("(image) => getComputedStyle(image).opacity") == "0"
    assert "seen" not in tab.locator("main").aria_snapshot()
    whole = tab.evaluate(height)
    seen.evaluate("(image) => image.remove()")
    assert tab.evaluate(height) == whole
    context.close()


KINDS = ("/sandbox", "/home", "/about", "/developers", "/gone", "/limited", PRODUCTS[1])
EVERY = [f"/{lang}/{verdict}" for lang in LANGUAGES for verdict in Verdict]


@pytest.mark.parametrize("viewport", [(360, 740), (1280, 800)], ids=["phone", "desk"])
def test_axe_finds_nothing_on_any_page(
    browser: Browser, origin: str, viewport: tuple[int, int]
) -> None:
    """WCAG 2.2 AA of every verdict in both languages and of every other kind, by day and by
    night; the verdict is seen whole before anybody scrolls, and nothing scrolls sideways."""
    width, height = viewport
    context = browser.new_context(viewport={"width": width, "height": height})
    tab, faults = context.new_page(), dict[str, list[str]]()
    for address in (*KINDS, *EVERY) if width < 1000 else (*KINDS, "/vi/OK", "/en/RECALLED"):
        tab.goto(origin + address)
        # The colours of a tone are the same on every page of it.
        night = address.removeprefix("/vi/") in TONES or address in KINDS
        if found := faults_of(tab, night=night):
            faults[address] = found
        assert tab.evaluate("document.documentElement.scrollWidth") <= width, address
        box = tab.locator("h1").bounding_box()
        assert box is not None and box["y"] + box["height"] < height / 2, address
    context.close()
    assert faults == {}


def test_axe_would_find_a_fault(browser: Browser, origin: str) -> None:
    """A picture without words, and pale words at night: silence above means something."""
    context = browser.new_context()
    tab = context.new_page()
    tab.goto(origin + "/vi/OK")
    tab.evaluate("document.querySelector('.photo').removeAttribute('alt')")
    tab.evaluate(
        "[...document.styleSheets[0].cssRules].filter((r) => r.media?.mediaText.includes('dark'))"
        ".forEach((r) => r.cssRules[0].style.setProperty('--soft', '#333'))"
    )
    found = faults_of(tab)
    context.close()
    assert {"light image-alt", "dark color-contrast"} <= set(found)
