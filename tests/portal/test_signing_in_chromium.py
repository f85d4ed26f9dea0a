"""Signing in as people do it: in a browser, on a phone and at a desk, with the keyboard alone."""

import os
import re

import pytest
from playwright.sync_api import Browser, expect
from tests.portal.people import DESK, PASSWORD, PHONE, SIZES, People, faults_of, must_be_good


@pytest.mark.parametrize("size", SIZES)
def test_an_invited_person_sets_a_password_and_is_home(
    site: People, chromium: Browser, size: str
) -> None:
    """The link brings login and code without telling a server; then the person is signed in, can
    sign out, and in again by keyboard alone."""
    made = site.installation.tem(
        *("registry", "account", "invite", "--role", "office"),
        *("--login", f"hoa-{size}", "--name", "Hoa (mẫu)"),
    )
    code = made.split()[-1]
    page = site.page(chromium, None, **SIZES[size])
    page.goto(f"/invitation#login=hoa-{size}&code={code}")
    assert "#" not in page.url
    must_be_good(page)
    page.get_by_label("Mật khẩu mới").first.fill(PASSWORD)
    page.get_by_label("Nhập lại mật khẩu mới").fill(PASSWORD)
    page.get_by_role("button", name="Đặt mật khẩu và đăng nhập").click()
    page.wait_for_url("**/office")
    page.get_by_role("button", name="Đăng xuất").click()
    expect(page.get_by_role("status")).to_contain_text("Bạn đã đăng xuất.")
    page.locator("#login").focus()
    page.keyboard.type(f"HOA-{size}")
    page.keyboard.press("Tab")
    page.keyboard.type(PASSWORD)
    page.keyboard.press("Enter")
    page.wait_for_url("**/office")
    assert not faults_of(page)


def test_a_wrong_password_is_told_in_words(site: People, chromium: Browser) -> None:
    """The form comes back with what to do, the login still in it and the password not."""
    page = site.page(chromium, None, **PHONE)
    page.goto("/sign-in")
    page.locator("#login").fill("lan")
    page.locator("#password").fill("không phải")
    page.get_by_role("button", name="Đăng nhập").click()
    expect(page.get_by_role("alert")).to_contain_text("Tên đăng nhập hoặc mật khẩu không đúng")
    expect(page.get_by_role("alert")).to_be_focused()
    assert page.locator("#login").input_value() == "lan"
    assert page.locator("#password").input_value() == ""
    must_be_good(page)


def test_both_languages_and_both_schemes(site: People, chromium: Browser) -> None:
    """English is one tap away and stays; dark colours are as legible."""
    page = site.page(chromium, None, color_scheme="dark", **DESK)
    page.goto("/sign-in")
    expect(page.locator("html")).to_have_attribute("lang", "vi")
    page.get_by_role("link", name="English").click()
    page.goto("/invitation")
    expect(page.get_by_role("heading", level=1)).to_have_text("Set your password")
    must_be_good(page)
    page.goto("/nowhere")
    expect(page.get_by_role("heading", level=1)).to_have_text("This did not work")
    must_be_good(page)


def test_who_is_signed_out_comes_back_to_where_it_was(site: People, chromium: Browser) -> None:
    """A page asks to sign in first and then shows itself, its query kept."""
    page = site.page(chromium, None, **DESK)
    page.goto("/account?from=link")
    expect(page).to_have_url(re.compile(r"/sign-in\?next="))
    page.locator("#login").fill("lan")
    page.locator("#password").fill(PASSWORD)
    page.get_by_role("button", name="Đăng nhập").click()
    page.wait_for_url("**/account?from=link")
    must_be_good(page)


def test_pictures(site: People, chromium: Browser) -> None:
    """What it looks like, for whoever wants to see it (TEM_PICTURES names a folder)."""
    folder = os.environ.get("TEM_PICTURES")
    for name, size in SIZES.items():
        page = site.page(chromium, None, **size)
        page.goto("/sign-in")
        if folder:
            page.screenshot(path=f"{folder}/sign-in-{name}.png", full_page=True)
        expect(page.get_by_role("heading", level=1)).to_have_text("Đăng nhập")
