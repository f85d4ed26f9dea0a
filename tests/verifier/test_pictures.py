"""Pictures over HTTP: what a card names is served for ever, everything else is not there."""

from collections.abc import Iterator

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import Engine
from tests.registry.pictures import GPS_NEEDLE, photo_with_place
from tests.registry.records import OFFICE, Register
from tests.registry.signed_in import problem
from tests.verifier.conftest import Opener, Verifier
from tests.verifier.mint import Minted

from tem.databases import published
from tem.databases.database import sqlite_url
from tem.http.web import Wiring
from tem_registry.files import files
from tem_verifier.app import build

NOWHERE = "0" * 64


@pytest.fixture
def verifier(register: Register, batch: Minted, open_verifier: Opener) -> Verifier:
    """A verifier over a register whose product SP1 has a photo."""
    file = files.read(photo_with_place((640, 480)), "image/jpeg")
    with register.write() as connection:
        files.store(connection, register.clock(), OFFICE, file, None)
    register.change("product", "SP1", image=file.id)
    return open_verifier()


@pytest.fixture
def app(verifier: Verifier, register: Register) -> Flask:
    """Its web app."""
    return build(verifier.config, Wiring(verifier.store, register.clock), verifier.index).flask


@pytest.fixture
def client(app: Flask) -> Iterator[FlaskClient]:
    """A client of it."""
    with app.test_client() as client:
        yield client


def test_page_json_and_bulk_name_the_same_picture(client: FlaskClient, batch: Minted) -> None:
    """The address in each of them leads to the picture, drawn anew and with no place in it."""
    path = f"/s/{batch.text(1)}"
    one = client.get(path, headers={"Accept": "application/json"}).json["product"]["image"]
    many = client.post("/v1/verifications", json={"codes": [batch.text(1)]}).json["answers"]
    assert many[0]["product"]["image"] == one
    assert one["url"] == f"/images/{one['id']}"
    assert (one["content_type"], one["width"], one["height"]) == ("image/jpeg", 480, 640)
    page = client.get(path, headers={"Accept": "text/html"}).text
    assert f'src="{one["url"]}"' in page
    got = client.get(one["url"])
    assert (got.status_code, got.content_type) == (200, "image/jpeg")
    assert got.data.startswith(b"\xff\xd8\xff")
    assert GPS_NEEDLE not in got.data


def address(client: FlaskClient, batch: Minted) -> str:
    """Where the picture of a stamp's product is."""
    got = client.get(f"/s/{batch.text(1)}", headers={"Accept": "application/json"})
    return str(got.json["product"]["image"]["url"])


def test_a_picture_may_be_kept_for_ever(client: FlaskClient, batch: Minted) -> None:
    """Its name is its content, so caches keep it; nothing in it may do anything in a browser."""
    got = client.get(address(client, batch))
    assert got.headers["Cache-Control"] == "public, max-age=31536000, immutable"
    assert got.headers["X-Content-Type-Options"] == "nosniff"
    assert "sandbox" in got.headers["Content-Security-Policy"]
    again = client.get(address(client, batch), headers={"If-None-Match": got.headers["ETag"]})
    assert (again.status_code, again.data) == (304, b"")


OTHERS = [NOWHERE, NOWHERE[:-1], NOWHERE + "0", "A" * 64, "..%2f..%2fregistry.db", "", "x.jpg"]


def test_other_addresses_lead_nowhere(client: FlaskClient) -> None:
    """Names of no picture are not found: a problem for machines, a page for people."""
    for name in OTHERS:
        got = client.get(f"/images/{name}")
        assert problem(got, 404) == "not_found", name
        assert "immutable" not in got.headers["Cache-Control"], name
        page = client.get(f"/images/{name}", headers={"Accept": "text/html"})
        assert (page.status_code, page.mimetype) == (404, "text/html"), name


def test_a_picture_no_card_names_is_gone(
    client: FlaskClient, batch: Minted, register: Register
) -> None:
    """Once the product shows another or none, the old address answers 404 at once."""
    before = address(client, batch)
    register.change("product", "SP1", image=None)
    assert problem(client.get(before), 404)


def test_what_is_not_a_jpeg_is_not_served(client: FlaskClient, register: Register) -> None:
    """Only what the registry draws is shown, whatever else should get into the table."""
    row = {"id": NOWHERE, "content_type": "text/html", "content": b"<script>"}
    with register.write() as connection:
        connection.execute(published.image.insert().values(row))
    assert problem(client.get(f"/images/{NOWHERE}"), 404)


@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
def test_an_outage_is_no_absence(
    verifier: Verifier, register: Register, batch: Minted, open_verifier: Opener, engine: Engine
) -> None:
    """While the published tables cannot be read, a picture is unavailable, not missing."""
    away = open_verifier("away", sqlite_url(verifier.config.folder / "nothing.db"))
    app = build(away.config, Wiring(away.store, register.clock), away.index).flask
    got = app.test_client().get(f"/images/{NOWHERE}")
    assert problem(got, 503) == "picture_unavailable"
    assert int(got.headers["Retry-After"]) >= 1
