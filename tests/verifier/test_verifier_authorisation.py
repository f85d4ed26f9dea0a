"""Who may ask the verifier what: every route for every role; look-ups are everybody's."""

from collections.abc import Callable

import pytest
from tests import matrix
from tests.conftest import SetClock
from tests.verifier.conftest import Site, Verifier

from tem.databases.database import writing
from tem.http import auth
from tem.vocabulary import Role

pytestmark = pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
TABLE = matrix.rows(
    {
        "anybody": """
            GET /
            GET /.well-known/gs1resolver
            GET /.well-known/security.txt
            GET /01/<whatever:rest>
            GET /about
            GET /developers
            GET /images/<picture:id>
            GET /livez
            GET /metrics
            GET /openapi.json
            GET /readyz
            GET,POST /report
            GET /report/sent/<number>
            GET /s/<whatever:code>
            GET,POST /s/<whatever:code>/report
            GET /s/<whatever:code>/seen
            GET /static/<path:name>
            GET /static/till/SHA256SUMS
            GET /static/till/tem-till.pyz
            GET /v1/changes
            GET /v1/trust
        """,
        "retailer": """
            GET /v1/packs/<number>
            GET /v1/packs/latest
            POST /v1/returns
            POST /v1/sales
            GET,POST /v1/webhooks
            DELETE,GET,PATCH /v1/webhooks/<id>
            POST /v1/webhooks/<id>/replay
            POST /v1/webhooks/<id>/secret
            POST /v1/webhooks/<id>/test
        """,
        "anybody retailer": """
            POST /v1/verifications
        """,
        "retailer service": """
            GET /v1/suspects
        """,
        "service": """
            GET /v1/reports
            GET /v1/reports/<id>
            POST /v1/reports/<id>/handling
            GET /v1/reports/<id>/photo
            GET /v1/scans/days
            GET /v1/scans/noticed
            POST /v1/scans/ranges
        """,
    }
)
BODIES = {
    "/v1/verifications": {"codes": ["1"]},
    "/v1/webhooks": {"url": "https://tills.example.vn/tem"},
    "/v1/webhooks/<id>": {"enabled": True},
    "/v1/webhooks/<id>/replay": {"after": 0},
    "/v1/reports/<id>/handling": {"by": "office:hoa", "note": "x"},
    "/v1/scans/ranges": {"ranges": [{"batch": 1, "first": 1, "last": 9}]},
}
QUERIES = {"/v1/scans/days": "?from=2026-11-18&to=2026-11-20"}


def test_every_route_has_a_row_and_every_row_a_route(site: Callable[..., Site]) -> None:
    """Who adds a route says here whom it is for."""
    there = matrix.routes(site()[0].application)
    assert there - TABLE.keys() == set(), "these routes have no row"
    assert TABLE.keys() - there == set(), "these rows have no route"


def test_nobodys_body_is_looked_at_before_the_key(site: Callable[..., Site]) -> None:
    """What is wrong with it may take long to find out: without a key it is not."""
    client, _ = site()
    for (method, rule), roles in TABLE.items():
        if method in ("POST", "PATCH") and "anybody" not in roles:
            sent = {"data": b"{", "content_type": "application/json"}
            answer = client.open(matrix.filled(rule, {}), method=method, **sent)
            assert answer.status_code == 401, (method, rule, answer.data)


def test_each_route_is_for_its_roles(
    site: Callable[..., Site], reader: Verifier, clock: SetClock
) -> None:
    """What is everybody's needs no key; a key of another role, or none, is refused elsewhere."""
    client, _ = site()
    keys: dict[str, str] = {}
    with writing(reader.store) as connection:
        for role in Role:
            own = "P1" if role is Role.PRODUCER else None
            keys[role] = auth.create_key(connection, clock(), "test", role, str(role), own)
    for (method, rule), roles in TABLE.items():
        path = matrix.filled(rule, {"images": "0" * 64}) + QUERIES.get(rule, "")
        for who in (None, *keys):
            headers = {"Authorization": f"Bearer {keys[who]}"} if who else {}
            answer = client.open(path, method=method, json=BODIES.get(rule), headers=headers)
            told = (who, method, path, answer.data[:500])
            key_counts = roles != {"anybody"}
            if who in roles or ("anybody" in roles and (who is None or not key_counts)):
                assert answer.status_code not in (401, 403), told
                assert answer.status_code < 500 or answer.status_code == 503, told
            else:
                assert answer.status_code == (403 if who else 401), told
