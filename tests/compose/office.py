"""The office and a producer, as clients of the two doors of the office."""

import json
import secrets
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass

import trade
from containers import Containers
from trade import Json

RETRY_SECONDS = 60


class Refused(Exception):
    """An answer that is not what it should be."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class Office:
    """Acts of the office and of one producer that it has just taken on."""

    product_name = f"Nước mắm {secrets.token_hex(3)}"

    def __init__(self, containers: Containers, registry: str, issuer: str) -> None:
        self.containers, self.registry, self.issuer = containers, registry, issuer
        cat = ("cat", "/data/keys")
        self._registry_key = containers.exec("registry", cat[0], f"{cat[1]}/registry-office.key")
        self._issuer_key = containers.exec("issuer", cat[0], f"{cat[1]}/issuer-office.key")
        self.batch, self.product, self.producer_key = 0, "", ""
        self.printed: list[str] = []
        self.prefix = ""

    def ask(
        self,
        method: str,
        url: str,
        *,
        key: str = "",
        body: Json | None = None,
        accept: str = "*/*",
        headers: Mapping[str, str] | None = None,
        form: Mapping[str, str] | None = None,
    ) -> Answer:
        """One request, whatever the answer is; ``body`` is sent as JSON, ``form`` as pages do."""
        sent = {"Accept": accept, **(headers or {})}
        if key:
            sent["Authorization"] = f"Bearer {key.strip()}"
        content = None if body is None else json.dumps(body).encode()
        if content is not None:
            sent["Content-Type"] = "application/json"
        if form is not None:
            content = urllib.parse.urlencode(form).encode()
        request = urllib.request.Request(url, content, sent, method=method)
        try:
            with urllib.request.urlopen(request, timeout=30) as found:
                return Answer(found.status, found.headers, found.read())
        except urllib.error.HTTPError as error:
            with error:
                return Answer(error.code, error.headers, error.read())

    def act(self, path: str, body: Json | None = None, key: str = "") -> Json:
        """An act at the registry, sent again under its Idempotency-Key until it is answered."""
        name = {"Idempotency-Key": secrets.token_hex(12)}
        deadline = time.monotonic() + RETRY_SECONDS
        while True:
            url, by = f"{self.registry}{path}", key or self._registry_key
            answer = self.ask("POST", url, key=by, body=body or {}, headers=name)
            if answer.status in (200, 201):
                return dict(json.loads(answer.body))
            if answer.status not in (429, 503) or time.monotonic() > deadline:
                raise Refused(f"{path}: {answer.status} {answer.body.decode()[:500]}")
            time.sleep(0.5)

    def new_maker(self) -> str:
        """A producer with one certified product and an API key; its id."""
        name = secrets.token_hex(3)
        producer = str(self.act("/v1/producers", trade.producer(name))["producer_id"])
        product = trade.product(producer, self.product_name)
        self.product = str(self.act("/v1/products", product)["product_id"])
        self.act("/v1/certificates", trade.certificate(self.product))
        create = ("tem", "registry", "key", "create", "--role", "producer", "--name", name)
        told = self.containers.exec("registry", *create, "--producer", producer)
        self.producer_key = told.split()[-1]
        return producer

    def order(self, quantity: int) -> str:
        """Ask for stamps, and approve."""
        asked = {"product_id": self.product, "quantity": quantity}
        order = str(self.act("/v1/orders", asked, self.producer_key)["order_id"])
        self.act(f"/v1/orders/{order}/approvals")
        return order

    def issued(self, order: str) -> bool:
        """Whether an order has its batch."""
        url = f"{self.registry}/v1/orders/{order}"
        found = json.loads(self.ask("GET", url, key=self.producer_key).body)
        if found.get("state") == "failed":
            raise Refused(str(found))
        self.batch = int(found.get("batch") or 0)
        return found.get("state") == "issued"

    def print_all(self) -> list[str]:
        """What the printing house is given: the address of every stamp, in roll order."""
        url = f"{self.issuer}/v1/batches/{self.batch}/codes.csv"
        answer = self.ask("GET", url, key=self._issuer_key)
        if answer.status != 200:
            raise Refused(answer.body.decode()[:500])
        self.printed = trade.printed(answer.body.decode())
        self.prefix = self.printed[0].rpartition("/s/")[0]
        return self.printed

    def deliver(self) -> None:
        """The batch goes to its producer."""
        self.act(f"/v1/batches/{self.batch}/delivery", {"receipt": "BB-1"})

    def lot(self, quantity: int) -> str:
        """A lot made some days ago."""
        made = self.act("/v1/lots", trade.lot(self.product, quantity), self.producer_key)
        return str(made["lot_id"])

    def look_ups(self, lot: str) -> int:
        """How often a lot's stamps were looked up, as its producer reads it; -1 for no word."""
        url = f"{self.registry}/v1/lots/{lot}/lookups"
        answer = self.ask("GET", url, key=self.producer_key)
        return int(json.loads(answer.body)["total"]) if answer.status == 200 else -1

    def activate(self, lot: str, first: int, last: int) -> None:
        """Tie stamps to a lot."""
        body = {"batch": self.batch, "first": first, "last": last}
        self.act(f"/v1/lots/{lot}/activations", body, self.producer_key)
