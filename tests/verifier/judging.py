"""A page judged by axe in a browser: WCAG 2.0 to 2.2, levels A and AA, by day and by night."""

from typing import Any

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

_DAY: dict[str, Any] = {
    "resultTypes": ["violations"],
    "runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22a", "wcag22aa"],
    "rules": {"target-size": {"enabled": True}},
}
# At night a page has other colours and nothing else.
_NIGHT: dict[str, Any] = {"resultTypes": ["violations"], "runOnly": ["color-contrast"]}
_AXE = Axe()


def faults_of(page: Page, *, night: bool = True) -> list[str]:
    """The rules that are broken, each after ``light`` or ``dark``; without ``night`` by day."""
    found = []
    for scheme, options in (("light", _DAY), ("dark", _NIGHT))[: 1 + night]:
        page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
        broken = _AXE.run(page, options=options).response["violations"]
        found += [f"{scheme} {one['id']}" for one in broken]
    return found
