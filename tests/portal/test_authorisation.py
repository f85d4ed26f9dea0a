"""Who may ask the registry what: every route of its API and its pages, for every role.

A route without a row in ``allowed.py`` fails, and so does a row without a route.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import urlencode

import pytest
from argon2 import PasswordHasher
from flask.testing import FlaskClient
from tests import matrix
from tests.conftest import SetClock
from tests.portal.allowed import TABLE
from tests.registry.records import Register, make_tables
from tests.registry.signed_in import Api, api_over
from tests.registry.test_registry_http import CALLS
from werkzeug.test import TestResponse

from tem.databases.database import open_engine, sqlite_url
from tem.stampcode import serial
from tem.vocabulary import Role
from tem_registry.accounts import accounts, sessions
from tem_registry.portal import cookies

ROLES = ("producer", "office", "auditor")
KEY_OF = {"producer": "P1", "office": "office", "auditor": "auditor"}
API = {row: roles for row, roles in TABLE.items() if row[1].startswith("/v1/")}
PAGES = {
    row: roles
    for row, roles in TABLE.items()
    if row not in API
    and row[1] not in ("/livez", "/readyz", "/metrics", "/openapi.json", "/sw.js")
    and not row[1].startswith("/assets/")
}
OURS = {"certificates": "CN-SP1", "orders": "DH-1", "producers": "P1", "products": "SP1"}
THEIRS = {
    "batches": "3",
    "certificates": "CN-SP3",
    "lots": "L3",
    "orders": "DH-3",
    "producers": "P2",
    "products": "SP3",
}
REFUSALS = ("signed_out", "page_not_yours", "form_not_ours")
# What a reading call must have in its query, or its fields are refused before its role.
QUERIES = {
    "/v1/imports/template": "?kind=producer",
    "/v1/label-dates": "?production_date=20/11/2026",
}


@dataclass(frozen=True)
class Browser:
    """A browser in which somebody is signed in, or nobody, and the token of its forms."""

    client: FlaskClient
    token: str

    def ask(self, method: str, path: str, *, token: bool = True) -> TestResponse:
        """A page, or a form that is empty but for its token."""
        fields = {"csrf_token": self.token, "idempotency_key": "k"} if token else {}
        return self.client.open(
            path,
            method=method,
            data=fields if method == "POST" else None,
            base_url="https://tem.example",
        )


@dataclass(frozen=True)
class Registry:
    """The app over a small register, and a browser for each role and for nobody (None)."""

    api: Api
    browsers: dict[str | None, Browser]

    @property
    def register(self) -> Register:
        """Its tables."""
        return self.api.register


@pytest.fixture(scope="module")
def registry(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Registry]:
    """Two producers with a batch, a lot and an order each; what is SQL is tried elsewhere."""
    engine = open_engine(sqlite_url(tmp_path_factory.mktemp("matrix") / "registry.db"))
    make_tables(engine)
    register = Register(engine, SetClock())
    register.populate()
    register.batch(1, 100)
    register.batch(3, 100, "SP3")
    register.lot("L1")
    register.lot("L3", product_id="SP3")
    api = api_over(register)
    api.send("/v1/orders", {"product_id": "SP3", "quantity": 5}, "P2", key="theirs")
    yield Registry(api, {who: _browser(api, who) for who in (*ROLES, None)})
    engine.dispose()


def _browser(api: Api, role: str | None) -> Browser:
    client = api.client.application.test_client()
    if role is None:
        shown = client.get("/sign-in", base_url="https://tem.example").text
        return Browser(client, re.findall(r'name="csrf-token" content="(\w+)"', shown)[0])
    own = "P1" if role == "producer" else None
    with api.register.write() as connection:
        now = api.register.clock()
        made, code = accounts.invite(
            connection, now, "test", login=role, name=role, role=Role(role), producer_id=own
        )
        hashed = PasswordHasher(time_cost=1, memory_cost=32).hash("x")
        accounts.take_up(connection, now, role, code, hashed)
        session = sessions.begin(connection, now, made.id)
    client.set_cookie(cookies.SESSION, session, domain="tem.example", secure=True)
    return Browser(client, cookies.csrf_token(cookies.Cookies(session, None, None, None)))


def test_every_route_has_a_row_and_every_row_a_route(registry: Registry) -> None:
    """Who adds a page or a call says here whom it is for."""
    there = matrix.routes(registry.api.client.application)
    assert there - TABLE.keys() == set(), "these routes have no row"
    assert TABLE.keys() - there == set(), "these rows have no route"


def test_a_key_opens_the_calls_of_its_role(registry: Registry) -> None:
    """Without a key 401, with another role's 403, and with the right one neither."""
    bodies = _bodies(registry)
    for allowed in (False, True):  # what is refused comes first: it must not depend on any act
        for (method, rule), roles in API.items():
            path, body = bodies.get((method, rule), (matrix.filled(rule, {}), {}))
            path += QUERIES.get(rule, "")
            for role in ROLES:
                if (role in roles) is allowed:
                    answer = _called(registry, method, path, body, KEY_OF[role])
                    _check_call(answer, f"{role} {method} {path}", allowed=allowed)
            if not allowed:
                answer = _called(registry, method, path, body, None)
                assert (answer.status_code, answer.json["code"]) == (401, "key_missing"), path


def _bodies(registry: Registry) -> dict[matrix.Row, tuple[str, object]]:
    """What each writing call is sent: a valid body, so that only its role can be wrong."""
    rules = registry.api.client.application.url_map.bind("localhost")
    return {
        (method, rules.match(path.partition("?")[0], method, return_rule=True)[0].rule): (
            path,
            body,
        )
        for method, path, body, _ in CALLS
    }


def _called(
    registry: Registry, method: str, path: str, body: object, who: str | None
) -> TestResponse:
    if method == "GET":
        return registry.api.get(path, who)
    return registry.api.send(path, body, who, method=method)


def _check_call(answer: TestResponse, told: str, *, allowed: bool) -> None:
    if allowed:
        assert answer.status_code not in (401, 403), (told, answer.text)
        assert answer.status_code < 500 or answer.status_code == 503, (told, answer.text)
    else:
        assert answer.status_code == 403, (told, answer.text)
        assert answer.json["code"] == "role_not_allowed", told


def test_a_page_is_for_its_roles(registry: Registry) -> None:
    """Nobody is sent to sign in, another role is told that it is not its page."""
    for (method, rule), roles in PAGES.items():
        path = matrix.filled(rule, OURS)
        if rule == "/sign-out":
            continue  # it would end the sessions of all that follow
        for who, browser in registry.browsers.items():
            answer = browser.ask(method, path)
            told = (who, method, path, answer.text[:2000])
            if "anybody" in roles:
                assert _code(answer) not in REFUSALS, told
                assert "next=" not in answer.headers.get("Location", ""), told
            elif who in roles:
                assert answer.status_code not in (401, 403), told
                assert answer.status_code < 500 or answer.status_code == 503, told
            elif who is not None:
                assert (answer.status_code, _code(answer)) == (403, "page_not_yours"), told
            elif method == "GET":
                assert answer.status_code == 303, told
                assert answer.headers["Location"].startswith("/sign-in?next="), told
            else:
                assert (answer.status_code, _code(answer)) == (401, "signed_out"), told


def _code(answer: TestResponse) -> str:
    """The stable code that a page of a refusal shows."""
    return "".join(re.findall(r'<p class="code">[^<]*<code>(\w+)</code>', answer.text)[:1])


def test_no_form_is_taken_without_its_token(registry: Registry) -> None:
    """Whoever sends it, before anything else is looked at."""
    before = registry.register.everything()
    for method, rule in PAGES:
        if method == "POST":
            for who, browser in registry.browsers.items():
                answer = browser.ask(method, matrix.filled(rule, {}), token=False)
                refused = (answer.status_code, _code(answer))
                assert refused == (403, "form_not_ours"), (who, rule, answer.text)
    assert registry.register.everything() == before


def test_what_is_anothers_is_not_there(registry: Registry) -> None:
    """A producer gets 404 for whatever is another's, from its pages and from the API."""
    _theirs_exist(registry)
    before = registry.register.everything()
    browser = registry.browsers["producer"]
    for method, rule in TABLE:
        path = matrix.filled(rule, THEIRS, otherwise="NO", number="3")
        if rule.startswith("/my/") and "<" in rule:
            answer = browser.ask(method, path)
            assert answer.status_code == 404, (method, path, answer.status_code)
        reads = method == "GET" and "<" in rule and "serial" not in rule
        if reads and rule.startswith("/v1/") and "producer" in TABLE[method, rule]:
            assert registry.api.get(path, "P1").status_code == 404, path
    assert registry.register.everything() == before


def _theirs_exist(registry: Registry) -> None:
    """They are there for their producer: the 404 of another says something."""
    for kind, id in THEIRS.items():
        assert registry.api.get(f"/v1/{kind}/{id}", "P2").status_code == 200, kind


def test_no_query_shows_what_is_anothers(registry: Registry) -> None:
    """Another's ids and serials in an address of one's own pages tell nothing of them."""
    stamps = {"first": serial(3, 1), "last": serial(3, 5)}
    asked = {"product": "SP3", "product_id": "SP3", "batch": "3", "lot": "L3", "lot_id": "L3"}
    for method, rule in TABLE:
        if method == "GET" and rule.startswith("/my"):
            path = matrix.filled(rule, OURS)
            answer = registry.browsers["producer"].ask("GET", f"{path}?{urlencode(stamps | asked)}")
            assert answer.status_code < 500, path
            assert "Nước mắm SP3" not in answer.text, path
            assert "Hợp tác xã P2" not in answer.text, path
