"""The office's pages of a lot, without a browser: what the figures rest on, and who was faster."""

import html
import re
from collections.abc import Iterator
from typing import Any

import pytest
from tests.conftest import SetClock
from tests.registry.browsing import Browser, invite
from tests.registry.pictures import picture
from tests.registry.records import Register, make_tables
from tests.registry.signed_in import Api, api_over
from werkzeug.test import TestResponse

from tem.databases.database import open_engine, sqlite_url

MONTH = "2027-12"


@pytest.fixture(scope="module")
def api(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Api]:
    """A lot with ten stamps, and one whose label names a month; no verifier is anywhere."""
    engine = open_engine(sqlite_url(tmp_path_factory.mktemp("lots") / "registry.db"))
    make_tables(engine)
    register = Register(engine, SetClock())
    register.populate()
    register.batch(7, 100)
    register.lot("L1")
    register.activate("L1", 7, 21, 30)
    register.lot("L2", best_before=MONTH)
    yield api_over(register)
    engine.dispose()


@pytest.fixture(scope="module")
def office(api: Api) -> Browser:
    """Somebody of the office, signed in."""
    browser = Browser(api)
    browser.take_up(invite(api)["code"])
    return browser


def shown(page: TestResponse) -> dict[str, str]:
    """The fields of a page's form as it shows them."""
    found = re.findall(r'<input[^>]*name="([\w.]+)"[^>]*value="([^"]*)"', page.text)
    return {name: html.unescape(value) for name, value in found if name != "csrf_token"}


def test_no_answer_about_look_ups_is_not_zero(office: Browser) -> None:
    """Where nobody counts, the page says so with the code, and shows the stamps all the same."""
    page = office.get("/office/lots/L1")
    assert page.status_code == 200
    assert "Không phải là không có lượt nào" in page.text
    assert "<code>lookups_not_configured</code>" in page.text
    assert "7-21-" in page.text
    assert "7-30-" in page.text


def test_a_month_on_a_label_is_shown_as_one_and_stays_one(api: Api, office: Browser) -> None:
    """The form has it as the label does; sent as it was shown, nothing changes."""
    path = "/office/lots/L2/correction"
    form = shown(office.get(path))
    assert form["best_before"] == "12/2027"
    answer = office.send(path, **form, step="check")
    assert answer.headers["Location"] == "/office/lots/L2?done=record_saved"
    assert "lot.corrected" not in api.register.actions()


def test_a_lot_somebody_else_corrected_meanwhile(api: Api, office: Browser) -> None:
    """Nothing is overwritten unseen: both versions are shown, and the second try counts."""
    path = "/office/lots/L1/correction"
    form: dict[str, Any] = shown(office.get(path))
    reason = "Đếm lại số chai trong kho"
    theirs = {"quantity": 1100, "reason": reason}
    assert api.send("/v1/lots/L1", theirs, "second", method="PATCH").status_code == 200
    form |= {"quantity": "1.200", "reason": reason, "step": "confirm"}
    answer = office.send(path, **form)
    assert answer.status_code == 422
    assert "1100" in answer.text
    assert "1.200" in answer.text
    again = shown(answer) | {"reason": reason, "step": "confirm"}
    assert office.send(path, **again).status_code == 303
    assert api.get("/v1/lots/L1").json["quantity"] == 1200


def test_a_date_nobody_chose_a_meaning_of_is_not_recorded(api: Api, office: Browser) -> None:
    """Confirming without choosing asks again."""
    path = "/office/lots/L2/correction"
    form = shown(office.get(path)) | {"best_before": "021028", "step": "confirm"}
    answer = office.send(path, **form)
    assert answer.status_code == 200
    assert "Hãy chọn." in answer.text
    assert api.get("/v1/lots/L2").json["best_before"] == "2027-12-31"


def test_bytes_of_others_may_do_nothing_in_a_page_of_ours(api: Api, office: Browser) -> None:
    """A file is shown as it was sent, in a sandbox, whatever a browser takes it for."""
    png = picture("PNG")
    stored = api.raw("/v1/files", png, "image/png")
    file = office.get(f"/files/{stored.json['file_id']}")
    assert file.data == png
    assert "sandbox" in file.headers["Content-Security-Policy"]
    assert file.headers["Cache-Control"] == "private, no-cache"
