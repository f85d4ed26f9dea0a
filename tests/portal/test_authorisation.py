"""Who may ask the registry what: every route of its API and its pages, for every role.

A route without a row here fails, and so does a row without a route.
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
# Roles -> methods and rules. ``anybody``: no key and no session is asked for.
TABLE = matrix.rows(
    {
        "anybody": """
            GET /livez
            GET /readyz
            GET /metrics
            GET /openapi.json
            GET /assets/<version>/<path:name>
            GET /
            GET,POST /sign-in
            GET,POST /invitation
            POST /sign-out
            GET /session
            GET /offline
            GET /sw.js
        """,
        "producer office auditor": """
            GET /v1/batches
            GET /v1/batches/<number:number>
            GET /v1/batches/<number:number>/reconciliation
            GET /v1/categories
            GET /v1/certificates
            GET /v1/certificates/<id:id>
            GET /v1/certificates/held
            GET /v1/certificates/lapsing
            GET /v1/communes
            GET /v1/contracts
            GET /v1/contracts/<id:id>
            GET /v1/correction-requests
            GET /v1/correction-requests/<id:id>
            GET /v1/council-results
            GET /v1/council-results/<id:id>
            GET /v1/epcis
            GET /v1/fees
            GET /v1/files/<id:id>
            GET /v1/label-dates
            GET /v1/lots
            GET /v1/lots/<id:id>
            GET /v1/lots/<id:id>/lookups
            GET /v1/orders
            GET /v1/orders/<id:id>
            GET /v1/orders/<id:id>/progress
            GET /v1/points-of-sale
            GET /v1/points-of-sale/<id:id>
            GET /v1/producers
            GET /v1/producers/<id:id>
            GET /v1/products
            GET /v1/products/<id:id>
            GET /v1/stamps/<id:serial>
            GET /v1/stamps/<id:serial>/verdict
            GET /v1/stamps/<number:number>/<number:index>
            GET /v1/statistics
            GET /v1/statistics/series
            GET /v1/void-reports
            GET /v1/void-reports/<id:id>
            GET /v1/worklist
            GET,POST /account
            GET /files/<id:id>
        """,
        "office auditor": """
            GET /v1/accounts
            GET /v1/accounts/<id:id>
            GET /v1/audit
            GET /v1/audit/checkpoint
            GET /v1/lookups
            GET /v1/lookups/noticed
            GET /office/accounts
            GET /office/accounts/<id:id>
            GET /office
            GET /office/audit
            GET /office/audit/checkpoint.txt
            GET /office/audit/entries.csv
            GET /office/audit/entries.json
            GET /office/batches
            GET /office/batches/<number:number>
            GET /office/certificates
            GET /office/certificates/<id:id>
            GET /office/producers/communes
            GET /office/contracts
            GET /office/contracts/<id:id>
            GET /office/correction-requests
            GET /office/correction-requests/<id:id>
            GET /office/figures
            GET /office/figures/communes.csv
            GET /office/figures/fees.csv
            GET /office/figures/groups.csv
            GET /office/figures/lookups.csv
            GET /office/figures/map
            GET /office/figures/points-of-sale.csv
            GET /office/figures/series.csv
            GET /office/files/<id:id>
            GET /office/lots
            GET /office/lots/<id:id>
            GET /office/orders
            GET /office/orders/<id:id>
            GET /office/orders/<id:id>/progress
            GET /office/points-of-sale
            GET /office/points-of-sale/<id:id>
            GET /office/producers
            GET /office/producers/<id:id>
            GET /office/products
            GET /office/products/<id:id>
            GET /office/stamps
            GET /office/suspicious
            GET /office/void-reports
            GET /office/void-reports/<id:id>
        """,
        "producer office": """
            POST /v1/batches/<number:number>/correction-requests
            POST /v1/batches/<number:number>/receipt
            POST /v1/files
            POST /v1/lots
            POST /v1/lots/preview
            PATCH /v1/lots/<id:id>
            POST /v1/lots/<id:id>/activations
            POST /v1/lots/<id:id>/activations/preview
            POST /v1/orders
            POST /v1/orders/preview
            POST /v1/orders/<id:id>/cancellation
        """,
        "office": """
            POST /v1/accounts
            POST /v1/accounts/<id:id>/disabling
            POST /v1/accounts/<id:id>/enabling
            POST /v1/accounts/<id:id>/reset
            POST /v1/batches/<number:number>/corrections
            POST /v1/batches/<number:number>/corrections/preview
            POST /v1/batches/<number:number>/delivery
            POST /v1/batches/<number:number>/print-run
            POST /v1/batches/<number:number>/returns
            POST /v1/batches/<number:number>/returns/preview
            POST /v1/batches/<number:number>/revocations
            POST /v1/batches/<number:number>/revocations/preview
            POST /v1/batches/<number:number>/voids
            POST /v1/batches/<number:number>/voids/preview
            POST /v1/certificates
            PATCH /v1/certificates/<id:id>
            POST /v1/certificates/<id:id>/withdrawal
            POST /v1/contracts
            PATCH /v1/contracts/<id:id>
            POST /v1/correction-requests/<id:id>/acceptance
            POST /v1/correction-requests/<id:id>/refusal
            POST /v1/council-results
            GET,POST /v1/imports
            GET /v1/imports/template
            GET /v1/imports/<id:id>
            POST /v1/imports/<id:id>/application
            POST /v1/imports/<id:id>/check
            POST /v1/imports/<id:id>/dropping
            POST /v1/lots/<id:id>/date-approval
            POST /v1/lots/<id:id>/purge
            POST /v1/lots/<id:id>/recall
            POST /v1/lots/<id:id>/recall/lift
            POST /v1/orders/<id:id>/approvals
            POST /v1/orders/<id:id>/rejection
            POST /v1/points-of-sale
            PATCH /v1/points-of-sale/<id:id>
            POST /v1/producers
            PATCH /v1/producers/<id:id>
            POST /v1/products
            PATCH /v1/products/<id:id>
            GET /v1/shopper-reports
            POST /v1/shopper-reports/<id:id>/handling
            GET /v1/shopper-reports/<id:id>/photo
            POST /v1/void-reports/<id:id>/confirmation
            POST /v1/void-reports/<id:id>/dismissal
            GET,POST /office/accounts/new
            GET,POST /office/accounts/<id:id>/disabling
            GET,POST /office/accounts/<id:id>/reset
            POST /office/accounts/<id:id>/enabling
            GET /office/imports
            GET,POST /office/imports/new
            GET /office/imports/template
            GET,POST /office/imports/<id:id>
            POST /office/imports/<id:id>/check
            POST /office/imports/<id:id>/dropping
            GET,POST /office/batches/<number:number>/correction
            GET,POST /office/batches/<number:number>/delivery
            GET,POST /office/batches/<number:number>/print
            GET,POST /office/batches/<number:number>/print-run
            GET,POST /office/batches/<number:number>/print/confirmation
            GET,POST /office/batches/<number:number>/receipt
            GET,POST /office/batches/<number:number>/return
            GET,POST /office/batches/<number:number>/revocation
            GET,POST /office/batches/<number:number>/void
            GET,POST /office/certificates/<id:id>/edit
            GET,POST /office/certificates/<id:id>/withdrawal
            GET,POST /office/certificates/new
            GET,POST /office/contracts/<id:id>/edit
            GET,POST /office/contracts/new
            GET,POST /office/correction-requests/<id:id>/acceptance
            GET,POST /office/correction-requests/<id:id>/refusal
            GET,POST /office/lots/<id:id>/correction
            POST /office/lots/<id:id>/date-approval
            GET,POST /office/lots/<id:id>/recall
            GET,POST /office/lots/<id:id>/recall/lift
            GET,POST /office/orders/<id:id>/approval
            GET,POST /office/orders/<id:id>/rejection
            GET,POST /office/orders/new
            GET,POST /office/points-of-sale/<id:id>/address
            GET,POST /office/points-of-sale/<id:id>/edit
            GET,POST /office/points-of-sale/new
            GET,POST /office/producers/<id:id>/address
            GET,POST /office/producers/<id:id>/consent
            GET,POST /office/producers/<id:id>/edit
            GET,POST /office/producers/<id:id>/status
            GET,POST /office/producers/new
            GET,POST /office/products/<id:id>/edit
            GET,POST /office/products/<id:id>/picture
            POST /office/products/<id:id>/picture/removal
            GET,POST /office/products/<id:id>/reports/<number:place>
            GET,POST /office/products/<id:id>/reports/new
            GET,POST /office/products/new
            GET /office/shopper-reports/<id:id>/photo
            GET /office/suspicious/reports
            GET,POST /office/suspicious/reports/<id:id>
            GET,POST /office/void-reports/<id:id>/confirmation
            GET,POST /office/void-reports/<id:id>/dismissal
        """,
        "producer": """
            POST /v1/batches/<number:number>/void-reports
            POST /v1/correction-requests/<id:id>/withdrawal
            GET /my
            GET /my/activate
            GET /my/activate/check
            POST /my/activate/confirm
            GET /my/activate/done
            GET /my/activate/lot
            POST /my/activate/record
            GET /my/lots
            GET /my/lots/<id:id>
            GET /my/stamps
            GET /my/stamps/<number:number>
            GET /my/corrections
            GET /my/corrections/<id:id>
            POST /my/corrections/<id:id>/withdrawal
            GET,POST /my/corrections/new
            GET /my/orders
            GET /my/orders/<id:id>
            GET,POST /my/orders/<id:id>/cancellation
            GET,POST /my/orders/new
            GET /my/products
            GET /my/products/<id:id>
            GET,POST /my/receipts/<number:number>
            GET /my/reports
            GET /my/reports/<id:id>
            GET,POST /my/reports/new
        """,
    }
)
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
