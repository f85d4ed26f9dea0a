"""Reading stamps in a real browser: by its camera, from photos, typed; under a strict policy."""

import base64
import hashlib
import json
import os
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from axe_playwright_python.sync_playwright import Axe
from jinja2 import Environment, PackageLoader
from playwright.sync_api import Browser, Page, expect, sync_playwright
from tests import browsers
from tests.registry.seen_stamps import VIDEO, address, jpeg, seen, write_video
from tests.running import until

from tem.stampcode import Malformed, parse, serial
from tem_registry.portal.assets import FOLDER
from tem_registry.portal.wording import chooser

BATCH, INDEX = 4026531841, 20_480
SERIAL = serial(BATCH, INDEX)
VECTORS = json.loads((Path(__file__).parents[1] / "vectors" / "stamps.json").read_text())
CSP = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; "
    "connect-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
)
KINDS = {"js": "text/javascript", "css": "text/css"}
OPENER = "Quét bằng máy ảnh"
# Of all its files together; how they came: the README beside them.
DECODER = (
    "5b1ada56188cb4e268b30dfff92f9c80d7a9473aed85f222ac6802f6858d9f88"
    "2d6a61a844895f3ea460cdd62189a5d42919542454532b52724665f6e0a9cf5b"
)
FORM = """<!doctype html><html lang="vi"><head><meta charset="utf-8"><title>Quét</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<link rel="stylesheet" href="/portal.css"><link rel="stylesheet" href="/scan/scan.css">
<script type="module" src="/scan/scan-field.js"></script></head><body><main><h1>Kích hoạt</h1>
<form><div class="field"><label for="first">Tem đầu</label><input id="first"></div>
<div data-scan-for="first" data-label="Quét bằng máy ảnh"></div>
<div class="field"><label for="last">Tem cuối</label><input id="last"></div>
<div data-scan-for="last" data-label="Quét bằng máy ảnh"></div>
<button>Gửi</button></form></main>{% include "scan_dialog.html" %}</body></html>"""
# What the tests want to know of a page and cannot see on it.
WITNESS = """
window.broken = []; window.streams = [];
document.addEventListener("securitypolicyviolation", (e) => broken.push(e.violatedDirective));
if (navigator.mediaDevices) {
  const open = navigator.mediaDevices.getUserMedia.bind(navigator.mediaDevices);
  navigator.mediaDevices.getUserMedia = async (wanted) => {
    const stream = await open(wanted);
    streams.push(stream);
    return stream;
  };
}
"""
# The camera runs and its picture never comes, so that nothing is read meanwhile.
STILL = """void (
  window.played = HTMLVideoElement.prototype.play,
  HTMLVideoElement.prototype.play = () => new Promise(() => {})
)"""
FOCUSED = "document.activeElement.closest('label, button')?.innerText"
RUNNING = "streams.flatMap((s) => s.getTracks()).filter((t) => t.readyState === 'live').length"


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    """Chromium whose camera is a film: an empty table, then a stamp, held not quite still."""
    folder = tmp_path_factory.mktemp("chromium")
    path = browsers.chromium(whole=True)
    table = np.full(VIDEO[::-1], 70, dtype=np.uint8)
    held = [seen(address(BATCH, INDEX), turned=t, tilted=0.3, blur=1.2) for t in (0.1, 0.13)]
    write_video(folder / "film.y4m", [table, table, *held, *held])
    arguments = [
        "--no-sandbox",
        "--disable-gpu",
        "--disable-background-networking",
        "--no-first-run",
        "--use-fake-device-for-media-stream",
        f"--use-file-for-fake-video-capture={folder / 'film.y4m'}",
        "--host-resolver-rules=MAP plain.example 127.0.0.1",
    ]
    home = {**os.environ, "HOME": str(folder), "XDG_CACHE_HOME": str(folder)}
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=path, args=arguments, env=home)
        yield chromium
        chromium.close()


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    """A loopback server of the form and of the portal's static files."""
    words = Environment(loader=PackageLoader("tem_registry.portal"), autoescape=True)
    form = words.from_string(FORM).render(t=chooser("vi")).encode()

    class Handler(BaseHTTPRequestHandler):
        """Answers GET with a static file, or with the form."""

        def do_GET(self) -> None:
            """200 under the strict policy."""
            kind = KINDS.get(self.path.rpartition(".")[2])
            content = (FOLDER / self.path.removeprefix("/")).read_bytes() if kind else form
            self.send_response(200)
            self.send_header("Content-Type", kind or "text/html")
            self.send_header("Content-Length", str(len(content)))
            self.send_header("Content-Security-Policy", CSP)
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, format: str, *args: object) -> None:
            """Keeps the test output quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    yield server.server_port
    server.shutdown()
    thread.join()
    server.server_close()


def telephone(browser: Browser, port: int, host: str = "127.0.0.1", **options: Any) -> Page:
    """The form on a small telephone."""
    context = browser.new_context(viewport={"width": 360, "height": 740}, **options)
    context.set_default_timeout(20_000)
    context.add_init_script(WITNESS)
    page = context.new_page()
    page.goto(f"http://{host}:{port}/")
    return page


@pytest.fixture
def allowed(browser: Browser, port: int) -> Iterator[Page]:
    """The form of somebody who lets it use the camera; the policy is kept to its end."""
    page = telephone(browser, port, permissions=["camera"])
    yield page
    assert page.evaluate("broken") == []
    page.context.close()


@pytest.fixture(scope="module")
def plain(browser: Browser, port: int) -> Iterator[Page]:
    """The form over plain http, where no browser opens a camera."""
    page = telephone(browser, port, host="plain.example")
    yield page
    assert page.evaluate("broken") == []
    page.context.close()


def said(page: Page) -> str:
    """Which of its sentences the dialog shows."""
    code = page.locator("dialog [data-said]:visible").get_attribute("data-said")
    assert code is not None
    return code


def until_said(page: Page, code: str) -> None:
    """Wait until the dialog shows this sentence."""
    expect(page.locator(f"dialog [data-said={code}]")).to_be_visible(timeout=20_000)


def read_photo(page: Page, picture: bytes) -> Any:
    """What ``readPhoto`` of scan.js says of a photo."""
    return page.evaluate(
        """async (photo) => {
          const { readPhoto } = await import("/scan/scan.js");
          return readPhoto(new Blob([Uint8Array.from(atob(photo), (c) => c.charCodeAt(0))]));
        }""",
        base64.b64encode(picture).decode(),
    )


def test_a_stamp_before_the_camera_fills_the_field(allowed: Page) -> None:
    """One tap, no typing: the serial stands in the field, the next one has the focus, and the
    camera is let go."""
    allowed.get_by_role("button", name=OPENER).first.click()
    expect(allowed.locator("#first")).to_have_value(SERIAL)
    expect(allowed.locator("dialog")).to_be_hidden()
    expect(allowed.locator("#last")).to_be_focused()
    until(lambda: allowed.evaluate(RUNNING) == 0, 20)
    assert allowed.evaluate("streams.length") == 1
    allowed.get_by_role("button", name=OPENER).last.click()
    expect(allowed.locator("#last")).to_have_value(SERIAL)
    expect(allowed.get_by_role("button", name="Gửi")).to_be_focused()


def test_the_keyboard_alone_opens_scans_and_closes(allowed: Page) -> None:
    """Tab and Enter reach the button and what is in the dialog; Escape leaves it for the button
    and lets the camera go."""
    allowed.evaluate(STILL)
    allowed.locator("#first").focus()
    allowed.keyboard.press("Tab")
    opener = allowed.get_by_role("button", name=OPENER).first
    expect(opener).to_be_focused()
    allowed.keyboard.press("Enter")
    expect(allowed.get_by_role("dialog", name="Quét mã QR trên tem")).to_be_visible()
    until(lambda: allowed.evaluate(RUNNING) == 1, 20)
    reached = []
    for _ in range(2):
        reached.append(
            allowed.evaluate("document.activeElement.closest('label, button').innerText")
        )
        allowed.keyboard.press("Tab")
    assert reached == ["Chụp hoặc chọn ảnh", "Đóng"]
    allowed.keyboard.press("Escape")
    expect(allowed.locator("dialog")).to_be_hidden()
    expect(opener).to_be_focused()
    until(lambda: allowed.evaluate(RUNNING) == 0, 20)
    assert allowed.input_value("#first") == ""


def test_a_hidden_page_lets_the_camera_go(allowed: Page) -> None:
    """Whoever turns to another app is not filmed; on return the camera looks again and reads."""
    allowed.evaluate(STILL)
    allowed.get_by_role("button", name=OPENER).first.click()
    until(lambda: allowed.evaluate(RUNNING) == 1, 20)
    turn = """(away) => {
      Object.defineProperty(document, "hidden", { value: away, configurable: true });
      document.dispatchEvent(new Event("visibilitychange"));
    }"""
    allowed.evaluate(turn, True)
    until(lambda: allowed.evaluate(RUNNING) == 0, 20)
    allowed.evaluate("void (HTMLVideoElement.prototype.play = played)")
    allowed.evaluate(turn, False)
    expect(allowed.locator("#first")).to_have_value(SERIAL)


def test_a_refused_camera_leaves_the_photo(browser: Browser, port: int) -> None:
    """The dialog says that it is refused and what else there is; a photo fills the field."""
    page = telephone(browser, port)
    page.get_by_role("button", name=OPENER).first.click()
    until_said(page, "camera_refused")
    photo = jpeg(seen(address(BATCH, 9), (4032, 3024), module_px=14, turned=2.0, blur=2.5))
    page.set_input_files(
        "dialog input[type=file]", {"name": "a.jpg", "mimeType": "image/jpeg", "buffer": photo}
    )
    expect(page.locator("#first")).to_have_value(serial(BATCH, 9))
    expect(page.locator("#last")).to_be_focused()
    assert page.evaluate("broken") == []
    page.context.close()


def test_without_a_camera_the_page_says_why(plain: Page, browser: Browser, port: int) -> None:
    """Plain http and a browser that knows no cameras are told apart."""
    plain.get_by_role("button", name=OPENER).first.click()
    until_said(plain, "insecure_page")
    plain.get_by_role("button", name="Đóng").click()
    old = telephone(browser, port)
    old.evaluate("delete navigator.mediaDevices.getUserMedia")  # the witness
    old.evaluate("delete MediaDevices.prototype.getUserMedia")
    old.get_by_role("button", name=OPENER).first.click()
    until_said(old, "camera_missing")
    old.context.close()


def test_photos_in_bad_conditions_are_read(plain: Page) -> None:
    """Turned, tilted, dark, far away and out of focus, over plain http."""
    conditions: dict[str, dict[str, Any]] = {
        "turned": {"turned": 2.5},
        "tilted": {"tilted": 0.7, "module_px": 6},
        "dark": {"light": 0.2, "noise": 5},
        "far": {"module_px": 2.4, "blur": 0.5},
        "blurred": {"blur": 2.0, "module_px": 7},
    }
    found = {
        name: read_photo(plain, jpeg(seen(address(7, 12), (1280, 720), **how)))
        for name, how in conditions.items()
    }
    assert {name: stamp.get("serial") for name, stamp in found.items()} == dict.fromkeys(
        conditions, serial(7, 12)
    )


def test_what_is_no_stamp_is_told_from_what_cannot_be_read(plain: Page) -> None:
    """Another QR code is named as such; an empty photo and a file that is none are not read."""
    table = np.full((480, 640), 70, dtype=np.uint8)
    assert read_photo(plain, jpeg(seen("https://example.vn/khuyen-mai"))) == {
        "problem": "not_a_stamp"
    }
    assert read_photo(plain, jpeg(table)) == {"problem": "nothing_read"}
    assert read_photo(plain, b"%PDF-1.7") == {"problem": "nothing_read"}


def test_the_frozen_codes_read_as_everywhere_else(plain: Page) -> None:
    """The script and tem.stampcode agree on every code of the vectors, bad ones included."""
    texts = [case["text"] for case in [*VECTORS["good"], *VECTORS["bad"]]]
    addresses = [case["url"] for case in VECTORS["good"]]
    found = plain.evaluate(
        """async (texts) => {
          const { readSymbolText } = await import("/scan/stamp-code.js");
          return texts.map(readSymbolText);
        }""",
        [*texts, *addresses],
    )
    expected = [_expected(text) for text in texts] + [_expected(a[-174:]) for a in addresses]
    assert len(found) > 140 and found == expected


def _expected(text: str) -> dict[str, Any]:
    """What the symbol reader owes for a text: an address counts as the digits in it."""
    try:
        code = parse(text.removeprefix(VECTORS["prefix"]))
    except Malformed:
        return {"problem": "not_a_stamp"}
    return {"batch": code.batch, "index": code.index, "serial": serial(code.batch, code.index)}


SERIALS = {
    **{case["text"]: case["text"] for case in VECTORS["serials"]["good"]},
    **{
        case["text"]: "check_digits_wrong"
        for case in VECTORS["serials"]["bad"]
        if case["text"].isascii() and case["text"].count("-") == 2
    },
    "012-345-27": "12-345-27",
    "12-0345-27": "12-345-27",
    " 12 - 345 - 27 ": "12-345-27",
    "12\u2013345\u201127": "12-345-27",
    "12\u2212345\u221227": "12-345-27",
    "１2-345-27": "12-345-27",
    "12 345 27": "12-345-27",
    "12.345.27": "12-345-27",
    "1 2-345-27": "12-345-27",
    "12-345-7": "serial_incomplete",
    "12-345-": "serial_incomplete",
    "12-345": "serial_incomplete",
    "12--27": "serial_incomplete",
    "12345": "serial_incomplete",
    "1-2-3-4": "serial_incomplete",
    "+12-345-27": "serial_incomplete",
    "١2-345-27": "serial_incomplete",
    "a-b-27": "serial_incomplete",
    "": "serial_incomplete",
    "99999999999999999999-1-27": "check_digits_wrong",
}


def test_a_typed_serial_is_forgiven_its_shape_and_not_its_digits(plain: Page) -> None:
    """Blanks, dashes of any kind, full-width digits and leading zeros do not matter; a wrong or
    missing digit does."""
    found = plain.evaluate(
        """async (texts) => {
          const { readSerial } = await import("/scan/stamp-code.js");
          return texts.map(readSerial).map((read) => read.serial ?? read.problem);
        }""",
        list(SERIALS),
    )
    assert dict(zip(SERIALS, found, strict=True)) == SERIALS


def test_a_typed_field_is_mended_or_told(plain: Page) -> None:
    """What was typed is written as it is printed; a hand-held scanner's address becomes the
    serial; a wrong digit is told in words before anything is sent, and only until it is mended."""
    field = plain.locator("#first")
    told = "document.getElementById('first').validationMessage"
    for typed, written in ((" 012 345 27", "12-345-27"), (address(7, 3), "7-3-37")):
        field.fill(typed)
        field.blur()
        assert (field.input_value(), plain.evaluate(told)) == (written, "")
    field.fill("12-345-28")
    field.blur()
    assert field.input_value() == "12-345-28" and "không khớp" in plain.evaluate(told)
    field.fill("12-345-27")
    assert plain.evaluate(told) == ""


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_dialog_is_accessible_and_for_thumbs(browser: Browser, port: int, scheme: Any) -> None:
    """axe finds nothing, nothing is wider than the screen, and buttons are 48 pixels high."""
    page = telephone(browser, port, color_scheme=scheme)
    found = Axe().run(page).response["violations"]
    page.get_by_role("button", name=OPENER).first.click()
    until_said(page, "camera_refused")
    found += Axe().run(page).response["violations"]
    assert [v["id"] for v in found] == []
    heights = page.eval_on_selector_all(
        ".scan-open, dialog button:not([hidden]), dialog label",
        "(all) => all.map((one) => one.getBoundingClientRect().height)",
    )
    assert len(heights) == 4 and min(heights) >= 48
    assert page.evaluate("document.querySelector('dialog').scrollWidth <= innerWidth")
    page.context.close()


def test_without_script_nothing_of_it_is_seen(browser: Browser, port: int) -> None:
    """The field is there to type in, and no button that would do nothing."""
    page = telephone(browser, port, java_script_enabled=False)
    assert page.get_by_role("button").all_inner_texts() == ["Gửi"]
    assert page.locator("dialog").count() == 0
    page.context.close()


def test_the_decoder_is_the_published_one() -> None:
    """Its files are those of the npm package, byte for byte."""
    folder, whole = FOLDER / "scan" / "nuintun-qrcode-5.0.3", hashlib.sha512()
    for file in sorted(folder.rglob("*.js")):
        whole.update(f"{file.relative_to(folder)}\0".encode())
        whole.update(hashlib.sha512(file.read_bytes()).digest())
    assert whole.hexdigest() == DECODER
