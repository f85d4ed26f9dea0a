"""Which Chromium the tests drive: Debian's, because Playwright's own cannot be had everywhere."""

import shutil

import pytest

# The same engine without the parts that draw a window: a third of the processor's time less.
_SHELL, _WHOLE = "chromium-headless-shell", ("chromium", "chromium-browser")


def chromium(*, whole: bool = False) -> str:
    """The path of one. ``whole``: the browser itself, for cameras. Its absence fails the test."""
    for name in (*_WHOLE,) if whole else (_SHELL, *_WHOLE):
        if path := shutil.which(name):
            return path
    pytest.fail("Chromium is needed: apt-get install chromium fonts-dejavu-core")
