"""The beacon of a page: what is a scan and what is not, and that it tells nobody anything."""

import os
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import sync_playwright
from sqlalchemy import Engine
from tests import browsers
from tests.verifier.conftest import Site, Verifier
from tests.verifier.mint import Minted
from werkzeug.serving import make_server

from tem.databases.database import reading
from tem_verifier import beacon, scan_counts
from tem_verifier.rates import Rate
from tem_verifier.scan_counts import Scanned

pytestmark = pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
JSON = {"Accept": "application/json"}
PHONE = "Mozilla/5.0 (Linux; Android 14; SM-A155F) AppleWebKit/537.36 Chrome/130.0 Mobile"


def counted(store: Engine, index: int) -> Scanned:
    with reading(store) as connection:
        return scan_counts.total(connection, 1, index)


def from_outside(address: str) -> dict[str, Any]:
    return {"environ_base": {"REMOTE_ADDR": address}}


def test_the_beacon_is_one_transparent_dot_whatever_it_is_asked_for(
    site: Callable[..., Site], batch: Minted
) -> None:
    """Genuine, forged, unknown, a canary, nonsense: the same answer, and no cache keeps it."""
    client, _ = site()
    forged = str(int(batch.text(1)) ^ 1).zfill(174)
    codes = [batch.text(1), batch.text(50), batch.text(101), forged, "9" * 174, "1", "", "a/b"]
    answers = [client.get(f"/s/{code}/seen") for code in codes]
    told = {
        (answer.status_code, answer.data, tuple(sorted((n, v) for n, v in answer.headers
                                                       if n != "X-Request-Id")))
        for answer in answers
    }  # fmt: skip
    assert len(told) == 1
    answer = answers[0]
    assert (answer.status_code, answer.mimetype, len(answer.data)) == (200, "image/gif", 43)
    assert answer.data == beacon.PIXEL and answer.data.startswith(b"GIF89a\1\0\1\0")
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.headers["Cross-Origin-Resource-Policy"] == "same-origin"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Referrer-Policy"] == "no-referrer"
    assert "Set-Cookie" not in answer.headers
    head = client.head(f"/s/{batch.text(1)}/seen")
    assert (head.status_code, head.data, head.content_length) == (200, b"", 43)


def test_a_page_that_was_drawn_is_a_scan_and_nothing_else_is(
    site: Callable[..., Site], reader: Verifier, batch: Minted
) -> None:
    """Neither the page nor its JSON counts by itself; robots, previews, HEAD, tills and codes
    that are not those issued do not count either."""
    client, traffic = site()
    path = f"/s/{batch.text(1)}"
    client.get(path)
    client.get(path, headers=JSON)
    client.post("/v1/verifications", json={"codes": [batch.text(1)]})
    client.head(f"{path}/seen")
    client.get(f"{path}/seen", headers={"Sec-Purpose": "prefetch"})
    client.get(f"{path}/seen", headers={"User-Agent": "Slackbot-LinkExpanding 1.0"})
    client.get(f"{path}/seen", headers={"Sec-Fetch-Site": "cross-site"})
    client.post(f"{path}/seen")
    forged = str(int(batch.text(1)) ^ 1).zfill(174)
    for code in (batch.text(101), forged, batch.text(1)[:-1], "9" * 174):  # 101: a canary
        client.get(f"/s/{code}/seen")
    assert traffic.scans.ship() == 0
    client.get(f"{path}/seen", headers={"Sec-Fetch-Site": "same-origin"})
    client.get(f"/s/{batch.text(50)}/seen")  # not activated: whoever saw it should not have
    assert traffic.scans.ship() == 2
    assert counted(reader.store, 1).count == counted(reader.store, 50).count == 1


def test_the_image_on_the_page_is_the_beacon(
    site: Callable[..., Site], reader: Verifier, batch: Minted
) -> None:
    """What a browser fetches because of the page counts its stamp once."""
    client, traffic = site()
    page = client.get(f"/s/{batch.text(1)}").text
    _, _, rest = page.partition('<img class="seen" src="')
    assert client.get(rest.partition('"')[0]).mimetype == "image/gif"
    assert traffic.scans.ship() == 1 and counted(reader.store, 1).count == 1
    assert "/seen" not in client.get(f"/s/{batch.text(101)}").text


def test_a_browser_that_draws_the_page_counts_it_once(
    site: Callable[..., Site], reader: Verifier, batch: Minted, tmp_path: Path
) -> None:
    """A real one without script, under the page's own policy."""
    chromium = browsers.chromium()
    client, traffic = site()
    server = make_server("127.0.0.1", 0, client.application, threaded=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    address = f"http://127.0.0.1:{server.port}/s/{batch.text(1)}"
    home = {**os.environ, "HOME": str(tmp_path), "XDG_CACHE_HOME": str(tmp_path)}
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=chromium, args=["--no-sandbox", "--disable-gpu"], env=home
        )
        tab = browser.new_context(user_agent=PHONE, java_script_enabled=False).new_page()
        with tab.expect_response(lambda answer: answer.url.endswith("/seen")) as seen:
            tab.goto(address)
        assert seen.value.status == 200
        assert seen.value.request.all_headers()["sec-fetch-site"] == "same-origin"
        browser.close()
    server.shutdown()
    assert traffic.scans.ship() == 1 and counted(reader.store, 1).count == 1


def test_who_asks_too_often_is_refused_and_counts_no_scans(
    site: Callable[..., Site], batch: Minted
) -> None:
    """A beacon costs a look-up, so that nobody raises a count faster than codes are looked up."""
    client, traffic = site(rate=Rate(5, 60))
    outside = from_outside("203.0.113.9")
    path = f"/s/{batch.text(1)}/seen"
    assert [client.get(path, **outside).status_code for _ in range(7)] == [200] * 5 + [429] * 2
    assert int(client.get(path, **outside).headers["Retry-After"]) > 0
    assert client.get(f"/s/{batch.text(1)}", **outside).status_code == 429
    assert traffic.scans.ship() == 5


def test_the_note_comes_from_many_scans_and_with_an_ok_only(
    site: Callable[..., Site], batch: Minted
) -> None:
    """From the threshold on page, JSON and bulk answer say that a stamp was looked up often."""
    client, traffic = site(many_scans=5)
    for _ in range(5):
        for index in (1, 50):
            assert client.get(f"/s/{batch.text(index)}", headers=JSON).get_json()["notes"] == []
            client.get(f"/s/{batch.text(index)}/seen")
    traffic.scans.ship()
    traffic.scans.refresh()
    assert set(traffic.scans.often) == {(1, 1), (1, 50)}
    told = client.get(f"/s/{batch.text(1)}", headers=JSON).get_json()
    assert (told["verdict"], told["notes"]) == ("OK", ["MANY_SCANS"])
    assert "tra cứu nhiều lần" in client.get(f"/s/{batch.text(1)}").text
    bulk = client.post("/v1/verifications", json={"codes": [batch.text(i) for i in (1, 2, 50)]})
    assert [(a["verdict"], a["notes"]) for a in bulk.get_json()["answers"]] == [
        ("OK", ["MANY_SCANS"]), ("OK", []), ("NOT_ACTIVATED", [])
    ]  # fmt: skip


def test_the_note_comes_from_five_networks_and_not_from_five_views(
    site: Callable[..., Site], reader: Verifier, batch: Minted
) -> None:
    """Each client's network counts once a day, IPv6 by /64; nothing of an address is written."""
    client, traffic = site()
    traffic.scans.refresh()

    def look(*addresses: str) -> None:
        for address in addresses:
            client.get(f"/s/{batch.text(1)}/seen", **from_outside(address))
        traffic.scans.ship()
        traffic.scans.refresh()

    addresses = [f"203.0.113.{n}" for n in range(12)]
    look(addresses[0], addresses[0], "2001:db8::1", "2001:db8::2", "127.0.0.1")
    found = counted(reader.store, 1)
    assert (found.count, found.origins, len(traffic.scans.often)) == (5, 2, 0)
    look(*addresses)
    assert (counted(reader.store, 1).origins, set(traffic.scans.often)) == (5, {(1, 1)})
    path = Path(str(reader.store.url.database))
    for file in (path, path.with_name(f"{path.name}-wal")):
        assert not any(address.encode() in file.read_bytes() for address in addresses)
