"""Digital Links over HTTP: a stamp by its signature, a product by anything else."""

import base64
import re
from collections.abc import Callable

import pytest
from flask.testing import FlaskClient
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.registry.records import Register
from tests.verifier.conftest import Opener, Site, Verifier
from tests.verifier.mint import Mint, Minted
from werkzeug.test import TestResponse

from tem.digital_link import link_of
from tem.stampcode import parse, serial
from tem_registry import publication
from tem_verifier import scan_counts
from tem_verifier.beacon import PIXEL
from tem_verifier.digital_link.gtins import Gtins
from tem_verifier.digital_link.links import VOCABULARY
from tem_verifier.rates import Rate

pytestmark = pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
GTIN, OTHER = "9521234000013", "9521234000020"
JSON, LINKSET = {"Accept": "application/json"}, {"Accept": "application/linkset+json"}
CORS = "Access-Control-Allow-Origin"
STRANGER = {"REMOTE_ADDR": "203.0.113.9"}
AT = f"/01/0{GTIN}"
NO_STAMP = f"{AT}/235/{serial(1, 1)}"
WRONG = base64.urlsafe_b64encode(bytes(64)).decode().rstrip("=")


@pytest.fixture
def client(register: Register, reader: Verifier, site: Callable[..., Site]) -> FlaskClient:
    """A verifier where SP1, of which batch 1 is, and SP3, which has no batch, bear GTINs."""
    register.change("product", "SP1", gtin=GTIN)
    register.change("product", "SP3", gtin=OTHER)
    reader.index.catch_up()
    return site()[0]


def link(batch: Minted, index: int, gtin: str = GTIN) -> str:
    return link_of("", gtin, parse(batch.text(index)))


def same(one: TestResponse, other: TestResponse) -> bool:
    return told(one) == told(other)


def told(answer: TestResponse) -> tuple[str, bytes, list[tuple[str, str]]]:
    """Status, bytes, and headers but for the request's own id."""
    headers = [one for one in answer.headers if one[0] != "X-Request-Id"]
    return answer.status, answer.data, sorted(headers)


def test_a_full_link_is_answered_as_the_stamp_itself(
    client: FlaskClient, register: Register, reader: Verifier, batch: Minted
) -> None:
    """Page and JSON are those under /s/ to the byte, in every state, by GET and HEAD, with a GTIN
    of 13 or 14 digits, with the serial as AI 235 or 21; nothing redirects."""
    register.void(1, 20, 20)
    register.revoke(1, 9, 9)
    reader.index.catch_up()
    for index in (1, 9, 11, 20):
        for headers in ({}, JSON, {"Accept-Language": "en"}):
            plain = client.get(f"/s/{batch.text(index)}", headers=headers)
            for path in (link(batch, index), link(batch, index).replace("/01/0", "/01/")):
                assert same(client.get(path, headers=headers), plain)
                assert same(client.get(path.replace("/235/", "/21/"), headers=headers), plain)
            head = client.head(link(batch, index), headers=headers)
            assert (head.status_code, head.data) == (200, b"")
    assert client.get(link(batch, 1), headers=JSON).get_json()["verdict"] == "OK"
    assert b"/s/" + batch.text(1).encode() + b"/seen" in client.get(link(batch, 1)).data


def test_without_the_signature_every_serial_and_lot_looks_the_same(
    client: FlaskClient, batch: Minted
) -> None:
    """The product's page and JSON: the same bytes for what exists and what does not, nothing of
    any stamp or lot; and with a signature that is none of a stamp of this product likewise,
    whatever is wrong with it."""
    paths = [AT, f"{AT}/", *(f"{AT}/235/{one}" for one in (serial(1, 1), serial(9, 9), "x"))]
    paths += [f"{AT}/10/{lot}" for lot in ("code-L1", "fake", "a%2Fb")] + [f"{AT}/22/a/10/b/21/c"]
    signed = [f"{path}?8030={WRONG}" for path in (AT, NO_STAMP, f"{AT}/10/code-L1")]
    signed += [f"{AT}/10/code-L1/21/{serial(1, 1)}?{link(batch, 1).partition('?')[2]}"]
    signed += [link(batch, 1)[:-9] + "AAAAAAAAA", link(batch, 1)[:-1], link(batch, 101)]
    signed += [link(batch, 1).replace(serial(1, 1), serial(1, 2))]
    for cases, reason in ((paths, "no_signature"), (signed, "stamp_not_on_record")):
        for headers in (JSON, {}, {"Accept-Language": "en"}):
            answers = [client.get(path, headers=headers) for path in cases]
            assert {answer.status_code for answer in answers} == {200}
            assert all(same(answer, answers[0]) for answer in answers)
            words = answers[0].get_data(as_text=True)
            assert not any(word in words for word in ("code-L1", 'verdict":', "/seen", "positive"))
        shown = client.get(cases[0], headers=JSON).get_json()
        assert (shown["gtin"], shown["reason"]) == (f"0{GTIN}", reason)
        assert shown["product"]["name"] == "Nước mắm SP1" and shown["certificate"]["stars"] == 4
        assert {"lot", "stamp", "verdict", "advice"}.isdisjoint(shown)


def test_a_genuine_signature_under_another_gtin_shows_no_stamp(
    client: FlaskClient, batch: Minted
) -> None:
    """The GTIN has to be that of the stamp's product: else the answer is that to a forgery."""
    for headers in ({}, JSON):
        asked = client.get(link(batch, 1, OTHER), headers=headers)
        forged = client.get(f"/01/0{OTHER}/235/{serial(1, 1)}?8030={WRONG}", headers=headers)
        assert same(asked, forged) and "Nước mắm SP3" in asked.get_data(as_text=True)


@pytest.mark.parametrize(
    ("path", "status", "code"),
    [
        ("/01/9521234000014", 400, "malformed_gtin"),
        ("/01/", 400, "malformed_gtin"),
        (f"{AT}/17/261231", 400, "malformed_digital_link"),
        (f"{AT}?8030=a%2Bb", 400, "malformed_digital_link"),
        ("/01/09521234000037", 404, "gtin_unknown"),
        (f"{AT}?linkType=gs1:epil", 404, "link_type_unknown"),
    ],
)
def test_other_addresses_are_refused_with_a_reason(
    client: FlaskClient, path: str, status: int, code: str
) -> None:
    """As a problem document for machines and as a page in both languages for people."""
    problem = client.get(path, headers=JSON)
    assert (problem.status_code, problem.get_json()["code"]) == (status, code)
    for lang in ("vi", "en"):
        page = client.get(path, headers={"Accept-Language": lang, "Accept": "text/html"})
        assert (page.status_code, page.headers["Content-Language"]) == (status, lang)
        assert "<h1" in page.text and 'verdict":' not in page.text


def test_links_are_told_to_machines(client: FlaskClient, batch: Minted) -> None:
    """The linkset by Accept or linkType, of the product even under a stamp's full link; the page
    names it in its Link header; every type in it is answered; the description is at its place."""
    asked, full = client.get(AT, headers=LINKSET), link(batch, 1)
    assert asked.mimetype == LINKSET["Accept"] and "json-ld#context" in asked.headers["Link"]
    for path in (f"{AT}?linkType=all", f"{NO_STAMP}?linkType=linkset", f"{full}&linkType=linkset"):
        assert same(client.get(path), asked)
    assert same(client.get(full, headers=LINKSET), asked)
    (context,) = asked.get_json()["linkset"]
    assert context["anchor"] == f"https://tem.example.vn{AT}"
    types = [name for name in context if name.startswith("https://")]
    assert f"{VOCABULARY}certificationInfo" in types
    for name in types:
        assert client.get(AT, query_string={"linkType": name}).status_code == 200
    linkset = f'<{context["anchor"]}?linkType=linkset>; rel="linkset"'
    assert linkset in client.get(AT).headers["Link"]
    described = client.get("/.well-known/gs1resolver")
    assert described.get_json()["resolverRoot"] == "https://tem.example.vn"
    assert [answer.headers.get(CORS) for answer in (described, asked)] == ["*", "*"]
    assert CORS not in client.get(full).headers


def test_each_is_charged_as_a_look_up_and_counted_by_its_beacon_alone(
    register: Register, reader: Verifier, batch: Minted, site: Callable[..., Site]
) -> None:
    """A forged signature, a product and a genuine stamp take the same out of one allowance; the
    page of a stamp is counted once its picture is fetched."""
    register.change("product", "SP1", gtin=GTIN)
    reader.index.catch_up()
    client, traffic = site(rate=Rate(4, 60))
    for path in (AT, link(batch, 1), f"{NO_STAMP}?8030={WRONG}"):
        assert client.get(path, environ_base=STRANGER).status_code == 200
    seen = re.search(r'src="(/s/\d+/seen)"', client.get(link(batch, 1)).text)
    assert seen is not None
    same_origin = {"Sec-Fetch-Site": "same-origin", "Sec-Fetch-Dest": "image"}
    pixel = client.get(seen[1], environ_base=STRANGER, headers=same_origin)
    assert pixel.data == PIXEL
    assert client.get(AT, environ_base=STRANGER, headers=JSON).get_json()["code"] == "rate_limited"
    assert traffic.scans.ship() == 1
    with reader.store.connect() as connection:
        assert scan_counts.total(connection, 1, 1).count == 1


def test_nothing_is_told_of_a_record_that_cannot_be_read(
    register: Register, mint: Mint, reader: Verifier, batch: Minted, client: FlaskClient
) -> None:
    """A GTIN that two products bear shows neither, and their stamps all the same; a batch whose
    manifest is refused is 503 by its full link as under /s/, and so is a product that lacks a
    card."""
    full = link(batch, 1)
    with register.write() as connection:  # of a time before the registry refused that
        shared = {**(publication.card(connection, "product", "SP2") or {}), "gtin": GTIN}
        change = publication.next_change(connection, register.clock())
        publication.put_card(connection, change, "product", "SP2", shared)
    reader.index.catch_up()
    assert client.get(AT, headers=JSON).get_json()["code"] == "gtin_not_unique"
    assert client.get(full, headers=JSON).get_json()["verdict"] == "OK"
    register.change("product", "SP2", gtin=None)
    reader.index.catch_up()
    assert client.get(AT).status_code == 200
    mint.trust(frozen=True)
    reader.index.catch_up()
    for headers in ({}, JSON):
        plain = client.get(f"/s/{batch.text(1)}", headers=headers)
        assert same(client.get(full, headers=headers), plain) and plain.status_code == 503
    cards = dict(reader.index.view.cards)
    del cards["producer", "P1"]
    object.__setattr__(reader.index.view, "cards", cards)
    page = client.get(AT)
    assert (page.status_code, page.headers["Retry-After"]) == (503, "2")


def test_gtins_are_found_on_a_snapshot_and_in_what_changed_since(
    register: Register, batch: Minted, open_verifier: Opener
) -> None:
    """A GTIN given, moved or taken away later is the one that counts."""
    register.change("product", "SP1", gtin=GTIN)
    open_verifier("based").snapshot()
    based, gtins = open_verifier("based", based=True), Gtins()
    assert based.index.view.base is not None and not based.index.view.cards
    assert [id for id, _ in based.index.view.base.cards_of("producer")] == ["P1", "P2"]
    assert gtins.product(based.index.view, f"0{GTIN}")["product_id"] == "SP1"
    register.change("product", "SP1", gtin=OTHER)
    register.change("product", "SP2", gtin=GTIN)
    based.index.catch_up()
    found = [gtins.product(based.index.view, f"0{one}")["product_id"] for one in (GTIN, OTHER)]
    assert found == ["SP2", "SP1"]


CHARACTERS = st.binary(max_size=60)


@given(st.data())
@settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_no_bytes_get_a_verdict_without_a_stamp_s_own_signature(
    client: FlaskClient, batch: Minted, data: st.DataObject
) -> None:
    """Whatever stands in path and query, sent as any bytes: never a 5xx, and a verdict only for
    the address that the codes' holder makes, with its one bit set as signed."""
    genuine = link(batch, 1)
    start = data.draw(st.sampled_from(["/01/", AT, f"{AT}/235/", NO_STAMP, genuine]))
    rest = data.draw(CHARACTERS).decode("latin-1")
    if start == genuine:  # one character of the signed link is another
        at = data.draw(st.integers(4, len(start) - 1))
        start, rest = start[:at] + data.draw(st.characters(max_codepoint=255)) + start[at + 1 :], ""
    path, _, query = (start + rest).partition("?")
    raw = {"RAW_URI": f"{path}?{query}", "PATH_INFO": path, "QUERY_STRING": query}
    answer = client.get("/", environ_overrides=raw, headers=JSON)
    assert answer.status_code in (200, 400, 404)
    if answer.status_code == 200 and path.startswith("/01/"):
        is_genuine = f"{path}?{query}" == genuine
        assert ("verdict" in answer.get_json()) == is_genuine
