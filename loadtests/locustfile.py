"""Shoppers and tills at the verifier, run by ``make load``; TEM_CODES names a file of codes."""

import json
import os
import random
from pathlib import Path

from locust import FastHttpUser, between, task

CODES = json.loads(Path(os.environ["TEM_CODES"]).read_text())
JSON = {"Accept": "application/json"}


class Shopper(FastHttpUser):
    """Opens the page of a stamp; now and then the code is damaged."""

    weight = 3
    wait_time = between(0.05, 0.2)

    @task(8)
    def page(self) -> None:
        """A genuine stamp as a page."""
        path = f"/s/{random.choice(CODES['genuine'])}"
        with self.client.get(path, name="page", catch_response=True) as response:
            if "</html>" not in (response.text or ""):
                response.failure("no page")

    @task(1)
    def damaged(self) -> None:
        """A code cut short."""
        path = f"/s/{random.choice(CODES['genuine'])[:-3]}"
        with self.client.get(path, name="damaged", headers=JSON, catch_response=True) as response:
            if response.json()["verdict"] != "MALFORMED":
                response.failure(response.text)


class Till(FastHttpUser):
    """Asks for JSON, one code or a basket at a time."""

    weight = 1
    wait_time = between(0.05, 0.1)

    @task(5)
    def single(self) -> None:
        """A genuine stamp as JSON: anything but a known verdict is a failure."""
        path = f"/s/{random.choice(CODES['genuine'])}"
        with self.client.get(path, name="json", headers=JSON, catch_response=True) as response:
            if response.json()["verdict"] in ("UNKNOWN", "MALFORMED", "UNAVAILABLE"):
                response.failure(response.text)

    @task(1)
    def forged(self) -> None:
        """A forgery is unknown, every time."""
        path = f"/s/{random.choice(CODES['forged'])}"
        with self.client.get(path, name="forged", headers=JSON, catch_response=True) as response:
            if response.json()["verdict"] != "UNKNOWN":
                response.failure(response.text)

    @task(1)
    def basket(self) -> None:
        """Fifty codes at once, answered in order."""
        codes = random.choices(CODES["genuine"], k=50)
        with self.client.post(
            "/v1/verifications", name="basket", json={"codes": codes}, catch_response=True
        ) as response:
            if len(response.json()["answers"]) != len(codes):
                response.failure(response.text)
