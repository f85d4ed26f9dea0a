"""The OpenAPI documents: complete, true to the code, and nothing generated from them breaks it."""

import json
import os
import random
import threading
from collections.abc import Iterator
from datetime import datetime
from typing import Any

import jsonschema_rs
import pytest
import schemathesis
from flask import Flask
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    ignored_auth,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)
from sqlalchemy import Connection
from tests.conftest import SetClock
from tests.registry.pictures import picture
from tests.registry.records import OFFICE, Register, contract, point_of_sale
from werkzeug.serving import BaseWSGIServer, make_server

import tem_issuer.app
import tem_registry.app
import tem_verifier.app
import tem_verifier.store
from tem import stampcode
from tem.clock import system_clock
from tem.databases import published
from tem.databases.database import open_published, writing
from tem.http import auth, openapi
from tem.http.web import Wiring
from tem.installation import Installation
from tem.serve import first_start
from tem.vocabulary import Role
from tem_registry.activation import correction_requests
from tem_registry.council import council
from tem_registry.files import files
from tem_registry.stamps import void_reports
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
    "verifier": [
        "/v1/verifications",
        "/v1/sales",
        "/v1/returns",
        "/v1/changes",
        "/v1/webhooks",
        "/v1/packs/latest",
        "/v1/suspects",
        "/v1/trust",
    ],
}

# Things that are there, so that generated requests get further than "not found".
THERE: dict[str, list[Any]] = {
    "/v1/producers/": ["P1"],
    "/v1/products/": ["SP1"],
    "/v1/certificates/": ["CN-SP2", "CN-SP3"],  # CN-SP1 stands: orders and lots are of SP1
    "/v1/points-of-sale/": ["DB1"],
    "/v1/contracts/": ["HD1"],
    "/v1/orders/": ["DH-1", "DH-2"],
    "/v1/batches/": [1, 2, 3],
    "/v1/lots/": ["L1", "L2"],
    "/v1/stamps/{serial}": [stampcode.serial(1, index) for index in (1, 60, 100)],
    "/v1/stamps/{number}": [1, 2, 3],
    "/v1/files/": [],  # these four are filled in once they are there
    "/v1/council-results/": [],
    "/v1/void-reports/": [],
    "/v1/correction-requests/": [],
    "/v1/packs/": [1],
}
# The same for members of bodies: half of the generated ones are given these.
MEMBERS: dict[str, list[Any]] = {
    "product_id": ["SP1", "SP2"],
    "producer_id": ["P1"],
    "pos_id": ["DB1"],
    "lot_id": ["L1", "L2"],
    "batch": [1, 2],
    "first": [1, 11],
    "last": [11, 60],
    "commune_code": ["18073"],
    "category_code": ["I.4.a"],
}
# Calls for keys of another role than the rest of their service's; the key is filled in.
OTHERS_KEYS = {"/v1/scans": "", "/v1/reports": ""}
MAIN = (
    *("/v1/producers", "/v1/products", "/v1/certificates", "/v1/points-of-sale", "/v1/orders"),
    *("/v1/lots", "/v1/lots/{id}/activations", "/v1/lots/{id}/recall"),
    *("/v1/batches/{number}/print-run", "/v1/batches/{number}/receipt"),
    *("/v1/batches/{number}/voids", "/v1/batches/{number}/void-reports"),
)
COUNCIL = {
    "council": {
        "name": "Hội đồng (mẫu)",
        "session_date": "2026-10-28",
        "decision_no": "2394/QĐ-UBND (mẫu)",
        "decision_date": "2026-11-10",
    },
    "results": [
        {
            "product_id": "SP2",
            "members": 5,
            "scores": [44, 49, 47.5, 51, 46],
            "mean": 47.5,
            "stars": 2,
        }
    ],
}
CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    ignored_auth,
]


def populate(register: Register) -> None:
    """Some of everything."""
    register.populate()
    register.add("point_of_sale", point_of_sale("DB1"))
    register.add("contract", contract("HD1", "DB1", "P1", "SP1"))
    for number in (1, 2):
        register.batch(number, 100)
    register.batch(3, 100, delivered=False)
    for id in ("L1", "L2"):
        register.lot(id)
    register.activate("L1", 1, 1, 50)
    with register.write() as connection:
        now = register.clock()
        file = files.read(picture(), "image/jpeg")
        files.store(connection, now, OFFICE, file, "P1")
        damaged = {"kind": "damaged", "reason": "ướt", "photo": file.id}
        reports = [
            void_reports.add(connection, now, "P1", 1, "P1", first=n, last=n, **damaged)
            for n in (51, 52)
        ]
        wrong = {"lot_id": "L2", "reason": "dán nhầm cuộn tem của lô bên cạnh"}
        asked = [
            correction_requests.add(connection, now, "P1", 7, 1, "P1", first=n, last=n, **wrong)
            for n in (21, 22)
        ]
        told = council.take_over(connection, now, OFFICE, COUNCIL)
        a_pack(connection, now)
    THERE["/v1/files/"] = MEMBERS["photo"] = MEMBERS["image"] = [file.id]
    THERE["/v1/void-reports/"] = [report["report_id"] for report in reports]
    THERE["/v1/correction-requests/"] = [one["request_id"] for one in asked]
    THERE["/v1/council-results/"] = [one["council_result_id"] for one in told["results"]]


def a_pack(connection: Connection, now: datetime) -> None:
    """A pack is there; what is in it nobody reads here."""
    made = {"sequence": 1, "base": None, "change": 1, "made_at": now, "size": 8}
    connection.execute(published.pack.insert().values(made))
    piece = {"sequence": 1, "piece": 0, "content": b"TEMPACK1"}
    connection.execute(published.pack_piece.insert().values(piece))


@pytest.fixture(scope="module")
def apps(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, tuple[Flask, str]]]:
    """Each service's app over a fresh installation, and a key for it."""
    installation = Installation(tmp_path_factory.mktemp("openapi"))
    first_start(installation)
    made, engines = {}, []
    servers: list[BaseWSGIServer] = []
    addresses: dict[str, str] = {}
    open_store_of = {
        "issuer": tem_issuer.app.open_store,
        "registry": tem_registry.app.open_store,
        "verifier": tem_verifier.store.open_store,
    }
    for service, module in (
        ("issuer", tem_issuer.app),
        ("verifier", tem_verifier.app),
        ("registry", tem_registry.app),  # after both of them, which it asks
    ):
        config = module.settings.read(os.environ, installation)
        engine = open_store_of[service](config)
        engines.append(engine)
        wiring = Wiring(engine, system_clock)
        if service == "verifier":
            source = open_published(config.published_url, published.TABLE_NAMES)
            engines.append(source)
            acceptance = Acceptance(config.trust_file, engine, config.fingerprints)
            index = Index(source, acceptance, system_clock)
            index.catch_up()
            app = tem_verifier.app.build(config, wiring, index).flask
            asking = installation.key_file("verifier-registry.key").read_text().strip()
            OTHERS_KEYS.update(dict.fromkeys(OTHERS_KEYS, asking))
        else:
            app = module.build(config, wiring)
        if service != "registry":
            servers.append(make_server("127.0.0.1", 0, app, threaded=True))
            threading.Thread(target=servers[-1].serve_forever, args=(0.02,)).start()
            addresses[service] = f"http://127.0.0.1:{servers[-1].server_port}"
            installation.addresses_file.write_text(json.dumps(addresses))
        with writing(engine) as connection:
            key = auth.create_key(connection, system_clock(), "test", APPS[service], "fuzz")
        made[service] = (app, key)
        if service == "registry":
            populate(Register(engine, SetClock()))
            index.catch_up()
    yield made
    for server in servers:
        server.shutdown()
        server.server_close()
    for engine in engines:
        engine.dispose()


def document_of(app: Flask) -> dict[str, Any]:
    return dict(json.loads(app.test_client().get("/openapi.json").data))


@pytest.mark.parametrize("service", APPS)
def test_the_document_names_every_call(service: str, apps: dict[str, tuple[Flask, str]]) -> None:
    """/openapi.json is OpenAPI 3.1 and lists the calls of the contract and all others we have."""
    app, _ = apps[service]
    document = document_of(app)
    assert document["openapi"].startswith("3.1")
    assert set(CALLS[service]) <= set(document["paths"])
    described = {(path.count("{"), method) for path, method, _ in openapi.operations(document)}
    assert described
    ours = [rule for rule in app.url_map.iter_rules() if rule.rule.startswith("/v1/")]
    offered = sum(len((rule.methods or set()) - {"HEAD", "OPTIONS"}) for rule in ours)
    listed = [path for path, _, _ in openapi.operations(document) if path.startswith("/v1/")]
    assert len(listed) == offered


@pytest.mark.parametrize("service", APPS)
def test_every_call_is_described(service: str, apps: dict[str, tuple[Flask, str]]) -> None:
    """Each has a summary, an id of its own, its errors, and the shape of what it answers."""
    seen = set()
    for path, method, operation in openapi.operations(document_of(apps[service][0])):
        call = f"{method} {path}"
        assert operation.get("summary"), call
        assert operation["operationId"] not in seen, call
        seen.add(operation["operationId"])
        answers = operation["responses"]
        assert {"405", "503", "default"} <= answers.keys(), call
        assert "content" not in answers.get("204", {}), call
        good = [answers[code] for code in answers if code.startswith("2") and code != "204"]
        assert good or "204" in answers, call
        for answer in good:
            told = answer.get("content", {}).values()
            assert any("schema" in media for media in told), call


@pytest.mark.parametrize("service", APPS)
def test_every_example_is_one(service: str, apps: dict[str, tuple[Flask, str]]) -> None:
    """An example in the document is valid by the schema it stands beside."""
    document = document_of(apps[service][0])
    found = 0
    found += bodies_with_examples(document)
    for schema in schemas_with_examples(document):
        rooted = {**schema, "components": document["components"]}
        for example in (schema.get("examples") or []) + [schema.get("example")]:
            if example is not None:
                jsonschema_rs.validate(rooted, example)
                found += 1
    assert found


def bodies_with_examples(document: dict[str, Any]) -> int:
    """How many calls show a body; each must be one by its schema."""
    found = 0
    for _, _, operation in openapi.operations(document):
        body = operation.get("requestBody", {}).get("content", {}).get("application/json", {})
        if "example" in body:
            schema = {**body["schema"], "components": document["components"]}
            jsonschema_rs.validate(schema, body["example"])
            found += 1
    return found


def test_calls_that_are_charged_say_so(apps: dict[str, tuple[Flask, str]]) -> None:
    """A till learns from the document that it may be told to wait, and what is left."""
    paths = document_of(apps["verifier"][0])["paths"]
    for path in ("/v1/verifications", "/v1/sales", "/v1/returns"):
        answers = paths[path]["post"]["responses"]
        assert "429" in answers and "RateLimit" in answers["200"]["headers"], path


def test_the_main_calls_show_a_body(apps: dict[str, tuple[Flask, str]]) -> None:
    """Whoever opens the document sees what to send, from a producer to an activation."""
    document = document_of(apps["registry"][0])
    for path in MAIN:
        body = document["paths"][path]["post"]["requestBody"]["content"]["application/json"]
        assert body.get("example"), path


@pytest.mark.parametrize("service", ["issuer", "verifier"])
def test_answers_may_grow_and_bodies_may_not(
    service: str, apps: dict[str, tuple[Flask, str]]
) -> None:
    """A generated client takes a new member of any answer; a misspelt one of a body is refused.
    (The registry's records are sent back in the shape in which they are read.)"""
    document = document_of(apps[service][0])
    schemas = document["components"]["schemas"]
    for path, method, operation in openapi.operations(document):
        for code, answer in operation["responses"].items():
            for media in answer.get("content", {}).values():
                shown = described(media["schema"], schemas)
                assert shown.get("additionalProperties") is not False, (path, method, code)
        body = operation.get("requestBody", {}).get("content", {}).get("application/json")
        if body:
            assert described(body["schema"], schemas)["additionalProperties"] is False, path


def described(schema: dict[str, Any], schemas: dict[str, Any]) -> dict[str, Any]:
    """A schema itself, where a reference stands."""
    return dict(schemas[schema["$ref"].rsplit("/", 1)[1]]) if "$ref" in schema else schema


def test_answers_lead_on(apps: dict[str, tuple[Flask, str]]) -> None:
    """The document links an order to its batch, a lot to its activations, by operationId."""
    document = document_of(apps["registry"][0])
    known = {operation["operationId"] for _, _, operation in openapi.operations(document)}
    links = {
        (path, method): answer["links"]
        for path, method, operation in openapi.operations(document)
        for answer in operation["responses"].values()
        if "links" in answer
    }
    assert {name for found in links.values() for name in found} <= known
    order, lot = links["/v1/orders", "post"], links["/v1/lots", "post"]
    by_id = {"id": "$response.body#/order_id"}
    assert order["post_v1_orders_id_approvals"]["parameters"] == by_id
    read = links["/v1/orders/{id}", "get"]["post_v1_batches_number_delivery"]
    assert read["parameters"] == {"number": "$response.body#/batch"}
    assert lot["post_v1_lots_id_activations"]["parameters"] == {"id": "$response.body#/lot_id"}


def schemas_with_examples(part: Any) -> Iterator[dict[str, Any]]:
    """Every schema of a document that gives an example of itself."""
    if isinstance(part, dict):
        if ("example" in part or "examples" in part) and ("type" in part or "$ref" in part):
            yield part
        for inner in part.values():
            yield from schemas_with_examples(inner)
    elif isinstance(part, list):
        for inner in part:
            yield from schemas_with_examples(inner)


@pytest.mark.parametrize("service", APPS)
def test_no_generated_request_breaks_a_service(
    service: str, apps: dict[str, tuple[Flask, str]]
) -> None:
    """Requests made up from the document get no 5xx and nothing that it does not describe."""
    app, key = apps[service]
    schema = schemathesis.openapi.from_dict(closed(document_of(app)))
    schema.app = app
    chance = random.Random(7)
    for operation in schema.get_all_operations():
        one = operation.ok()
        fuzz(one, next((k for p, k in OTHERS_KEYS.items() if one.path.startswith(p)), key), chance)


def closed(document: dict[str, Any]) -> dict[str, Any]:
    """The document as of today: an answer with a member that it does not describe is a fault
    here, while clients are told that there may be more."""
    text = json.dumps(document)
    assert '"additionalProperties": true' in text
    return dict(
        json.loads(text.replace('"additionalProperties": true', '"additionalProperties": false'))
    )


def known_members(body: dict[str, Any], chance: random.Random) -> dict[str, Any]:
    """For members that name something, what is there."""
    return {name: chance.choice(MEMBERS[name]) for name in body if name in MEMBERS}


def fuzz(operation: schemathesis.APIOperation, key: str, chance: random.Random) -> None:
    """Some dozen generated requests to one call, most of them about things that are there."""
    quick = settings(
        max_examples=9,
        deadline=None,
        database=None,
        derandomize=True,
        phases=[Phase.explicit, Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    there = next((ids for path, ids in THERE.items() if operation.path.startswith(path)), [])

    def check(case: schemathesis.Case) -> None:
        if there and case.path_parameters and chance.random() < 0.8:
            name = next(iter(case.path_parameters))
            case.path_parameters[name] = chance.choice(there)
        if isinstance(case.body, dict) and chance.random() < 0.5:
            case.body.update(known_members(case.body, chance))
        if "wait" in (case.query or {}):
            case.query["wait"] = "0"  # nobody waits for a change here
        headers = {"Authorization": f"Bearer {key}"}
        response = case.call(headers=headers)
        case.validate_response(response, checks=CHECKS, headers=headers)

    quick(given(case=operation.as_strategy())(check))()
