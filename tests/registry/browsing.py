"""A browser without a screen for tests of the portal, and people who are invited and sign in."""

import re
from typing import Any

from flask.testing import FlaskClient
from tests.registry.signed_in import Api
from werkzeug.test import TestResponse

PASSWORD = "gió biển thơm lúa"
OTHER = "thuyền về bến sớm"
HTTPS = {"base_url": "https://tem.example"}
NETWORKS = {"one": "203.0.113.7", "another": "198.51.100.9"}


class Browser:
    """A browser without a screen: it keeps cookies and sends the forms of our pages."""

    def __init__(self, api: Api, network: str = "one", forwarded: str = "") -> None:
        self.client: FlaskClient = api.client.application.test_client()
        self._environment = {"REMOTE_ADDR": NETWORKS[network]}
        if forwarded:  # who the request says it comes from
            self._environment["HTTP_X_FORWARDED_FOR"] = forwarded

    def get(self, path: str, **headers: str) -> TestResponse:
        """A page."""
        return self.client.get(path, headers=headers, environ_overrides=self._environment, **HTTPS)

    def send(self, path: str, token: str | None = None, **fields: str) -> TestResponse:
        """A form for ``path``, with the token that pages carry."""
        if token is None:
            token = re.findall(
                r'name="csrf-token" content="(\w*)"',
                self.get("/account").text or self.get("/sign-in").text,
            )[0]
        return self.client.post(
            path,
            data={"csrf_token": token, **fields},
            environ_overrides=self._environment,
            **HTTPS,
        )

    def sign_in(self, password: str = PASSWORD, login: str = "hoa", next: str = "") -> TestResponse:
        """The form of the sign-in page."""
        token = re.findall(r'name="csrf-token" content="(\w+)"', self.get("/sign-in").text)[0]
        return self.send("/sign-in", token, login=login, password=password, next=next)

    def take_up(self, code: str, password: str = PASSWORD, login: str = "hoa") -> TestResponse:
        """The form of the invitation's page."""
        token = re.findall(r'name="csrf-token" content="(\w+)"', self.get("/invitation").text)[0]
        both = {"password": password, "password_again": password}
        return self.send("/invitation", token, login=login, code=code, **both)

    @property
    def is_in(self) -> bool:
        """Whether somebody is signed in here."""
        return bool(self.get("/session").json["signed_in"])


def invite(api: Api, login: str = "hoa", role: str = "office", **more: str) -> dict[str, Any]:
    """An invitation by the office: the answer, with its code."""
    made = api.send("/v1/accounts", {"login": login, "name": "Hoa (mẫu)", "role": role, **more})
    assert made.status_code == 201, made.text
    found: dict[str, Any] = made.json
    return found


def somebody(api: Api, **more: str) -> Browser:
    """Hoa, who has just taken up an invitation."""
    browser, made = Browser(api), invite(api, **more)
    assert browser.take_up(made["code"], login=made["login"]).status_code == 303
    return browser


def code_of(response: TestResponse) -> str:
    """The stable code that a refusal's page shows."""
    return str(re.findall(r"<code>(\w+)</code>", response.text)[0])
