"""The OpenAPI documents: complete, and no generated request gets a 5xx or a shapeless error."""

import json
import os
from collections.abc import Iterator

import pytest
import schemathesis
from flask import Flask
from hypothesis import HealthCheck, Phase, given, settings

import tem_issuer.app
import tem_registry.app
import tem_verifier.app
from tem import auth, published
from tem.clock import system_clock
from tem.database import open_published, writing
from tem.installation import Installation
from tem.up import first_start
from tem.vocabulary import Role
from tem.web import Wiring
from tem_verifier.index import Index
from tem_verifier.manifests import Acceptance

APPS = {"issuer": Role.OFFICE, "registry": Role.OFFICE, "verifier": Role.RETAILER}
CALLS = {
    "issuer": [
        "/v1/batches",
        "/v1/batches/{number}",
        "/v1/batches/{number}/fingerprints",
        "/v1/batches/{number}/print-confirmation",
        "/v1/batches/{number}/codes.csv",
        "/v1/batches/{number}/sheet.pdf",
    ],
    "registry": [
        "/v1/producers",
        "/v1/products/{id}",
        "/v1/certificates",
        "/v1/points-of-sale",
        "/v1/contracts",
        "/v1/orders",
        "/v1/orders/{id}/approvals",
        "/v1/batches/{number}/delivery",
        "/v1/batches/{number}/voids",
        "/v1/batches/{number}/revocations",
        "/v1/lots/{id}/activations",
        "/v1/lots/{id}/recall",
        "/v1/lots/{id}/recall/lift",
        "/v1/statistics",
        "/v1/audit",
    ],
    "verifier": ["/v1/verifications", "/v1/trust"],
}


@pytest.fixture(scope="module")
def apps(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, tuple[Flask, str]]]:
    """Each service's app over a fresh installation, and a key for it."""
    installation = Installation(tmp_path_factory.mktemp("openapi"))
    first_start(installation)
    made, engines = {}, []
    for service, module in (
        ("issuer", tem_issuer.app),
        ("registry", tem_registry.app),
        ("verifier", tem_verifier.app),
    ):
        config = module.settings.read(os.environ, installation)
        engine = module.open_store(config)
        engines.append(engine)
        wiring = Wiring(engine, system_clock)
        if service == "verifier":
            source = open_published(config.published_url, published.TABLE_NAMES)
            engines.append(source)
            acceptance = Acceptance(config.trust_file, engine, config.fingerprints)
            index = Index(source, acceptance, system_clock)
            index.catch_up()
            app = tem_verifier.app.build(config, wiring, index)
        else:
            app = module.build(config, wiring)
        with writing(engine) as connection:
            key = auth.create_key(connection, system_clock(), "test", APPS[service], "fuzz")
        made[service] = (app, key)
    yield made
    for engine in engines:
        engine.dispose()


@pytest.mark.parametrize("service", APPS)
def test_the_document_names_every_call(service: str, apps: dict[str, tuple[Flask, str]]) -> None:
    """/openapi.json is OpenAPI 3.1 and lists the calls of the contract, each with a summary."""
    document = json.loads(apps[service][0].test_client().get("/openapi.json").data)
    assert document["openapi"].startswith("3.1")
    assert set(CALLS[service]) <= set(document["paths"])
    for path, item in document["paths"].items():
        for method in ("get", "post", "patch"):
            assert method not in item or item[method].get("summary"), (path, method)


@pytest.mark.parametrize("service", APPS)
def test_no_generated_request_breaks_a_service(
    service: str, apps: dict[str, tuple[Flask, str]]
) -> None:
    """Requests made up from the document get an answer below 500, errors in the one shape."""
    app, key = apps[service]
    schema = schemathesis.openapi.from_wsgi("/openapi.json", app)
    headers = {"Authorization": f"Bearer {key}", "Idempotency-Key": "fuzz"}
    for operation in schema.get_all_operations():
        fuzz(operation.ok(), headers)


def fuzz(operation: schemathesis.APIOperation, headers: dict[str, str]) -> None:
    """Some dozen generated requests to one call."""
    quick = settings(
        max_examples=12,
        deadline=None,
        database=None,
        phases=[Phase.explicit, Phase.generate],
        suppress_health_check=list(HealthCheck),
    )

    def check(case: schemathesis.Case) -> None:
        response = case.call(headers=headers)
        assert response.status_code < 500, (case.formatted_path, response.text)
        if response.status_code >= 400:
            assert "application/problem+json" in str(response.headers["content-type"])
            problem = json.loads(response.text)
            assert problem["code"] and problem["status"] == response.status_code

    quick(given(case=operation.as_strategy())(check))()
