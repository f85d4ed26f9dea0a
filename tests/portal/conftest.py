"""The registry's pages as people use them: a running installation, people signed in, Chromium."""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, sync_playwright
from tests import browsers
from tests.portal.people import People
from tests.running import running

ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--no-first-run",
    "--disable-component-update",
    "--disable-sync",
]


@pytest.fixture(scope="module")
def site(imported: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[People]:
    """`tem up` over the imported sample, with people of the office and of two producers."""
    data = tmp_path_factory.mktemp("portal") / "data"
    shutil.copytree(imported, data)
    with running(data) as installation:
        yield People(installation)


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    """A real browser; Debian's, because Playwright's own cannot be had everywhere."""
    path = browsers.chromium()
    os.environ.pop("DISPLAY", None)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=ARGUMENTS)
        yield browser
        browser.close()
