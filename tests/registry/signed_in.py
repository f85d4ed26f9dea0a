"""The registry's web app for tests: one key for each role, and a client that sends them."""

import functools
import itertools
import json
from dataclasses import dataclass
from typing import Any

from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import create_engine
from tests.conftest import SetClock
from tests.registry.records import Register, settings
from werkzeug.test import TestResponse

from tem.http import auth
from tem.http.web import Wiring
from tem.vocabulary import Role
from tem_registry.app import build

PEOPLE = {
    "office": (Role.OFFICE, "Lan", None),
    "second": (Role.OFFICE, "Minh", None),
    "lan again": (Role.OFFICE, "Lan", None),
    "auditor": (Role.AUDITOR, "Kiểm toán", None),
    "P1": (Role.PRODUCER, "Hợp tác xã P1", "P1"),
    "P2": (Role.PRODUCER, "Hợp tác xã P2", "P2"),
}


@dataclass(frozen=True)
class Api:
    """A client of the app over a register; ``who`` is a name of PEOPLE, or None without a key."""

    register: Register
    client: FlaskClient
    keys: dict[str, str]
    numbers: "itertools.count[int]"

    def headers(self, who: str | None) -> dict[str, str]:
        """The Authorization header of somebody."""
        return {} if who is None else {"Authorization": f"Bearer {self.keys[who]}"}

    def get(self, path: str, who: str | None = "office") -> TestResponse:
        """GET."""
        return self.client.get(path, headers=self.headers(who))

    def send(
        self,
        path: str,
        body: Any,
        who: str | None = "office",
        *,
        key: str | None = "",
        method: str = "POST",
    ) -> TestResponse:
        """POST or PATCH a JSON body, under a fresh Idempotency-Key unless one is given."""
        headers = self.headers(who)
        if key is not None:
            headers["Idempotency-Key"] = key or f"test-{next(self.numbers)}"
        return self.client.open(path, method=method, json=body, headers=headers)

    def raw(
        self,
        path: str,
        body: bytes,
        content_type: str | None = "application/json",
        method: str = "POST",
    ) -> TestResponse:
        """Send bytes as they are."""
        headers = {**self.headers("office"), "Idempotency-Key": f"raw-{next(self.numbers)}"}
        return self.client.open(
            path, method=method, data=body, content_type=content_type, headers=headers
        )


def api_over(register: Register) -> Api:
    """The app over a register, with a key for everybody."""
    with register.write() as connection:
        keys = {
            who: auth.create_key(connection, register.clock(), "test", role, name, producer_id)
            for who, (role, name, producer_id) in PEOPLE.items()
        }
    return Api(register, _app_over(register).test_client(), keys, itertools.count(1))


@functools.cache
def _app() -> tuple[Flask, Wiring]:
    """The app, built once for a test process: that takes longer than most tests."""
    wiring = Wiring(create_engine("sqlite://"), SetClock())
    return build(settings(), wiring), wiring


def _app_over(register: Register) -> Flask:
    """That app, wired to a test's own register from now on."""
    app, wiring = _app()
    object.__setattr__(wiring, "engine", register.engine)
    object.__setattr__(wiring, "clock", register.clock)
    return app


def problem(response: TestResponse, status: int) -> str:
    """The code of a problem document, which must have the one shape and this status."""
    assert response.status_code == status, (response.status_code, response.text)
    assert response.content_type == "application/problem+json"
    document = json.loads(response.text)
    assert document["status"] == status
    assert document["type"] == f"urn:tem:problem:{document['code']}"
    assert {"title", "detail", "instance", "request_id"} <= document.keys()
    assert "Traceback" not in response.text
    return str(document["code"])
