"""People of an installation, signed in in browsers of their own; what is asked of every page."""

import os
from typing import Any

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, BrowserContext, Page
from tests.running import Running

from tem.clock import system_clock
from tem.databases.database import writing
from tem.installation import Installation
from tem.vocabulary import Role
from tem_registry import settings
from tem_registry.accounts import accounts, passwords, sessions
from tem_registry.portal import cookies
from tem_registry.store import open_store

PASSWORD = "gió biển thơm lúa"
PRODUCER, OTHER_PRODUCER = "HT-P001", "HT-P002"
# login -> name, role, producer
EVERYBODY: dict[str, tuple[str, Role, str | None]] = {
    "lan": ("Trần Thị Lan (mẫu)", Role.OFFICE, None),
    "minh": ("Đặng Quốc Minh (mẫu)", Role.OFFICE, None),
    "kiemtoan": ("Kiểm toán viên (mẫu)", Role.AUDITOR, None),
    "songlam": ("Lê Thị Lam (tên mẫu)", Role.PRODUCER, PRODUCER),
    "cosohai": ("Cơ sở Hai (mẫu)", Role.PRODUCER, OTHER_PRODUCER),
}
PHONE: dict[str, Any] = {
    "viewport": {"width": 360, "height": 740},
    "device_scale_factor": 2,
    "is_mobile": True,
    "has_touch": True,
}
DESK: dict[str, Any] = {"viewport": {"width": 1280, "height": 800}}
SIZES = {"phone": PHONE, "desk": DESK}
# WCAG 2.2 AA, and what axe knows besides of good practice.
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]


class People:
    """The installation, and browsers in which its people are signed in."""

    def __init__(self, installation: Running) -> None:
        self.installation = installation
        self.address = installation.url("registry")
        where = Installation.at(installation.data)
        self._engine = open_store(settings.read({**os.environ}, where))
        self._ids: dict[str, str] = {}
        hashed = passwords.hash_of(PASSWORD)
        for login, (name, role, producer) in EVERYBODY.items():
            self._add(login, name, role, producer, hashed)

    def _add(self, login: str, name: str, role: Role, producer: str | None, hashed: str) -> None:
        now = system_clock()
        with writing(self._engine) as connection:
            made, code = accounts.invite(
                connection, now, "test", login=login, name=name, role=role, producer_id=producer
            )
            accounts.take_up(connection, now, login, code, hashed)
        self._ids[login] = made.id

    def context(self, browser: Browser, login: str | None, **options: Any) -> BrowserContext:
        """A browser of somebody's own; signed in at once, unless ``login`` is None."""
        context = browser.new_context(
            base_url=self.address, locale="vi-VN", timezone_id="Asia/Ho_Chi_Minh", **options
        )
        context.set_default_timeout(20_000)
        if login is not None:
            with writing(self._engine) as connection:
                token = sessions.begin(connection, system_clock(), self._ids[login])
            context.add_cookies(
                [
                    {
                        "name": cookies.SESSION,
                        "value": token,
                        "url": self.address.replace("http:", "https:"),
                        "secure": True,
                        "httpOnly": True,
                        "sameSite": "Strict",
                    }
                ]
            )
        return context

    def page(self, browser: Browser, login: str | None, **options: Any) -> Page:
        """A page in such a browser; whatever it asks of another host, or any error of a script or
        of the policy, is kept in ``page.faults``."""
        page = self.context(browser, login, **options).new_page()
        faults: list[str] = []

        def asked(request: Any) -> None:
            if not request.url.startswith((self.address, "data:", "blob:")):
                faults.append(f"asked elsewhere: {request.url}")

        page.on("request", asked)
        page.on("pageerror", lambda error: faults.append(f"script: {error}"))
        page.on(
            "console",
            lambda said: (
                faults.append(f"console: {said.text}") if "Content Security" in said.text else None
            ),
        )
        page.faults = faults  # type: ignore[attr-defined]
        return page


def faults_of(page: Page) -> list[str]:
    """What went wrong in a page of :meth:`People.page` so far."""
    found: list[str] = page.faults  # type: ignore[attr-defined]
    return found


# What axe judges a page by, as far as pages of ours differ: its colours and parts; width, language.
_MADE_OF = """() => [
  JSON.stringify([matchMedia("(prefers-color-scheme: dark)").matches,
    [...new Set([...document.querySelectorAll("*")].map((part) => [part.localName].concat(
      ["class", "role", "type", "aria-current", "aria-invalid"].map((one) => part.getAttribute(one))
    ).join("|")))].sort()]),
  JSON.stringify([innerWidth, document.documentElement.lang]),
]"""
_judged: set[tuple[str, ...]] = set()


def must_be_good(page: Page) -> None:
    """What holds for every page: accessible, no wider than its screen, one main heading, in the
    language it says, and nobody else asked for anything."""
    page.wait_for_load_state()  # a link that was just followed begins with an empty document
    colours, shape = page.evaluate(_MADE_OF)
    if (colours, shape) not in _judged:  # half a second each: the same parts are not judged again
        _must_be_accessible(page, contrast=(colours,) not in _judged)
        _judged.update({(colours,), (colours, shape)})
    wide = page.evaluate("document.documentElement.scrollWidth - window.innerWidth")
    assert wide <= 0, f"{page.url} is {wide} pixels too wide"
    assert page.locator("h1").count() == 1, page.url
    assert not faults_of(page), faults_of(page)


def _must_be_accessible(page: Page, *, contrast: bool) -> None:
    """What is in order is not listed: that takes longer than to find it."""
    asked = {
        "runOnly": {"type": "tag", "values": RULES},
        "resultTypes": ["violations"],
        "rules": {"color-contrast": {"enabled": contrast}},
    }
    results = Axe().run(page, options=asked)
    found = [
        f"{v['id']}: {v['help']} – {[node['html'][:160] for node in v['nodes'][:3]]}"
        for v in results.response["violations"]
    ]
    assert not found, f"{page.url}: {found}"
