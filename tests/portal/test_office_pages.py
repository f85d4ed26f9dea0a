"""The office's pages over a small register, without a browser: where links lead, what is asked."""

import csv
import io
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import unquote

import pytest
from flask import Flask, request, request_started
from tests.conftest import SetClock
from tests.registry.browsing import Browser, somebody
from tests.registry.records import Register, contract, make_tables, point_of_sale
from tests.registry.signed_in import Api, api_over

from tem.databases.database import open_engine, sqlite_url
from tem_registry.lookups import shopper_reports
from tem_registry.portal import build as portal

TEMPLATES = Path(portal.__file__).parent / "templates"
DRAFT = "Mã chủ thể;Tên chủ thể\nHT-P1;Hợp tác xã Sóng Lam\n"


@pytest.fixture(scope="module")
def api(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Api]:
    """Orders, batches and void reports of two producers, a spreadsheet not yet taken over, a
    shopper's report in the trail; no verifier is anywhere."""
    engine = open_engine(sqlite_url(tmp_path_factory.mktemp("pages") / "registry.db"))
    make_tables(engine)
    register = Register(engine, SetClock())
    register.populate()
    api = api_over(register)
    for number, (product, producer) in enumerate((("SP1", "P1"), ("SP2", "P1"), ("SP3", "P2")), 1):
        register.batch(number, 100, product)
        order = {"product_id": product, "quantity": 5}
        assert api.send("/v1/orders", order, producer).status_code == 201
        lost = {"first": 9, "last": 9, "kind": "lost", "reason": "lost"}
        sent = api.send(f"/v1/batches/{number}/void-reports", lost, producer)
        assert sent.status_code == 201, sent.text
    register.batch(4, 50)
    register.lot("L1")
    register.activate("L1", 1, 21, 30)
    register.activate("L1", 4, 1, 5)
    register.void(1, 30, 30)
    with register.write() as connection:
        shopper_reports.record(connection, register.clock(), "office:lan", "261120-K7QF3")
    headers = api.headers("office")
    sent = api.client.post(
        "/v1/imports?kind=producer&title=mau.csv",
        data=DRAFT.encode(),
        content_type="text/csv",
        headers=headers,
    )
    assert sent.status_code == 201, sent.text
    yield api
    engine.dispose()


@pytest.fixture(scope="module")
def office(api: Api) -> Browser:
    """Somebody of the office, signed in."""
    return somebody(api)


@contextmanager
def asked(app: Flask) -> Iterator[list[str]]:
    """The paths of all that the app is asked, pages' own calls among them."""
    paths: list[str] = []

    def note(_: Flask, **__: object) -> None:
        paths.append(request.path)

    with request_started.connected_to(note, app):
        yield paths


def links(page: str) -> set[str]:
    """Where a page leads inside the portal."""
    found = (href.replace("&amp;", "&") for href in re.findall(r'href="(/[^"#]*)', page))
    return {href for href in found if href.startswith("/office")}


def test_a_spreadsheet_that_waits_stands_among_the_work(office: Browser) -> None:
    """It has no product: it is called by its file, and leads to where it is taken over."""
    page = office.get("/office")
    assert page.status_code == 200
    assert re.search(r'href="/office/imports/NK-[^"]+">mau\.csv</a>', page.text)


def test_every_address_in_a_template_is_one_of_ours(api: Api) -> None:
    """A literal href, src or action leads to a route there is."""
    rules = [str(rule) for rule in api.client.application.url_map.iter_rules()]
    known = re.compile("|".join(re.sub(r"<[^>]+>", "[^/]+", rule) for rule in rules))
    found, lost = 0, set()
    for path in sorted(TEMPLATES.rglob("*.html")):
        filled = re.sub(r"{%.*?%}", "", path.read_text("utf-8"))
        filled = re.sub(r"{{.*?}}", "X", filled)
        for address in re.findall(r'\b(?:href|src|action)="(/[^"?#]*)', filled):
            found += 1
            if not known.fullmatch(address):
                lost.add((path.name, address))
    assert found > 100
    assert lost == set()


def test_what_is_drawn_can_be_taken_away(office: Browser) -> None:
    """Where the stamps of a period are now has its CSV as the other charts have theirs."""
    page = office.get("/office/figures").text
    (address,) = re.findall(r'href="(/office/figures/now\.csv[^"]*)"', page)
    answer = office.get(address.replace("&amp;", "&"))
    assert answer.content_type.startswith("text/csv")
    _, *rows = csv.reader(io.StringIO(answer.data.decode("utf-8-sig")))
    counts = {code: int(count) for code, _, count in rows}
    assert counts == {"activated": 15, "not_activated_usable": 335, "void": 0, "revoked": 0}


def test_an_auditor_is_led_nowhere_that_is_closed(api: Api, office: Browser) -> None:
    """No link of the list of work and of the trail is refused; the office has them all."""
    auditor = somebody(api, login="giamsat", role="auditor")
    for page in ("/office", "/office/audit"):
        for address in links(auditor.get(page).text):
            assert auditor.get(unquote(address)).status_code == 200, (page, address)
        assert "/office/imports/" in office.get(page).text
        assert "/office/imports/" not in auditor.get(page).text
    assert "/office/suspicious/reports/" in office.get("/office/audit").text
    counts = [
        int(re.findall(r'<p class="sum">.*?<strong>(\d+)', browser.get("/office").text)[0])
        for browser in (office, auditor)
    ]
    assert counts[0] - counts[1] == 1


@pytest.mark.parametrize("page", ["orders", "batches", "void-reports"])
def test_a_list_asks_for_its_names_once(api: Api, office: Browser, page: str) -> None:
    """However many products and producers it names: no call for a single one."""
    with asked(api.client.application) as paths:
        shown = office.get(f"/office/{page}").text
    assert len(re.findall(r"\bP1\b", shown)) and "P2" in shown
    single = re.compile(r"/v1/(products|producers)/\w+")
    assert [path for path in paths if single.fullmatch(path)] == []


def test_a_recall_asks_for_its_shops_once(api: Api, office: Browser) -> None:
    """However many shops have the product: their list is asked, none by itself."""
    for id in ("D-1", "D-2"):
        api.register.add("point_of_sale", point_of_sale(id, name=f"Cửa hàng {id} (mẫu)"))
        api.register.add("contract", contract(f"HD-{id}", id, "P1", "SP1"))
    notice = {"kind": "voluntary", "reason_public": "Nhãn ghi sai hạn dùng"}
    with asked(api.client.application) as paths:
        shown = office.send("/office/lots/L1/recall", **notice, step="check").text
    assert "Cửa hàng D-1 (mẫu)" in shown and "Cửa hàng D-2 (mẫu)" in shown
    assert [path for path in paths if path.startswith("/v1/points-of-sale/")] == []


def test_the_stamps_of_a_lot_are_asked_with_it(api: Api, office: Browser) -> None:
    """Of every batch, and in every state; no batch is gone through for them."""
    with asked(api.client.application) as paths:
        shown = office.get("/office/lots/L1").text
    for serial in ("1-21-", "1-30-", "4-1-", "4-5-"):
        assert f'<span class="serial">{serial}' in shown
    assert [path for path in paths if path.startswith("/v1/batches")] == []
