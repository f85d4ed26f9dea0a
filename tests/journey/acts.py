"""The acts of the trade as clients of the services do them, over HTTP."""

import secrets
import time
from typing import Any

import httpx
from tests import plain_http, trade
from tests.running import Running, until
from tests.trade import Json


def post(client: httpx.Client, path: str, body: Json | None = None, key: str | None = None) -> Json:
    """One act that must succeed, under an Idempotency-Key."""
    answer = client.post(path, json=body or {}, headers={"Idempotency-Key": key or new_key()})
    assert answer.is_success, answer.text
    found: Json = answer.json()
    return found


def get(client: httpx.Client, path: str, **query: Any) -> Json:
    """What a service shows."""
    answer = client.get(path, params=query)
    assert answer.status_code == 200, answer.text
    found: Json = answer.json()
    return found


def refused(answer: httpx.Response, status: int, code: str | None = None) -> bool:
    """Whether an answer is this problem, in the shape of all problems."""
    problem = answer.json()
    shape = answer.headers["Content-Type"] == "application/problem+json" and problem["detail"]
    return bool(
        shape
        and answer.status_code == problem["status"] == status
        and code in (None, problem["code"])
    )


def new_key() -> str:
    """An Idempotency-Key of one's own making."""
    return secrets.token_hex(12)


def insist(key: str, url: str, body: Json) -> Json:
    """Send one act under one Idempotency-Key until it is acknowledged, whatever breaks."""
    name, deadline = new_key(), time.monotonic() + 60
    headers = {"Authorization": key, "Idempotency-Key": name}
    while True:
        try:
            answer = plain_http.post(url, json=body, headers=headers, timeout=10)
            if answer.status_code == 201:
                return {**answer.json(), "key": name}
            assert answer.status_code == 503, answer.text
        except httpx.TransportError:
            pass
        assert time.monotonic() < deadline, "never acknowledged"
        time.sleep(0.02)


class Maker:
    """A new producer with one certified product and a key, and the office that serves it."""

    def __init__(self, installation: Running, name: str) -> None:
        self.installation = installation
        self.office, self.issuer = installation.office(), installation.office("issuer")
        self.id = post(self.office, "/v1/producers", trade.producer(name))["producer_id"]
        product = trade.product(self.id, f"Nước mắm {name}")
        self.product = post(self.office, "/v1/products", product)["product_id"]
        self.certify()
        self.client = installation.producer(self.id, name)

    def certify(self) -> None:
        """The office records a certificate in force."""
        post(self.office, "/v1/certificates", trade.certificate(self.product))

    def order(self, quantity: int) -> str:
        """Ask for stamps, and let the office approve."""
        asked = post(self.client, "/v1/orders", {"product_id": self.product, "quantity": quantity})
        post(self.office, f"/v1/orders/{asked['order_id']}/approvals")
        return str(asked["order_id"])

    def issued(self, order: str, seconds: float = 30) -> int:
        """The batch of an order, once it is issued."""
        path = f"/v1/orders/{order}"
        return int(until(lambda: _issued(get(self.client, path)), seconds))

    def delivered(self, quantity: int) -> int:
        """A batch ordered, issued and delivered."""
        batch = self.issued(self.order(quantity))
        post(self.office, f"/v1/batches/{batch}/delivery", {"receipt": "BB-1"})
        return batch

    def lot(self, quantity: int) -> str:
        """A lot made some days ago."""
        return str(post(self.client, "/v1/lots", trade.lot(self.product, quantity))["lot_id"])

    def activate(self, lot: str, batch: int, first: int, last: int) -> Json:
        """Tie stamps to a lot."""
        body = {"batch": batch, "first": first, "last": last}
        return post(self.client, f"/v1/lots/{lot}/activations", body)

    def addresses(self, batch: int) -> list[str]:
        """What is printed in the symbols of a batch, in roll order."""
        answer = self.issuer.get(f"/v1/batches/{batch}/codes.csv")
        assert answer.status_code == 200, answer.text
        return trade.printed(answer.text)

    def ranges(self, batch: int) -> list[tuple[int, int, str]]:
        """The ranges of a batch in short."""
        shown = get(self.client, f"/v1/batches/{batch}")["ranges"]
        return [(one["first"], one["last"], one["state"]) for one in shown]


def _issued(order: Json) -> int | None:
    assert order["state"] != "failed", order
    return order["batch"] if order["state"] == "issued" else None
