"""Reporting over HTTP: the form, its faults, its limits, and what the office reads of it."""

import asyncio
import io
import json
import logging
import re
from collections.abc import Callable
from typing import Any

import pytest
from flask.testing import FlaskClient
from gunicorn.config import Config
from PIL import Image
from sqlalchemy import Engine
from tests.conftest import SetClock
from tests.registry.pictures import GPS_NEEDLE, photo_with_place, picture
from tests.verifier.conftest import Site, Verifier
from tests.verifier.mint import Minted
from tests.verifier.page_reading import Structure, read
from werkzeug.datastructures import FileStorage
from werkzeug.test import TestResponse, encode_multipart

from tem import pictures
from tem.databases.database import writing
from tem.http import auth
from tem.vocabulary import Role
from tem_verifier.heads import PAGE_POLICY
from tem_verifier.rates import Rate
from tem_verifier.report_views import FORM_BYTES
from tem_verifier.reports import report_rules
from tem_verifier.reports.report_rules import PHOTO_BYTES
from tem_verifier.serving.server import Server

pytestmark = pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
TOKEN = "0123456789abcdef" * 2
FORM = {"kind": "mismatch", "text": "Lô khác", "place": "Chợ Hà Tĩnh", "token": TOKEN}
SENT = re.compile(r"/report/sent/(\d{6}-\w{5})\?lang=(vi|en)")


def send(client: FlaskClient, path: str, photo: bytes = b"", **more: Any) -> TestResponse:
    """Send the form, with other fields than usual or a photo."""
    fields: dict[str, Any] = {name: text for name, text in (FORM | more).items() if text != ""}
    if photo:
        fields["photo"] = FileStorage(io.BytesIO(photo), "IMG_0001.jpg")
    boundary, body = encode_multipart(fields)  # in memory: the client's own file would stay open
    return client.post(path, data=body, content_type=f"multipart/form-data; boundary={boundary}")


def number_of(response: TestResponse) -> str:
    """The number that a report was given."""
    found = SENT.fullmatch(response.headers["Location"])
    assert response.status_code == 303 and found is not None, response.text
    return found[1]


@pytest.fixture
def office(reader: Verifier, clock: SetClock) -> Callable[..., dict[str, str]]:
    """Headers with a key of a role, and an Idempotency-Key."""

    def headers(role: Role = Role.SERVICE, key: str = "k") -> dict[str, str]:
        with writing(reader.store) as connection:
            token = auth.create_key(connection, clock(), "test", role, f"{role}-{key}")
        return {"Authorization": f"Bearer {token}", "Idempotency-Key": key}

    return headers


def test_a_report_of_a_stamp_reaches_the_office(
    site: Callable[..., Site], batch: Minted, office: Callable[..., dict[str, str]]
) -> None:
    """Sent twice it is one; it names stamp, verdict and place, and nothing of who sent it."""
    client, _ = site()
    path = f"/s/{batch.text(3)}/report"
    place = {"lat": "18.343217", "lng": "105.905555"}
    first = send(client, path + "?lang=en", photo_with_place(), **place)
    assert number_of(first) == number_of(send(client, path, photo_with_place(), **place))
    assert first.headers["Location"].endswith("lang=en") and "Set-Cookie" not in first.headers
    answer = client.get("/v1/reports", headers=office())
    assert answer.json == {
        "items": [
            {
                "report_id": number_of(first),
                "stamp": {"batch": 1, "index": 3},
                "verdict": "OK",
                "kind": "mismatch",
                "text": "Lô khác",
                "place": "Chợ Hà Tĩnh",
                "position": {"lat": 18.343, "lng": 105.906},
                "has_photo": True,
                "reported_at": "2026-11-20T02:00:00Z",
                "state": "open",
            }
        ],
        "next": None,
    }
    thanks = client.get(first.headers["Location"])
    assert thanks.status_code == 200 and number_of(first) in read(thanks.text)
    assert client.get("/report/sent/<b>").status_code == 404


def test_a_photo_is_drawn_anew_before_it_is_kept(
    site: Callable[..., Site], office: Callable[..., dict[str, str]]
) -> None:
    """Upright, at most 1600 pixels and 300 kB, without the place that the phone wrote into it."""
    client, _ = site()
    headers = office()
    small = number_of(send(client, "/report", photo_with_place()))
    noise = io.BytesIO()
    Image.effect_noise((2400, 1800), 90).convert("RGB").save(noise, "JPEG", quality=80)
    large = number_of(send(client, "/report", noise.getvalue(), token="f" * 32))
    shown = client.get(f"/v1/reports/{small}/photo", headers=headers)
    assert shown.content_type == "image/jpeg" and GPS_NEEDLE not in shown.data
    assert Image.open(io.BytesIO(shown.data)).size == (48, 64)
    kept = client.get(f"/v1/reports/{large}/photo", headers=headers).data
    assert len(kept) <= 300_000 and max(Image.open(io.BytesIO(kept)).size) <= 1600
    assert client.get("/v1/reports/261120-00000/photo", headers=headers).status_code == 404


@pytest.mark.parametrize(
    ("path", "found", "verdict"),
    [
        ("/s/{forged}/report", "", "UNKNOWN"),
        ("/s/123/report", "", "MALFORMED"),
        ("/s//report", "", "MALFORMED"),
        ("/s/a/b/report", "", "MALFORMED"),
        ("/s/{blank}/report", "", "NOT_ACTIVATED"),
        ("/report", "UNKNOWN", "UNKNOWN"),
        ("/report", "OK", None),
        ("/report", "", None),
    ],
)
def test_codes_of_every_kind_and_none_can_be_reported(
    site: Callable[..., Site],
    batch: Minted,
    office: Callable[..., dict[str, str]],
    path: str,
    found: str,
    verdict: str | None,
) -> None:
    """What the page said is kept with the report; a stamp only where one is on record."""
    client, _ = site()
    forged = str(int(batch.text(1)) ^ 1).zfill(174)
    path = path.format(forged=forged, blank=batch.text(50))
    form = Structure(client.get(f"{path}?found={found}").text)
    assert form.all("form")[0]["action"] == f"{path}?lang=vi"
    number_of(send(client, path, found=found))
    (item,) = client.get("/v1/reports", headers=office()).get_json()["items"]
    assert item.get("verdict") == verdict
    assert ("stamp" in item) == (verdict == "NOT_ACTIVATED")


@pytest.mark.parametrize(
    ("changes", "photo", "status", "words"),
    [
        ({"kind": ""}, b"", 422, "Chọn điều không đúng."),
        ({"kind": "other", "text": ""}, b"", 422, "Viết vài chữ"),
        ({"text": "ă" * 1001}, b"", 422, "nhiều nhất 1.000 ký tự"),
        ({"place": "x" * 201}, b"", 422, "nhiều nhất 200 ký tự"),
        ({"token": "1"}, b"", 422, "một lần nữa"),
        ({}, b"GIF89a" + b"\0" * 99, 422, "không phải ảnh"),
        ({}, picture("JPEG", (900, 900))[:600], 422, "Không đọc được ảnh"),
        ({}, picture("PNG", (5100, 5100)), 422, "quá nhiều điểm ảnh"),
        ({}, b"\xff\xd8\xff" + b"\0" * PHOTO_BYTES, 413, "lớn hơn 8 MB"),
        ({}, b"\xff\xd8\xff" + b"\0" * (PHOTO_BYTES + 10**6), 413, "lớn hơn 8 MB"),
        ({"kind": ""}, picture(), 422, "Chọn lại ảnh"),
    ],
)
def test_a_fault_is_told_beside_what_was_typed(
    site: Callable[..., Site],
    office: Callable[..., dict[str, str]],
    changes: dict[str, str],
    photo: bytes,
    status: int,
    words: str,
) -> None:
    """Nothing is stored; the form says at its field what to do, and holds what was filled in."""
    client, _ = site()
    answer = send(client, "/report", photo, **changes)
    assert (answer.status_code, answer.mimetype) == (status, "text/html")
    structure = Structure(answer.text)
    described = [a["id"] for _, a in structure.tags if str(a.get("id", "")).endswith("-fault")]
    assert words in read(answer.text)
    assert bool(described) == ("token" not in changes)
    if len(photo) < PHOTO_BYTES + 10**6:  # beyond, the form itself was not read
        assert ("Chợ Hà Tĩnh" in answer.text) == ("place" not in changes)
        assert (TOKEN in answer.text) == ("token" not in changes)
    assert client.get("/v1/reports", headers=office()).get_json()["items"] == []


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (b"", "multipart/form-data; boundary=x"),
        (b"--x\r\nnonsense", "multipart/form-data; boundary=x"),
        (b"--x\r\nContent-Disposition: form-data", "multipart/form-data"),
        (b'{"kind": "other"}', "application/json"),
        (b"kind=%ff%00&token=\xff", "application/x-www-form-urlencoded"),
        (b"&".join([b"a=1"] * 2000), "application/x-www-form-urlencoded"),
    ],
)
def test_what_is_no_form_is_a_form_to_fill_in(
    site: Callable[..., Site], body: bytes, kind: str
) -> None:
    """Broken bodies are faults of a form like others, and never ours."""
    client, _ = site()
    answer = client.post("/report", data=body, content_type=kind)
    assert answer.status_code in (413, 422) and "<form" in answer.text


def test_a_page_elsewhere_cannot_send_for_its_visitors(site: Callable[..., Site]) -> None:
    """What a browser was made to send by another site is shown, not taken."""
    client, _ = site()
    answer = client.post("/report", data=FORM, headers={"Sec-Fetch-Site": "cross-site"})
    assert answer.status_code == 422 and "Lô khác" not in answer.text


def test_a_network_that_reports_too_much_waits_and_loses_nothing(
    site: Callable[..., Site], clock: SetClock
) -> None:
    """Its form comes back filled in with when to send it; a form sent before is not charged."""
    client, _ = site(report_rate=Rate(1, 3600))
    client.environ_base["REMOTE_ADDR"] = "203.0.113.5"
    first = number_of(send(client, "/report"))
    refused = send(client, "/report", token="f" * 32)
    assert refused.status_code == 429 and int(refused.headers["Retry-After"]) == 3600
    assert "Lô khác" in refused.text and "Vui lòng gửi lại sau" in refused.text
    assert number_of(send(client, "/report")) == first
    clock.advance(hours=1)
    assert number_of(send(client, "/report", token="f" * 32)) != first


def test_more_than_a_day_can_read_is_refused_for_all(
    site: Callable[..., Site], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever comes after is told to come tomorrow."""
    monkeypatch.setattr(report_rules, "MOST_A_DAY", 1)
    client, _ = site()
    number_of(send(client, "/report"))
    refused = send(client, "/report", token="f" * 32)
    assert refused.status_code == 429 and "ngày mai" in refused.text


def test_a_report_that_cannot_be_stored_is_not_lost(
    site: Callable[..., Site], reader: Verifier
) -> None:
    """The form comes back as it was, with the same token, to be sent again."""
    client, _ = site()
    _without_reports(reader.store)
    answer = send(client, "/report")
    assert answer.status_code == 503 and answer.headers["Retry-After"]
    assert "Lô khác" in answer.text and TOKEN in answer.text


def test_a_report_waits_for_photos_of_others_in_its_form(
    site: Callable[..., Site], monkeypatch: pytest.MonkeyPatch
) -> None:
    """While another photo takes long to be drawn, the form comes back to be sent again."""
    monkeypatch.setattr(pictures, "WAIT_SECONDS", 0.01)
    client, _ = site()
    with pictures.turn():
        busy = send(client, "/report", photo_with_place())
    assert busy.status_code == 503 and "Lô khác" in busy.text and TOKEN in busy.text
    number_of(send(client, "/report", photo_with_place()))


def _without_reports(store: Engine) -> None:
    with writing(store) as connection:
        connection.exec_driver_sql("ALTER TABLE report RENAME TO elsewhere")


def test_only_the_form_has_a_script_and_may_ask_for_a_place(
    site: Callable[..., Site], batch: Minted
) -> None:
    """Every other page stays without; nothing of the form is cached or counted as a scan."""
    client, _ = site()
    form = client.get(f"/s/{batch.text(3)}/report")
    assert form.headers["Content-Security-Policy"] == f"{PAGE_POLICY}; script-src 'self'"
    assert "geolocation=(self)" in form.headers["Permissions-Policy"]
    assert form.headers["Cache-Control"] == "no-store" and "/seen" not in form.text
    with client.get("/static/report.js") as script:
        assert script.mimetype == "text/javascript" and b"http" not in script.data
    for path in ("/", "/about", f"/s/{batch.text(3)}", "/report/sent/261120-00000", "/nowhere"):
        page = client.get(path, headers={"Accept": "text/html"})
        assert page.headers["Content-Security-Policy"] == PAGE_POLICY
        assert "geolocation=()" in page.headers["Permissions-Policy"]
        assert "<script" not in page.text and "/about" in page.text


def test_closing_a_report_is_the_offices_and_counts_once(
    site: Callable[..., Site], office: Callable[..., dict[str, str]]
) -> None:
    """The same key gives the same answer, another one is told that it was closed; retailers and
    strangers read and close nothing."""
    client, _ = site()
    id = number_of(send(client, "/report"))
    path, body = f"/v1/reports/{id}/handling", {"by": "office:hoa", "note": "Đã kiểm tra."}
    for headers, status in ((office(Role.RETAILER), 403), ({}, 401)):
        for asked in ("/v1/reports", f"/v1/reports/{id}", f"/v1/reports/{id}/photo"):
            assert client.get(asked, headers=headers).status_code == status
        assert client.post(path, json=body, headers=headers).status_code == status
    headers = office()
    first = client.post(path, json=body, headers=headers)
    assert (
        first.status_code == 200
        and first.json == client.post(path, json=body, headers=headers).json
    )
    told = first.get_json()
    assert (told["state"], told["handled_by"]) == ("closed", "office:hoa")
    assert (told["handling_note"], told["handled_at"]) == ("Đã kiểm tra.", "2026-11-20T02:00:00Z")
    again = client.post(path, json=body, headers=office(key="other"))
    assert (again.status_code, again.get_json()["code"]) == (409, "report_closed")


@pytest.mark.parametrize(
    ("path", "body", "status"),
    [
        ("/v1/reports?limit=0", None, 422),
        ("/v1/reports?state=old", None, 422),
        ("/v1/reports?after=x", None, 422),
        ("/v1/reports?after=261120-00000", None, 422),
        ("/v1/reports?more=1", None, 422),
        ("/v1/reports/261120-00000/handling", {"by": "a", "note": "b"}, 404),
        ("/v1/reports/261120-00000/handling", {"by": "a\x00", "note": "b"}, 422),
        ("/v1/reports/261120-00000/handling", {"by": "a", "note": "\ud800"}, 422),
        ("/v1/reports/261120-00000/handling", {"by": "a", "note": ""}, 422),
        ("/v1/reports/261120-00000/handling", {"by": "a"}, 422),
    ],
)
def test_the_offices_calls_say_what_is_wrong(
    site: Callable[..., Site],
    office: Callable[..., dict[str, str]],
    path: str,
    body: dict[str, str] | None,
    status: int,
) -> None:
    """Bad questions have stable answers and are never errors of ours."""
    client, _ = site()
    if body is None:
        answer = client.get(path, headers=office())
    else:
        text = json.dumps(body)  # half a character as an escape
        answer = client.post(path, data=text, content_type="application/json", headers=office())
    assert answer.status_code == status and answer.get_json()["code"]


@pytest.mark.parametrize(
    ("contact", "contacts"),
    [
        (
            "Văn phòng, 0239 385 5555; vpdp@ocop.example, https://ocop.example/lien-he",
            ["tel:02393855555", "mailto:vpdp@ocop.example", "https://ocop.example/lien-he"],
        ),
        ("Văn phòng, http://ocop.example", None),
        ("", None),
    ],
)
def test_security_txt_says_whom_to_tell(
    site: Callable[..., Site], contact: str, contacts: list[str] | None
) -> None:
    """RFC 9116: links only, never plain http, and an end within the year; none is no file."""
    client, _ = site(office_contact=contact)
    answer = client.get("/.well-known/security.txt")
    if contacts is None:
        assert answer.status_code == 404
        return
    assert answer.content_type == "text/plain; charset=utf-8"
    lines = [line.partition(": ")[::2] for line in answer.text.splitlines()]
    assert [value for name, value in lines if name == "Contact"] == contacts
    assert ("Expires", "2027-05-19T00:00:00Z") in lines
    assert dict(lines)["Canonical"].endswith("/.well-known/security.txt")


def test_the_worker_keeps_as_much_of_a_body_as_a_report_may_be(site: Callable[..., Site]) -> None:
    """What it cut off before the app would come out as a photo that is too large."""
    config = Config()
    config.set("threads", 1)
    loop = asyncio.new_event_loop()
    server = Server(site()[0].application, config, logging.getLogger("test"), loop)
    loop.close()
    assert server.body_bytes == FORM_BYTES > PHOTO_BYTES
